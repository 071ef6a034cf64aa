"""The one door from networks that answer objects to `Segments` at native size.

Mask logits stay at the network's resolution; they are enlarged and decided on in one compiled pass that writes run
lengths, or a label map, and never a dense stack of masks.  Nothing is thresholded before it is enlarged.
"""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from maskwright.core.arrays import F32, Array, Size
from maskwright.core.classes import Classes
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments

if TYPE_CHECKING:
    from maskwright.models._outputs import Queries, Regions

Task = Literal["semantic", "instance", "panoptic"]

#: (a, b along y, a, b along x): where an output pixel lies in the source; see kernels.enlarge.
Affine = tuple[float, float, float, float]


def from_queries(
    class_logits: Array, mask_logits: Array, classes: Classes, size: Size, task: Task, *,
    independent: bool = False, affine: Affine | None = None, threshold: float | None = None,
    overlap: float = 0.8, top: int = 100, min_area: int = 1,
) -> Segments:  # fmt: skip
    """One image's queries -> segments of `size`.

    class_logits: (Q, K + 1) or, `independent`, (Q, K).  mask_logits: (Q, h, w) float32.
    task: instance (each query its likeliest thing, the `top` best, overlaps stay), panoptic (pixels go to the query
    of largest class times mask probability, queries below `threshold` and those that lose more than 1 - `overlap` of
    their pixels are dropped, stuff of one class joined), semantic (the class of largest summed product).
    threshold: of class probability; 0.8 for panoptic, 0.05 for instances when not given.
    affine: where the pixels lie in the logits; the whole of them when not given.

    Cheng et al., "Masked-attention Mask Transformer", CVPR 2022, section 3 and its published inference code.  Scores of
    instances are class probability times the mean mask probability of their pixels.
    """
    logits = np.ascontiguousarray(mask_logits, np.float32)
    height, width = size
    place = affine or (logits.shape[1] / height, 0.0, logits.shape[2] / width, 0.0)
    probs = _class_probs(class_logits, independent)
    if task == "semantic":
        return _semantic(probs, logits, classes, size, place)
    if task == "panoptic":
        return _panoptic(probs, logits, classes, size, place, 0.8 if threshold is None else threshold, overlap)
    return _instances(probs, logits, classes, size, place, 0.05 if threshold is None else threshold, top, min_area)


def _class_probs(class_logits: Array, independent: bool) -> F32:
    """(Q, K) probabilities, the class "nothing" left out."""
    values = np.asarray(class_logits, np.float32)
    if independent:
        return _sigmoid(values)
    grown: Any = np.exp(values - values.max(axis=1, keepdims=True))
    found: F32 = (grown / grown.sum(axis=1, keepdims=True))[:, :-1]
    return found


def _sigmoid(values: Array) -> F32:
    with np.errstate(over="ignore"):
        found = 1 / (1 + np.exp(-values, dtype=np.float32))
    out: F32 = found.astype(np.float32, copy=False)
    return out


def masks_above(values: Array, size: Size, affines: Array, limits: object = 0.0) -> Masks:
    """(Q, h, w) float32 -> Q masks of `size`, the pixels whose enlarged value exceeds the limit.

    affines: (Q, 4) or (4,).  limits: (Q,) or one.  Equal to enlarging with torch and comparing, but for rounding where
    a value lies on the limit.
    """
    from maskwright.predict.kernels import enlarge

    number = len(values)
    if not number:
        return Masks.empty(size)
    turned = np.ascontiguousarray(np.asarray(values, np.float32).transpose(0, 2, 1))
    each = np.ascontiguousarray(np.broadcast_to(np.asarray(affines, np.float64), (number, 4)))
    limit = np.ascontiguousarray(np.broadcast_to(np.asarray(limits, np.float32), (number,)))
    return Masks(size, *enlarge.above(turned, limit, size[0], size[1], each))


def _instances(
    probs: F32, logits: F32, classes: Classes, size: Size, affine: Affine, threshold: float, top: int, min_area: int
) -> Segments:
    things = np.array([one.kind == "thing" and one.role == "class" for one in classes if one.role != "ignore"], bool)
    wanted = np.where(things, probs, 0)
    # A query may speak for several classes, as in the published code: the best pairs of all count.
    flat = wanted.ravel()
    order = np.argsort(-flat, kind="stable")[:top]
    order = order[flat[order] > threshold]
    queries, kinds = order // probs.shape[1], order % probs.shape[1]
    masks = masks_above(logits[queries], size, np.array(affine))
    scores = flat[order] * np.array([_certainty(logits[query]) for query in queries], np.float32)
    keep = masks.areas() >= max(1, min_area)
    rank = np.argsort(-scores[keep], kind="stable")[::-1]  # the surest on top
    rows = np.flatnonzero(keep)[rank]
    return Segments(masks[rows], [classes.id_of(int(kinds[row])) for row in rows], scores=scores[rows], source="model")


