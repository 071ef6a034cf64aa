"""Raises when it is asked what it thinks of a file."""

from maskwright_broken.parts import read

__all__ = ["read", "sniff"]


def sniff(path: object) -> float:
    raise ZeroDivisionError("nobody sniffs here")
