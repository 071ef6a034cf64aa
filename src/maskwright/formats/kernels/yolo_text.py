"""Lines of YOLO's files: whole pixels as relative coordinates of fixed digits, for all segments of an image at once."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.core.kernels.jit import kernel

Array = NDArray[Any]


@kernel
def put_number(text: Array, at: int, value: int, digits: int) -> int:
    """A whole number of at least 0 in `digits` digits -> where the text goes on."""
    for place in range(at + digits - 1, at - 1, -1):
        text[place] = 48 + value % 10
        value //= 10
    return at + digits


@kernel
def lines(points: Array, bounds: Array, heads: Array, height: int, width: int, digits: int) -> tuple[Array, Array]:
    """points: (K, 2) pixels inside the image.  bounds: (N + 1,) where each ring begins.  heads: (N,) class numbers.

    -> ASCII (uint8), and (N + 1,) where each line begins.  Each coordinate is the pixel's number and 0.499 (0.49 where
    the side is beyond 4,096, for single precision), divided by the side: what is cut off to a whole pixel and what is
    rounded to one are both the pixel, and points that a reader puts between two that meet diagonally change row and
    column (nearly) at once.  Rings of fewer than three points repeat their last one; one without a point is an empty
    text.
    """
    n = heads.size
    size = 0
    for i in range(n):
        size += 24 + (max(bounds[i + 1] - bounds[i], 3)) * 2 * (digits + 3)
    text = np.empty(size, np.uint8)
    offsets = np.zeros(n + 1, np.int64)
    scale = 1
    for _ in range(digits):
        scale *= 10
    # The digits of each column and row, once one is met; the first of those that were not is 0.
    digits_of = np.zeros((width + height, digits), np.uint8)
    at = 0
    for i in range(n):
        number = bounds[i + 1] - bounds[i]
        if number:
            width_of = 1
            rest = heads[i] // 10
            while rest:
                width_of += 1
                rest //= 10
            at = put_number(text, at, heads[i], width_of)
            for k in range(max(number, 3)):
                point = min(bounds[i] + k, bounds[i + 1] - 1)
                for axis in range(2):
                    text[at], text[at + 1], text[at + 2] = 32, 48, 46
                    own = digits_of[points[point, axis] + axis * width]
                    if own[0] == 0:
                        side = height if axis else width
                        more = 499 if side <= 4096 else 490
                        value = ((1000 * points[point, axis] + more) * 2 * scale + 1000 * side) // (2000 * side)
                        put_number(own, 0, min(value, scale - 1), digits)
                    at += 3
                    for place in range(digits):
                        text[at + place] = own[place]
                    at += digits
            text[at] = 10
            at += 1
        offsets[i + 1] = at
    return text[:at], offsets
