"""LVIS AP: average precision where each image is labelled exhaustively for some classes only.

Gupta, Dollár, Girshick, "LVIS", CVPR 2019, section 3: a detection of a class counts only on images where the class is
labelled, or stated to be absent; where labelling was not exhaustive, unmatched detections of it do not count.  At most
300 detections an image over all classes; AP also by how many images show a class: rare, common, frequent.
Computed by hotcoco.
"""

from collections.abc import Sequence
from typing import Any

from maskwright.core.classes import Classes
from maskwright.core.segments import Segments
from maskwright.metrics._detections import Counts, entry, evaluated, quiet

HIGHER_IS_BETTER = True

NAMES = ("AP", "AP50", "AP75", "APs", "APm", "APl", "APr", "APc", "APf", "AR@300", "ARs@300", "ARm@300", "ARl@300")


def update(
    pred: Segments, target: Segments, *, negative: Sequence[int] = (), not_exhaustive: Sequence[int] = ()
) -> Counts:
    """negative: ids of classes that the image surely does not show.  not_exhaustive: of these not all are labelled.

    LVIS files say both for each image; an import keeps them in the sample's fields.
    """
    known = {"neg_category_ids": list(negative), "not_exhaustive_category_ids": list(not_exhaustive)}
    return [{**entry(pred, target), **known}]


def compute(counts: Counts, classes: Classes) -> dict[str, Any]:
    """The thirteen numbers; rare, common and frequent classes by the extra field `frequency` (r, c, f) of a class.

    NaN where there is nothing to measure.
    """
    evaluator = evaluated(counts, classes, lvis_style=True)
    if isinstance(evaluator, float):
        return dict.fromkeys(NAMES, evaluator)
    evaluator.accumulate()
    with quiet():
        evaluator.summarize()
    found = dict(evaluator.get_results())
    return {name: float("nan") if found.get(name, -1) < 0 else float(found[name]) for name in NAMES}
