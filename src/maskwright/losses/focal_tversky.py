"""Focal Tversky loss: the mean over classes of (1 - Tversky index) ^ gamma.

Abraham, Khan, "A Novel Focal Tversky Loss Function with Improved Attention U-Net", ISBI 2019, eq. 4; their gamma 4/3
is written there as its inverse, so that theirs and ours are 0.75.
"""

from typing import TYPE_CHECKING

from maskwright.losses._targets import Absent, Reduction, mean_over_classes, sums

if TYPE_CHECKING:
    from torch import Tensor

PAPER = "https://arxiv.org/abs/1810.07842"
ABSENT = "skipped (default) or, with absent='penalise', scored by the smoothing term"


def loss(
    logits: "Tensor",
    target: "Tensor",
    *,
    ignore_index: int | None = 255,
    alpha: float = 0.3,
    beta: float = 0.7,
    gamma: float = 0.75,
    smooth: float = 1.0,
    reduction: Reduction = "batch",
    absent: Absent = "skip",
) -> "Tensor":
    """The focal Tversky loss as a scalar; 0 when no pixel counts.

    logits: (N, K, H, W) float.  target: (N, H, W) int64 class indices; pixels of `ignore_index` have no influence.
    alpha, beta: weights of false positives and negatives.  gamma: 1 is the Tversky loss.  smooth: s of the formula,
    which keeps empty classes from dividing by zero.  reduction: "batch" sums over the whole batch, "sample" over each
    image and then takes the mean.  absent: what becomes of a class that no counting pixel of the sum shows, "skip"
    (left out) or "penalise".
    """
    s = sums(logits, target, ignore_index, reduction)
    score = (s.right + smooth) / (s.right + alpha * s.wrong + beta * s.missed + smooth).clamp(min=1e-12)
    # The power's gradient is infinite at 0 for gamma below 1.
    return mean_over_classes((1 - score).clamp(min=1e-12) ** gamma, s.seen, s.pixels, absent)
