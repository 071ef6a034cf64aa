"""Label Studio's brush coding: a bit stream of runs and singles over the bytes of an RGBA image.

32 bits number of bytes, 5 bits word size - 1, four times 4 bits size of a length - 1; then, until all bytes are there,
1 bit "run", 2 bits which of the four sizes, a length - 1 of that size, and one word (run) or length words (singles).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.core.kernels.jit import kernel

Array = NDArray[Any]

HEADER = 32 + 5 + 16


@kernel
def bits(data: Array, at: int, number: int) -> int:
    """`number` bits from bit `at` on, the first the most significant; zeros beyond the end."""
    value = 0
    for k in range(at, at + number):
        byte = k >> 3
        bit = (data[byte] >> (7 - (k & 7))) & 1 if byte < data.size else 0
        value = value << 1 | np.int64(bit)
    return value


@kernel
def decode(data: Array, out: Array) -> bool:
    """data: (B,) uint8, whole -> whether it fills out (P,) uint8 exactly."""
    if bits(data, 0, 32) != out.size:
        return False
    word = bits(data, 32, 5) + 1
    sizes = np.array([bits(data, 37 + 4 * k, 4) + 1 for k in range(4)])
    at = HEADER
    i = 0
    while i < out.size:
        if at + 3 > 8 * data.size:
            return False
        run = bits(data, at, 1)
        size = sizes[bits(data, at + 1, 2)]
        length = bits(data, at + 3, size) + 1
        at += 3 + size
        if i + length > out.size or at + word * (1 if run else length) > 8 * data.size:
            return False
        if run:
            value = np.uint8(bits(data, at, word))
            at += word
            for k in range(i, i + length):
                out[k] = value
        else:
            for k in range(i, i + length):
                out[k] = np.uint8(bits(data, at, word))
                at += word
        i += length
    return True


@kernel
def put(data: Array, at: int, number: int, value: int) -> int:
    for k in range(number):
        bit = np.uint8((value >> (number - 1 - k)) & 1)
        data[(at + k) >> 3] |= bit << np.uint8(7 - ((at + k) & 7))
    return at + number


@kernel
def encode(values: Array, lengths: Array, repeat: int) -> Array:
    """Runs of 0 or 255 over pixels, each pixel `repeat` equal bytes -> the stream, with lengths of 3, 4, 8, 16 bits."""
    total = 0
    pieces = 0
    for length in lengths:
        total += length * repeat
        pieces += (length * repeat) // 65536 + 1
    data = np.zeros((HEADER + pieces * (3 + 16 + 8)) // 8 + 2, np.uint8)
    at = put(data, 0, 32, total)
    at = put(data, at, 5, 7)
    for size in (3, 4, 8, 16):
        at = put(data, at, 4, size - 1)
    for k in range(lengths.size):
        left = lengths[k] * repeat
        while left:
            length = min(left, 65536)
            left -= length
            which = 0 if length <= 8 else 1 if length <= 16 else 2 if length <= 256 else 3
            at = put(data, at, 1, 1)
            at = put(data, at, 2, which)
            at = put(data, at, 3 if which == 0 else 4 if which == 1 else 8 if which == 2 else 16, length - 1)
            at = put(data, at, 8, values[k])
    return data[: (at + 7) // 8]
