"""Scores for many small objects: F1, precision and recall at IoU thresholds, and the aggregated Jaccard index.

A prediction matches a truth of its class when their IoU is at least the threshold (Caicedo et al., 2019; StarDist and
Cellpose count so).  Above one half each has one partner, unless objects overlap: then as many pairs count as can be
made without using anything twice.  AJI is Kumar et al.'s (TMI 2017): every truth takes the
prediction of largest IoU, and unused predictions add to the union.
"""

from typing import Any

import numpy as np

from maskwright.core.arrays import F64
from maskwright.core.classes import Classes
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.metrics._division import ratio
from maskwright.registry import require

HIGHER_IS_BETTER = True

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)


def update(pred: Segments, target: Segments, classes: Classes) -> F64:
    """(T + 1, 3): matches, false positives and false negatives at each threshold; then AJI's intersection and union.

    Of things only; crowds and ignored regions are not truth, and predictions that lie mostly on them are not mistakes.
    Overlaps stay.
    """
    out = np.zeros((len(THRESHOLDS) + 1, 3))
    truth, found = (
        segments[
            np.array([classes[int(k)].kind == "thing" for k in segments.class_ids], bool) & (segments.masks.areas() > 0)
        ]
        for segments in (target, pred)
    )
    ignored = np.array([classes[int(k)].role == "ignore" for k in target.class_ids], bool)
    truth = truth[np.array([classes[int(k)].role != "ignore" for k in truth.class_ids], bool)]
    crowds, truth = truth[truth.is_crowd], truth[~truth.is_crowd]
    crowds = Segments(
        Masks.concatenate([crowds.masks, target.masks[ignored]], target.size),
        np.concatenate([crowds.class_ids, target.class_ids[ignored]]),
    )
    if len(crowds) and len(found):
        crowded = crowds.masks.union().batch.intersections(found.masks)[0] > 0.5 * found.masks.areas()
    else:
        crowded = np.zeros(len(found), bool)
    same = truth.class_ids[:, None] == found.class_ids[None]
    iou = np.where(same, truth.masks.iou(found.masks), 0) if len(truth) and len(found) else np.zeros(same.shape)
    for row, threshold in enumerate(THRESHOLDS):
        pairs = iou >= threshold
        rows_matched, columns_matched = _pairs(pairs)
        spare = ~crowded
        spare[columns_matched] = False
        out[row] = len(rows_matched), int(spare.sum()), len(truth) - len(rows_matched)
    out[-1, :2] = _aji(truth, found, iou, crowded)
    return out


def _pairs(possible: Any) -> tuple[Any, Any]:
    """Rows and columns of as many pairs as can be made."""
    if not possible.any():
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    if possible.sum(axis=0).max() == 1 and possible.sum(axis=1).max() == 1:
        rows, columns = np.nonzero(possible)
        return rows, columns
    assignment = require("scipy.optimize", "matching objects that overlap").linear_sum_assignment
    rows, columns = assignment(possible, maximize=True)
    good = possible[rows, columns]
    return rows[good], columns[good]


def _aji(truth: Segments, found: Segments, iou: F64, crowded: Any) -> tuple[float, float]:
    areas, truth_areas = found.masks.areas(), truth.masks.areas()
    inside = union = 0.0
    used = np.zeros(len(found), bool)
    for row in range(len(truth)):
        best = int(iou[row].argmax()) if len(found) else -1
        if best < 0 or iou[row, best] == 0:
            union += float(truth_areas[row])
            continue
        both = iou[row, best] * (truth_areas[row] + areas[best]) / (1 + iou[row, best])
        inside += float(both)
        union += float(truth_areas[row] + areas[best] - both)
        used[best] = True
    return inside, union + float(areas[~used & ~crowded].sum())


def compute(counts: F64, classes: Classes) -> dict[str, Any]:
    """f1, precision, recall at IoU 0.5; f1_by_threshold; mean_f1 over the thresholds; aji. NaN without any object.

    counts: (T + 1, 3), summed over the set.
    """
    table = np.asarray(counts, np.float64)
    right, wrong, missed = table[:-1].T
    f1 = ratio(2 * right, 2 * right + wrong + missed)
    return {
        "f1": float(f1[0]),
        "precision": float(ratio(right, right + wrong)[0]),
        "recall": float(ratio(right, right + missed)[0]),
        "mean_f1": float(f1.mean()),
        "f1_by_threshold": dict(zip(map(str, THRESHOLDS), f1.tolist(), strict=True)),
        "aji": float(ratio(table[-1, 0], table[-1, 1])),
    }
