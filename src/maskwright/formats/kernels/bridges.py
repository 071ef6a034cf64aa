"""One ring a mask, for formats that have no other: the rings of its contours joined by bridges.

A bridge goes to another ring and comes back along the same line, so that it encloses nothing; a program that draws the
outline draws the bridge too.  Holes are joined inside their part, where that adds no pixel; parts are joined where the
fewest pixels lie between them, and left out where a bridge would add more pixels than they have.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.core.kernels.dense import grown
from maskwright.core.kernels.jit import kernel
from maskwright.core.kernels.pieces import components, from_spans
from maskwright.formats.kernels.contours import trace

Array = NDArray[Any]


@kernel
def spliced(
    following: Array, nodes: Array, used: int, a: int, ax: int, ay: int, b: int, bx: int, by: int
) -> tuple[Array, Array, int]:
    """Two closed lists of points become one, by a bridge between (ax, ay) and (bx, by).

    a, b: the points after which those pixels come on their rings.
    """
    nodes = grown(nodes, 2 * (used + 4))
    following = grown(following, used + 4)
    for k in range(4):
        nodes[2 * (used + k)] = ax if k in (0, 3) else bx
        nodes[2 * (used + k) + 1] = ay if k in (0, 3) else by
    following[used] = used + 1
    following[used + 1] = following[b]
    following[used + 2] = used + 3
    following[used + 3] = following[a]
    following[b] = used + 2
    following[a] = used
    return following, nodes, used + 4


@kernel
def nearest(
    xs: Array, ys: Array, ends: Array, boxes: Array, a: Array, b: Array, to: int, most: int
) -> tuple[int, int, int]:
    """Two pixels of two parts that are nearest, if nearer than `most`: how far in the larger of x and y, and which.

    a, b: first and last pixel of each, exclusive.  Along a ring the distance changes by one a pixel, so that what is
    too far away is passed over.
    """
    left, upper, right, lower = boxes[to]
    found, there = -1, -1
    i = a[0]
    while i < a[1]:
        x, y = xs[i], ys[i]
        least = max(left - x, x - right, upper - y, y - lower, 0)
        if least >= most:
            i = min(i + least - most + 1, ends[i])
            continue
        j = b[0]
        while j < b[1]:
            away = max(abs(xs[j] - x), abs(ys[j] - y))
            if away < most:
                most, found, there = away, i, j
            j = min(j + max(away - most, 1), ends[j])
        i += 1
    return most, found, there


@kernel
def parts_joined(
    points: Array, rings: Array, of_part: Array, areas: Array, part: int, ring: int, end: int, following: Array,
    nodes: Array, used: int,
) -> tuple[Array, Array, int]:  # fmt: skip
    """The parts of one mask, from `part` on with the rings from `ring` to `end`, joined by the shortest bridges.

    From the largest part on, the nearest part to those that are joined comes next.  areas: pixels of each part; those
    for which the bridges cost more than is won, theirs and what hangs on them, stay apart.
    """
    parts = areas.size
    total = 0
    heads = np.full(parts, -1, np.int64)
    others = np.empty(end - ring, np.int64)
    for own in range(end - 1, ring - 1, -1):
        others[own - ring] = heads[of_part[own] - part]
        heads[of_part[own] - part] = own
        for k in range(rings[own], rings[own + 1]):
            after = k + 1 if k + 1 < rings[own + 1] else rings[own]
            total += max(abs(points[after, 0] - points[k, 0]), abs(points[after, 1] - points[k, 1]), 1)
    xs, ys, at = np.empty(total, np.int64), np.empty(total, np.int64), np.empty(total, np.int64)
    ends = np.empty(total, np.int64)
    bounds = np.zeros((parts, 2), np.int64)
    boxes = np.empty((parts, 4), np.int64)
    size = 0
    for here in range(parts):
        bounds[here, 0] = size
        own = heads[here]
        while own >= 0:
            begin = size
            for k in range(rings[own], rings[own + 1]):
                after = k + 1 if k + 1 < rings[own + 1] else rings[own]
                x, y = points[k]
                to_x, to_y = points[after]
                step_x, step_y = np.sign(to_x - x), np.sign(to_y - y)
                for _ in range(max(abs(to_x - x), abs(to_y - y), 1)):
                    xs[size], ys[size], at[size] = x, y, k
                    size += 1
                    x += step_x
                    y += step_y
            ends[begin:size] = size
            own = others[own - ring]
        bounds[here, 1] = size
        first = bounds[here, 0]
        boxes[here, 0], boxes[here, 2] = xs[first:size].min(), xs[first:size].max()
        boxes[here, 1], boxes[here, 3] = ys[first:size].min(), ys[first:size].max()
    far = np.full(parts, np.int64(1) << 40)
    near, mine = np.empty(parts, np.int64), np.empty(parts, np.int64)  # the pixels of the bridge, there and here
    here = np.argmax(areas)
    left = np.arange(parts)  # those that are not joined
    left[here] = left[parts - 1]
    order, to = np.empty(parts - 1, np.int64), np.empty(parts, np.int64)
    for number in range(parts - 1, 0, -1):
        best = 0
        for place in range(number):
            other = left[place]
            apart = max(
                boxes[here, 0] - boxes[other, 2], boxes[other, 0] - boxes[here, 2], boxes[here, 1] - boxes[other, 3],
                boxes[other, 1] - boxes[here, 3],
            )  # fmt: skip
            if apart < far[other]:
                away, i, j = nearest(xs, ys, ends, boxes, bounds[here], bounds[other], other, far[other])
                if i >= 0:
                    far[other], near[other], mine[other], to[other] = away, i, j, here
            if far[other] < far[left[best]]:
                best = place
        here = left[best]
        left[best] = left[number - 1]
        order[parts - 1 - number] = here
    won = areas.copy()
    for place in range(parts - 2, -1, -1):
        won[to[order[place]]] += max(won[order[place]] - far[order[place]] + 1, 0)
    kept = np.ones(parts, np.bool_)
    for place in range(parts - 1):
        here = order[place]
        kept[here] = kept[to[here]] and won[here] >= far[here] - 1
        if kept[here]:
            i, j = near[here], mine[here]
            following, nodes, used = spliced(following, nodes, used, at[i], xs[i], ys[i], at[j], xs[j], ys[j])
    return following, nodes, used


@kernel
def joined(
    points: Array, rings: Array, of_part: Array, inner: Array, ties: Array, owner: Array, number: Array, areas: Array
) -> tuple[Array, Array]:
    """What `contours.trace` found, the mask of each part, the parts of each mask, their areas -> points and bounds."""
    used = points.shape[0]
    nodes = np.empty(2 * used + 64, np.int64)
    following = np.empty(used + 32, np.int64)
    for k in range(used):
        nodes[2 * k], nodes[2 * k + 1] = points[k, 0], points[k, 1]
        following[k] = k + 1
    first = np.empty(owner.size, np.int64)  # the outer ring's first point of each part
    for ring in range(of_part.size):
        following[rings[ring + 1] - 1] = rings[ring]
        if not inner[ring]:
            first[of_part[ring]] = rings[ring]
    for ring in range(of_part.size):
        if inner[ring]:
            x, y, to_x, to_y, before = ties[ring]
            following, nodes, used = spliced(following, nodes, used, before, to_x, to_y, rings[ring + 1] - 1, x, y)
    bounds = np.zeros(number.size + 1, np.int64)
    out = np.empty(2 * used + 64, np.int64)
    size = 0
    part, ring = 0, 0
    for mask in range(number.size):
        parts = number[mask]
        end = ring
        while end < of_part.size and owner[of_part[end]] == mask:
            end += 1
        if parts > 1:
            following, nodes, used = parts_joined(
                points, rings, of_part, areas[part : part + parts], part, ring, end, following, nodes, used
            )
        if parts:
            begin = first[part + np.argmax(areas[part : part + parts])]
            k = begin
            while True:
                x, y = nodes[2 * k], nodes[2 * k + 1]
                if size == bounds[mask] or out[2 * size - 2] != x or out[2 * size - 1] != y:
                    if 2 * size + 2 > out.size:
                        out = grown(out, 2 * size + 2)
                    out[2 * size], out[2 * size + 1] = x, y
                    size += 1
                k = following[k]
                if k == begin:
                    break
        bounds[mask + 1] = size
        part += parts
        ring = end
    return out[: 2 * size].copy().reshape(-1, 2), bounds


@kernel
def single_rings(starts: Array, ends: Array, offsets: Array, height: int) -> tuple[Array, Array, Array]:
    """-> points (K, 2) int64, bounds (N + 1,) where each mask's ring begins, and (N,) how many parts each mask has.

    starts, ends, offsets: spans of N masks.  Rings run as those of `contours.contours`; a mask without a pixel has one
    without points.  Filled with its outline, the ring of a mask of one part is that mask, holes and all.
    """
    x, top, bottom, piece_offsets = from_spans(starts, ends, offsets, height)
    component, owner = components(x, top, bottom, piece_offsets, True)
    points, rings, of_part, inner, ties = trace(x, top, bottom, piece_offsets, component)
    number = np.zeros(offsets.size - 1, np.int64)
    for part in range(owner.size):
        number[owner[part]] += 1
    if rings.size == number.size + 1 and (number == 1).all():
        return points, rings, number
    areas = np.zeros(owner.size, np.int64)
    for k in range(x.size):
        areas[component[k]] += bottom[k] - top[k]
    points, rings = joined(points, rings, of_part, inner, ties, owner, number, areas)
    return points, rings, number


@kernel
def simplified(points: Array, bounds: Array, most: float) -> tuple[Array, Array]:
    """Rings with fewer points: each left out is at most `most` pixels from the line between those that stay.

    Douglas and Peucker's way, from the first point of a ring and the one farthest from it.
    """
    keep = np.zeros(points.shape[0], np.bool_)
    stack = np.empty((points.shape[0] + 4, 2), np.int64)
    for i in range(bounds.size - 1):
        begin, stop = bounds[i], bounds[i + 1]
        if begin == stop:
            continue
        far, away = begin, -1
        for k in range(begin, stop):
            apart = (points[k, 0] - points[begin, 0]) ** 2 + (points[k, 1] - points[begin, 1]) ** 2
            if apart > away:
                far, away = k, apart
        keep[begin] = keep[far] = True
        stack[0, 0], stack[0, 1], stack[1, 0], stack[1, 1] = begin, far, far, stop
        depth = 2
        while depth:
            depth -= 1
            first, last = stack[depth]
            x, y = points[first]
            to_x, to_y = points[last if last < stop else begin]
            across, down = to_x - x, to_y - y
            length = across * across + down * down
            worst, farthest = most * most, -1
            for k in range(first + 1, last):
                right, below = points[k, 0] - x, points[k, 1] - y
                along = min(max((right * across + below * down) / length, 0.0), 1.0) if length else 0.0
                apart = (right - along * across) ** 2 + (below - along * down) ** 2
                if apart > worst:
                    worst, farthest = apart, k
            if farthest >= 0:
                keep[farthest] = True
                stack[depth, 0], stack[depth, 1] = first, farthest
                stack[depth + 1, 0], stack[depth + 1, 1] = farthest, last
                depth += 2
    out = np.empty_like(points)
    offsets = np.zeros_like(bounds)
    used = 0
    for i in range(bounds.size - 1):
        for k in range(bounds[i], bounds[i + 1]):
            if keep[k]:
                out[used] = points[k]
                used += 1
        offsets[i + 1] = used
    return out[:used].copy(), offsets
