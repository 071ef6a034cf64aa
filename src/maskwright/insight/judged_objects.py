"""What a run found of each object of an image, and what it found beside: what stands at the objects of a page."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from maskwright.core.classes import Classes
from maskwright.core.segments import Segments
from maskwright.runs.object_matching import matches, overlaps


@dataclass(frozen=True)
class JudgedObject:
    """class_name, box, score: of the prediction, or of the truth where it is lost.  box: left, top, right, bottom in
    pixels.  score: None where there is none.

    iou: with the object that it matches; of the others the largest with one of the class, 0 where there is none.
    """

    what: Literal["matched", "invented", "lost"]
    class_name: str
    box: tuple[int, int, int, int]
    score: float | None
    iou: float


def judged_objects(truth: Segments, pred: Segments, classes: Classes) -> list[JudgedObject]:
    """Predictions in their order, then what of the truth is lost, as `object_matching.matches` has it at IoU 0.5.

    truth, pred: of one image.  classes: background and ignored ones are left out; so are crowd regions, and predictions
    that lie in one and match nothing.
    """
    counted = [class_.id for class_ in classes if class_.role == "class"]
    truth, pred = (side[np.isin(side.class_ids, counted)] for side in (truth, pred))
    iou = overlaps(truth, pred)
    pairs = matches(truth, pred, iou=iou)
    same = pred.class_ids[:, None] == truth.class_ids[None]
    best = iou * same
    out: list[JudgedObject] = []
    for i, box in enumerate(pred.masks.boxes().tolist()):
        if pairs.passed_over[i]:
            continue
        partner = int(pairs.pred[i])
        score = float(pred.scores[i])
        out.append(JudgedObject(
            "matched" if partner >= 0 else "invented", classes[int(pred.class_ids[i])].name, tuple(box),
            None if np.isnan(score) else score,
            float(iou[i, partner]) if partner >= 0 else float(best[i].max(initial=0.0)),
        ))  # fmt: skip
    for i, box in enumerate(truth.masks.boxes().tolist()):
        if pairs.truth[i] < 0 and not truth.is_crowd[i]:
            name = classes[int(truth.class_ids[i])].name
            out.append(JudgedObject("lost", name, tuple(box), None, float(best[:, i].max(initial=0.0))))
    return out
