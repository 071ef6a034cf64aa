"""Boundary IoU of classes: the IoU of the bands along their borders, counts summed over the set.

Cheng et al., "Boundary IoU", CVPR 2021, eq. 4: the band is what an erosion takes away, by a square of radius
max(1, round(distance x image diagonal)); pixels along the image's border are border, as in the reference code.
"""

from typing import Any

import numpy as np

from maskwright.core.arrays import I64
from maskwright.core.classes import IGNORE_INDEX, Classes
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.metrics._division import mean, ratio

HIGHER_IS_BETTER = True


def update(pred: Segments, target: Segments, classes: Classes, *, distance: float = 0.02) -> I64:
    """(K, 2) by class index: pixels in both bands, pixels in either.  Ignored pixels of the truth are in none."""
    height, width = target.size
    radius = max(1, round(distance * (height**2 + width**2) ** 0.5))
    wanted = target.label_map(classes)
    valid = Masks.encode((wanted != IGNORE_INDEX)[None])
    bands = []
    for labels in (pred.label_map(classes), wanted):
        values, masks = Masks.from_label_map(labels, ignore=[IGNORE_INDEX])
        band = masks.boundary(radius)
        bands.append({int(value): band[row : row + 1] & valid for row, value in enumerate(values)})
    out = np.zeros((classes.num_classes, 2), np.int64)
    nothing = Masks.empty(target.size, 1)
    for kind in bands[0].keys() | bands[1].keys():
        a, b = bands[0].get(kind, nothing), bands[1].get(kind, nothing)
        both = int((a & b).areas()[0])
        out[kind] = both, int(a.areas()[0]) + int(b.areas()[0]) - both
    return out


def compute(counts: I64, classes: Classes) -> dict[str, Any]:
    """boundary_iou: mean over classes in truth or prediction; by_class: (K,), NaN for the others."""
    table = np.asarray(counts, np.float64)
    each = ratio(table[:, 0], table[:, 1])
    return {"boundary_iou": mean(each), "by_class": each}
