"""Dense arrays to counts and back.

Both directions walk rows, the order in which a C-order array lies in memory, although counts are
column-major: a run changes where a pixel differs from the one above it, so only those places are
collected and then sorted by column (or, decoding, by row) with one counting sort.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.core.kernels.jit import kernel

Array = NDArray[Any]

BLOCK = 16  # words of eight pixels compared at once; two cache lines, measured best of 8 to 64


@kernel
def grown(array: Array, needed: int) -> Array:
    """The same values in an array that holds at least `needed` of them."""
    if needed <= array.size:
        return array
    bigger = np.empty(max(needed, 2 * array.size), array.dtype)
    bigger[: array.size] = array
    return bigger


@kernel
def sort_by_column(xs: Array, ys: Array, used: int, height: int, column: Array, order: Array) -> None:
    """Write x * height + y of the first `used` events, ascending, into `order`; `column` is scratch (W + 1,)."""
    total = 0
    for x in range(column.size):
        here = column[x]
        column[x] = total
        total += here
    for k in range(used):
        x = xs[k]
        order[column[x]] = np.int64(x) * height + ys[k]
        column[x] += 1


@kernel
def find_changes(flat: Array, height: int, width: int, xs: Array, ys: Array, column: Array) -> int:
    """Where pixels differ from their predecessor in column-major order, in row order.

    flat: (H * W,) uint8.  Writes x, y of each place and counts places by column; -> how many, or -1
    when xs and ys (at least W long) are too short.
    """
    room = xs.size - 8 * BLOCK
    column[:] = 0
    events = 0
    # Row 0 follows the last pixel of the column to its left.
    bottom = (height - 1) * width
    before = False
    for x in range(width):
        if (flat[x] != 0) != before:
            xs[events] = x
            ys[events] = 0
            column[x] += 1
            events += 1
        before = flat[bottom + x] != 0
    # Each other pixel is compared with the one above it, `width` bytes back, over the whole mask at once.
    # Words of eight pixels: the views may be unaligned, which every processor Numba compiles for allows.
    words = bottom // 8
    above = flat[: 8 * words].view(np.uint64)
    below = flat[width : width + 8 * words].view(np.uint64)
    for first in range(0, words, BLOCK):
        some_above = above[first : first + BLOCK]
        some_below = below[first : first + BLOCK]
        different = np.uint64(0)
        for k in range(some_above.size):
            different |= some_above[k] ^ some_below[k]
        if different:
            if events > room:
                return -1
            for k in range(some_above.size):
                if some_above[k] != some_below[k]:
                    at = 8 * (first + k)
                    for p in range(at, at + 8):
                        if (flat[p] != 0) != (flat[p + width] != 0):
                            y = p // width
                            x = p - y * width
                            xs[events] = x
                            ys[events] = y + 1
                            column[x] += 1
                            events += 1
    if events > room:
        return -1
    for p in range(8 * words, bottom):
        if (flat[p] != 0) != (flat[p + width] != 0):
            y = p // width
            xs[events] = p - y * width
            ys[events] = y + 1
            column[p - y * width] += 1
            events += 1
    return events


@kernel
def encode(masks: Array) -> tuple[Array, Array]:
    """(N, H, W) uint8, C order, non-zero is foreground -> counts, offsets."""
    n, height, width = masks.shape
    flat = masks.reshape(n, height * width)
    offsets = np.zeros(n + 1, np.int64)
    counts = np.empty(max(256, 64 * n), np.uint32)
    column = np.zeros(width + 1, np.int64)
    xs = np.empty(4096 + width, np.int32)
    ys = np.empty(4096 + width, np.int32)
    order = np.empty(4096 + width, np.int64)
    used = 0
    for i in range(n):
        events = find_changes(flat[i], height, width, xs, ys, column)
        while events < 0:
            xs = np.empty(2 * xs.size, np.int32)
            ys = np.empty(xs.size, np.int32)
            order = np.empty(xs.size, np.int64)
            events = find_changes(flat[i], height, width, xs, ys, column)
        sort_by_column(xs, ys, events, height, column, order)
        counts = grown(counts, used + events + 1)
        used += differences(order, events, height * width, counts[used:])
        offsets[i + 1] = used
    return counts[:used].copy(), offsets


@kernel
def differences(positions: Array, number: int, area: int, counts: Array) -> int:
    """Ascending change positions -> run lengths, written to `counts`; -> how many."""
    last = np.int64(0)
    for k in range(number):
        counts[k] = positions[k] - last
        last = positions[k]
    if number == 0 or last < area:
        counts[number] = area - last
        return number + 1
    return number


@kernel
def label_runs(labels: Array) -> tuple[Array, Array]:
    """(H, W) integers, C order -> start (R,) int64 and value (R,) of each column-major run of equal labels."""
    height, width = labels.shape
    column = np.zeros(width + 1, np.int64)
    xs = np.empty(max(1024, width), np.int32)
    ys = np.empty(max(1024, width), np.int32)
    events = 0
    for x in range(width):
        if x == 0 or labels[0, x] != labels[height - 1, x - 1]:
            xs[events] = x
            ys[events] = 0
            column[x] += 1
            events += 1
    for y in range(1, height):
        xs = grown(xs, events + width)
        ys = grown(ys, events + width)
        above = labels[y - 1]
        row = labels[y]
        for left in range(0, width, 64):
            right = min(left + 64, width)
            different = False
            for x in range(left, right):
                different |= row[x] != above[x]
            if different:
                for x in range(left, right):
                    if row[x] != above[x]:
                        xs[events] = x
                        ys[events] = y
                        column[x] += 1
                        events += 1
    order = np.empty(events, np.int64)
    sort_by_column(xs, ys, events, height, column, order)
    values = np.empty(events, labels.dtype)
    for k in range(events):
        x = order[k] // height
        values[k] = labels[order[k] - x * height, x]
    return order, values


@kernel
def label_counts(starts: Array, owner: Array, number: int, area: int) -> tuple[Array, Array]:
    """Runs of a label map, each owned by mask `owner[k]` in 0 … number-1 -> counts, offsets."""
    last = np.zeros(number, np.int64)
    length = np.zeros(number + 1, np.int64)
    for k in range(starts.size):
        length[owner[k] + 1] += 2
        last[owner[k]] = starts[k + 1] if k + 1 < starts.size else area
    for m in range(number):
        if last[m] < area:
            length[m + 1] += 1
    offsets = np.cumsum(length)
    counts = np.empty(offsets[number], np.uint32)
    at = offsets[:number].copy()
    end = np.zeros(number, np.int64)
    for k in range(starts.size):
        m = owner[k]
        stop = starts[k + 1] if k + 1 < starts.size else area
        counts[at[m]] = starts[k] - end[m]
        counts[at[m] + 1] = stop - starts[k]
        at[m] += 2
        end[m] = stop
    for m in range(number):
        if end[m] < area:
            counts[at[m]] = area - end[m]
    return counts, offsets


@kernel
def collect_events(
    counts: Array, height: int, top: int, left: int, rows: int, columns: int, ys: Array, xs: Array, row_start: Array
) -> tuple[int, int, int, int, int]:
    """One mask's run ends inside a window: y and x of each, counted by row.

    -> number of events and the half-open box of what they toggle; number -1 when ys and xs are too short.
    """
    bottom = top + rows
    right = left + columns
    events = 0
    first_row, last_row, first_column, last_column = rows, 0, columns, 0
    position = np.int64(0)
    for k in range(1, counts.size, 2):
        start = position + counts[k - 1]
        position = start + counts[k]
        first = start // height
        if first >= right:
            break
        last = first
        if position > (first + 1) * height:
            last = (position - 1) // height
        for x in range(max(first, left), min(last + 1, right)):
            y0, y1 = 0, height
            if x == first:
                y0 = start - first * height
            if x == last:
                y1 = position - last * height
            y0 = max(top, y0) - top
            y1 = min(bottom, y1) - top
            if y0 >= y1:
                continue
            if events + 2 > ys.size:
                return -1, 0, 0, 0, 0
            first_column = min(first_column, x - left)
            last_column = max(last_column, x - left + 1)
            first_row = min(first_row, y0)
            last_row = max(last_row, y1)
            ys[events] = y0
            xs[events] = x - left
            row_start[y0] += 1
            ys[events + 1] = y1
            xs[events + 1] = x - left
            row_start[y1] += 1
            events += 2
    return events, first_row, last_row, first_column, last_column


@kernel
def draw_rows(
    mask: Array, ys: Array, xs: Array, events: int, row_start: Array, order: Array, box: tuple[int, int, int, int]
) -> None:
    """Toggle events row by row: a row is the row above with the pixels of its events flipped."""
    first_row, last_row, first_column, last_column = box
    total = 0
    for y in range(first_row, last_row + 1):
        here = row_start[y]
        row_start[y] = total
        total += here
    for k in range(events):
        y = ys[k]
        order[row_start[y]] = xs[k]
        row_start[y] += 1
    begin = 0
    for y in range(first_row, last_row):
        row = mask[y, first_column:last_column]
        if y > first_row:
            above = mask[y - 1, first_column:last_column]
            for x in range(row.size):
                row[x] = above[x]
        end = row_start[y]  # the loop above left here where row y's events end
        for k in range(begin, end):
            mask[y, order[k]] ^= 1
        begin = end
    row_start[first_row : last_row + 1] = 0


@kernel
def decode(counts: Array, offsets: Array, height: int, top: int, left: int, out: Array) -> None:
    """Write the window of each mask that starts at row `top`, column `left` into out (N, h, w) uint8, all zeros.

    Outside a mask's box nothing is touched; inside, a row is copied from the row above, which is still in
    the cache.  So the cost is little more than that of clearing `out`, whatever the masks show.
    """
    n, rows, columns = out.shape
    row_start = np.zeros(rows + 1, np.int64)
    ys = np.empty(4096, np.int32)
    xs = np.empty(4096, np.int32)
    order = np.empty(4096, np.int32)
    for i in range(n):
        runs = counts[offsets[i] : offsets[i + 1]]
        events, y0, y1, x0, x1 = collect_events(runs, height, top, left, rows, columns, ys, xs, row_start)
        while events < 0:
            row_start[:] = 0
            ys = np.empty(2 * ys.size, np.int32)
            xs = np.empty(ys.size, np.int32)
            order = np.empty(ys.size, np.int32)
            events, y0, y1, x0, x1 = collect_events(runs, height, top, left, rows, columns, ys, xs, row_start)
        if events > 0:
            draw_rows(out[i], ys, xs, events, row_start, order, (y0, y1, x0, x1))


@kernel
def composite(starts: Array, ends: Array, offsets: Array, values: Array, out: Array) -> None:
    """Paint masks in order, later ones on top, into out (H, W)."""
    height = out.shape[0]
    for i in range(offsets.size - 1):
        value = values[i]
        for k in range(offsets[i], offsets[i + 1]):
            x = starts[k] // height
            y = starts[k] - x * height
            for _ in range(ends[k] - starts[k]):
                out[y, x] = value
                y += 1
                if y == height:
                    y = 0
                    x += 1
