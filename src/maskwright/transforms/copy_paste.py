"""Objects of another window, set in front."""

import numpy as np

from maskwright.core.arrays import Array, Bool
from maskwright.core.classes import IGNORE_INDEX
from maskwright.core.segments import Segments
from maskwright.registry import require
from maskwright.transforms._joined import on_top, without
from maskwright.transforms._moves import Target
from maskwright.transforms._others import Others


def apply(
    image: Array, target: Target, rng: np.random.Generator, *, others: Others | None = None, most: int = 4,
    area: tuple[float, float] = (0.0005, 0.25), chance: float = 0.5,
) -> tuple[Array, Target]:  # fmt: skip
    """The image and its target with objects of another window in front, where that has them.

    image: (H, W, C) of any type.  target: (H, W) uint8 class indices, or `Segments`.  rng: the same state gives the
    same result.  others: draws another window of the same size; without it all stays as it is.  most: how many objects
    at most.  area: range of what counts as an object, in shares of the window.  chance: 0 … 1, that anything is done.

    An object is a segment, as far as it is seen; in a label map a connected region of one class.  Crowds, and what a
    label map ignores, are never objects.  What is behind an object ends at it, crowds and ignored regions too, and what
    it covers whole vanishes (Ghiasi et al., "Simple copy-paste", CVPR 2021; borders are not blended, in which they find
    no use).
    """
    if others is None or rng.random() >= chance:
        return image, target
    there, labels = others()
    wanted = int(rng.integers(1, most + 1))
    low, high = (share * image.shape[0] * image.shape[1] for share in area)
    if isinstance(target, Segments):
        seen = labels.visible()
        areas = seen.masks.areas()
        rows = np.flatnonzero(~labels.is_crowd & (areas >= max(low, 1)) & (areas <= high))
        chosen = seen[np.sort(rng.permutation(rows)[:wanted])]
        if not len(chosen):
            return image, target
        cover = chosen.masks.union().batch
        shape: Bool = cover.decode()[0]
        return _painted(image, there, shape), on_top(without(target, cover), [chosen])
    shape = _regions(labels, rng, wanted, low, high)
    return _painted(image, there, shape), np.where(shape, labels, target)


def _painted(image: Array, there: Array, shape: Bool) -> Array:
    out = image.copy()
    out[shape] = there[shape]
    return out


def _regions(labels: Array, rng: np.random.Generator, wanted: int, low: float, high: float) -> Bool:
    """(H, W), some connected regions of a fitting area."""
    cv2 = require("cv2", "the augmentation copy-paste")
    out = np.zeros(labels.shape, np.bool_)
    values = np.flatnonzero(np.bincount(labels.reshape(-1), minlength=256))
    for value in rng.permutation(values[values != IGNORE_INDEX]).tolist():
        _, numbers, facts, _ = cv2.connectedComponentsWithStats((labels == value).astype(np.uint8), connectivity=8)
        areas = facts[1:, cv2.CC_STAT_AREA]
        fitting = 1 + np.flatnonzero((areas >= max(low, 1)) & (areas <= high))
        chosen = rng.permutation(fitting)[:wanted]
        if chosen.size:
            out |= np.isin(numbers, chosen)
        wanted -= len(chosen)
        if not wanted:
            break
    return out
