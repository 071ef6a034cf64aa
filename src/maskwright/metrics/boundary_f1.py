"""Boundary F1: how much of the predicted outline lies near the true one, and of the true one near the predicted.

Csurka et al., "What is a good evaluation measure for semantic segmentation?", BMVC 2013, by class; with the tolerance
of the DAVIS benchmark (Perazzi et al., CVPR 2016): 0.8 % of the image's diagonal, rounded up.  Outlines are those of
`surface-distance`; a pixel is near when one of the other outline lies within a disk of the tolerance.
"""

from typing import Any

import numpy as np

from maskwright.core.arrays import F64, Array
from maskwright.core.classes import IGNORE_INDEX, Classes
from maskwright.core.segments import Segments
from maskwright.metrics._bands import near, outline
from maskwright.metrics._division import mean, ratio
from maskwright.registry import require

HIGHER_IS_BETTER = True


def tolerance(size: tuple[int, int], share: float = 0.008) -> int:
    """How far apart outlines may lie, in whole pixels and at least one: a share of the image's diagonal."""
    return int(np.ceil(share * np.hypot(*size)))


def update(pred: Segments, target: Segments, classes: Classes) -> F64:
    """(K, 4) by class index: predicted outline pixels that are near, all of them, true ones that are near, all of them.

    Pixels that the truth ignores are of no class.
    """
    require("scipy.ndimage", "boundary F1")
    wanted = target.label_map(classes)
    given = np.where(wanted == IGNORE_INDEX, IGNORE_INDEX, pred.label_map(classes))
    out = np.zeros((classes.num_classes, 4))
    reach = tolerance(target.size)
    for kind in np.union1d(np.unique(wanted), np.unique(given)):
        if kind != IGNORE_INDEX:
            out[kind] = matches(outline(given == kind), outline(wanted == kind), reach)
    return out


def matches(a: Array, b: Array, reach: int) -> tuple[int, int, int, int]:
    """(outline pixels of a that are near b, all of a; of b near a, all of b).

    a, b: (H, W) bool outlines.  reach: pixels within which they are near.
    """
    return int((a & near(b, reach)).sum()), int(a.sum()), int((b & near(a, reach)).sum()), int(b.sum())


def compute(counts: F64, classes: Classes) -> dict[str, Any]:
    """boundary_f1, boundary_precision, boundary_recall: means over classes of sums over the set; by_class: (K, 3).

    A class without an outline in truth or prediction is NaN; with one in one of the two only its F1 is 0.  counts: (K,
    4), summed over the set.
    """
    table = np.asarray(counts, np.float64)
    precision, recall = ratio(table[:, 0], table[:, 1]), ratio(table[:, 2], table[:, 3])
    some = (table[:, 1] > 0) | (table[:, 3] > 0)
    p, r = np.nan_to_num(precision), np.nan_to_num(recall)
    f1 = np.where(some, np.divide(2 * p * r, p + r, out=np.zeros_like(p), where=p + r > 0), np.nan)
    return {
        "boundary_f1": mean(f1), "boundary_precision": mean(precision), "boundary_recall": mean(recall),
        "by_class": np.stack([f1, precision, recall], axis=1),
    }  # fmt: skip
