"""Pieces, spans cut at column borders: everything that moves, scales, grows or joins pixels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.core.kernels.jit import kernel

Array = NDArray[Any]


@kernel
def from_spans(starts: Array, ends: Array, offsets: Array, height: int) -> tuple[Array, Array, Array, Array]:
    """-> x, top, bottom (P,) int64, offsets (N + 1,)."""
    n = offsets.size - 1
    out_offsets = np.zeros(n + 1, np.int64)
    total = 0
    for i in range(n):
        for k in range(offsets[i], offsets[i + 1]):
            total += (ends[k] - 1) // height - starts[k] // height + 1
        out_offsets[i + 1] = total
    x = np.empty(total, np.int64)
    top = np.empty(total, np.int64)
    bottom = np.empty(total, np.int64)
    at = 0
    for k in range(starts.size):
        first = starts[k] // height
        last = (ends[k] - 1) // height
        for column in range(first, last + 1):
            x[at] = column
            top[at] = starts[k] - first * height if column == first else 0
            bottom[at] = ends[k] - last * height if column == last else height
            at += 1
    return x, top, bottom, out_offsets


@kernel
def flipped(
    x: Array, top: Array, bottom: Array, offsets: Array, height: int, width: int, horizontal: bool
) -> tuple[Array, Array, Array]:
    """Mirror every mask; pieces come out in ascending order again."""
    out_x, out_top, out_bottom = np.empty_like(x), np.empty_like(x), np.empty_like(x)
    for i in range(offsets.size - 1):
        begin, stop = offsets[i], offsets[i + 1]
        group = begin
        while group < stop:
            group_stop = group + 1
            while group_stop < stop and x[group_stop] == x[group]:
                group_stop += 1
            for k in range(group, group_stop):
                if horizontal:
                    to = begin + (stop - group_stop) + (k - group)
                    out_x[to], out_top[to], out_bottom[to] = width - 1 - x[k], top[k], bottom[k]
                else:
                    to = group + (group_stop - 1 - k)
                    out_x[to], out_top[to], out_bottom[to] = x[k], height - bottom[k], height - top[k]
            group = group_stop
    return out_x, out_top, out_bottom


@kernel
def first_target(source: int, source_length: int, target_length: int) -> int:
    """Least t whose centre, scaled back, falls on or after pixel `source`: floor((t + ½)·S/T) >= source."""
    # Whole numbers throughout, so that no size rounds wrongly: (2t + 1)·S >= 2·T·source.
    return max(0, -((source_length - 2 * target_length * source) // (2 * source_length)))


@kernel
def resized(
    x: Array, top: Array, bottom: Array, offsets: Array, height: int, width: int, to_height: int, to_width: int
) -> tuple[Array, Array, Array, Array]:
    """Nearest neighbour by pixel centres: each source column is repeated for the targets it serves."""
    n = offsets.size - 1
    out_offsets = np.zeros(n + 1, np.int64)
    total = 0
    for i in range(n):
        for k in range(offsets[i], offsets[i + 1]):
            total += first_target(x[k] + 1, width, to_width) - first_target(x[k], width, to_width)
        out_offsets[i + 1] = total
    out_x, out_top, out_bottom = np.empty(total, np.int64), np.empty(total, np.int64), np.empty(total, np.int64)
    at = 0
    for i in range(n):
        begin, stop = offsets[i], offsets[i + 1]
        group = begin
        while group < stop:
            group_stop = group + 1
            while group_stop < stop and x[group_stop] == x[group]:
                group_stop += 1
            left = first_target(x[group], width, to_width)
            right = first_target(x[group] + 1, width, to_width)
            for column in range(left, right):
                for k in range(group, group_stop):
                    out_x[at] = column
                    out_top[at] = first_target(top[k], height, to_height)
                    out_bottom[at] = first_target(bottom[k], height, to_height)
                    at += 1
            group = group_stop
    return out_x, out_top, out_bottom, out_offsets


@kernel
def dilated(
    x: Array, top: Array, bottom: Array, offsets: Array, height: int, width: int, reach: Array
) -> tuple[Array, Array, Array, Array]:
    """Union of every piece moved by the element whose column dx spans rows -reach … +reach.

    reach: (2r + 1,) int64, entry r + dx the element's half height in that column.
    An output column is the union of its neighbours' pieces, each stretched by that half height.
    """
    n = offsets.size - 1
    radius = reach.size // 2
    out_offsets = np.zeros(n + 1, np.int64)
    size = 2 * x.size + 64
    out_x, out_top, out_bottom = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    change = np.zeros(height + 1, np.int64)
    at = 0
    for i in range(n):
        begin, stop = offsets[i], offsets[i + 1]
        if begin < stop:
            lead = begin  # first piece of the leftmost column still within reach
            for column in range(max(0, x[begin] - radius), min(width, x[stop - 1] + radius + 1)):
                while lead < stop and x[lead] < column - radius:
                    lead += 1
                low, high = height, 0
                k = lead
                while k < stop and x[k] <= column + radius:
                    stretch = reach[x[k] - column + radius]
                    y0, y1 = max(0, top[k] - stretch), min(height, bottom[k] + stretch)
                    change[y0] += 1
                    change[y1] -= 1
                    low, high = min(low, y0), max(high, y1)
                    k += 1
                depth = 0
                for y in range(low, high + 1):
                    before = depth
                    depth += change[y]
                    change[y] = 0
                    if depth > 0 and before == 0:
                        if at == out_x.size:
                            more = np.empty(2 * at, np.int64)
                            more[:at] = out_x
                            out_x = more
                            more = np.empty(2 * at, np.int64)
                            more[:at] = out_top
                            out_top = more
                            more = np.empty(2 * at, np.int64)
                            more[:at] = out_bottom
                            out_bottom = more
                        out_x[at] = column
                        out_top[at] = y
                    elif depth == 0 and before > 0:
                        out_bottom[at] = y
                        at += 1
        out_offsets[i + 1] = at
    return out_x[:at].copy(), out_top[:at].copy(), out_bottom[:at].copy(), out_offsets


@kernel
def complemented(
    x: Array, top: Array, bottom: Array, offsets: Array, boxes: Array
) -> tuple[Array, Array, Array, Array]:
    """Pieces of each mask's background inside its own box (N, 4) xyxy, which must cover the mask."""
    n = offsets.size - 1
    total = x.size
    for i in range(n):
        total += boxes[i, 2] - boxes[i, 0]
    out_x, out_top, out_bottom = np.empty(total, np.int64), np.empty(total, np.int64), np.empty(total, np.int64)
    out_offsets = np.zeros(n + 1, np.int64)
    at = 0
    for i in range(n):
        k = offsets[i]
        for column in range(boxes[i, 0], boxes[i, 2]):
            y = boxes[i, 1]
            while k < offsets[i + 1] and x[k] == column:
                if top[k] > y:
                    out_x[at], out_top[at], out_bottom[at] = column, y, top[k]
                    at += 1
                y = bottom[k]
                k += 1
            if y < boxes[i, 3]:
                out_x[at], out_top[at], out_bottom[at] = column, y, boxes[i, 3]
                at += 1
        out_offsets[i + 1] = at
    return out_x[:at].copy(), out_top[:at].copy(), out_bottom[:at].copy(), out_offsets


