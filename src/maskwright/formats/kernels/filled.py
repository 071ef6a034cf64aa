"""Polygons filled with their outline, as cv2.fillPoly draws whole points: straight to runs, without a dense image.

What it draws is described by OpenCV's imgproc/drawing.cpp: every edge as a line of 8-connected pixels (LineIterator,
cut at the image by clipLine), and in each row the pixels between pairs of edges (CollectPolyEdges, FillEdgeCollection),
whose places are kept in whole 65536ths of a pixel and whose slopes are cut off.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.core.kernels.dense import grown
from maskwright.core.kernels.jit import kernel

Array = NDArray[Any]

ONE = 1 << 16


@kernel
def quotient(a: int, b: int) -> int:
    """a / b cut off toward zero, as C divides."""
    found = abs(a) // abs(b)
    return found if (a < 0) == (b < 0) else -found


@kernel
def side(x: int, y: int, height: int, width: int) -> int:
    """Where a point is outside: 1 left, 2 right, 4 above, 8 below."""
    return int(x < 0) + 2 * int(x > width - 1) + 4 * int(y < 0) + 8 * int(y > height - 1)


@kernel
def clipped(x0: int, y0: int, x1: int, y1: int, height: int, width: int) -> tuple[int, int, int, int, bool]:
    """The ends of an edge where it is cut at the image, and whether anything is inside; it may be cut only in part."""
    first, last = side(x0, y0, height, width), side(x1, y1, height, width)
    if first & last == 0 and first | last != 0:
        if first & 12:
            to = 0 if first < 8 else height - 1
            x0 += quotient((to - y0) * (x1 - x0), y1 - y0)
            y0 = to
            first = side(x0, y0, height, width) & 3
        if last & 12:
            to = 0 if last < 8 else height - 1
            x1 += quotient((to - y1) * (x1 - x0), y1 - y0)
            y1 = to
            last = side(x1, y1, height, width) & 3
        if first & last == 0 and first | last != 0:
            if first:
                to = 0 if first == 1 else width - 1
                y0 += quotient((to - x0) * (y1 - y0), x1 - x0)
                x0, first = to, 0
            if last:
                to = 0 if last == 1 else width - 1
                y1 += quotient((to - x1) * (y1 - y0), x1 - x0)
                x1, last = to, 0
    return x0, y0, x1, y1, first | last == 0


@kernel
def put(lines: Array, used: int, y: int, first: int, last: int) -> None:
    lines[used], lines[used + 1], lines[used + 2] = y, first, last


@kernel
def line(lines: Array, used: int, x0: int, y0: int, x1: int, y1: int) -> tuple[Array, int]:
    """Append a line inside the image row by row: y, first and last x."""
    if x1 < x0:
        x0, y0, x1, y1 = x1, y1, x0, y0
    across, down = x1 - x0, abs(y1 - y0)
    way = 1 if y1 >= y0 else -1
    lines = grown(lines, used + 3 * (down + 1))
    if down > across:
        error = down - 2 * across
        x = x0
        for step in range(down + 1):
            put(lines, used, y0 + way * step, x, x)
            used += 3
            if error < 0:
                error += 2 * down
                x += 1
            error -= 2 * across
        return lines, used
    error = across - 2 * down
    y, first = y0, x0
    for x in range(x0, x1 + 1):
        if error < 0 or x == x1:
            put(lines, used, y, first, x)
            used += 3
            first = x + 1
        if error < 0:
            error += 2 * across
            y += way
        error -= 2 * down
    return lines, used


@kernel
def by_row(rows: Array, number: int, step: int, top: int, bottom: int) -> tuple[Array, Array]:
    """Entries of `step` numbers, the first being the row -> their places row by row, and where each row's begin."""
    bounds = np.zeros(bottom - top + 1, np.int64)
    for k in range(0, number, step):
        bounds[rows[k] - top + 1] += 1
    for row in range(bottom - top):
        bounds[row + 1] += bounds[row]
    following = bounds.copy()
    places = np.empty(number // step, np.int64)
    for k in range(0, number, step):
        row = rows[k] - top
        places[following[row]] = k
        following[row] += 1
    return places, bounds


@kernel
def toggles(points: Array, rings: Array, parts: Array, height: int, width: int) -> tuple[Array, Array]:
    """Column-major places at which a pixel differs from the one before it, ascending, part by part.

    points: (K, 2) int64.  rings: (R + 1,) where each ring's points begin.  parts: (P + 1,) where each part's rings
    begin.  -> toggles, and (P + 1,) where each part's begin; each part has an even number of them.
    """
    out = np.empty(256, np.int64)
    bounds = np.zeros(parts.size, np.int64)
    used = 0
    lines = np.empty(768, np.int64)
    crossings = np.empty(512, np.int64)
    events = np.empty(512, np.int64)
    columns = np.zeros(width + 1, np.int64)
    for part in range(parts.size - 1):
        drawn, crossed = 0, 0
        lowest, highest = -1, height
        for ring in range(parts[part], parts[part + 1]):
            begin, stop = rings[ring], rings[ring + 1]
            for k in range(begin, stop):
                before = k - 1 if k > begin else stop - 1
                x0, y0, x1, y1 = points[before, 0], points[before, 1], points[k, 0], points[k, 1]
                a, b, c, d, inside = x0, y0, x1, y1, True
                if side(x0, y0, height, width) | side(x1, y1, height, width):
                    a, b, c, d, inside = clipped(x0, y0, x1, y1, height, width)
                if inside:
                    lines, drawn = line(lines, drawn, a, b, c, d)
                    highest, lowest = min(highest, b, d), max(lowest, b, d)
                if y0 == y1:
                    continue
                if b == d:
                    b, d = y0, y1  # what is left of it inside has no slope
                slope = quotient((c - a) * ONE, d - b)
                if y0 < y1:
                    upper, lower, x = y0, y1, a * ONE + (y0 - b) * slope
                else:
                    upper, lower, x = y1, y0, c * ONE + (y1 - d) * slope
                from_row, to_row = max(upper, 0), min(lower, height)
                if from_row < to_row:
                    highest, lowest = min(highest, from_row), max(lowest, to_row - 1)
                    crossings = grown(crossings, crossed + 2 * (to_row - from_row))
                    for row in range(from_row, to_row):
                        crossings[crossed], crossings[crossed + 1] = row, x + (row - upper) * slope
                        crossed += 2
        if lowest < 0:
            bounds[part + 1] = used
            continue
        places, rows = by_row(crossings, crossed, 2, highest, lowest + 1)
        for row in range(rows.size - 1):
            for k in range(rows[row] + 1, rows[row + 1]):  # a handful, by insertion
                place, at = places[k], k
                while at > rows[row] and crossings[places[at - 1] + 1] > crossings[place + 1]:
                    places[at] = places[at - 1]
                    at -= 1
                places[at] = place
            for k in range(rows[row], rows[row + 1] - 1, 2):
                first = max((crossings[places[k] + 1] + ONE - 1) >> 16, 0)
                last = min(crossings[places[k + 1] + 1] >> 16, width - 1)
                if first <= last:
                    lines = grown(lines, drawn + 3)
                    put(lines, drawn, highest + row, first, last)
                    drawn += 3
        places, rows = by_row(lines, drawn, 3, highest, lowest + 1)
        # Where a row differs from the one above: the ends of either's pieces, equal ones cancelling out.
        number = 0
        above = np.empty(0, np.int64)
        for row in range(rows.size):
            here = np.empty(2 * (rows[row + 1] - rows[row]) if row < rows.size - 1 else 0, np.int64)
            size = 0
            if here.size:
                for k in range(rows[row] + 1, rows[row + 1]):
                    place, at = places[k], k
                    while at > rows[row] and lines[places[at - 1] + 1] > lines[place + 1]:
                        places[at] = places[at - 1]
                        at -= 1
                    places[at] = place
                for k in range(rows[row], rows[row + 1]):
                    first, stop = lines[places[k] + 1], lines[places[k] + 2] + 1
                    if size and first <= here[size - 1]:
                        here[size - 1] = max(here[size - 1], stop)
                    else:
                        here[size], here[size + 1] = first, stop
                        size += 2
            here = here[:size]
            p, q, begin, differs = 0, 0, 0, False
            while p < above.size or q < here.size:
                if q == here.size or (p < above.size and above[p] < here[q]):
                    x = above[p]
                    p += 1
                elif p == above.size or here[q] < above[p]:
                    x = here[q]
                    q += 1
                else:
                    p += 1
                    q += 1
                    continue
                if differs:
                    events = grown(events, 2 * (number + x - begin))
                    for column in range(begin, x):
                        events[2 * number], events[2 * number + 1] = column, highest + row
                        columns[column + 1] += 1
                        number += 1
                begin, differs = x, not differs
            above = here
        left, right = width, 0
        for k in range(number):
            left, right = min(left, events[2 * k]), max(right, events[2 * k] + 1)
        columns[left] = 0
        for column in range(left, right):
            columns[column + 1] += columns[column]
        out = grown(out, used + number)
        for k in range(number):
            column = events[2 * k]
            out[used + columns[column]] = column * height + events[2 * k + 1]
            columns[column] += 1
        columns[left : right + 1] = 0
        used += number
        bounds[part + 1] = used
    return out[:used].copy(), bounds


@kernel
def differing(toggles: Array, bounds: Array, starts: Array, ends: Array, offsets: Array, masks: Array) -> Array:
    """(P,) in how many pixels each of P parts, as `toggles` gives them, differs from its mask.

    starts, ends, offsets: spans of N masks.  masks: (P,) the mask of each part.
    """
    out = np.zeros(masks.size, np.int64)
    for part in range(masks.size):
        i, k = bounds[part], 2 * offsets[masks[part]]
        last, stop = bounds[part + 1], 2 * offsets[masks[part] + 1]
        before, differs = np.int64(0), False
        while i < last or k < stop:
            other = (ends[k >> 1] if k & 1 else starts[k >> 1]) if k < stop else toggles[i]
            if i < last and toggles[i] <= other:
                other = toggles[i]
                i += 1
            else:
                k += 1
            if differs:
                out[part] += other - before
            before, differs = other, not differs
    return out
