"""COCO's compressed strings: signed LEB128-like groups of five bits, from character 48 up."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.core.kernels.jit import kernel

Array = NDArray[Any]


@kernel
def to_bytes(counts: Array, offsets: Array) -> tuple[Array, Array]:
    """counts -> characters (B,) uint8 with offsets.

    From the fourth count of a mask on, the difference to the count two before is written.
    """
    n = offsets.size - 1
    out = np.empty(7 * counts.size, np.uint8)  # 33 bits in groups of five
    out_offsets = np.zeros(n + 1, np.int64)
    used = 0
    for i in range(n):
        for k in range(offsets[i], offsets[i + 1]):
            value = np.int64(counts[k])
            if k - offsets[i] > 2:
                value -= np.int64(counts[k - 2])
            while True:
                group = value & 0x1F
                value >>= 5
                done = value == -1 if group & 0x10 else value == 0
                out[used] = (group if done else group | 0x20) + 48
                used += 1
                if done:
                    break
        out_offsets[i + 1] = used
    return out[:used].copy(), out_offsets


@kernel
def from_bytes(characters: Array, offsets: Array) -> tuple[Array, Array, int]:
    """characters -> counts as int64 (unchecked), offsets, and the first mask that is cut short or garbled, or -1."""
    n = offsets.size - 1
    counts = np.empty(characters.size, np.int64)
    out_offsets = np.zeros(n + 1, np.int64)
    used = 0
    bad = -1
    for i in range(n):
        begin = used
        k = offsets[i]
        while k < offsets[i + 1]:
            value, shift = np.int64(0), 0
            more = True
            while more:
                if k == offsets[i + 1] or shift > 40:
                    if bad < 0:
                        bad = i
                    k = offsets[i + 1]
                    break
                group = np.int64(characters[k]) - 48
                if (group < 0 or group > 63) and bad < 0:
                    bad = i
                value |= (group & 0x1F) << shift
                shift += 5
                more = (group & 0x20) != 0
                if not more and group & 0x10:
                    value |= np.int64(-1) << shift
                k += 1
            if used - begin > 2:
                value += counts[used - 2]
            counts[used] = value
            used += 1
        out_offsets[i + 1] = used
    return counts[:used].copy(), out_offsets, bad
