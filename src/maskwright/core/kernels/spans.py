"""Spans: areas, boxes, intersections, set operations, membership."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.core.kernels.jit import kernel

Array = NDArray[Any]


@kernel
def from_counts(counts: Array, offsets: Array) -> tuple[Array, Array, Array]:
    n = offsets.size - 1
    span_offsets = np.zeros(n + 1, np.int64)
    for i in range(n):
        span_offsets[i + 1] = span_offsets[i] + (offsets[i + 1] - offsets[i]) // 2
    starts = np.empty(span_offsets[n], np.int64)
    ends = np.empty(span_offsets[n], np.int64)
    for i in range(n):
        position = np.int64(0)
        at = span_offsets[i]
        for k in range(offsets[i] + 1, offsets[i + 1], 2):
            starts[at] = position + counts[k - 1]
            position = starts[at] + counts[k]
            ends[at] = position
            at += 1
    return starts, ends, span_offsets


@kernel
def to_counts(starts: Array, ends: Array, offsets: Array, area: int) -> tuple[Array, Array]:
    """Spans ascending; touching ones are joined and empty ones dropped, so that counts are canonical."""
    n = offsets.size - 1
    counts = np.empty(2 * starts.size + n, np.uint32)
    count_offsets = np.zeros(n + 1, np.int64)
    used = 0
    for i in range(n):
        position = np.int64(0)
        open_start = np.int64(-1)
        for k in range(offsets[i], offsets[i + 1]):
            if starts[k] >= ends[k]:
                continue
            if open_start < 0:
                open_start = starts[k]
                open_end = ends[k]
            elif starts[k] <= open_end:
                open_end = max(open_end, ends[k])
            else:
                counts[used] = open_start - position
                counts[used + 1] = open_end - open_start
                used += 2
                position = open_end
                open_start = starts[k]
                open_end = ends[k]
        if open_start >= 0:
            counts[used] = open_start - position
            counts[used + 1] = open_end - open_start
            used += 2
            position = open_end
        if position < area or open_start < 0:
            counts[used] = area - position
            used += 1
        count_offsets[i + 1] = used
    return counts[:used].copy(), count_offsets


@kernel
def flaw(counts: Array, offsets: Array, area: int) -> tuple[int, int, int]:
    """(-1, 0, 0) when canonical, else (mask, 1 + place of a zero run inside, 0) or (mask, 0, sum)."""
    for i in range(offsets.size - 1):
        total = np.int64(0)
        for k in range(offsets[i], offsets[i + 1]):
            if counts[k] == 0 and k > offsets[i]:
                return i, k - offsets[i] + 1, 0
            total += counts[k]
        if total != area:
            return i, 0, total
    return -1, 0, 0


@kernel
def areas(counts: Array, offsets: Array) -> Array:
    n = offsets.size - 1
    out = np.zeros(n, np.int64)
    for i in range(n):
        total = np.int64(0)
        for k in range(offsets[i] + 1, offsets[i + 1], 2):
            total += counts[k]
        out[i] = total
    return out


@kernel
def boxes(starts: Array, ends: Array, offsets: Array, height: int) -> Array:
    """(N, 4) int64 xyxy, far edge exclusive; zeros for an empty mask."""
    n = offsets.size - 1
    out = np.zeros((n, 4), np.int64)
    for i in range(n):
        begin, stop = offsets[i], offsets[i + 1]
        if begin == stop:
            continue
        top, bottom = height, 0
        for k in range(begin, stop):
            x = starts[k] // height
            y = starts[k] - x * height
            if ends[k] - x * height > height:
                top, bottom = 0, height
                break
            top = min(top, y)
            bottom = max(bottom, ends[k] - x * height)
        out[i, 0] = starts[begin] // height
        out[i, 1] = top
        out[i, 2] = (ends[stop - 1] - 1) // height + 1
        out[i, 3] = bottom
    return out


@kernel
def first_ending_after(ends: Array, begin: int, stop: int, position: int) -> int:
    """Least k in [begin, stop) with ends[k] > position, or stop."""
    while begin < stop:
        middle = (begin + stop) >> 1
        if ends[middle] > position:
            stop = middle
        else:
            begin = middle + 1
    return begin


@kernel
def shared(a_starts: Array, a_ends: Array, b_starts: Array, b_ends: Array, left: int, right: int) -> int:
    """Pixels in both lists of spans between the linear positions `left` and `right`.

    Which list advances is arithmetic, so no branch is mispredicted; what is left is waiting for the last
    comparison.  Two walks, one for each half of the range, wait side by side.
    """
    middle = (left + right) // 2
    p = first_ending_after(a_ends, 0, a_ends.size, left)
    q = first_ending_after(b_ends, 0, b_ends.size, left)
    r = first_ending_after(a_ends, p, a_ends.size, middle)
    s = first_ending_after(b_ends, q, b_ends.size, middle)
    # The span that ends beyond the middle may begin before it: both walks look at it, each at its own side.
    p_stop = min(r + 1, a_ends.size)
    q_stop = min(s + 1, b_ends.size)
    r_stop = a_ends.size
    s_stop = b_ends.size
    total = np.int64(0)
    more = np.int64(0)
    while p < p_stop and q < q_stop and r < r_stop and s < s_stop:
        a_end, b_end = a_ends[p], b_ends[q]
        total += max(np.int64(0), min(a_end, b_end, middle) - max(a_starts[p], b_starts[q]))
        p += np.int64(a_end <= b_end)
        q += np.int64(b_end <= a_end)
        a_end, b_end = a_ends[r], b_ends[s]
        low = max(a_starts[r], b_starts[s])
        more += max(np.int64(0), min(a_end, b_end) - max(low, middle))
        r += np.int64(a_end <= b_end)
        s += np.int64(b_end <= a_end)
        if low >= right:
            r = r_stop
    while p < p_stop and q < q_stop:
        a_end, b_end = a_ends[p], b_ends[q]
        total += max(np.int64(0), min(a_end, b_end, middle) - max(a_starts[p], b_starts[q]))
        p += np.int64(a_end <= b_end)
        q += np.int64(b_end <= a_end)
    while r < r_stop and s < s_stop:
        a_end, b_end = a_ends[r], b_ends[s]
        low = max(a_starts[r], b_starts[s])
        if low >= right:
            break
        more += max(np.int64(0), min(a_end, b_end) - max(low, middle))
        r += np.int64(a_end <= b_end)
        s += np.int64(b_end <= a_end)
    return total + more


@kernel
def intersections(
    a_starts: Array,
    a_ends: Array,
    a_offsets: Array,
    a_boxes: Array,
    b_starts: Array,
    b_ends: Array,
    b_offsets: Array,
    b_boxes: Array,
    height: int,
) -> Array:
    """(N, M) int64 pixels in both. Pairs whose boxes are apart are never walked."""
    n, m = a_offsets.size - 1, b_offsets.size - 1
    out = np.zeros((n, m), np.int64)
    for i in range(n):
        x0, y0, x1, y1 = a_boxes[i]
        one_starts = a_starts[a_offsets[i] : a_offsets[i + 1]]
        one_ends = a_ends[a_offsets[i] : a_offsets[i + 1]]
        for j in range(m):
            left = max(x0, b_boxes[j, 0])
            right = min(x1, b_boxes[j, 2])
            if left >= right or max(y0, b_boxes[j, 1]) >= min(y1, b_boxes[j, 3]):
                continue
            begin, stop = b_offsets[j], b_offsets[j + 1]
            out[i, j] = shared(
                one_starts, one_ends, b_starts[begin:stop], b_ends[begin:stop], left * height, right * height
            )
    return out


@kernel
def combine(
    a_counts: Array, a_offsets: Array, b_counts: Array, b_offsets: Array, area: int, table: int
) -> tuple[Array, Array]:
    """Pixel-wise boolean function of mask i of a and mask i of b.

    `table`: bit 2a + b of it is the result for the pixel values a and b.
    """
    n = a_offsets.size - 1
    counts = np.empty(a_counts.size + b_counts.size + n, np.uint32)
    offsets = np.zeros(n + 1, np.int64)
    used = 0
    for i in range(n):
        p, q = a_offsets[i], b_offsets[i]
        p_stop, q_stop = a_offsets[i + 1], b_offsets[i + 1]
        a_next = np.int64(a_counts[p])
        b_next = np.int64(b_counts[q])
        a_value, b_value, value = 0, 0, 0
        last, here = np.int64(0), np.int64(0)
        while True:
            # At `here` the runs of a and b that start there are known; empty first runs are passed over.
            while a_next == here and p + 1 < p_stop:
                p += 1
                a_next += a_counts[p]
                a_value ^= 1
            while b_next == here and q + 1 < q_stop:
                q += 1
                b_next += b_counts[q]
                b_value ^= 1
            result = (table >> (2 * a_value + b_value)) & 1
            if result != value:
                counts[used] = here - last
                used += 1
                last = here
                value = result
            here = min(a_next, b_next)
            if here >= area:
                break
        counts[used] = area - last
        used += 1
        offsets[i + 1] = used
    return counts[:used].copy(), offsets


@kernel
def contains(starts: Array, ends: Array, offsets: Array, positions: Array) -> Array:
    """(N, P) bool: is linear position p in mask i; negative positions are outside the image."""
    n = offsets.size - 1
    out = np.zeros((n, positions.size), np.bool_)
    for i in range(n):
        for j in range(positions.size):
            if positions[j] >= 0:
                k = first_ending_after(ends, offsets[i], offsets[i + 1], positions[j])
                out[i, j] = k < offsets[i + 1] and starts[k] <= positions[j]
    return out


@kernel
def toggles_to_spans(positions: Array) -> tuple[Array, Array]:
    """Ascending positions at which a pixel value flips (an even number) -> spans; equal pairs cancel."""
    starts = np.empty(positions.size // 2 + 1, np.int64)
    ends = np.empty(positions.size // 2 + 1, np.int64)
    used = 0
    for k in range(0, positions.size - 1, 2):
        if positions[k] < positions[k + 1]:
            starts[used] = positions[k]
            ends[used] = positions[k + 1]
            used += 1
    return starts[:used].copy(), ends[:used].copy()
