"""Counting pairs of labels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.core.kernels.jit import kernel

Array = NDArray[Any]

WORDS = 8  # eight-byte words compared at once


@kernel
def count_pairs(pred: Array, target: Array, classes: int, ignore: int) -> Array:
    """(P,) uint8 each -> (K + 1, K + 1) int64, rows target, columns prediction; the last of each is "other".

    Labels come in long runs: a block in which both maps are uniform is counted at once.
    """
    table = np.zeros((256, 256), np.int64)
    words = pred.size // 8
    wide_pred = pred[: 8 * words].view(np.uint64)
    wide_target = target[: 8 * words].view(np.uint64)
    ones = np.uint64(0x0101010101010101)
    for first in range(0, words - words % WORDS, WORDS):
        p = wide_pred[first : first + WORDS]
        t = wide_target[first : first + WORDS]
        expect_p = ones * np.uint64(pred[8 * first])
        expect_t = ones * np.uint64(target[8 * first])
        different = np.uint64(0)
        for k in range(WORDS):
            different |= (p[k] ^ expect_p) | (t[k] ^ expect_t)
        if different == 0:
            table[target[8 * first], pred[8 * first]] += 8 * WORDS
        else:
            for k in range(8 * first, 8 * (first + WORDS)):
                table[target[k], pred[k]] += 1
    for k in range(8 * (words - words % WORDS), pred.size):
        table[target[k], pred[k]] += 1
    out = np.zeros((classes + 1, classes + 1), np.int64)
    for t in range(256):
        if t != ignore:
            for p in range(256):
                if table[t, p]:
                    out[min(t, classes), min(p, classes)] += table[t, p]
    return out
