"""Counting pairs of labels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.core.kernels.jit import kernel

Array = NDArray[Any]

WORDS = 16  # eight-byte words compared at once


@kernel
def count_pairs(pred: Array, target: Array, classes: int, ignore: int) -> Array:
    """(P,) uint8 each -> (K + 1, K + 1) int64, rows target, columns prediction; the last of each is "other".

    Labels come in long runs: a block, or at least a word, in which both maps are uniform is counted at once.
    Single pixels go to four tables in turn, so that no addition waits for the one before.
    """
    tables = np.zeros((4, 256 * 256), np.int64)
    whole, one, two, three = tables[0], tables[1], tables[2], tables[3]
    words = pred.size // 8
    wide_pred = pred[: 8 * words].view(np.uint64)
    wide_target = target[: 8 * words].view(np.uint64)
    ones = np.uint64(0x0101010101010101)
    low = np.uint64(255)
    full = words - words % WORDS
    for first in range(0, full, WORDS):
        p = wide_pred[first : first + WORDS]
        t = wide_target[first : first + WORDS]
        expect_p = ones * (p[0] & low)
        expect_t = ones * (t[0] & low)
        different = np.uint64(0)
        for k in range(p.size):
            different |= (p[k] ^ expect_p) | (t[k] ^ expect_t)
        if different == 0:
            whole[np.int64((t[0] & low) << np.uint64(8) | (p[0] & low))] += 8 * WORDS
            continue
        for k in range(p.size):
            p_word, t_word = p[k], t[k]
            if p_word == ones * (p_word & low) and t_word == ones * (t_word & low):
                whole[np.int64((t_word & low) << np.uint64(8) | (p_word & low))] += 8
            else:
                for _ in range(2):
                    whole[np.int64((t_word & low) << np.uint64(8) | (p_word & low))] += 1
                    p_word >>= np.uint64(8)
                    t_word >>= np.uint64(8)
                    one[np.int64((t_word & low) << np.uint64(8) | (p_word & low))] += 1
                    p_word >>= np.uint64(8)
                    t_word >>= np.uint64(8)
                    two[np.int64((t_word & low) << np.uint64(8) | (p_word & low))] += 1
                    p_word >>= np.uint64(8)
                    t_word >>= np.uint64(8)
                    three[np.int64((t_word & low) << np.uint64(8) | (p_word & low))] += 1
                    p_word >>= np.uint64(8)
                    t_word >>= np.uint64(8)
    for k in range(8 * full, pred.size):
        whole[256 * np.int64(target[k]) + pred[k]] += 1
    out = np.zeros((classes + 1, classes + 1), np.int64)
    for t_value in range(256):
        if t_value != ignore:
            for p_value in range(256):
                place = 256 * t_value + p_value
                number = whole[place] + one[place] + two[place] + three[place]
                if number:
                    out[min(t_value, classes), min(p_value, classes)] += number
    return out
