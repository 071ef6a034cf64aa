"""Every pixel a class and, for things, an instance; nothing overlaps.  Judged by panoptic quality."""

from collections.abc import Collection
from typing import Any

import numpy as np

from maskwright.core.arrays import F32, Array, Size
from maskwright.core.classes import Classes
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.metrics import panoptic_quality
from maskwright.predict.objects import Affine, masks_above, sigmoid
from maskwright.predict.tasks._joining import joined_by_class

GIVES = "finds things and stuff"
MAIN = "pq"
CURVE = ("pq", "sq", "rq")
THRESHOLD = 0.8
BY_CLASS = "PQ"


def suits(classes: Classes) -> bool:
    return {each.kind for each in classes if each.role == "class"} == {"thing", "stuff"}


def problem(classes: Classes) -> str | None:
    return None


def learned(classes: Classes) -> tuple[Classes, str | None]:
    """All but a declared background; what is ignored stays ignored."""
    return Classes(each for each in classes if each.role != "background"), None


def groups(segments: Segments, classes: Classes) -> Array | None:
    """Stuff of one class is one object."""
    things = np.array([classes[int(class_id)].kind == "thing" for class_id in segments.class_ids], bool)
    return joined_by_class(segments.class_ids, things)


def segments(
    probs: F32, mask_logits: F32, classes: Classes, size: Size, affine: Affine, *,
    threshold: float, overlap: float, top: int, min_area: int,
) -> Segments:  # fmt: skip
    """Pixels go to the query of largest class times mask probability.

    Queries at or below `threshold` and those that lose more than 1 - `overlap` of their pixels are dropped; stuff of
    one class is one segment, background gives none.
    """
    from maskwright.predict.kernels import enlarge

    kinds = probs.argmax(axis=1)
    scores = probs.max(axis=1)
    keep = np.flatnonzero(scores > threshold)
    if not keep.size:
        return Segments.none(size)
    kinds, scores = kinds[keep], scores[keep]
    masks = sigmoid(mask_logits[keep])
    weighed = masks * scores[:, None, None]
    # Where some mask has at least one half, only products above half the smallest score can be the largest.
    least = np.full(len(keep), 0.5 * scores.min() * 0.999, np.float32)
    turned = np.ascontiguousarray(weighed.transpose(0, 2, 1))
    owner = enlarge.winners(turned, least, size[0], size[1], np.array(affine))
    whole = masks_above(masks, size, np.array(affine), 0.5)
    owners, parts = Masks.from_label_map(owner, ignore=[-1])
    kept = parts & whole[owners.astype(np.int64)] if len(owners) else parts
    areas, own = kept.areas(), whole.areas()[owners]
    good = (areas > 0) & (areas >= overlap * own)
    kept, chosen = kept[good], owners[good]
    ids = np.array([classes.id_of(int(kinds[query])) for query in chosen], np.int64)
    return _joined(kept, ids, scores[chosen], classes)


def _joined(masks: Masks, ids: Array, scores: Array, classes: Classes) -> Segments:
    things = np.array([classes[int(class_id)].kind == "thing" for class_id in ids], bool)
    place = joined_by_class(ids, things)
    number = int(place.max(initial=-1)) + 1
    joined = masks.group_unions(place, number) if len(masks) else masks
    best = np.zeros(number)
    np.maximum.at(best, place, scores)
    kinds = np.zeros(number, np.int64)
    kinds[place] = ids
    plain = np.array([classes[int(class_id)].role == "class" for class_id in kinds], bool)
    return Segments(joined, kinds, scores=best, source="model")[plain]


def nothing(classes: Classes) -> Any:
    return np.zeros((classes.num_classes, 4))


def update(pred: Segments, target: Segments, classes: Classes) -> Any:
    return panoptic_quality.update(pred, target, classes)


def compute(counts: Any, classes: Classes, *, left_out: Collection[int] = ()) -> dict[str, Any]:
    kept = np.array(counts, np.float64)
    kept[[classes.index_of(class_id) for class_id in left_out]] = 0
    found = panoptic_quality.compute(kept, classes)
    by_class = found.pop("by_class")
    return found | {"classes": dict(zip(classes.names, by_class[:, 0].tolist(), strict=True))}


def headline(scores: dict[str, Any], split: str) -> str:
    shown = ("-" if scores[name] is None else f"{scores[name]:.4f}" for name in CURVE)
    return ", ".join(f"{name.upper()} {value}" for name, value in zip(CURVE, shown, strict=True)) + f" on {split}"
