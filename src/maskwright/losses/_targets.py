"""What losses share: which pixels count, targets one-hot, sums by class, distances."""

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from torch import Tensor

Absent = Literal["skip", "penalise"]
Reduction = Literal["batch", "sample"]


def valid_and_safe(target: "Tensor", ignore_index: int | None) -> tuple["Tensor", "Tensor"]:
    """(N, H, W) bool of pixels that count, and the target with 0 in place of `ignore_index`."""
    if ignore_index is None:
        return target.new_ones(target.shape).bool(), target
    valid = target != ignore_index
    return valid, target.where(valid, target.new_zeros(()))


def one_hot(target: "Tensor", like: "Tensor") -> "Tensor":
    """(N, H, W) -> (N, K, H, W) of the dtype of `like`."""
    import torch

    return torch.zeros_like(like).scatter_(1, target.unsqueeze(1), 1)


def full_precision(logits: "Tensor") -> "Tensor":
    """Half-precision logits as float32: sums over pixels overflow or round away otherwise."""
    import torch

    return logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits


def cross_entropy(logits: "Tensor", target: "Tensor", ignore_index: int | None) -> tuple["Tensor", "Tensor"]:
    """(N, H, W) -log p of the true class, 0 where ignored; and (N, H, W) bool of pixels that count."""
    logits = full_precision(logits)
    valid, safe = valid_and_safe(target, ignore_index)
    each = -of_truth(logits.log_softmax(1), safe)
    return each.where(valid, each.new_zeros(())), valid


def of_truth(values: "Tensor", safe: "Tensor") -> "Tensor":
    """(N, K, H, W) -> (N, H, W), each pixel's value of its true class; several times cheaper than a one-hot product."""
    return values.gather(1, safe.unsqueeze(1)).squeeze(1)


def probabilities(logits: "Tensor", target: "Tensor", ignore_index: int | None) -> tuple["Tensor", "Tensor", "Tensor"]:
    """(N, K, H, W) softmax and one-hot target, both 0 where ignored; (N, H, W) bool of pixels that count."""
    logits = full_precision(logits)
    valid, safe = valid_and_safe(target, ignore_index)
    counts = valid.unsqueeze(1)
    p = logits.softmax(1)
    return p.where(counts, p.new_zeros(())), one_hot(safe, logits) * counts, valid


@dataclass
class Sums:
    """Soft counts, (K,) or (N, K): pixels right, predicted wrongly, missed, of the class, and of anything."""

    right: "Tensor"
    wrong: "Tensor"
    missed: "Tensor"
    seen: "Tensor"
    pixels: "Tensor"


def sums(logits: "Tensor", target: "Tensor", ignore_index: int | None, reduction: Reduction) -> Sums:
    """reduction: over the whole batch, or over each image."""
    logits = full_precision(logits)
    valid, safe = valid_and_safe(target, ignore_index)
    right, predicted, seen = _class_sums().apply(logits, safe, valid)
    pixels = valid.sum((1, 2)).unsqueeze(1).expand_as(seen)
    if reduction == "batch":
        right, seen, predicted, pixels = (each.sum(0) for each in (right, seen, predicted, pixels))
    return Sums(right, predicted - right, seen - right, seen, pixels)


@functools.cache
def _class_sums() -> Any:
    """The autograd function of (logits, safe, valid) -> (N, K) of Σ p g, Σ p and Σ g over the pixels that count.

    Written with its own gradient: one-hot targets and what autograd would keep of them are several times as large as
    the logits, and memory traffic is what such a loss costs.  With u = dL/dp the gradient is p (u - Σ_k p_k u_k),
    and u is one value a class, plus another one where the pixel is truly of that class.
    """
    import torch

    class ClassSums(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, logits: Any, safe: Any, valid: Any) -> Any:
            p = logits.softmax(1)
            number, kinds = p.shape[:2]
            counts = valid.to(p.dtype)
            place = (safe + kinds * torch.arange(number, device=safe.device).view(-1, 1, 1)).flatten()
            zeros = p.new_zeros(number * kinds)
            right = zeros.index_add(0, place, (of_truth(p, safe) * counts).flatten()).view(number, kinds)
            seen = zeros.index_add(0, place, counts.flatten()).view(number, kinds)
            predicted = torch.bmm(p.flatten(2), counts.flatten(1).unsqueeze(2)).squeeze(2)
            context.save_for_backward(p, safe, counts, place)
            context.mark_non_differentiable(seen)
            return right, predicted, seen

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(context: Any, d_right: Any, d_predicted: Any, _: Any) -> Any:
            p, safe, counts, place = context.saved_tensors
            own = of_truth(p, safe) * d_right.flatten()[place].view_as(counts)
            mean = torch.einsum("nk,nkhw->nhw", d_predicted, p) + own
            gradient = (d_predicted[:, :, None, None] - mean.unsqueeze(1)) * p
            gradient.scatter_add_(1, safe.unsqueeze(1), own.unsqueeze(1))
            return gradient * counts.unsqueeze(1), None, None

    return ClassSums


def mean_over_classes(each: "Tensor", seen: "Tensor", pixels: "Tensor", absent: Absent) -> "Tensor":
    """Mean of a loss by class over the classes that enter; 0 when none does.

    seen: how many pixels each class has, of the shape of `each`.  pixels: how many count.
    absent: skip leaves out classes that no counting pixel shows; penalise keeps them wherever a pixel counts.
    """
    enters = (seen > 0) if absent == "skip" else (pixels > 0).expand_as(seen)
    return each.where(enters, each.new_zeros(())).sum() / enters.sum().clamp(min=1)


def hardest(each: "Tensor", number: "Tensor | int") -> "Tensor":
    """Mean of the `number` largest of (P,) values."""
    return each.sort(descending=True).values[: int(number)].mean()


def distances(masks: "Tensor") -> "Tensor":
    """(..., H, W) bool -> distance in pixels of each pixel that is set to the nearest that is not.

    0 where a pixel is not set; 0 everywhere for a mask without an unset pixel, which has no border.
    """
    import numpy as np
    import torch

    from maskwright.registry import require

    ndimage: Any = require("scipy.ndimage", "a loss of distances")
    flat = masks.detach().reshape(-1, *masks.shape[-2:]).cpu().numpy().astype(bool)
    out = np.zeros(flat.shape, np.float64)
    for row, mask in enumerate(flat):
        if mask.any() and not mask.all():
            out[row] = ndimage.distance_transform_edt(mask)
    return torch.from_numpy(out).reshape(masks.shape).to(masks.device)
