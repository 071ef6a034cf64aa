"""Labels as a small layer of their own, to lie over a small image: what a grid of many images shows."""

import numpy as np

from maskwright.core.arrays import U8, Array, Size
from maskwright.core.classes import IGNORE_INDEX, Classes
from maskwright.core.segments import Segments
from maskwright.figures.comparison import INVENTED, MISSED, MISTAKEN

#: How opaque what lies inside is, and its border.
INSIDE, BORDER = 90, 255
#: Pixels of a border that is dashed, and of its gaps.
DASH = 3
GAINED, LOST = (40, 200, 90), (230, 60, 60)


def marks(
    segments: Segments, classes: Classes, size: Size, *, dashed: bool = False, boxes: bool = False
) -> U8:  # fmt: skip
    """(h, w, 4) uint8 RGBA: each segment tinted in its class's colour, with its border; nothing elsewhere.

    size: (h, w) of the layer, whatever the segments' own is.  dashed: borders have gaps and insides stay clear, as
    predictions are drawn over truth.  boxes: with the box of each.  Ignored segments are gray.  Segments too small
    to be seen at this size have their middle drawn.
    """
    out = np.zeros((*size, 4), np.uint8)
    colours = classes.colours()
    small = segments.masks.resize(size)
    edges = small.boundary(1)
    sides, scale = segments.masks.boxes(), np.array(size[::-1]) / np.array(segments.size[::-1])
    rows, columns = np.indices(size)
    gaps = (rows + columns) // DASH % 2 == 1
    for i, mask in enumerate(small):
        declared = classes[int(segments.class_ids[i])]
        colour = np.full(3, 128, np.uint8)
        if declared.role != "ignore":
            colour = colours[classes.index_of(declared.id)]
        border = edges[i].decode()
        if not mask.area():
            middle = ((sides[i, :2] + sides[i, 2:]) / 2 * scale).astype(np.int64).clip(0, np.array(size[::-1]) - 1)
            border[middle[1], middle[0]] = segments.masks[i].area() > 0
        elif not dashed:
            out[mask.decode()] = (*colour, INSIDE)
        if boxes and sides[i, 2] > sides[i, 0]:
            left, top = np.floor(sides[i, :2] * scale).astype(np.int64)
            right, bottom = np.ceil(sides[i, 2:] * scale).astype(np.int64) - 1
            border[top : bottom + 1, [left, right]] = True
            border[[top, bottom], left : right + 1] = True
        out[border & ~gaps if dashed else border] = (*colour, BORDER)
    return out


def errors(truth: Segments, found: Segments, classes: Classes, size: Size) -> U8:
    """(h, w, 4) uint8 RGBA: where labels differ, as `comparison` colours it.

    Red is missed, blue too much, yellow another class.  Ignored pixels are not a difference.
    truth, found: over one image, of whatever size.  size: (h, w) of the layer.
    """
    out = np.zeros((*size, 4), np.uint8)
    wanted, given = (_map(segments, classes, size) for segments in (truth, found))
    counts = wanted != IGNORE_INDEX
    for where, colour in (
        ((wanted >= 0) & (given < 0), MISSED), ((wanted < 0) & (given >= 0), INVENTED),
        ((wanted >= 0) & (given >= 0) & (wanted != given), MISTAKEN),
    ):  # fmt: skip
        out[counts & where] = (*colour, 190)
    return out


def difference(before: Segments, after: Segments, size: Size, *, objects: bool = True) -> U8:
    """(h, w, 4) uint8 RGBA: green where something is labelled that was not, red where it is not any more.

    Yellow is where another class or another object is on top.  before, after: of one image, at two times, or by two
    people.  size: (h, w) of the layer.  objects: False where ids tell nothing, so that only classes are compared.
    """
    out = np.zeros((*size, 4), np.uint8)
    (was, whose), (now, own) = (_on_top(segments, size) for segments in (before, after))
    for where, colour in (
        ((was < 0) & (now >= 0), GAINED), ((was >= 0) & (now < 0), LOST),
        ((was >= 0) & (now >= 0) & ((was != now) | (objects & (whose != own))), MISTAKEN),
    ):  # fmt: skip
        out[where] = (*colour, 190)
    return out


def _on_top(segments: Segments, size: Size) -> tuple[Array, Array]:
    """(h, w) class id and id of the topmost segment, -1 where there is none."""
    small = segments.masks.resize(size)
    classes, ids = (
        small.composite(values.astype(np.int64), background=-1) for values in (segments.class_ids, segments.ids)
    )
    return classes, ids


def _map(segments: Segments, classes: Classes, size: Size) -> Array:
    """(h, w) int16 class indices at this size, -1 where there is nothing."""
    small = segments.replace(masks=segments.masks.resize(size))
    return small.label_map(classes, dtype=np.int16, unlabelled=-1)
