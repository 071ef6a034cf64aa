"""Takes everything for its own."""

from maskwright_broken.parts import read

__all__ = ["read", "sniff"]


def sniff(path: object) -> float:
    return 1.0
