"""What is said of single segments, to be kept by `Run.log_segments`."""

from dataclasses import dataclass

import numpy as np

from maskwright.core.arrays import F64
from maskwright.core.classes import Classes
from maskwright.core.segments import Segments
from maskwright.runs.object_matching import matches, overlaps


def segment_ious(truth: Segments, pred: Segments) -> dict[int, float]:
    """IoU of each segment with the predicted one of its class that covers it best, by the segment's id; 0 without one.

    Crowd regions have none.  truth, pred: of one image.
    """
    return _ious(truth, pred, overlaps(truth, pred))


def _ious(truth: Segments, pred: Segments, iou: F64) -> dict[int, float]:
    same = pred.class_ids[:, None] == truth.class_ids[None]
    best = (iou * same).max(axis=0, initial=0.0)
    return {int(truth.ids[i]): float(best[i]) for i in np.flatnonzero(~truth.is_crowd)}


@dataclass(frozen=True)
class Found:
    """What a prediction of one image found of its truth.

    ious: of each segment by its id, as `segment_ious` has them.  matched: by id, whether a prediction matches it; crowd
    regions and classes that are background or ignored have none.  invented: predictions that match nothing.
    """

    ious: dict[int, float]
    matched: dict[int, bool]
    invented: int

    @property
    def lost(self) -> int:
        """Segments of the truth that nothing matches."""
        return len(self.matched) - sum(self.matched.values())


def found(truth: Segments, pred: Segments, classes: Classes) -> Found:
    """See `Found`. truth, pred: of one image; what matches what says `object_matching.matches`, at IoU 0.5."""
    iou = overlaps(truth, pred)
    counted = [class_.id for class_ in classes if class_.role == "class"]
    rows, columns = np.isin(pred.class_ids, counted), np.isin(truth.class_ids, counted)
    counted_truth, counted_pred = truth[columns], pred[rows]
    pairs = matches(counted_truth, counted_pred, iou=iou[rows][:, columns])
    there = np.flatnonzero(~counted_truth.is_crowd)
    return Found(
        _ious(truth, pred, iou),
        {int(counted_truth.ids[i]): bool(pairs.truth[i] >= 0) for i in there},
        int(((pairs.pred < 0) & ~pairs.passed_over).sum()),
    )
