"""Bilinear enlarging and deciding in one pass, column by column, without a dense enlarged map.

A value of output pixel o is read at source place  a * (o + ½) + b - ½,  clamped to the source: with a = h / H, b = 0
that is torch's `interpolate(mode="bilinear", align_corners=False)`.  a and b also say where in the image a cropped
or padded source lies.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.core.kernels.dense import grown
from maskwright.core.kernels.jit import kernel

Array = NDArray[Any]


@kernel
def places(length: int, source: int, a: float, b: float, low: Array, share: Array) -> None:
    """For each output pixel the lower source pixel and the share of the next one."""
    for o in range(length):
        s = np.float32(a * (o + 0.5) + b - 0.5)
        s = min(max(s, np.float32(0)), np.float32(source - 1))
        k = min(int(s), max(source - 2, 0))
        low[o] = k
        share[o] = s - np.float32(k)


@kernel
def firsts(low: Array, source: int, first: Array) -> None:
    """first[r]: the first output pixel whose lower source pixel is at least r; (source + 1,)."""
    o = 0
    for r in range(source + 1):
        while o < low.size and low[o] < r:
            o += 1
        first[r] = o


@kernel
def above(values: Array, limits: Array, height: int, width: int, affine: Array) -> tuple[Array, Array]:
    """(Q, w, h) float32, transposed -> counts and offsets of the pixels whose enlarged value exceeds its limit.

    limits: (Q,).  affine: (Q, 4) of a and b along y, a and b along x.
    Only columns and rows next to a source value above the limit are looked at; between two source values on the same
    side of the limit every pixel is on that side, so pixels are computed one by one along the outline only.
    """
    number, w, h = values.shape
    offsets = np.zeros(number + 1, np.int64)
    counts = np.empty(4096, np.uint32)
    low_y, share_y = np.empty(height, np.int64), np.empty(height, np.float32)
    low_x, share_x = np.empty(width, np.int64), np.empty(width, np.float32)
    first = np.empty(h + 1, np.int64)
    column = np.empty(h, np.float32)
    used = 0
    for q in range(number):
        limit = np.float32(limits[q])
        source = values[q]
        # -- rows and columns of source values above the limit
        left, right, top, bottom = w, -1, h, -1
        for x in range(w):
            for y in range(h):
                if source[x, y] > limit:
                    left, right = min(left, x), x
                    top, bottom = min(top, y), max(bottom, y)
        at, inside = 0, False  # where the current run began, and whether it is foreground
        if right >= 0:
            places(height, h, affine[q, 0], affine[q, 1], low_y, share_y)
            places(width, w, affine[q, 2], affine[q, 3], low_x, share_x)
            firsts(low_y, h, first)
            top, bottom = max(top - 1, 0), min(bottom + 1, h - 1)
            for x in range(width):
                k, f = low_x[x], share_x[x]
                after = min(k + 1, w - 1)
                if after < left or k > right:
                    continue
                counts = grown(counts, used + height + 2)
                for y in range(top, bottom + 1):
                    column[y] = source[k, y] * (np.float32(1) - f) + source[after, y] * f
                base = x * height
                # Above the first and below the last row looked at nothing exceeds the limit, but where the source ends.
                y = 0 if top == 0 else first[top]
                if inside and y > 0:
                    counts[used] = base - at
                    used += 1
                    at, inside = base, False
                for r in range(top, bottom + 1):
                    end = first[r + 1] if r + 1 <= h else height
                    end = height if r >= h - 1 else end
                    here = column[r]
                    beyond = column[min(r + 1, bottom)]
                    if (here > limit) == (beyond > limit):
                        state = here > limit
                        if y < end and state != inside:
                            counts[used] = base + y - at
                            used += 1
                            at, inside = base + y, state
                        y = max(y, end)
                    else:
                        while y < end:
                            value = here * (np.float32(1) - share_y[y]) + beyond * share_y[y]
                            state = value > limit
                            if state != inside:
                                counts[used] = base + y - at
                                used += 1
                                at, inside = base + y, state
                            y += 1
                if inside and y < height:
                    counts[used] = base + y - at
                    used += 1
                    at, inside = base + y, False
                elif inside and x + 1 < width and (low_x[x + 1] > right):
                    counts[used] = base + height - at
                    used += 1
                    at, inside = base + height, False
        counts = grown(counts, used + 2)
        if at < height * width or used == offsets[q]:
            counts[used] = height * width - at
            used += 1
        offsets[q + 1] = used
    return counts[:used].copy(), offsets


@kernel
def winners(values: Array, least: Array, height: int, width: int, affine: Array) -> Array:
    """(Q, w, h) float32, transposed, all of one affine (4,) -> (H, W) int16, the q whose enlarged value is largest.

    Values of at most least[q] need not be looked at: they are known not to win where it matters; -1 where none does.
    """
    number, w, h = values.shape
    best_of = np.full((width, height), np.float32(0))
    out = np.full((width, height), np.int16(-1))
    low_y, share_y = np.empty(height, np.int64), np.empty(height, np.float32)
    low_x, share_x = np.empty(width, np.int64), np.empty(width, np.float32)
    first = np.empty(h + 1, np.int64)
    column = np.empty(h, np.float32)
    places(height, h, affine[0], affine[1], low_y, share_y)
    places(width, w, affine[2], affine[3], low_x, share_x)
    firsts(low_y, h, first)
    for q in range(number):
        source = values[q]
        limit = np.float32(least[q])
        left, right, top, bottom = w, -1, h, -1
        for x in range(w):
            for y in range(h):
                if source[x, y] > limit:
                    left, right = min(left, x), x
                    top, bottom = min(top, y), max(bottom, y)
        if right < 0:
            continue
        top, bottom = max(top - 1, 0), min(bottom + 1, h - 1)
        begin = first[top] if top else 0
        end = height if bottom >= h - 1 else first[bottom + 1]
        for x in range(width):
            k, f = low_x[x], share_x[x]
            after = min(k + 1, w - 1)
            if after < left or k > right:
                continue
            for y in range(top, bottom + 1):
                column[y] = source[k, y] * (np.float32(1) - f) + source[after, y] * f
            for y in range(begin, end):
                r = low_y[y]
                value = column[r] * (np.float32(1) - share_y[y]) + column[min(r + 1, bottom)] * share_y[y]
                if value > best_of[x, y]:
                    best_of[x, y] = value
                    out[x, y] = q
    return out.T
