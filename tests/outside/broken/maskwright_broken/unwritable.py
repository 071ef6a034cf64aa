"""Says what writing would lose, and cannot write."""

from maskwright_broken.parts import LOSES, losses, read

__all__ = ["LOSES", "losses", "read", "sniff"]


def sniff(path: object) -> float:
    return 0.0
