"""Distances between outlines: Hausdorff, its 95th percentile, the average symmetric one, and normalised surface Dice.

Outlines are the pixels of a class with one of their four neighbours outside it, or outside the image; distances are
between pixel centres, in pixels.  HD95 is the larger of the two directions' 95th percentiles, interpolated linearly.
NSD (Nikolov et al., 2018) is the share of both outlines that lies within a tolerance of the other.  Of a class in one
of the two only, every distance is the image's diagonal and NSD 0; in neither, the image does not count for it.
"""

from typing import Any

import numpy as np

from maskwright.core.arrays import F64, Array
from maskwright.core.classes import IGNORE_INDEX, Classes
from maskwright.core.segments import Segments
from maskwright.metrics._bands import outline
from maskwright.metrics._division import mean, ratio
from maskwright.registry import require

HIGHER_IS_BETTER = False


def update(pred: Segments, target: Segments, classes: Classes, *, tolerance: float = 2.0) -> F64:
    """(K, 6) by class index: images, sums of HD, HD95 and ASSD over them, outline pixels within tolerance, and all.

    tolerance: for NSD, in pixels.  Pixels that the truth ignores are of no class.
    """
    wanted = target.label_map(classes)
    given = np.where(wanted == IGNORE_INDEX, IGNORE_INDEX, pred.label_map(classes))
    out = np.zeros((classes.num_classes, 6))
    diagonal = float(np.hypot(*target.size))
    for kind in np.union1d(np.unique(wanted), np.unique(given)):
        if kind == IGNORE_INDEX:
            continue
        a, b = outline(given == kind), outline(wanted == kind)
        number = int(a.sum() + b.sum())
        if not a.any() or not b.any():
            out[kind] += 1, diagonal, diagonal, diagonal, 0, number
            continue
        there, back = _between(a, b), _between(b, a)
        both = np.concatenate([there, back])
        out[kind] += (
            1, max(there.max(), back.max()), max(np.percentile(there, 95), np.percentile(back, 95)), both.mean(),
            (both <= tolerance).sum(), number,
        )  # fmt: skip
    return out


def _between(a: Array, b: Array) -> F64:
    """Distance from each pixel of a to the nearest of b."""
    away: F64 = require("scipy.ndimage", "distances between outlines").distance_transform_edt(~b)[a]
    return away


def compute(counts: F64, classes: Classes) -> dict[str, Any]:
    """hd, hd95, assd, nsd: means over classes of means over images (NSD: of summed pixels); by_class: (K, 4).

    counts: (K, 6), summed over the set.  Distances are in pixels.
    """
    table = np.asarray(counts, np.float64)
    distances = [ratio(table[:, k], table[:, 0]) for k in (1, 2, 3)]
    each = np.stack([*distances, ratio(table[:, 4], table[:, 5])], axis=1)
    return {name: mean(each[:, k]) for k, name in enumerate(("hd", "hd95", "assd", "nsd"))} | {"by_class": each}
