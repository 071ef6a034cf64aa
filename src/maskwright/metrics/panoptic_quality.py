"""Panoptic quality: PQ = SQ x RQ, by class, for things, for stuff.

Kirillov et al., "Panoptic Segmentation", CVPR 2019, with the rules of panopticapi: a prediction matches a truth of its
class when their IoU is above one half, pixels without a truth left out of the union; crowds match nothing; a prediction
that matches nothing is not a mistake where more than half of it lies on such pixels or on crowds of its class.
"""

from typing import Any

import numpy as np

from maskwright.core.arrays import F64
from maskwright.core.classes import Classes
from maskwright.core.segments import Segments
from maskwright.metrics._division import mean, ratio

HIGHER_IS_BETTER = True


def update(pred: Segments, target: Segments, classes: Classes) -> F64:
    """(K, 4) by class index: sum of the IoU of matches, matches, false positives, false negatives.

    Overlaps go to the upper segment.  Segments of ignored and background classes are not segments; pixels under an
    ignored truth have no truth.  Raises ValueError for segments of different sizes.
    """
    if pred.size != target.size:
        raise ValueError(f"predictions of size {pred.size} over a truth of {target.size}")
    out = np.zeros((classes.num_classes, 4))
    truth, found = _countable(target, classes), _countable(pred, classes)
    truth_kinds, kinds = classes.indices(truth.class_ids), classes.indices(found.class_ids)
    inside = truth.masks.intersections(found.masks).astype(np.float64)
    areas, truth_areas = found.masks.areas(), truth.masks.areas()
    void = areas - inside.sum(axis=0)
    union = truth_areas[:, None] + areas[None] - inside - void[None]
    iou = np.divide(inside, union, out=np.zeros_like(inside), where=union > 0)
    same = (truth_kinds[:, None] == kinds[None]) & ~truth.is_crowd[:, None]
    rows, columns = np.nonzero(same & (iou > 0.5))  # above one half a match is the only one
    for row, column in zip(rows, columns, strict=True):
        out[kinds[column], 0] += iou[row, column]
        out[kinds[column], 1] += 1
    for row in np.setdiff1d(np.flatnonzero(~truth.is_crowd), rows):
        out[truth_kinds[row], 3] += 1
    for column in np.setdiff1d(np.arange(len(found)), columns):
        crowds = truth.is_crowd & (truth_kinds == kinds[column])
        if void[column] + inside[crowds, column].sum() <= 0.5 * areas[column]:
            out[kinds[column], 2] += 1
    return out


def _countable(segments: Segments, classes: Classes) -> Segments:
    seen = segments.visible()
    plain = [classes[int(class_id)].role == "class" for class_id in seen.class_ids]
    return seen[np.array(plain, bool) & (seen.masks.areas() > 0)]


def compute(counts: F64, classes: Classes) -> dict[str, Any]:
    """Keys: pq, sq, rq, and each with _things and _stuff: means over classes in truth or prediction; by_class: (K, 3).

    A class in neither is NaN and does not enter; without any class a mean is NaN.  counts: (K, 4), summed over the set.
    """
    total, matched, wrong, missed = np.asarray(counts, np.float64).T
    cases = matched + wrong / 2 + missed / 2
    pq = ratio(total, cases)
    sq = np.where(cases > 0, np.divide(total, matched, out=np.zeros_like(total), where=matched > 0), np.nan)
    rq = ratio(matched, cases)
    things = np.array([class_.kind == "thing" for class_ in classes if class_.role != "ignore"], bool)
    out: dict[str, Any] = {}
    for name, values in (("pq", pq), ("sq", sq), ("rq", rq)):
        out |= {name: mean(values), f"{name}_things": mean(values[things]), f"{name}_stuff": mean(values[~things])}
    return out | {"by_class": np.stack([pq, sq, rq], axis=1)}
