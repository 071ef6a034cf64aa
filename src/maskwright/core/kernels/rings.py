"""Corners to toggles and dense masks to corners."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.core.kernels.jit import kernel

Array = NDArray[Any]


@kernel
def coco_toggles(points: Array, height: int, width: int) -> Array:
    """One ring under COCO's rasterisation rule -> toggle positions, not sorted.

    points: (K, 2) float64 (x, y).  The rule, as pycocotools' rleFrPoly has it: walk the outline on a
    grid five times finer, and wherever the walk enters another fine column whose centre line meets a
    pixel column, toggle that column from the walk's row on down.  All roundings are the same,
    so the result is bit-equal; a position equal to height * width closes an odd last run.
    """
    number = points.shape[0]
    fine = np.empty((number + 1, 2), np.int64)
    for k in range(number):
        # Truncation toward zero after adding one half, as a C cast does.
        fine[k, 0] = np.int64(5.0 * points[k, 0] + 0.5)
        fine[k, 1] = np.int64(5.0 * points[k, 1] + 0.5)
    fine[number] = fine[0]
    total = 0
    for k in range(number):
        total += max(abs(fine[k + 1, 0] - fine[k, 0]), abs(fine[k + 1, 1] - fine[k, 1])) + 1
    toggles = np.empty(total + 1, np.int64)
    used = 0
    last_u, last_v = np.int64(0), np.int64(0)
    for k in range(number):
        x0, y0, x1, y1 = fine[k, 0], fine[k, 1], fine[k + 1, 0], fine[k + 1, 1]
        across, down = abs(x1 - x0), abs(y1 - y0)
        flat = across >= down
        backward = x0 > x1 if flat else y0 > y1
        if backward:
            x0, y0, x1, y1 = x1, y1, x0, y0
        steps = across if flat else down
        slope = 0.0
        if steps > 0:
            slope = (y1 - y0) / across if flat else (x1 - x0) / down
        for step in range(steps + 1):
            t = steps - step if backward else step
            if flat:
                u = x0 + t
                v = np.int64(y0 + slope * t + 0.5)
            else:
                u = np.int64(x0 + slope * t + 0.5)
                v = y0 + t
            if (k > 0 or step > 0) and u != last_u:
                column = ((u if u < last_u else u - 1) + 0.5) / 5.0 - 0.5
                if column == np.floor(column) and 0 <= column <= width - 1:
                    row = (min(v, last_v) + 0.5) / 5.0 - 0.5
                    row = np.ceil(min(max(row, 0.0), np.float64(height)))
                    toggles[used] = np.int64(column) * height + np.int64(row)
                    used += 1
            last_u, last_v = u, v
    if used % 2 == 1:
        toggles[used] = height * width
        used += 1
    return toggles[:used].copy()


@kernel
def coco_toggles_of_rings(points: Array, ring_offsets: Array, height: int, width: int) -> Array:
    """`coco_toggles` of ring r, points[ring_offsets[r] : ring_offsets[r + 1]], moved by r * (height * width + 1)."""
    toggles = np.empty(max(8 * points.shape[0], 64), np.int64)
    used = 0
    for r in range(ring_offsets.size - 1):
        own = coco_toggles(points[ring_offsets[r] : ring_offsets[r + 1]], height, width)
        if used + own.size > toggles.size:
            longer = np.empty(2 * toggles.size + own.size, np.int64)
            longer[:used] = toggles[:used]
            toggles = longer
        for k in range(own.size):
            toggles[used + k] = own[k] + r * (height * width + 1)
        used += own.size
    return toggles[:used]


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
