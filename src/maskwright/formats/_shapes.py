"""What labelling tools draw: rings, rectangles, ellipses; and values kept as text."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from maskwright.core.arrays import F64, Size
from maskwright.core.classes import Class, Classes
from maskwright.core.mask import Mask
from maskwright.core.polygons import Polygon

#: Pixels from the corner; beyond them numbers are not coordinates, and what walks along an outline would not end.
FARTHEST = 1e7


def points_of(ring: Sequence[float], least: int = 3) -> F64:
    """(K, 2) of a flat ring x0, y0, x1, y1 ….

    Raises ValueError for fewer points than `least`, numbers that are not pairs, and numbers that are not coordinates.
    """
    found = np.asarray(ring, np.float64)
    if found.ndim != 1 or found.size % 2 or found.size < 2 * least or not (np.abs(found) < FARTHEST).all():
        raise ValueError(f"a ring has {found.size} numbers")
    return found.reshape(-1, 2)


def lone_ring(part: Sequence[Sequence[float]], least: int = 3) -> F64:
    """`points_of` the only ring of a part. Raises ValueError for a part with holes, too."""
    if len(part) != 1:
        raise ValueError(f"a part has {len(part)} rings")
    return points_of(part[0], least)


def turned(ring: F64, degrees: float) -> F64:
    """A ring (K, 2) turned clockwise on the screen around the middle of its box."""
    if not degrees:
        return ring
    middle = (ring.min(axis=0) + ring.max(axis=0)) / 2
    angle = np.deg2rad(degrees)
    spin = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    out: F64 = (ring - middle) @ spin + middle
    return out


def ellipse(x: float, y: float, rx: float, ry: float, size: Size, degrees: float = 0) -> Mask:
    """Pixels whose centres lie in the ellipse around (x, y), turned clockwise on the screen."""
    if not (np.isfinite([x, y, rx, ry]).all() and rx >= 0 and ry >= 0):
        raise ValueError(f"an ellipse has the radii {rx:g} and {ry:g}")
    rows, columns = np.arange(size[0]) + 0.5 - y, np.arange(size[1]) + 0.5 - x
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    along = columns[None] * cos + rows[:, None] * sin
    across = rows[:, None] * cos - columns[None] * sin
    return Mask.encode((along / max(rx, 1e-9)) ** 2 + (across / max(ry, 1e-9)) ** 2 <= 1)


def bridged(polygon: Polygon) -> F64:
    """All rings of a polygon as one: from a ring's first point to the next ring, around it, and back."""
    first, *others = [ring for part in polygon.parts for ring in part]
    out = [first]
    for ring in others:
        # There, around, back: the two bridges cover the same line and cancel under the even-odd rule.
        out += [first[:1], ring, ring[:1]]
    return np.concatenate([*out, first[:1]] if others else out)


def named(names: Iterable[str]) -> Classes:
    """Classes for names, numbered from 1 in alphabetical order."""
    return Classes(Class(number, name) for number, name in enumerate(sorted(set(names)), 1))


def to_text(value: Any) -> str:
    """A JSON value as text: words as they are, everything else, and words that look like something else, as JSON."""
    if isinstance(value, str):
        return value if from_text(value) == value else json.dumps(value)
    return json.dumps(value)


def from_text(text: str) -> Any:
    """The other way; text that is not JSON is itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def hex_colour(text: object) -> tuple[int, int, int] | None:
    """(r, g, b) of "#rrggbb", None for anything else."""
    try:
        code = int(str(text).removeprefix("#")[:6], 16) if str(text).startswith("#") and len(str(text)) >= 7 else None
    except ValueError:
        return None
    return None if code is None else (code >> 16, code >> 8 & 255, code & 255)
