"""How far the number of objects of each class is from the truth, image by image."""

from typing import Any

import numpy as np

from maskwright.core.classes import Classes
from maskwright.core.segments import Segments

HIGHER_IS_BETTER = False


def update(pred: Segments, target: Segments, classes: Classes) -> np.ndarray:
    """(K, 2) float64, a row a thing: the difference of the numbers, and how many there are."""
    things = [known.id for known in classes if known.kind == "thing"]
    rows = [[(segments.class_ids == thing).sum() for segments in (pred, target)] for thing in things]
    return np.array([[abs(int(found) - int(there)), int(there)] for found, there in rows], np.float64).reshape(-1, 2)


def compute(counts: np.ndarray, classes: Classes) -> dict[str, Any]:
    wrong, there = counts.sum(axis=0)
    return {"share_wrong": float(wrong / there) if there else float("nan"), "objects": float(there)}
