"""The confusion-matrix family: pixel accuracy, class accuracy, IoU, mean IoU, Dice, frequency-weighted IoU.

One definition (Everingham et al., PASCAL VOC; Long, Shelhamer, Darrell, CVPR 2015, section 5): counts are
summed over the whole set, then divided.  Ignored pixels are dropped.  A class that neither truth nor prediction
shows has no IoU (NaN) and does not enter the mean.  Scores of single images are named so.
"""

from typing import Any

import numpy as np

from maskwright.core.arrays import F64, I64, as_numpy

HIGHER_IS_BETTER = True


def update(pred: object, target: object, *, num_classes: int, ignore_index: int | None = 255) -> I64:
    """(K, K + 1) int64 counts: rows truth, columns prediction; the last column is a prediction outside 0 … K - 1.

    pred, target: integer arrays of one shape with class indices, at the truth's resolution.  Raises ValueError
    for a truth that is neither a class index nor ignored.
    """
    from maskwright.metrics.kernels.pairs import count_pairs

    p, t = as_numpy(pred), as_numpy(target)
    if p.shape != t.shape:
        raise ValueError(f"prediction {p.shape} and truth {t.shape} differ in shape; score at the truth's size")
    if num_classes > 254:
        return _wide(p.reshape(-1), t.reshape(-1), num_classes, ignore_index)
    narrow = [np.ascontiguousarray(_narrow(one, num_classes, ignore_index)).reshape(-1) for one in (p, t)]
    ignore = -1 if ignore_index is None else 255
    counts: I64 = count_pairs(narrow[0], narrow[1], num_classes, ignore)
    if counts[-1].any():
        raise ValueError(f"the truth holds labels outside 0 … {num_classes - 1} that are not ignored")
    return counts[:-1]


def _narrow(labels: Any, num_classes: int, ignore_index: int | None) -> Any:
    """uint8 with 255 for ignored and 254 for any other foreign label."""
    if labels.dtype == np.uint8 and ignore_index in (255, None):
        return labels
    out = np.where((labels >= 0) & (labels < num_classes), labels, 254)
    if ignore_index is not None:
        out = np.where(labels == ignore_index, 255, out)
    return out.astype(np.uint8)


def _wide(p: Any, t: Any, num_classes: int, ignore_index: int | None) -> I64:
    keep = np.ones(t.shape, bool) if ignore_index is None else t != ignore_index
    p, t = p[keep].astype(np.int64), t[keep].astype(np.int64)
    if t.size and (t.min() < 0 or t.max() >= num_classes):
        raise ValueError(f"the truth holds labels outside 0 … {num_classes - 1} that are not ignored")
    p = np.where((p >= 0) & (p < num_classes), p, num_classes)
    return np.bincount(t * (num_classes + 1) + p, minlength=num_classes * (num_classes + 1)).reshape(num_classes, -1)


def compute(counts: I64) -> dict[str, Any]:
    """Scores from counts (K, K + 1). A score without a denominator is NaN.

    Keys: pixel_accuracy, class_accuracy (mean recall of the classes in the truth), mean_iou, mean_dice,
    frequency_weighted_iou; iou, dice, recall, precision: (K,) each.
    """
    table = np.asarray(counts, np.float64)
    right = np.diag(table)
    truth, predicted = table.sum(axis=1), table.sum(axis=0)[:-1]
    union = truth + predicted - right
    iou = ratio(right, union)
    dice = ratio(2 * right, truth + predicted)
    recall = ratio(right, truth)
    total = table.sum()
    return {
        "pixel_accuracy": float(ratio(right.sum(), total)),
        "class_accuracy": mean(recall),
        "mean_iou": mean(iou),
        "mean_dice": mean(dice),
        "frequency_weighted_iou": float(ratio(np.nansum(truth * np.nan_to_num(iou)), total)),
        "iou": iou,
        "dice": dice,
        "recall": recall,
        "precision": ratio(right, predicted),
    }


def ratio(top: Any, bottom: Any) -> F64:
    """top / bottom, NaN where bottom is 0."""
    out: F64 = np.divide(top, bottom, out=np.full(np.shape(bottom), np.nan), where=np.asarray(bottom) > 0)
    return out


def mean(values: F64) -> float:
    """Mean of the values that are there; NaN when none is."""
    there = values[~np.isnan(values)]
    return float(there.mean()) if there.size else float("nan")
