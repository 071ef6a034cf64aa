"""How deeply lists of coordinates are nested: what a message says of a bracket too few or too many."""

from collections.abc import Sequence
from typing import Any

import numpy as np

#: A ring has at least so many points.
_FEWEST_POINTS = 3


def depth(value: object) -> tuple[int, int]:
    """(levels, length of the innermost list) along the first items: 0, 0 of what is not a list, as text.

    The empty axis of OpenCV's contours (K, 1, 2) is not a level.
    """
    lengths = _lengths(value)
    contour = len(lengths) > 2 and lengths[-2:] == [1, 2] and lengths[-3] >= _FEWEST_POINTS
    return len(lengths) - contour, lengths[-1] if lengths else 0


def _lengths(value: object) -> list[int]:
    """Of each level along the first items, from the outside."""
    lengths: list[int] = []
    found: Any = value
    while isinstance(found, Sequence | np.ndarray) and not isinstance(found, str | bytes) and len(lengths) < 64:
        if isinstance(found, np.ndarray):
            return lengths + list(found.shape)
        lengths.append(len(found))
        if not lengths[-1]:
            break
        found = found[0]
    return lengths


def brackets(value: object, flat: int, what: str) -> str:
    """What to add to a message about coordinates: how many brackets are amiss; empty where their number is right.

    flat: how many levels there are around flat coordinates x0, y0, x1, y1 …; pairs of x and y have one more.  what:
    what is nested how, such as "a polygon is a list of parts, …".
    """
    levels, length = depth(value)
    wanted = flat + 1 if length == 2 else flat
    if levels == wanted or (length != 2 and length < 6):  # too few numbers for a ring are amiss in another way
        return ""
    number = abs(levels - wanted)
    return f"; {number} bracket{'s' * (number > 1)} too {'few' if levels < wanted else 'many'}: {what}"
