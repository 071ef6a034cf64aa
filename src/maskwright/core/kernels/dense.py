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
def sort_by_column(events: Array, number: int, height: int, column: Array, order: Array) -> None:
    """Column-major positions of events (x << 32 | y), ascending, into `order`.

    Events come row by row; column (W + 1,): how many each column has, used up as the counting sort's places.
    """
    total = 0
    for x in range(column.size):
        here = column[x]
        column[x] = total
        total += here
    for k in range(number):
        x = events[k] >> 32
        order[column[x]] = x * height + (events[k] & 0xFFFFFFFF)
        column[x] += 1


@kernel
def find_changes(flat: Array, height: int, width: int, words: Array, events: Array, column: Array) -> int:
    """Where pixels differ from their predecessor in column-major order, row by row, as x << 32 | y.

    flat: (H * W,) uint8.  Counts them by column; -> how many, or -1 when `words` is too short.
    events: at least W + 8 * words.size long.

    Pixels are compared with the one above them, `width` bytes back, over the whole mask at once and eight
    in a word; the views may be unaligned, which every processor Numba compiles for allows.  Which words
    differ, and then which bytes, is written down without a branch: always, but the end moves only for a hit.
    """
    column[:] = 0
    number = 0
    # Row 0 follows the last pixel of the column to its left.
    bottom = (height - 1) * width
    before = False
    for x in range(width):
        if (flat[x] != 0) != before:
            events[number] = np.int64(x) << 32
            column[x] += 1
            number += 1
        before = flat[bottom + x] != 0
    whole = bottom // 8
    above = flat[: 8 * whole].view(np.uint64)
    below = flat[width : width + 8 * whole].view(np.uint64)
    found = 0
    for first in range(0, whole, BLOCK):
        some_above = above[first : first + BLOCK]
        some_below = below[first : first + BLOCK]
        different = np.uint64(0)
        for k in range(some_above.size):
            different |= some_above[k] ^ some_below[k]
        if different:
            if found + BLOCK > words.size:
                return -1
            for k in range(some_above.size):
                words[found] = first + k
                found += np.int64(some_above[k] != some_below[k])
    top_row = number
    for k in range(found):
        at = 8 * words[k]
        eight_above = flat[at : at + 8]
        eight_below = flat[at + width : at + width + 8]
        for p in range(8):
            events[number] = at + p
            number += np.int64((eight_above[p] != 0) != (eight_below[p] != 0))
    for p in range(8 * whole, bottom):
        if (flat[p] != 0) != (flat[p + width] != 0):
            events[number] = p
            number += 1
    for k in range(top_row, number):
        y = events[k] // width
        x = events[k] - y * width
        events[k] = x << 32 | (y + 1)
        column[x] += 1
    return number


@kernel
def encode(masks: Array) -> tuple[Array, Array]:
    """(N, H, W) uint8, C order, non-zero is foreground -> counts, offsets."""
    n, height, width = masks.shape
    flat = masks.reshape(n, height * width)
    offsets = np.zeros(n + 1, np.int64)
    counts = np.empty(max(256, 64 * n), np.uint32)
    column = np.zeros(width + 1, np.int64)
    words = np.empty(1024, np.int64)
    events = np.empty(8 * words.size + width + 8, np.int64)
    order = np.empty(events.size, np.int64)
    used = 0
    for i in range(n):
        number = find_changes(flat[i], height, width, words, events, column)
        while number < 0:
            words = np.empty(2 * words.size, np.int64)
            events = np.empty(8 * words.size + width + 8, np.int64)
            order = np.empty(events.size, np.int64)
            number = find_changes(flat[i], height, width, words, events, column)
        sort_by_column(events, number, height, column, order)
        counts = grown(counts, used + number + 1)
        used += differences(order, number, height * width, counts[used:])
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
    events = np.empty(max(1024, 2 * width), np.int64)
    number = 0
    for x in range(width):
        if x == 0 or labels[0, x] != labels[height - 1, x - 1]:
            events[number] = np.int64(x) << 32
            column[x] += 1
            number += 1
    for y in range(1, height):
        events = grown(events, number + width)
        above = labels[y - 1]
        row = labels[y]
        for left in range(0, width, 64):
            some_above = above[left : left + 64]
            some = row[left : left + 64]
            different = False
            for k in range(some.size):
                different |= some[k] != some_above[k]
            if different:
                for k in range(some.size):
                    if some[k] != some_above[k]:
                        events[number] = np.int64(left + k) << 32 | y
                        column[left + k] += 1
                        number += 1
    order = np.empty(number, np.int64)
    sort_by_column(events, number, height, column, order)
    values = np.empty(number, labels.dtype)
    for k in range(number):
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
def toggle(counts: Array, height: int, top: int, left: int, out: Array) -> tuple[int, int, int, int]:
    """Flip the pixels of out (h, w) where a run of one mask begins and ends in its column of the window.

    -> the half-open box (first row, last row, first column, last column) of what the flips change.
    """
    rows, columns = out.shape
    first_row, last_row, first_column, last_column = rows, 0, columns, 0
    base = left * height  # where the current column begins, in linear positions
    x = 0
    position = np.int64(0)
    for k in range(1, counts.size, 2):
        start = position + counts[k - 1]
        position = start + counts[k]
        if position <= base:
            continue
        if start >= base + height:
            # The next column is a step away; anything farther is worth a division.
            if start < base + 2 * height:
                x += 1
                base += height
            else:
                x = start // height - left
                base = (x + left) * height
        while x < columns:
            y0 = max(start - base - top, 0)
            y1 = min(min(position - base, height) - top, rows)
            if y0 < y1:
                out[y0, x] ^= 1
                if y1 < rows:
                    out[y1, x] ^= 1
                first_row = min(first_row, y0)
                last_row = max(last_row, min(y1 + 1, rows))  # the row that ends a run is cleared by its flip
                first_column = min(first_column, x)
                last_column = max(last_column, x + 1)
            if position <= base + height:
                break
            x += 1
            base += height
        if x >= columns:
            break
    return first_row, last_row, first_column, last_column


@kernel
def accumulate(out: Array, y0: int, y1: int, x0: int, x1: int) -> None:
    """Each row of the box becomes the exclusive or of itself and the rows above: between two flips, pixels are set."""
    above = out[y0, x0:x1]
    for y in range(y0 + 1, y1):
        row = out[y, x0:x1]
        for x in range(row.size):
            row[x] ^= above[x]
        above = row


@kernel
def decode(counts: Array, offsets: Array, height: int, top: int, left: int, out: Array) -> None:
    """Write the window of each mask that starts at row `top`, column `left` into out (N, h, w) uint8.

    Each mask is cleared and then drawn while it is still in the cache.  Outside its box nothing more is touched;
    inside, rows are combined with the row above.
    """
    for i in range(out.shape[0]):
        out[i] = 0
        y0, y1, x0, x1 = toggle(counts[offsets[i] : offsets[i + 1]], height, top, left, out[i])
        if y0 < y1:
            accumulate(out[i], y0, y1, x0, x1)


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
