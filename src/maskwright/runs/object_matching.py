"""How the truth and the predictions of one image find each other: one to one, the surest first, as COCO matches."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from maskwright.core.arrays import F64, I64, Bool
from maskwright.core.segments import Segments

#: IoU at which a prediction is one of an object.
THRESHOLD = 0.5


@dataclass(frozen=True, eq=False)
class Matches:
    """truth: (N,) which prediction matches each segment of the truth, -1 where none does; crowd regions have none.

    pred: (M,) which segment of the truth each prediction matches, -1 where it matches none.
    passed_over: (M,) bool, predictions that are neither right nor wrong: they lie in a crowd region and match nothing
    else, or are more than count.
    """

    truth: I64
    pred: I64
    passed_over: Bool


def overlaps(truth: Segments, pred: Segments) -> F64:
    """(M, N) IoU of each prediction with each segment of the truth; with a crowd region the share that lies in it.

    truth: N segments of an image.  pred: M of the same image.
    """
    return pred.masks.iou(truth.masks, is_crowd=truth.is_crowd)


def matches(
    truth: Segments, pred: Segments, *, threshold: float = THRESHOLD, of_class: bool = True, most: int | None = None,
    iou: F64 | None = None,
) -> Matches:  # fmt: skip
    """The surest prediction takes, of what is left, the segment that it covers best, and so on.

    truth, pred: of one image; either may be empty.  A prediction without a score counts as 1, equal scores go in order.
    threshold: the least IoU.  of_class: only segments of the prediction's class are taken.
    most: predictions of a class that count, the surest ones; COCO's tables have 100.  All do when None.
    iou: what `overlaps` gives, where it is known already.
    """
    iou = overlaps(truth, pred) if iou is None else iou
    of_truth, of_pred = np.full(len(truth), -1), np.full(len(pred), -1)
    passed_over = np.zeros(len(pred), bool)
    scores = np.nan_to_num(np.asarray(pred.scores, np.float64), nan=1.0)
    free = ~truth.is_crowd
    seen: Counter[int] = Counter()
    for place in np.argsort(-scores, kind="stable").tolist():
        kind = int(pred.class_ids[place])
        seen[kind] += 1
        if most is not None and seen[kind] > most:
            passed_over[place] = True
            continue
        near = iou[place] >= min(threshold, 1 - 1e-10)
        if of_class:
            near &= truth.class_ids == kind
        fitting = np.flatnonzero(near & free)
        if fitting.size:
            # Of equal ones the last, as in COCO's program.
            best = int(fitting[iou[place, fitting] == iou[place, fitting].max()][-1])
            of_truth[best], of_pred[place], free[best] = place, best, False
        else:
            passed_over[place] = bool((near & truth.is_crowd).any())
    return Matches(of_truth, of_pred, passed_over)
