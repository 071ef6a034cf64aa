"""Segments through what moves label maps: as few maps as their overlaps need, whatever their number."""

from collections.abc import Callable, Iterator

import numpy as np

from maskwright.core.arrays import I64, Array
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments

MOST = 65_535  # codes of a map of 16 bits


def moved(segments: Segments, move: Callable[[Array], Array]) -> Segments:
    """The same rows with other masks; rows that are nowhere any more stay, with empty ones.

    move: (H, W) uint8 or uint16 -> (h, w) of the same type, with 0 where it has nothing to show.  Each mask is moved as
    it would be alone.
    """
    parts: list[Masks] = []
    place = np.full(len(segments), -1, np.int64)
    size = segments.size
    for rows in _layers(segments.masks):
        kind = np.uint8 if len(rows) < 256 else np.uint16
        codes = segments.masks[rows].composite(np.arange(1, len(rows) + 1), out=np.zeros(segments.size, kind))
        there = move(codes)
        size = there.shape[0], there.shape[1]
        values, found = Masks.from_label_map(there, ignore=(0,))
        place[rows[values - 1]] = sum(map(len, parts)) + np.arange(len(found))
        parts.append(found)
    if not parts:
        blank = move(np.zeros(segments.size, np.uint8))
        size = blank.shape[0], blank.shape[1]
    every = Masks.concatenate([*parts, Masks.empty(size, 1)], size)
    return segments.moved(every[place])  # -1 is the empty one at the end


def _layers(masks: Masks) -> Iterator[I64]:
    """Rows in groups in which no two masks overlap."""
    rows = np.arange(len(masks))
    if len(rows) and int(masks.areas().sum()) > masks.union().area():
        meets = masks.intersections(masks) > 0
        layer = np.zeros(len(rows), np.int64)
        for row in rows[1:]:
            taken = set(layer[:row][meets[row, :row]].tolist())
            layer[row] = next(number for number in range(len(rows)) if number not in taken)
    else:
        layer = np.zeros(len(rows), np.int64)
    for number in range(int(layer.max(initial=-1)) + 1):
        group = rows[layer == number]
        for first in range(0, len(group), MOST):
            yield group[first : first + MOST]
