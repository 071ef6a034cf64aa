"""Pixels as skimage.draw.polygon fills them: what the programs that read VGG Image Annotator's files call.

Points name pixels and are taken as they are; a pixel belongs where its point lies inside, by even and odd, on an edge
or on a corner (scikit-image's point_in_polygon, after O'Rourke).  What goes and returns along the same line vanishes.
A part is one ring.
"""

from collections.abc import Sequence

import numpy as np

from maskwright.core.arrays import F64, I64, Array, Size
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.formats._shapes import bridged, lone_ring

_CORNER = 1e-12  # how near to a corner a point is on it, as there


def draw(polygons: Sequence[Sequence[Sequence[Sequence[float]]]], size: Size) -> Masks:
    """The mask of each polygon's parts together, as `skimage.draw.polygon(ys, xs, size)` gives them.

    Raises ValueError for a ring of fewer than three points, for one of numbers that are not pairs or not coordinates,
    and for a part with holes.
    """
    empty = Masks.empty(size, 1)[0]
    return Masks.stack(
        [Masks.stack([filled(lone_ring(part), size) for part in parts] or [empty], size).union() for parts in polygons],
        size,
    )


def filled(ring: F64, size: Size) -> Mask:
    """ring: (K, 2) points."""
    low = np.maximum(np.floor(ring.min(axis=0)), 0).astype(int)
    high = np.minimum(np.ceil(ring.max(axis=0)) + 1, size[::-1]).astype(int)
    width, height = (int(side) for side in high - low)
    if width <= 0 or height <= 0:
        return Masks.empty(size, 1)[0]
    # In the frame of the box, half a row or column apart nothing changes: only whole numbers are taken off.
    start, end = ring - low, np.roll(ring, -1, axis=0) - low
    rows, places = _crossings(start, end, height, below=False)
    right = _odd(rows, np.ceil(places), height, width)
    right ^= (np.bincount(rows, minlength=height)[:, None] & 1).astype(bool)
    rows, places = _crossings(start, end, height, below=True)
    inside = right | _odd(rows, np.floor(places) + 1, height, width)
    corners = np.rint(start)
    on = (np.abs(start - corners) < _CORNER).all(axis=1) & ((corners >= 0) & (corners < [width, height])).all(axis=1)
    inside[corners[on, 1].astype(int), corners[on, 0].astype(int)] = True
    return Mask.encode(inside).paste(size, left=int(low[0]), top=int(low[1]))


def _crossings(start: F64, end: F64, height: int, *, below: bool) -> tuple[I64, F64]:
    """Where edges cross rows: rows and x. below: an edge has its lower end, and not its upper one; else the reverse."""
    upper, lower = np.minimum(start[:, 1], end[:, 1]), np.maximum(start[:, 1], end[:, 1])
    first = np.floor(upper) + 1 if below else np.ceil(upper)
    last = np.floor(lower) if below else np.ceil(lower) - 1
    first, last = np.maximum(first, 0).astype(np.int64), np.minimum(last, height - 1).astype(np.int64)
    number = np.maximum(last - first + 1, 0)
    edge = np.repeat(np.arange(len(start)), number)
    rows = first[edge] + np.arange(edge.size) - np.repeat(np.cumsum(number) - number, number)
    (x0, y0), (x1, y1) = start[edge].T, end[edge].T
    return rows, x0 + (rows - y0) * (x1 - x0) / (y1 - y0)


def _odd(rows: I64, columns: F64, height: int, width: int) -> Array:
    """(H, W) bool: the pixels with an odd number of these columns at them or before them in their row."""
    at = np.clip(columns, 0, width).astype(np.int64)
    number = np.bincount(rows * (width + 1) + at, minlength=height * (width + 1)).reshape(height, width + 1)
    return (np.cumsum(number[:, :width], axis=1) & 1).astype(bool)


def outline(mask: Mask) -> list[list[list[float]]] | None:
    """One ring, in a list of one part, whatever holes and parts the mask has; None for an empty mask.

    Along the outermost pixels where that gives the mask, so that OpenCV and Pillow draw masks of one part without holes
    alike; else along the pixels' edges, half a pixel off the points that count.
    """
    from maskwright.formats.kernels.contours import contours

    if not mask.area():
        return None
    points, rings = contours(*mask.batch._spans, mask.size[0])[:2]
    ring = points[rings[0] : rings[1]]
    around = [ring] + [points[rings[k] : rings[k + 1]] for k in range(1, rings.size - 1)]
    joined = [around[0]]
    for other in around[1:]:
        joined += [around[0][:1], other, other[:1]]
    first = np.concatenate([*joined, around[0][:1]] if len(around) > 1 else joined)
    first = np.concatenate([first, np.repeat(first[-1:], max(3 - len(first), 0), axis=0)])
    if filled(first.astype(np.float64), mask.size) == mask:
        return [[first.reshape(-1).tolist()]]
    return [[(bridged(mask.polygon()) - 0.5).reshape(-1).tolist()]]
