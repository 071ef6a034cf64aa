"""From class values at each pixel to segments with scores."""

from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.core.arrays import F32, F64, Array
from maskwright.core.classes import Classes
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments

if TYPE_CHECKING:
    from torch import Tensor


def decided(values: "Tensor", *, logits: bool, sure: bool) -> "tuple[Tensor, Tensor | None]":
    """(N, K, H, W) logits or probabilities -> (N, H, W) class indices, uint8 where that holds them, and the probability
    of each, float32, where it is wanted.

    Of logits the probability is one over the sum of the raised distances to the largest: the same as by softmax, of
    which no (N, K, H, W) is made.
    """
    import torch

    top, labels = values.max(1)
    labels = labels.to(torch.uint8 if values.shape[1] <= 256 else torch.int32)
    if not sure:
        return labels, None
    return labels, (values - top[:, None]).exp_().sum(1).reciprocal_() if logits else top


def sums_by_class(labels: "Tensor", sure: "Tensor", number: int) -> "Tensor":
    """(N, H, W) each -> (N, number) float64: of `sure`, over the pixels of each class. Adds in one order."""
    import torch

    zero = sure.new_zeros(())
    sums = [torch.where(labels == k, sure, zero).sum((1, 2), dtype=torch.float64) for k in range(number)]
    return torch.stack(sums, 1)


def has_things(classes: Classes) -> bool:
    """Does a class come as parts, each with a score of its own?"""
    return any(each.kind == "thing" and each.role != "background" for each in classes)


def segments_of(
    labels: Array, classes: Classes, *, sure: F32 | None = None, sums: F64 | None = None, min_area: int = 1
) -> Segments:
    """(H, W) class indices -> segments; see `Predictor.predict`.

    sure: (H, W) the probability of each pixel's class.  sums: (K,) of it over each class, in its place where no class
    comes as parts.
    """
    indices, masks = Masks.from_label_map(labels)
    if sums is None and sure is not None:
        from maskwright.predict.kernels.sums import by_label

        flat = np.ascontiguousarray(labels).reshape(-1)
        sums = by_label(flat, np.ascontiguousarray(sure).reshape(-1), int(indices.max(initial=-1)) + 1)
    areas = masks.areas()
    found: list[Masks] = []
    kinds: list[int] = []
    scores: list[float] = []
    for position, index in enumerate(indices.tolist()):
        class_ = classes[classes.id_of(index)]
        if class_.role == "background":
            continue
        mask = masks[position : position + 1]
        if class_.kind == "thing":
            assert sure is not None
            mask, _ = mask.components()
            mask = mask[mask.areas() >= min_area]
            scores += [_mean_inside(sure, mask[k : k + 1]) for k in range(len(mask))]
        else:
            assert sums is not None
            scores.append(float(sums[index]) / int(areas[position]))
        found.append(mask)
        kinds += [class_.id] * len(mask)
    size: Any = labels.shape
    return Segments(Masks.concatenate(found, size), kinds, scores=scores, source="model")


def segments_from_probs(probs: F32, classes: Classes, *, min_area: int = 1) -> Segments:
    """(K, H, W) -> segments; see `Predictor.predict`."""
    labels = probs.argmax(0)
    sure = np.take_along_axis(probs, labels[None], 0)[0]
    return segments_of(labels, classes, sure=sure, min_area=min_area)


def _mean_inside(values: F32, mask: Masks) -> float:
    left, top, right, bottom = mask.boxes()[0].tolist()
    inside = mask.decode(window=(left, top, right, bottom))[0]
    return float(values[top:bottom, left:right][inside].mean())
