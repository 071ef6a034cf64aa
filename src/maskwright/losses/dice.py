"""Soft Dice loss: 1 - mean over classes of (2 Σ p g + s) / (Σ p + Σ g + s).

Milletari, Navab, Ahmadi, "V-Net", 3DV 2016, with plain sums in the divisor (theirs are squared), as nnU-Net
and most libraries have it.
"""

from typing import TYPE_CHECKING

from maskwright.losses._targets import Absent, Reduction, mean_over_classes, sums

if TYPE_CHECKING:
    from torch import Tensor

PAPER = "https://arxiv.org/abs/1606.04797"
ABSENT = "skipped (default) or, with absent='penalise', scored by the smoothing term"


def loss(
    logits: "Tensor",
    target: "Tensor",
    *,
    ignore_index: int | None = 255,
    smooth: float = 1.0,
    reduction: Reduction = "batch",
    absent: Absent = "skip",
) -> "Tensor":
    """The Dice loss as a scalar, 0 … 1; 0 when no pixel counts.

    logits: (N, K, H, W) float.  target: (N, H, W) int64 class indices; pixels of `ignore_index` have no influence.
    smooth: s of the formula, which keeps empty classes from dividing by zero.  reduction: "batch" sums over the whole
    batch, "sample" over each image and then takes the mean.  absent: what becomes of a class that no counting pixel of
    the sum shows, "skip" (left out) or "penalise".
    """
    s = sums(logits, target, ignore_index, reduction)
    score = (2 * s.right + smooth) / (2 * s.right + s.wrong + s.missed + smooth).clamp(min=1e-12)
    return mean_over_classes(1 - score, s.seen, s.pixels, absent)
