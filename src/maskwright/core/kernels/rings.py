"""Corners to toggles and dense masks to corners."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.core.kernels.dense import grown
from maskwright.core.kernels.jit import kernel

Array = NDArray[Any]


#: So many toggles of a column are sorted by insertion.
_FEW = 16


@kernel
def coco_toggles(points: Array, height: int, width: int) -> Array:
    """One ring under COCO's rasterisation rule -> toggle positions, not sorted.

    points: (K, 2) float64 (x, y).  The rule, as pycocotools' rleFrPoly has it: walk the outline on a
    grid five times finer, and wherever the walk goes from the fine column 5 c + 2 to the next or back, toggle the pixel
    column c from the upper of the two rows on down.  Only these places are looked at, and all roundings are the same,
    so the result is bit-equal; a position equal to height * width closes an odd last run.
    """
    number = points.shape[0]
    fine = np.empty((number + 1, 2), np.int64)
    for k in range(number):
        # Truncation toward zero after adding one half, as a C cast does.
        fine[k, 0] = np.int64(5.0 * points[k, 0] + 0.5)
        fine[k, 1] = np.int64(5.0 * points[k, 1] + 0.5)
    fine[number] = fine[0]
    total = 1
    for k in range(number):
        total += min(abs(fine[k + 1, 0] - fine[k, 0]) // 5, width) + 1
    toggles = np.empty(total, np.int64)
    used = 0
    for k in range(number):
        x0, y0, x1, y1 = fine[k, 0], fine[k, 1], fine[k + 1, 0], fine[k + 1, 1]
        across, down = abs(x1 - x0), abs(y1 - y0)
        flat = across >= down
        if x0 > x1 if flat else y0 > y1:
            x0, y0, x1, y1 = x1, y1, x0, y0
        column = (max(min(x0, x1), 2) + 2) // 5  # of the fine columns 5 c + 2, the first from the left end on
        last = min((max(x0, x1) - 3) // 5, width - 1) if max(x0, x1) > 2 else -1
        if column > last:
            continue
        if flat:
            slope = (y1 - y0) / across
            for c in range(column, last + 1):
                step = 5 * c + 2 - x0
                row = min(np.int64(y0 + slope * step + 0.5), np.int64(y0 + slope * (step + 1) + 0.5))
                toggles[used] = c * height + _row(row, height)
                used += 1
            continue
        slope = (x1 - x0) / down
        for c in range(column, last + 1):
            u = 5 * c + 2
            # The first step beyond it: about where the edge is in the middle, and then to the point.
            step = min(max(np.int64((u + 0.5 - x0) / slope), 1), down)
            if slope > 0:
                while step > 1 and np.int64(x0 + slope * (step - 1) + 0.5) > u:
                    step -= 1
                while step < down and np.int64(x0 + slope * step + 0.5) <= u:
                    step += 1
            else:
                while step > 1 and np.int64(x0 + slope * (step - 1) + 0.5) <= u:
                    step -= 1
                while step < down and np.int64(x0 + slope * step + 0.5) > u:
                    step += 1
            toggles[used] = c * height + _row(y0 + step - 1, height)
            used += 1
    if used % 2 == 1:
        toggles[used] = height * width
        used += 1
    return toggles[:used].copy()


@kernel
def _row(fine: int, height: int) -> int:
    """The pixel row that a fine row toggles from: that of the first centre line, 5 r + 2, at it or below."""
    return min((max(fine, -2) + 2) // 5, height)


@kernel
def coco_spans(
    points: Array, ring_offsets: Array, mask_offsets: Array, height: int, width: int
) -> tuple[Array, Array, Array]:
    """`coco_toggles` of every ring, points[ring_offsets[r] : ring_offsets[r + 1]], paired -> spans of N masks.

    mask_offsets: (N + 1,), where each mask's rings begin.  -> starts, ends, and (N + 1,), where each mask's begin.
    Those of a mask are ascending by their starts, and may overlap where its rings do.
    """
    starts = np.empty(max(4 * points.shape[0], 64), np.int64)
    ends = np.empty_like(starts)
    offsets = np.zeros(mask_offsets.size, np.int64)
    counts = np.zeros(max(width, height) + 1, np.int64)
    used = 0
    for mask in range(mask_offsets.size - 1):
        for ring in range(mask_offsets[mask], mask_offsets[mask + 1]):
            begin = used
            toggles = coco_toggles(points[ring_offsets[ring] : ring_offsets[ring + 1]], height, width)
            number = toggles.size
            if used + number > starts.size:
                starts, ends = grown(starts, used + number), grown(ends, used + number)
            ascending(toggles, counts, height)
            for k in range(0, number, 2):
                if toggles[k] < toggles[k + 1]:
                    starts[used], ends[used] = toggles[k], toggles[k + 1]
                    used += 1
            if begin > offsets[mask]:
                merged(starts, ends, offsets[mask], begin, used)
        offsets[mask + 1] = used
    return starts[:used].copy(), ends[:used].copy(), offsets


@kernel
def merged(starts: Array, ends: Array, first: int, middle: int, stop: int) -> None:
    """Two neighbouring pieces of ascending spans, from `first` and from `middle` on, become one, in place."""
    own_starts, own_ends = starts[middle:stop].copy(), ends[middle:stop].copy()
    i, j = middle - 1, own_starts.size - 1
    for at in range(stop - 1, first - 1, -1):
        if j < 0:
            break
        if i >= first and starts[i] > own_starts[j]:
            starts[at], ends[at] = starts[i], ends[i]
            i -= 1
        else:
            starts[at], ends[at] = own_starts[j], own_ends[j]
            j -= 1


@kernel
def ascending(toggles: Array, counts: Array, height: int) -> None:
    """Sort toggles in place: counted by column, and by row first where a column has many. counts: zeros, more than the
    image has of either.
    """
    rows, columns = np.empty_like(toggles), np.empty_like(toggles)
    first, last, most = counts.size, -1, 0
    for k in range(toggles.size):
        column = toggles[k] // height
        columns[k] = column
        counts[column] += 1
        first, last, most = min(first, column), max(last, column), max(most, counts[column])
    if most > _FEW:
        counts[first : last + 1] = 0
        for k in range(toggles.size):
            rows[k] = toggles[k] - columns[k] * height
        counted(rows, columns, counts)
        counted(columns, rows, counts)
        for k in range(toggles.size):
            toggles[k] = columns[k] * height + rows[k]
        return
    at = 0
    for column in range(first, last + 1):
        here = counts[column]
        counts[column] = at
        at += here
    for k in range(toggles.size):
        rows[counts[columns[k]]] = toggles[k]
        counts[columns[k]] += 1
    counts[first : last + 1] = 0
    for k in range(toggles.size):  # those of a column, by insertion
        found, at = rows[k], k
        while at and toggles[at - 1] > found:
            toggles[at] = toggles[at - 1]
            at -= 1
        toggles[at] = found


@kernel
def counted(keys: Array, others: Array, counts: Array) -> None:
    """Pairs in the order of their keys, in place; those of one key stay in theirs. counts: zeros, beyond every key."""
    first, last = counts.size, -1
    for k in range(keys.size):
        counts[keys[k]] += 1
        first, last = min(first, keys[k]), max(last, keys[k])
    at = 0
    for key in range(first, last + 1):
        here = counts[key]
        counts[key] = at
        at += here
    old_keys, old_others = keys.copy(), others.copy()
    for k in range(old_keys.size):
        at = counts[old_keys[k]]
        counts[old_keys[k]] += 1
        keys[at], others[at] = old_keys[k], old_others[k]
    counts[first : last + 1] = 0


@kernel
def centre_toggles(points: Array, ring_offsets: Array, height: int, width: int) -> Array:
    """Rings under the centre rule (a pixel is in when its centre is, even-odd) -> toggle positions, not sorted.

    points: (K, 2) float64 (x, y); ring r is points[ring_offsets[r] : ring_offsets[r + 1]].
    A centre exactly on an edge belongs to the side of larger x or y, so neighbours never share a pixel.
    """
    total = 0
    for r in range(ring_offsets.size - 1):
        for k in range(ring_offsets[r], ring_offsets[r + 1]):
            follow = k + 1 if k + 1 < ring_offsets[r + 1] else ring_offsets[r]
            total += np.int64(min(abs(points[k, 0] - points[follow, 0]), np.float64(width))) + 2
    toggles = np.empty(total, np.int64)
    used = 0
    for r in range(ring_offsets.size - 1):
        for k in range(ring_offsets[r], ring_offsets[r + 1]):
            follow = k + 1 if k + 1 < ring_offsets[r + 1] else ring_offsets[r]
            x0, y0, x1, y1 = points[k, 0], points[k, 1], points[follow, 0], points[follow, 1]
            if x0 == x1:
                continue
            if x0 > x1:
                x0, y0, x1, y1 = x1, y1, x0, y0
            # Columns whose centre lies in [x0, x1).
            first = np.int64(np.ceil(max(x0, -1.0) - 0.5))
            stop = np.int64(np.ceil(min(x1, width + 1.0) - 0.5))
            for column in range(max(first, 0), min(stop, width)):
                y = y0 + (column + 0.5 - x0) / (x1 - x0) * (y1 - y0)
                row = min(max(np.ceil(y - 0.5), 0.0), np.float64(height))
                toggles[used] = column * height + np.int64(row)
                used += 1
    return toggles[:used].copy()


@kernel
def trace(mask: Array) -> tuple[Array, Array, Array]:
    """Outlines of a padded mask (H + 2, W + 2) uint8 with an empty border, along pixel edges.

    -> corners (K, 2) int64 (x, y) in the unpadded frame, ring offsets, and the pixel (x, y) right
    below the first edge of each ring.  Foreground lies to the right of the walk: outer rings run
    clockwise on the screen, holes counter-clockwise.  Pixels that meet only at a corner are apart.
    """
    height, width = mask.shape
    seen = np.zeros((height, width), np.bool_)  # upper edges already walked
    corners = np.empty((256, 2), np.int64)
    offsets = np.zeros(16, np.int64)
    pixels = np.empty((16, 2), np.int64)
    used, rings = 0, 0
    for row in range(1, height - 1):
        for column in range(1, width - 1):
            if not mask[row, column] or mask[row - 1, column] or seen[row, column]:
                continue
            if rings + 1 == offsets.size:
                more_offsets = np.zeros(2 * offsets.size, np.int64)
                more_offsets[: offsets.size] = offsets
                offsets = more_offsets
                more_pixels = np.empty((2 * pixels.shape[0], 2), np.int64)
                more_pixels[: pixels.shape[0]] = pixels
                pixels = more_pixels
            pixels[rings, 0], pixels[rings, 1] = column - 1, row - 1
            x, y, dx, dy = column, row, 1, 0
            while True:
                if dx == 1:
                    if seen[y, x]:
                        break
                    seen[y, x] = True
                x += dx
                y += dy
                # Pixels ahead of the corner (x, y), on the right and on the left of the walk.
                right_x, right_y = x + (dx - dy - 1) // 2, y + (dx + dy - 1) // 2
                left_x, left_y = x + (dx + dy - 1) // 2, y + (dy - dx - 1) // 2
                if not mask[right_y, right_x]:
                    turn_x, turn_y = -dy, dx
                elif mask[left_y, left_x]:
                    turn_x, turn_y = dy, -dx
                else:
                    continue
                if used == corners.shape[0]:
                    more = np.empty((2 * used, 2), np.int64)
                    more[:used] = corners
                    corners = more
                corners[used, 0], corners[used, 1] = x - 1, y - 1
                used += 1
                dx, dy = turn_x, turn_y
            rings += 1
            offsets[rings] = used
    return corners[:used].copy(), offsets[: rings + 1].copy(), pixels[:rings].copy()
