"""Generalised Dice loss: 1 - 2 Σ_c w_c Σ p g / Σ_c w_c Σ (p + g), with w_c = 1 / (Σ g)².

Sudre et al., DLMIA 2017.  Every class weighs alike whatever its size.
"""

from typing import TYPE_CHECKING

from maskwright.losses._targets import Absent, Reduction, sums

if TYPE_CHECKING:
    from torch import Tensor

PAPER = "https://arxiv.org/abs/1707.03237"
ABSENT = "weigh nothing (default) or, with absent='penalise', as much as the rarest class there is"


def loss(
    logits: "Tensor",
    target: "Tensor",
    *,
    ignore_index: int | None = 255,
    reduction: Reduction = "batch",
    absent: Absent = "skip",
) -> "Tensor":
    """The generalised Dice loss as a scalar; 0 when no pixel counts.

    logits: (N, K, H, W) float.  target: (N, H, W) int64 class indices; pixels of `ignore_index` have no influence.
    reduction: "batch" sums over the whole batch, "sample" over each image and then takes the mean.  absent: what
    becomes of a class that no counting pixel of the sum shows, "skip" (left out) or "penalise".
    """
    s = sums(logits, target, ignore_index, reduction)
    there = s.seen > 0
    weight = (1 / s.seen.clamp(min=1) ** 2).where(there, s.seen.new_zeros(()))
    if absent == "penalise":
        weight = weight.where(there, weight.amax(dim=-1, keepdim=True).expand_as(weight))
    top = (2 * weight * s.right).sum(-1)
    bottom = (weight * (2 * s.right + s.wrong + s.missed)).sum(-1)
    counts = s.pixels[..., 0] > 0
    each = (1 - top / bottom.clamp(min=1e-12)).where(counts, top.new_zeros(()))
    return each.sum() / counts.sum().clamp(min=1)
