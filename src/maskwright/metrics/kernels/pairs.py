"""Counting pairs of labels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.core.kernels.jit import kernel

Array = NDArray[Any]

WORDS = 4  # eight-byte words compared at once


@kernel
def narrow(labels: Array, classes: int, ignore: int, code: int) -> Array:
    """(P,) of any integers -> (P,) uint8: classes stay, `ignore` becomes `code`, the rest a label that is neither."""
    out = np.empty(labels.size, np.uint8)
    foreign = np.uint8(254 if code == 255 else 255)
    ignored = np.uint8(code)
    for k in range(labels.size):
        label = labels[k]
        value = np.uint8(label) if 0 <= label < classes else foreign
        out[k] = ignored if label == ignore else value
    return out


@kernel
def count_pairs(pred: Array, target: Array, classes: int, ignore: int) -> Array:
    """(P,) uint8 each -> (K + 2, K + 2) int64, K = classes <= 254: rows target, columns prediction.

    Place K counts labels that are not a class, place K + 1 the label `ignore` (none where it is negative).
    Labels come in long runs: a block, or at least a word, in which both maps are uniform is counted at once.
    Everything else goes to several tables in turn, so that no addition waits for the one before; they are
    only as large as the classes need, so that a small image does not pay for clearing them.
    """
    side = classes + 2
    row = np.full(256, classes * side, np.uint16)
    column = np.full(256, classes, np.uint16)
    for label in range(classes):
        row[label] = label * side
        column[label] = label
    if ignore >= 0:
        row[ignore] = (classes + 1) * side
        column[ignore] = classes + 1
    tables = np.zeros((4, side * side), np.int64)
    zero, each, two, three = tables[0], tables[1], tables[2], tables[3]
    words = pred.size // 8
    wide_pred = pred[: 8 * words].view(np.uint64)
    wide_target = target[: 8 * words].view(np.uint64)
    ones = np.uint64(0x0101010101010101)
    low = np.uint64(255)
    eight, rest = np.uint64(8), np.uint64(56)
    full = words - words % WORDS
    for first in range(0, full, WORDS):
        p = wide_pred[first : first + WORDS]
        t = wide_target[first : first + WORDS]
        expect_p = ones * (p[0] & low)
        expect_t = ones * (t[0] & low)
        different = np.uint64(0)
        for k in range(WORDS):
            different |= (p[k] ^ expect_p) | (t[k] ^ expect_t)
        if different == 0:
            zero[row[t[0] & low] + column[p[0] & low]] += 8 * WORDS
            continue
        for k in range(WORDS):
            p_word, t_word = p[k], t[k]
            turned_p = p_word >> eight | p_word << rest
            turned_t = t_word >> eight | t_word << rest
            if (p_word ^ turned_p) | (t_word ^ turned_t) == 0:
                place = row[t_word & low] + column[p_word & low]
                if k & 1:
                    each[place] += 8
                else:
                    zero[place] += 8
                continue
            for _ in range(2):
                zero[row[t_word & low] + column[p_word & low]] += 1
                p_word >>= eight
                t_word >>= eight
                each[row[t_word & low] + column[p_word & low]] += 1
                p_word >>= eight
                t_word >>= eight
                two[row[t_word & low] + column[p_word & low]] += 1
                p_word >>= eight
                t_word >>= eight
                three[row[t_word & low] + column[p_word & low]] += 1
                p_word >>= eight
                t_word >>= eight
    for k in range(8 * full, pred.size):
        zero[row[target[k]] + column[pred[k]]] += 1
    return (zero + each + two + three).reshape(side, side)
