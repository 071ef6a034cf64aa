"""What is said of single segments, to be kept by `Run.log_segments`."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from maskwright.core.arrays import F64
from maskwright.core.classes import Classes
from maskwright.core.segments import Segments
from maskwright.runs.object_matching import Matches, matches, overlaps


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
    taken_for: how many objects of a class were taken for which, by (index of the truth's class, of the prediction's);
    the number of classes stands for nothing on that side.  Here a prediction matches whatever class the object has.
    """

    ious: dict[int, float]
    matched: dict[int, bool]
    invented: int
    taken_for: dict[tuple[int, int], int]

    @property
    def lost(self) -> int:
        """Segments of the truth that nothing matches."""
        return len(self.matched) - sum(self.matched.values())

    def plain(self) -> tuple[Any, ...]:
        """In values that a journal of work keeps; `of_plain` takes them back."""
        return self.ious, self.matched, self.invented, [(*pair, number) for pair, number in self.taken_for.items()]

    @classmethod
    def of_plain(cls, kept: tuple[Any, ...]) -> Self:
        """From what `plain` gave. kept: that."""
        ious, matched, invented, taken_for = kept
        return cls(ious, matched, invented, {(truth, pred): number for truth, pred, number in taken_for})


def found(truth: Segments, pred: Segments, classes: Classes) -> Found:
    """See `Found`. truth, pred: of one image; what matches what says `object_matching.matches`, at IoU 0.5."""
    iou = overlaps(truth, pred)
    counted = [class_.id for class_ in classes if class_.role == "class"]
    rows, columns = np.isin(pred.class_ids, counted), np.isin(truth.class_ids, counted)
    counted_truth, counted_pred = truth[columns], pred[rows]
    iou_counted = iou[rows][:, columns]
    pairs = matches(counted_truth, counted_pred, iou=iou_counted)
    of_any = matches(counted_truth, counted_pred, iou=iou_counted, of_class=False)
    there = np.flatnonzero(~counted_truth.is_crowd)
    return Found(
        _ious(truth, pred, iou),
        {int(counted_truth.ids[i]): bool(pairs.truth[i] >= 0) for i in there},
        int(((pairs.pred < 0) & ~pairs.passed_over).sum()),
        dict(_taken_for(counted_truth, counted_pred, of_any, classes)),
    )


def _taken_for(truth: Segments, pred: Segments, pairs: Matches, classes: Classes) -> Counter[tuple[int, int]]:
    nothing = classes.num_classes
    own, said = ([classes.index_of(kind) for kind in side.class_ids.tolist()] for side in (truth, pred))
    lost = [(own[i], nothing) for i in np.flatnonzero((pairs.truth < 0) & ~truth.is_crowd).tolist()]
    partners = enumerate(zip(pairs.pred.tolist(), pairs.passed_over.tolist(), strict=True))
    taken = [(own[i] if i >= 0 else nothing, said[place]) for place, (i, passed) in partners if not passed]
    return Counter(lost + taken)
