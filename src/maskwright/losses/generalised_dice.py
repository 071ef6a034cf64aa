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
    """reduction: over the batch, or over each image and then the mean over images that have a pixel that counts."""
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
