"""Polygons with holes, as every vector tool but COCO and YOLO understands them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from maskwright.core.arrays import F64
from maskwright.core.geometry import ring_area
from maskwright.core.names import shown
from maskwright.core.nesting import brackets
from maskwright.core.values import numbers, own_array, sealed

_NESTED = "a polygon is a list of parts, a part a list of rings"

Ring = F64  # (K, 2) corners (x, y), K >= 3, closing point not repeated


@dataclass(frozen=True, eq=False)
class Polygon:
    """One thing's outline: parts, each an outer ring followed by its holes.

    Rings are (K, 2) float64 (x, y) in pixels, origin at the image's top-left corner; read-only, and copies of what was
    given.  No parts is the empty mask.  Raises ValueError for a ring of fewer than three points or of another shape,
    for a part without a ring, and for what is not a finite number.
    """

    parts: tuple[tuple[Ring, ...], ...] = field(default=())

    def __init__(self, parts: Iterable[Sequence[object]] = ()) -> None:
        if isinstance(parts, str | Mapping) or not isinstance(parts, Iterable):
            raise ValueError(f"a polygon's parts are {shown(repr(parts), 40)}; {_NESTED}")  # noqa: TRY004
        listed = list(parts)
        try:
            rings = tuple(tuple(as_ring(ring) for ring in part) for part in listed)
        except (TypeError, ValueError) as error:
            amiss = brackets(listed, 3, _NESTED)
            raise ValueError(f"{error if isinstance(error, ValueError) else 'a part is not a list'}{amiss}") from None
        if not all(rings):
            raise ValueError(f"part {[len(part) for part in rings].index(0)} of a polygon has no ring")
        object.__setattr__(self, "parts", rings)

    def __setstate__(self, state: dict[str, Any]) -> None:
        for part in state["parts"]:
            for ring in part:
                sealed(ring)
        self.__dict__.update(state)

    @property
    def has_holes(self) -> bool:
        """Whether a part has a ring beyond its outer one."""
        return any(len(part) > 1 for part in self.parts)

    def area(self) -> float:
        """Enclosed area in square pixels; equal to the pixel count for an outline along pixel edges."""
        return sum(abs(ring_area(part[0])) - sum(abs(ring_area(hole)) for hole in part[1:]) for part in self.parts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Polygon):
            return NotImplemented
        return [len(part) for part in self.parts] == [len(part) for part in other.parts] and all(
            np.array_equal(a, b)
            for mine, theirs in zip(self.parts, other.parts, strict=True)
            for a, b in zip(mine, theirs, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]


def as_ring(points: object) -> Ring:
    """(K, 2), OpenCV's (K, 1, 2) or flat x0, y0, x1, y1 … -> (K, 2) float64, checked, read-only."""
    flat = numbers(points, "a polygon ring")
    if flat.size % 2 or (flat.ndim > 1 and flat.size != 2 * len(flat)):
        said = f"{flat.size} numbers" if flat.size % 2 else f"the shape {flat.shape}"
        raise ValueError(f"a polygon ring has {said}; it needs pairs of x and y")
    ring = np.ascontiguousarray(flat.reshape(-1, 2))
    if len(ring) < 3:
        raise ValueError(f"a polygon ring has {len(ring)} points; it needs at least 3 (6 numbers)")
    if not np.isfinite(ring).all():
        raise ValueError("a polygon ring has a coordinate that is not a finite number")
    return own_array(ring)


def rectangle(left: float, top: float, right: float, bottom: float) -> Polygon:
    return Polygon([[[left, top, right, top, right, bottom, left, bottom]]])
