"""Boundary AP: COCO's twelve numbers with the smaller of mask IoU and boundary IoU deciding what matches.

Cheng et al., "Boundary IoU", CVPR 2021, section 5: a match has to be good in both.  Bands are 2 % of the image's
diagonal wide, as in `boundary-iou`; crowds are matched by their masks alone.  Computed by faster-coco-eval.
"""

from typing import Any

from maskwright.core.classes import Classes
from maskwright.core.segments import Segments
from maskwright.metrics._detections import NAMES, Counts, entry, named, quiet, tables
from maskwright.registry import require

HIGHER_IS_BETTER = True


def update(pred: Segments, target: Segments) -> Counts:
    """As `coco-ap`: one image's detections and truths."""
    return [entry(pred, target)]


def compute(counts: Counts, classes: Classes) -> dict[str, Any]:
    """The twelve numbers of COCO's table from the counts of all images; NaN where there is nothing to measure."""
    library = require("faster_coco_eval", "boundary AP")
    truths, results = tables(counts, classes)
    if not truths["annotations"] or not results:
        return dict.fromkeys(NAMES, float("nan") if not truths["annotations"] else 0.0)

    truth = library.COCO(truths)
    with quiet():
        evaluator = library.COCOeval_faster(truth, truth.loadRes(results), "boundary", boundary_cpu_count=1)
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    return named(evaluator.stats[:12])