def _certainty(logits: F32) -> float:
    """Mean probability of the pixels that are in."""
    inside = logits[logits > 0]
    return float(_sigmoid(inside).mean()) if inside.size else 0.0


def _panoptic(
    probs: F32, logits: F32, classes: Classes, size: Size, affine: Affine, threshold: float, overlap: float
) -> Segments:
    from maskwright.predict.kernels import enlarge

    kinds = probs.argmax(axis=1)
    scores = probs.max(axis=1)
    keep = np.flatnonzero(scores > threshold)
    if not keep.size:
        return Segments.none(size)
    kinds, scores = kinds[keep], scores[keep]
    masks = _sigmoid(logits[keep])
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
    ids = np.array([classes.id_of(int(kinds[one])) for one in chosen], np.int64)
    return _joined(kept, ids, scores[chosen], classes)


def _joined(masks: Masks, ids: Array, scores: Array, classes: Classes) -> Segments:
    """Stuff of one class is one segment; background gives none."""
    groups: dict[tuple[int, int], int] = {}
    place = np.zeros(len(masks), np.int64)
    for row, one in enumerate(ids):
        thing = classes[int(one)].kind == "thing"
        place[row] = groups.setdefault((int(one), row if thing else -1), len(groups))
    joined = masks.group_unions(place, len(groups)) if len(masks) else masks
    best = np.zeros(len(groups))
    np.maximum.at(best, place, scores)
    kinds = np.array([one for one, _ in groups], np.int64)
    plain = np.array([classes[int(one)].role == "class" for one in kinds], bool)
    return Segments(joined, kinds, scores=best, source="model")[plain]


def _semantic(probs: F32, logits: F32, classes: Classes, size: Size, affine: Affine) -> Segments:
    labels = label_map(np.einsum("qk,qhw->khw", probs, _sigmoid(logits), optimize=True), size, affine)
    indices, masks = Masks.from_label_map(labels, ignore=[-1])
    ids = np.array([classes.id_of(int(index)) for index in indices], np.int64)
    plain = np.array([classes[int(one)].role == "class" for one in ids], bool)
    return Segments(masks, ids, source="model")[plain]


def label_map(values: F32, size: Size, affine: Affine | None = None) -> Array:
    """(K, h, w) of any sign -> (H, W) int16, the largest after enlarging; no (K, H, W) array is made."""
    from maskwright.predict.kernels import enlarge

    place = affine or (values.shape[1] / size[0], 0.0, values.shape[2] / size[1], 0.0)
    # The kernel looks at values above 0 only: a shift changes no comparison.
    turned = np.ascontiguousarray((values - values.min() + np.float32(1e-6)).transpose(0, 2, 1), np.float32)
    return enlarge.winners(turned, np.zeros(len(values), np.float32), size[0], size[1], np.array(place))


def from_regions(
    found: "Regions", classes: Classes, size: Size, *, scale: tuple[float, float] = (1.0, 1.0),
    threshold: float = 0.05, top: int = 100, min_area: int = 1,
) -> Segments:  # fmt: skip
    """Boxes with small masks -> segments of `size`.

    scale: input pixels to one output pixel along y and x.  Masks are spread over their boxes in continuous
    coordinates (He et al., "Mask R-CNN", ICCV 2017, as Detectron2 has it), with nothing outside the box.
    """
    boxes, kinds, scores, probs = (
        np.asarray(one.detach().float().cpu().numpy())
        for one in (found.boxes, found.class_indices, found.scores, found.mask_probs)
    )
    order = np.argsort(-scores, kind="stable")[:top]
    order = order[scores[order] > threshold][::-1]  # the surest on top
    cells = probs.shape[-1] if probs.ndim == 3 else 1
    ringed = np.pad(probs[order], ((0, 0), (1, 1), (1, 1)))
    left, top_edge, right, bottom = (boxes[order] / np.array([scale[1], scale[0]] * 2, np.float32)).T
    down, across = cells / np.maximum(bottom - top_edge, 1e-3), cells / np.maximum(right - left, 1e-3)
    affines = np.stack([down, 1 - top_edge * down, across, 1 - left * across], axis=1)
    masks = masks_above(ringed, size, affines, 0.5)
    keep = np.flatnonzero(masks.areas() >= max(1, min_area))
    ids = [classes.id_of(int(kinds[order[row]])) for row in keep]
    return Segments(masks[keep], ids, scores=scores[order[keep]], source="model")


def queries_of(answer: "Queries", row: int) -> dict[str, Any]:
    """One image's share of a batch, as `from_queries` takes it."""
    return {
        "class_logits": answer.class_logits[row].float().cpu().numpy(),
        "mask_logits": answer.mask_logits[row].float().cpu().numpy(),
        "independent": answer.independent,
    }
