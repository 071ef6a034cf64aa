"""The confusion-matrix family: pixel accuracy, class accuracy, IoU, mean IoU, Dice, frequency-weighted IoU.

One definition (Everingham et al., PASCAL VOC; Long, Shelhamer, Darrell, CVPR 2015, section 5): counts are
summed over the whole set, then divided.  Ignored pixels are dropped.  A class that neither truth nor prediction
shows has no IoU (NaN) and does not enter the mean.  Scores of single images are named so.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.core.arrays import I64, as_numpy
from maskwright.metrics._division import mean, ratio

if TYPE_CHECKING:
    from torch import Tensor

HIGHER_IS_BETTER = True


def update(pred: object, target: object, *, num_classes: int, ignore_index: int | None = 255) -> I64:
    """(K, K + 1) int64 counts: rows truth, columns prediction; the last column is a prediction outside 0 … K - 1.

    pred, target: integer arrays of one shape with class indices, at the truth's resolution.  ignore_index: pixels of
    this truth do not count; None counts all.  Raises ValueError for a truth that is neither a class index nor ignored,
    and for two shapes.

    >>> mw.metrics.confusion.update(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 255]), num_classes=2)
    array([[1, 1, 0],
           [0, 1, 0]])
    """
    from maskwright.metrics.kernels.pairs import count_pairs

    p, t = as_numpy(pred), as_numpy(target)
    if p.shape != t.shape:
        raise ValueError(f"prediction {p.shape} and truth {t.shape} differ in shape; score at the truth's size")
    if num_classes > 254:
        return _wide(p.reshape(-1), t.reshape(-1), num_classes, ignore_index)
    code = ignore_index if ignore_index is not None and 0 <= ignore_index <= 255 else 255
    narrow_pred, narrow_target = (_narrow(labels, num_classes, ignore_index, code) for labels in (p, t))
    pairs = count_pairs(narrow_pred, narrow_target, num_classes, -1 if ignore_index is None else code)
    if pairs[num_classes].any():
        raise ValueError(f"the truth holds labels outside 0 … {num_classes - 1} that are not ignored")
    counts: I64 = pairs[:num_classes, : num_classes + 1].copy()
    counts[:, num_classes] += pairs[:num_classes, num_classes + 1]
    return counts


def update_on_device(
    pred: "Tensor", target: object, *, num_classes: int, ignore_index: int | None = 255
) -> I64:  # fmt: skip
    """(K, K + 1) int64 counts as `update` has them, made where `pred` is: only they leave the device.

    pred: class indices, any shape.  target: the same shape, an array, or a tensor on any device.  ignore_index: see
    `update`, which raises the same ValueError.
    """
    import torch

    t = torch.as_tensor(target).to(pred.device)
    if pred.shape != t.shape:
        raise ValueError(
            f"prediction {tuple(pred.shape)} and truth {tuple(t.shape)} differ in shape; score at the truth's size"
        )
    p, t = pred.reshape(-1).long(), t.reshape(-1).long()
    side = num_classes + 2  # the last two rows: foreign and ignored truth; the last but one column: foreign predictions
    column = torch.where((p >= 0) & (p < num_classes), p, num_classes)
    row = torch.where((t >= 0) & (t < num_classes), t, num_classes)
    if ignore_index is not None:
        row = torch.where(t == ignore_index, num_classes + 1, row)
        column = torch.where(p == ignore_index, num_classes, column)
    found: I64 = torch.bincount(row * side + column, minlength=side * side).reshape(side, side).cpu().numpy()
    if found[num_classes].any():
        raise ValueError(f"the truth holds labels outside 0 … {num_classes - 1} that are not ignored")
    return found[:num_classes, : num_classes + 1].copy()


def _narrow(labels: Any, num_classes: int, ignore_index: int | None, code: int) -> Any:
    """(P,) uint8: labels as they are where they fit, else `code` where ignored and one label for all foreign ones."""
    from maskwright.metrics.kernels.pairs import narrow

    flat = np.ascontiguousarray(labels).reshape(-1)
    if flat.dtype == np.uint8 and ignore_index in (None, code):
        return flat
    return narrow(flat, num_classes, -1 if ignore_index is None else ignore_index, code)


def _wide(p: Any, t: Any, num_classes: int, ignore_index: int | None) -> I64:
    keep = np.ones(t.shape, bool) if ignore_index is None else t != ignore_index
    p, t = p[keep].astype(np.int64), t[keep].astype(np.int64)
    if t.size and (t.min() < 0 or t.max() >= num_classes):
        raise ValueError(f"the truth holds labels outside 0 … {num_classes - 1} that are not ignored")
    p = np.where((p >= 0) & (p < num_classes) & (p != ignore_index), p, num_classes)
    return np.bincount(t * (num_classes + 1) + p, minlength=num_classes * (num_classes + 1)).reshape(num_classes, -1)


def compute(counts: I64, *, left_out: Iterable[int] = ()) -> dict[str, Any]:
    """Scores from counts (K, K + 1). A score without a denominator is NaN.

    left_out: classes, by index, that have no score and enter no mean, such as those that no truth shows and some
    prediction does; their pixels count for the others as ever.

    Keys: pixel_accuracy, class_accuracy (mean recall of the classes in the truth), mean_iou, mean_dice,
    frequency_weighted_iou; iou, dice, recall, precision: (K,) each.

    >>> scores = mw.metrics.confusion.compute(np.array([[1, 1, 0], [0, 1, 0]]))
    >>> scores["iou"].tolist(), scores["mean_iou"]
    ([0.5, 0.5], 0.5)
    """
    table = np.asarray(counts, np.float64)
    right = np.diag(table)
    truth, predicted = table.sum(axis=1), table.sum(axis=0)[:-1]
    union = truth + predicted - right
    iou = ratio(right, union)
    dice = ratio(2 * right, truth + predicted)
    recall = ratio(right, truth)
    total = table.sum()
    precision = ratio(right, predicted)
    for scores in (iou, dice, recall, precision):
        scores[list(left_out)] = np.nan
    return {
        "pixel_accuracy": float(ratio(right.sum(), total)),
        "class_accuracy": mean(recall),
        "mean_iou": mean(iou),
        "mean_dice": mean(dice),
        "frequency_weighted_iou": float(ratio(np.nansum(truth * np.nan_to_num(iou)), total)),
        "iou": iou,
        "dice": dice,
        "recall": recall,
        "precision": precision,
    }
