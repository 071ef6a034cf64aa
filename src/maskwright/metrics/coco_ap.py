"""COCO mask AP and AR: average precision over IoU 0.50 : 0.05 : 0.95, 101 recall points, at most 100 detections.

Computed by hotcoco, equal to pycocotools.  Counts are COCO results and truths themselves, one entry an image,
which is what adds up: AP ranks detections over the whole set.  Equal scores of different images are ranked
by the order of the images, as in pycocotools, which takes them by id; the fifth digit can depend on it.
"""

from collections.abc import Collection
from typing import Any

from maskwright.core.classes import Classes
from maskwright.core.segments import Segments
from maskwright.metrics._detections import NAMES, Counts, entry, evaluated, named, quiet

HIGHER_IS_BETTER = True

SIDES = ("truth", "pred")


def update(pred: Segments, target: Segments) -> Counts:
    """One image's detections and truths -> a list of one; lists add.

    pred: instances with scores; one without a score counts as 1.  target: for the size ranges the area that a file
    stated is used where it was kept, as COCO does, otherwise the pixel count.
    """
    return [entry(pred, target)]


def without(counts: Counts, class_ids: Collection[int]) -> Counts:
    """The same counts without some classes. counts: as `update` makes them.  class_ids: which to leave out."""
    if not class_ids:
        return counts
    return [
        {**count, **{side: [row for row in count[side] if row["category_id"] not in class_ids] for side in SIDES}}
        for count in counts
    ]


def compute(counts: Counts, classes: Classes, *, iou_type: str = "segm") -> dict[str, Any]:
    """The twelve numbers of COCO's table, in its order; NaN where COCO prints -1 (nothing to measure).

    counts: as `update` makes them, of all images.  iou_type: segm (masks) or bbox (boxes).
    """
    evaluator = evaluated(counts, classes, iou_type)
    if isinstance(evaluator, float):
        return dict.fromkeys(NAMES, evaluator)
    evaluator.accumulate()
    with quiet():
        evaluator.summarize()
    return named(evaluator.stats)
