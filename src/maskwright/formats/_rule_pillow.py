"""Pixels as Pillow's ImageDraw fills them: Labelme's shape_to_mask, json2labelImg and json2instanceImg of Cityscapes.

ImageDraw cuts coordinates off towards zero, names pixels by them and draws the outline too.  A part is one ring: holes
are not drawn by it.  Shapes are drawn by Pillow itself, on a canvas of their own rows and of the columns up to their
right edge: rows do not bear on what it draws, while columns are computed in single precision and therefore stay.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from maskwright.core.arrays import I64, Size
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.formats._shapes import lone_ring


def draw(polygons: Sequence[Sequence[Sequence[Sequence[float]]]], size: Size) -> Masks:
    """The mask of each polygon's parts together, as `ImageDraw.polygon(ring, fill=1, outline=1)` draws them.

    A ring of two points is a line, as there.  Raises ValueError for a ring of fewer, for one of numbers that are not
    pairs or not coordinates, and for a part with holes.
    """
    return Masks.stack([_mask([_ring(part) for part in parts], size) for parts in polygons], size)


def _ring(part: Sequence[Sequence[float]]) -> I64:
    """(K, 2) whole numbers."""
    return lone_ring(part, 2).astype(np.int64)


def _mask(rings: list[I64], size: Size) -> Mask:
    if not rings:
        return Masks.empty(size, 1)[0]
    points = np.concatenate(rings)
    return _on_canvas("polygon", rings, points.min(axis=0), points.max(axis=0), size)


def _on_canvas(shape: str, rings: list[I64], low: I64, high: I64, size: Size) -> Mask:
    """Shapes between two corners, both included."""
    from PIL import Image, ImageDraw

    top, bottom, right = max(int(low[1]), 0), min(int(high[1]) + 1, size[0]), min(int(high[0]) + 1, size[1])
    if bottom <= top or right <= 0:
        return Masks.empty(size, 1)[0]
    canvas = Image.new("L", (right, bottom - top))
    drawing = getattr(ImageDraw.Draw(canvas), shape)
    for ring in rings:
        drawing((ring - [0, top]).reshape(-1).tolist(), fill=1, outline=1)
    return Mask.encode(np.asarray(canvas)).paste(size, top=top)


def paint(rings: Sequence[Sequence[float]], values: Sequence[int], size: Size, start: int) -> I64:
    """(H, W) int64: each ring filled with its value, later ones over earlier ones, and `start` where there is none.

    Raises ValueError as `draw`.
    """
    from PIL import Image, ImageDraw

    canvas = Image.new("I", size[::-1], start)
    drawing = ImageDraw.Draw(canvas)
    for ring, value in zip(rings, values, strict=True):
        drawing.polygon(_ring([ring]).reshape(-1).tolist(), fill=value, outline=value)
    return np.asarray(canvas).astype(np.int64)


def rectangle(box: Sequence[float], size: Size) -> Mask:
    """As `ImageDraw.rectangle(box, fill=1, outline=1)`: both corners belong to it. box: xyxy, x0 <= x1 and y0 <= y1."""
    return _boxed("rectangle", box, size)


def ellipse(box: Sequence[float], size: Size) -> Mask:
    """As `ImageDraw.ellipse(box, fill=1, outline=1)`. box: xyxy around it, x0 <= x1 and y0 <= y1."""
    return _boxed("ellipse", box, size)


def _boxed(shape: str, box: Any, size: Size) -> Mask:
    corners = _ring([box])
    return _on_canvas(shape, [corners], corners[0], corners[1], size)


def outline(mask: Mask) -> list[list[list[float]]] | None:
    """Rings of at least three points along the mask's outermost pixels, a part each; None where there is a hole.

    A ring is as good for OpenCV's and scikit-image's fillers: it goes straight or diagonally from pixel to pixel.
    """
    from maskwright.formats.kernels.contours import contours

    if not mask.area():
        return None
    found = contours(*mask.batch._spans, mask.size[0])
    points, rings, parts = (array.tolist() for array in found[:3])
    if len(parts) != len(rings):
        return None
    out = []
    for start, stop in pairwise(rings):
        ring = points[start:stop]
        ring += ring[-1:] * (3 - len(ring))
        out.append([[value for point in ring for value in point]])
    return out if draw([out], mask.size)[0] == mask else None
