"""The one door from networks that answer objects to `Segments` at native size.

Mask logits stay at the network's resolution; they are enlarged and decided on in one compiled pass that writes run
lengths, or a label map, and never a dense stack of masks.  Nothing is thresholded before it is enlarged.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright import registry
from maskwright.core.arrays import F32, Array, Size
from maskwright.core.classes import Classes
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments

if TYPE_CHECKING:
    from maskwright.models._outputs import Queries, Regions

#: (a, b along y, a, b along x): where an output pixel lies in the source; see kernels.enlarge.
Affine = tuple[float, float, float, float]


def from_queries(
    class_logits: Array, mask_logits: Array, classes: Classes, size: Size, task: str, *,
    independent: bool = False, affine: Affine | None = None, threshold: float | None = None,
    overlap: float = 0.8, top: int = 100, min_area: int = 1,
) -> Segments:  # fmt: skip
    """One image's queries -> segments of `size`.

    class_logits: (Q, K + 1) or, `independent`, (Q, K).  mask_logits: (Q, h, w) float32.
    task: a member of `predict.tasks`, which says what its queries mean and what `overlap` and `top` do.
    threshold: of class probability; the task's own when not given.
    affine: where the pixels lie in the logits; the whole of them when not given.

    Cheng et al., "Masked-attention Mask Transformer", CVPR 2022, section 3 and its published inference code.  Scores of
    instances are class probability times the mean mask probability of their pixels.
    """
    logits = np.ascontiguousarray(mask_logits, np.float32)
    height, width = size
    place = affine or (logits.shape[1] / height, 0.0, logits.shape[2] / width, 0.0)
    probs = _class_probs(class_logits, independent)
    asked = registry.load("predict.tasks", task)
    found: Segments = asked.segments(
        probs, logits, classes, size, place, threshold=asked.THRESHOLD if threshold is None else threshold,
        overlap=overlap, top=top, min_area=min_area,
    )  # fmt: skip
    return found


def _class_probs(class_logits: Array, independent: bool) -> F32:
    """(Q, K) probabilities, the class "nothing" left out."""
    values = np.asarray(class_logits, np.float32)
    if independent:
        return sigmoid(values)
    grown: Any = np.exp(values - values.max(axis=1, keepdims=True))
    found: F32 = (grown / grown.sum(axis=1, keepdims=True))[:, :-1]
    return found


def sigmoid(values: Array) -> F32:
    """Of any shape, float32, without warnings."""
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
    return Masks.take_over(size, *enlarge.above(turned, limit, size[0], size[1], each))


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

    scale: input pixels to one output pixel along y and x.  Masks are stretched over their boxes in continuous
    coordinates (He et al., "Mask R-CNN", ICCV 2017, as Detectron2 has it), with nothing outside the box.
    """
    boxes, kinds, scores, probs = (
        np.asarray(each.detach().float().cpu().numpy())
        for each in (found.boxes, found.class_indices, found.scores, found.mask_probs)
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
