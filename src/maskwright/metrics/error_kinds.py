"""Which errors cost how much average precision: TIDE's kinds (Bolya et al., ECCV 2020, section 3), by hotcoco.

Each number is how much AP at IoU 0.5 would rise if the errors of one kind were mended:
Cls   it lies on an object (IoU of 0.5 at least) of another class
Loc   it is of the class of an object, but lies badly on it (IoU of 0.1 to 0.5)
Both  another class, and it lies badly
Dupe  an object that a surer prediction has found already
Bkg   it lies on nothing (IoU under 0.1)
Miss  an object that nothing found, and that none of the errors above is about; of classes of which something is found
The numbers do not add up to what is missing.
"""

from typing import Any

from maskwright.core.classes import Classes
from maskwright.core.segments import Segments
from maskwright.metrics._detections import Counts, entry, evaluated

HIGHER_IS_BETTER = False

KINDS = ("Cls", "Loc", "Both", "Dupe", "Bkg", "Miss")


def update(pred: Segments, target: Segments) -> Counts:
    """One image's detections and truths -> a list of one; lists add.

    pred: instances with scores; one without a score counts as 1.  target: the truth.
    """
    return [entry(pred, target)]


def compute(counts: Counts, classes: Classes) -> dict[str, Any]:
    """By kind, in the order of `KINDS`; NaN without an object, and where nothing is predicted of their classes.

    counts: as `update` makes them, of all images.  classes: whose names errors have.
    """
    evaluator = evaluated(counts, classes)
    if isinstance(evaluator, float):
        return dict.fromkeys(KINDS, float("nan"))
    found = evaluator.tide_errors(pos_thr=0.5, bg_thr=0.1)["delta_ap"]
    return {kind: float(found[kind]) for kind in KINDS}
