"""Contours whose points name pixels, as cv2.findContours gives them: rings that lie on the outermost pixels of a mask.

Border following after Suzuki and Abe, "Topological structural analysis of digitized binary images by border following",
1985, along columns instead of rows.  Starts of borders are looked for at the ends of runs alone, so that the cost goes
with the runs and the length of the borders.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.core.kernels import pieces
from maskwright.core.kernels.dense import grown
from maskwright.core.kernels.jit import kernel

Array = NDArray[Any]


def contours(starts: Array, ends: Array, offsets: Array, height: int) -> tuple[Array, Array, Array, Array]:
    """Rings of many masks of one image. starts, ends, offsets: spans of N masks, as kernels.spans gives them.

    -> points (K, 2) int64 (x, y), columns and rows of pixels; rings (R + 1,), where each ring's points begin; parts
    (P + 1,), where each part's rings begin; masks (N + 1,), where each mask's parts begin.  A part is an 8-connected
    piece: its outer ring first, clockwise on the screen, then a ring around each 4-connected hole, on the pixels of the
    part that enclose it, the other way round.  Of straight runs, horizontal, vertical or diagonal, the ends are left:
    a single pixel is a ring of one point, a line of two.  A mask without a pixel has no part.
    """
    x, top, bottom, piece_offsets = pieces.from_spans(starts, ends, offsets, height)
    component, owner = pieces.components(x, top, bottom, piece_offsets, True)
    points, rings, of_part, inner, _ = trace(x, top, bottom, piece_offsets, component)
    masks = np.searchsorted(owner, np.arange(offsets.size)).astype(np.int64)
    return *by_part(points, rings, of_part, inner, owner.size), masks


@kernel
def by_part(points: Array, rings: Array, of_part: Array, inner: Array, number: int) -> tuple[Array, Array, Array]:
    """The rings part by part, outer ones first -> points, rings, parts. number: of parts."""
    parts = np.zeros(number + 1, np.int64)
    for ring in range(of_part.size):
        parts[of_part[ring] + 1] += 1
    for part in range(number):
        parts[part + 1] += parts[part]
    places = np.empty(of_part.size, np.int64)
    following = parts.copy()
    for hole in range(2):
        for ring in range(of_part.size):
            if inner[ring] == hole:
                places[following[of_part[ring]]] = ring
                following[of_part[ring]] += 1
    out, offsets = np.empty_like(points), np.zeros_like(rings)
    used = 0
    for place in range(places.size):
        for k in range(rings[places[place]], rings[places[place] + 1]):
            out[used] = points[k]
            used += 1
        offsets[place + 1] = used
    return out, offsets, parts


@kernel
def _room(x: Array, top: Array, bottom: Array, begin: int, stop: int) -> int:
    """Pixels of the box around pieces, with an empty border."""
    if begin == stop:
        return 0
    upper, lower = top[begin], bottom[begin]
    for k in range(begin, stop):
        upper, lower = min(upper, top[k]), max(lower, bottom[k])
    return (lower - upper + 2) * (x[stop - 1] - x[begin] + 3)


@kernel
def _piece_at(top: Array, begin: int, stop: int, row: int) -> int:
    """The piece whose top is at a row, among those of one column."""
    while begin < stop - 1:
        middle = (begin + stop) >> 1
        if top[middle] <= row:
            begin = middle
        else:
            stop = middle
    return begin


@kernel
def trace(
    x: Array, top: Array, bottom: Array, offsets: Array, component: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """Pieces and the component of each -> points, rings, the component of each ring, whether it is around a hole, ties.

    ties: (R, 5) where a ring around a hole can be tied to one that comes before it without leaving the part: its first
    pixel (x, y), the pixel (x, y) at the top of that pixel's piece, and the point of the other ring that comes before
    that pixel on it or is that pixel; zeros for outer rings.
    """
    most = 0
    for i in range(offsets.size - 1):
        most = max(most, _room(x, top, bottom, offsets[i], offsets[i + 1]))
    # 0 background, 1 foreground, 2 on a border, -2 on one that saw background in the pixel below.
    marks = np.zeros(most, np.int8)
    points = np.empty(256, np.int64)  # x and y in turn
    rings = np.zeros(16, np.int64)
    of_part = np.empty(16, np.int64)
    inner = np.empty(16, np.int64)
    ties = np.zeros(5 * 16, np.int64)
    passed = np.zeros(x.size, np.int64)  # the newest point when the walk saw background above a piece
    ring_of = np.zeros(x.size, np.int64)
    columns = np.empty(256, np.int64)  # the first piece of each column of a mask
    used, number = 0, 0
    step_x = np.array([0, -1, -1, -1, 0, 1, 1, 1])
    step_y = np.array([1, 1, 0, -1, -1, -1, 0, 1])
    for i in range(offsets.size - 1):
        begin, stop = offsets[i], offsets[i + 1]
        if begin == stop:
            continue
        left, upper, lower = x[begin], top[begin], bottom[begin]
        for k in range(begin, stop):
            upper, lower = min(upper, top[k]), max(lower, bottom[k])
        tall = lower - upper + 2
        room = tall * (x[stop - 1] - left + 3)
        steps = step_x * tall + step_y
        columns = grown(columns, x[stop - 1] - left + 2)
        column = 0
        for k in range(begin, stop):
            while column <= x[k] - left:
                columns[column] = k
                column += 1
        columns[column] = stop
        marks[:room] = 0
        for k in range(begin, stop):
            base = (x[k] - left + 1) * tall + 1 - upper
            marks[base + top[k] : base + bottom[k]] = 1
        for k in range(begin, stop):
            base = (x[k] - left + 1) * tall + 1 - upper
            for hole in range(2):
                row = bottom[k] - 1 if hole else top[k]
                start = base + row
                if (marks[start] != 1) if not hole else (marks[start] < 1):
                    continue
                rings = grown(rings, number + 2)
                of_part, inner = grown(of_part, number + 1), grown(inner, number + 1)
                ties = grown(ties, 5 * (number + 1))
                of_part[number], inner[number] = component[k], hole
                ties[5 * number : 5 * number + 5] = 0
                if hole:
                    ties[5 * number], ties[5 * number + 1] = x[k], row
                    ties[5 * number + 2], ties[5 * number + 3] = x[k], top[k]
                    ties[5 * number + 4] = k  # a piece until all rings are there
                # The neighbour where the walk ends: the first one on the way round from the background beside.
                last = 0 if hole else 4
                way = last
                while True:
                    way = (way - 1) & 7
                    final = start + steps[way]
                    if marks[final] != 0 or way == last:
                        break
                if marks[final] == 0:
                    marks[start] = -2
                    points = grown(points, used + 2)
                    points[used], points[used + 1] = x[k], row
                    used += 2
                else:
                    here, came, at_x, at_y = start, way ^ 4, x[k], row
                    while True:
                        below, above = False, False
                        while True:
                            way = (way + 1) & 7
                            after = here + steps[way]
                            if marks[after] != 0:
                                break
                            below = below or way == 0
                            above = above or way == 4
                        if below:
                            marks[here] = -2
                        elif marks[here] == 1:
                            marks[here] = 2
                        if way != came:
                            if used + 2 > points.size:
                                points = grown(points, used + 2)
                            points[used], points[used + 1] = at_x, at_y
                            used += 2
                            came = way
                        if above:
                            piece = _piece_at(top, columns[at_x - left], columns[at_x - left + 1], at_y)
                            passed[piece], ring_of[piece] = used // 2 - 1, number
                        if after == start and here == final:
                            break
                        here = after
                        at_x += step_x[way]
                        at_y += step_y[way]
                        way = (way + 4) & 7
                number += 1
                rings[number] = used // 2
    for ring in range(number):
        if inner[ring]:
            piece = ties[5 * ring + 4]
            other = ring_of[piece]
            # Before the first point of a ring comes its last.
            ties[5 * ring + 4] = passed[piece] if passed[piece] >= rings[other] else rings[other + 1] - 1
    return (
        points[:used].copy().reshape(-1, 2), rings[: number + 1].copy(), of_part[:number].copy(),
        inner[:number].copy(), ties[: 5 * number].copy().reshape(-1, 5),
    )  # fmt: skip
