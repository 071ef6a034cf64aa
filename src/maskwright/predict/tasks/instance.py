"""A mask for every thing; pixels may stay free or belong to several.  Judged by COCO's AP."""

from collections.abc import Collection
from typing import Any

import numpy as np

from maskwright.core.arrays import F32, Array, Size
from maskwright.core.classes import Classes
from maskwright.core.segments import Segments
from maskwright.metrics import coco_ap
from maskwright.predict.objects import Affine, masks_above, sigmoid

GIVES = "finds instances"
MAIN = "AP"
CURVE = ("AP", "AP50", "AR100")
THRESHOLD = 0.05
BY_CLASS = ""


def suits(classes: Classes) -> bool:
    return any(each.kind == "thing" and each.role == "class" for each in classes)


def problem(classes: Classes) -> str | None:
    return None if suits(classes) else "no class of the dataset is a thing, and instances are of things"


def learned(classes: Classes) -> tuple[Classes, str | None]:
    """The things alone."""
    return Classes(each for each in classes if each.role == "class" and each.kind == "thing"), None


def groups(segments: Segments, classes: Classes) -> Array | None:
    return None


def segments(
    probs: F32, mask_logits: F32, classes: Classes, size: Size, affine: Affine, *,
    threshold: float, overlap: float, top: int, min_area: int,
) -> Segments:  # fmt: skip
    """Each query its likeliest thing, the `top` best; overlaps stay, the surest on top.

    A query may speak for several classes, as in the published code: the best pairs of all count.
    """
    things = np.array(
        [each.kind == "thing" and each.role == "class" for each in classes if each.role != "ignore"], bool
    )
    wanted = np.where(things, probs, 0)
    flat = wanted.ravel()
    order = np.argsort(-flat, kind="stable")[:top]
    order = order[flat[order] > threshold]
    queries, kinds = order // probs.shape[1], order % probs.shape[1]
    masks = masks_above(mask_logits[queries], size, np.array(affine))
    scores = flat[order] * np.array([_certainty(mask_logits[query]) for query in queries], np.float32)
    keep = masks.areas() >= max(1, min_area)
    rank = np.argsort(-scores[keep], kind="stable")[::-1]
    rows = np.flatnonzero(keep)[rank]
    return Segments(masks[rows], [classes.id_of(int(kinds[row])) for row in rows], scores=scores[rows], source="model")


def _certainty(logits: F32) -> float:
    """Mean probability of the pixels that are in."""
    inside = logits[logits > 0]
    return float(sigmoid(inside).mean()) if inside.size else 0.0


def nothing(classes: Classes) -> Any:
    return []


def update(pred: Segments, target: Segments, classes: Classes) -> Any:
    return coco_ap.update(pred, target)


def compute(counts: Any, classes: Classes, *, left_out: Collection[int] = ()) -> dict[str, Any]:
    return dict(coco_ap.compute(coco_ap.without(counts, left_out), classes))


def headline(scores: dict[str, Any], split: str) -> str:
    shown = ("-" if scores[name] is None else f"{scores[name]:.4f}" for name in CURVE)
    return ", ".join(f"{name.upper()} {value}" for name, value in zip(CURVE, shown, strict=True)) + f" on {split}"
