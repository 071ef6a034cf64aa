"""How sure a run is of the objects that it predicts, and how right: precision and recall, calibration, IoU by size."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from maskwright.core.arrays import F64, I64, Bool
from maskwright.core.classes import Classes
from maskwright.core.segments import Segments
from maskwright.runs.object_matching import matches, overlaps

#: Recalls at which COCO looks, and equal bins of scores.
RECALLS, BINS = np.linspace(0, 1, 101), 10


@dataclass(frozen=True, eq=False)
class ObjectCurves:
    """Of all images, at IoU 0.5.

    recalls: (101,) 0 … 1.  precision: by class, (101,) the best precision at this recall or more, NaN where that much
    is never found; classes without an object are left out.  objects: how many there are, by class.
    calibration: (10, 3) by equal bins of score: predictions, the share that matches, their mean score; NaN for none.
    expected_error: the mean gap between those two, each prediction counting the same; NaN without any.
    sizes: (S, 4) from the smallest: least area, area that is not reached any more, objects, their mean IoU.
    """

    recalls: F64
    precision: Mapping[str, F64]
    objects: Mapping[str, int]
    calibration: F64
    expected_error: float
    sizes: F64


@dataclass(frozen=True, eq=False)
class Judged:
    """Of one image.  kinds, scores, right: (M,) class id, score, whether it matches, of the predictions that count.

    own, areas, ious: (N,) class id, pixels, and IoU with the prediction that covers it best, of the objects.
    """

    kinds: I64
    scores: F64
    right: Bool
    own: I64
    areas: I64
    ious: F64


def judged(truth: Segments, pred: Segments, classes: Classes) -> Judged:
    """See `Judged`. truth, pred: of one image.  classes: of which those that are background or ignored are left out.

    Predictions in crowd regions do not count, and those without a score for the IoU only.
    """
    counted = [class_.id for class_ in classes if class_.role == "class"]
    truth = truth[np.isin(truth.class_ids, counted)]
    iou = overlaps(truth, pred)
    best = (iou * (pred.class_ids[:, None] == truth.class_ids[None])).max(axis=0, initial=0.0)
    scored = np.isin(pred.class_ids, counted) & ~np.isnan(pred.scores)
    pred, iou = pred[scored], iou[scored]
    pairs = matches(truth, pred, iou=iou)
    kept, there = ~pairs.passed_over, ~truth.is_crowd
    return Judged(
        pred.class_ids[kept], np.asarray(pred.scores, np.float64)[kept], pairs.pred[kept] >= 0,
        truth.class_ids[there], truth.masks.areas()[there], best[there],
    )  # fmt: skip


def curves(images: list[Judged], classes: Classes) -> ObjectCurves:
    """See `ObjectCurves`. images: in the order in which equal scores are ranked.  classes: by whose names they go."""

    def together(name: str, kind: type) -> np.ndarray:
        return np.concatenate([np.zeros(0, kind), *(getattr(image, name) for image in images)]).astype(kind)

    kinds, scores, right = together("kinds", np.int64), together("scores", np.float64), together("right", bool)
    own, areas, ious = together("own", np.int64), together("areas", np.int64), together("ious", np.float64)
    objects = {class_.name: int((own == class_.id).sum()) for class_ in classes}
    objects = {name: number for name, number in objects.items() if number}
    by_name = {class_.name: class_.id for class_ in classes}
    precision = {
        name: _precision(scores[kinds == by_name[name]], right[kinds == by_name[name]], number)
        for name, number in objects.items()
    }
    calibration, error = _calibration(scores, right)
    return ObjectCurves(RECALLS, precision, objects, calibration, error, _sizes(areas, ious))


def _precision(scores: F64, right: Bool, objects: int) -> F64:
    """(101,) as COCO has it."""
    found = np.cumsum(right[np.argsort(-scores, kind="stable")])
    precision = np.maximum.accumulate((found / np.arange(1, found.size + 1))[::-1])[::-1]
    places = np.searchsorted(found / objects, RECALLS, side="left")
    return np.append(precision, np.nan)[places]


def _calibration(scores: F64, right: Bool) -> tuple[F64, float]:
    place = np.clip(np.ceil(scores * BINS).astype(np.int64) - 1, 0, BINS - 1)
    number = np.bincount(place, minlength=BINS).astype(np.float64)
    sums = [np.bincount(place, values, minlength=BINS) for values in (right, scores)]
    share, mean = (np.divide(each, number, out=np.full(BINS, np.nan), where=number > 0) for each in sums)
    error = float(np.nansum(np.abs(share - mean) * number) / scores.size) if scores.size else float("nan")
    return np.stack([number, share, mean], axis=1), error


def _sizes(areas: I64, ious: F64) -> F64:
    """Each bin four times as large as the one before: sides are doubled."""
    if not areas.size:
        return np.zeros((0, 4))
    place = np.floor(np.log2(np.maximum(areas, 1)) / 2).astype(np.int64)
    bins = np.arange(place.min(), place.max() + 1)
    number = np.array([(place == bin_).sum() for bin_ in bins], np.float64)
    total = np.array([ious[place == bin_].sum() for bin_ in bins])
    mean = np.divide(total, number, out=np.full(bins.size, np.nan), where=number > 0)
    return np.stack([4.0**bins, 4.0 ** (bins + 1), number, mean], axis=1)