@kernel
def find(parent: Array, k: int) -> int:
    while parent[k] != k:
        parent[k] = parent[parent[k]]
        k = parent[k]
    return k


@kernel
def components(x: Array, top: Array, bottom: Array, offsets: Array, diagonal: bool) -> tuple[Array, Array]:
    """Connected components of each mask by union-find over pieces of neighbouring columns.

    -> component (P,) of each piece, numbered over the whole batch in order of first appearance, and
    the mask (C,) each component belongs to.  diagonal: pixels that meet at a corner are joined too.
    """
    parent = np.arange(x.size)
    slack = 1 if diagonal else 0
    for i in range(offsets.size - 1):
        left = offsets[i]  # walks the column before
        for k in range(offsets[i], offsets[i + 1]):
            while left < k and (x[left] < x[k] - 1 or (x[left] == x[k] - 1 and bottom[left] + slack <= top[k])):
                left += 1
            other = left
            while other < k and x[other] == x[k] - 1 and top[other] < bottom[k] + slack:
                a, b = find(parent, other), find(parent, k)
                if a < b:
                    parent[b] = a
                elif b < a:
                    parent[a] = b
                other += 1
    component = np.empty(x.size, np.int64)
    owner = np.empty(x.size, np.int64)
    number = 0
    for i in range(offsets.size - 1):
        for k in range(offsets[i], offsets[i + 1]):
            root = find(parent, k)
            if root == k:
                component[k] = number
                owner[number] = i
                number += 1
            else:
                component[k] = component[root]
    return component, owner[:number].copy()


@kernel
def inner_components(
    x: Array, top: Array, bottom: Array, offsets: Array, boxes: Array, component: Array, number: int
) -> Array:
    """(P,) bool: is the piece in a component that nowhere touches its mask's box."""
    outside = np.zeros(number, np.bool_)
    for i in range(offsets.size - 1):
        for k in range(offsets[i], offsets[i + 1]):
            if x[k] == boxes[i, 0] or x[k] == boxes[i, 2] - 1 or top[k] == boxes[i, 1] or bottom[k] == boxes[i, 3]:
                outside[component[k]] = True
    out = np.empty(x.size, np.bool_)
    for k in range(x.size):
        out[k] = not outside[component[k]]
    return out
