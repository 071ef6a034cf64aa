"""Calibration of class probabilities: expected calibration error, its largest gap, and the Brier score, over pixels.

Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, eq. 3 and 5, with the probability of the predicted
class in equal bins; Brier, "Verification of Forecasts", 1950, summed over classes: 0 … 2.
"""

from typing import Any

import numpy as np

from maskwright.core.arrays import F64, as_numpy
from maskwright.metrics._division import ratio

HIGHER_IS_BETTER = False

BINS = 15


def update(probs: object, target: object, *, ignore_index: int | None = 255) -> F64:
    """(BINS + 1, 3): pixels, those right, and summed confidence by bin; the last row has pixels and summed Brier score.

    probs: (K, H, W), adding up to 1.  target: (H, W) class indices.  ignore_index: pixels of this truth do not count.
    """
    p, t = as_numpy(probs), as_numpy(target)
    valid = np.ones(t.shape, bool) if ignore_index is None else t != ignore_index
    out = np.zeros((BINS + 1, 3))
    p, t = p[:, valid].astype(np.float64), t[valid].astype(np.int64)
    if not t.size:
        return out
    kind, sure = p.argmax(axis=0), p.max(axis=0)
    place = np.clip(np.ceil(sure * BINS).astype(np.int64) - 1, 0, BINS - 1)
    out[:BINS, 0] = np.bincount(place, minlength=BINS)
    out[:BINS, 1] = np.bincount(place, kind == t, minlength=BINS)
    out[:BINS, 2] = np.bincount(place, sure, minlength=BINS)
    own = p[t, np.arange(t.size)]
    out[BINS, 0] = t.size
    out[BINS, 1] = float((np.einsum("kp,kp->p", p, p) - 2 * own + 1).sum())
    return out


def compute(counts: F64) -> dict[str, Any]:
    """ece, mce (over bins that hold pixels), brier; reliability: (BINS, 3) of share, accuracy and confidence.

    counts: (BINS + 1, 3), summed over the set.
    """
    table = np.asarray(counts, np.float64)
    pixels, right, sure = table[:BINS].T
    accuracy, confidence = ratio(right, pixels), ratio(sure, pixels)
    gap = np.abs(accuracy - confidence)
    share = ratio(pixels, np.full(BINS, pixels.sum()))
    some = pixels > 0
    return {
        "ece": float((gap[some] * share[some]).sum()) if some.any() else float("nan"),
        "mce": float(gap[some].max()) if some.any() else float("nan"),
        "brier": float(ratio(table[BINS, 1], table[BINS, 0])),
        "reliability": np.stack([share, accuracy, confidence], axis=1),
    }
