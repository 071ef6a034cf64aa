"""Soft Jaccard (IoU) loss: 1 - mean over classes of (Σ p g + s) / (Σ p + Σ g - Σ p g + s).

Rahman, Wang, "Optimizing Intersection-Over-Union in Deep Neural Networks for Image Segmentation", ISVC 2016.
"""

from typing import TYPE_CHECKING

from maskwright.losses._targets import Absent, Reduction, mean_over_classes, sums

if TYPE_CHECKING:
    from torch import Tensor

PAPER = "https://doi.org/10.1007/978-3-319-50835-1_22"
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
    """The Jaccard loss as a scalar, 0 … 1; the steeper sister of `dice`, J = D / (2 - D) on hard masks. 0 when no pixel
    counts.

    logits: (N, K, H, W) float.  target: (N, H, W) int64 class indices; pixels of `ignore_index` have no influence.
    smooth: s of the formula, which keeps empty classes from dividing by zero.  reduction: "batch" sums over the whole
    batch, "sample" over each image and then takes the mean.  absent: what becomes of a class that no counting pixel of
    the sum shows, "skip" (left out) or "penalise".
    """
    s = sums(logits, target, ignore_index, reduction)
    score = (s.right + smooth) / (s.right + s.wrong + s.missed + smooth).clamp(min=1e-12)
    return mean_over_classes(1 - score, s.seen, s.pixels, absent)
