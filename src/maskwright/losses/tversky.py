"""Tversky loss: 1 - mean over classes of (TP + s) / (TP + alpha FP + beta FN + s).

Salehi, Erdogmus, Gholipour, MLMI 2017, eq. 3.  alpha weighs what is predicted wrongly, beta what is missed; one half
each is Dice, one each is Jaccard.
"""

from typing import TYPE_CHECKING

from maskwright.losses._targets import Absent, Reduction, mean_over_classes, sums

if TYPE_CHECKING:
    from torch import Tensor

PAPER = "https://arxiv.org/abs/1706.05721"
ABSENT = "skipped (default) or, with absent='penalise', scored by the smoothing term"


def loss(
    logits: "Tensor",
    target: "Tensor",
    *,
    ignore_index: int | None = 255,
    alpha: float = 0.3,
    beta: float = 0.7,
    smooth: float = 1.0,
    reduction: Reduction = "batch",
    absent: Absent = "skip",
) -> "Tensor":
    """The Tversky loss as a scalar, 0 … 1; 0 when no pixel counts.

    logits: (N, K, H, W) float.  target: (N, H, W) int64 class indices; pixels of `ignore_index` have no influence.
    alpha: weight of false positives.  beta: weight of false negatives; more of it finds small things.  smooth: s of the
    formula, which keeps empty classes from dividing by zero.  reduction: "batch" sums over the whole batch, "sample"
    over each image and then takes the mean.  absent: what becomes of a class that no counting pixel of the sum shows,
    "skip" (left out) or "penalise".
    """
    s = sums(logits, target, ignore_index, reduction)
    score = (s.right + smooth) / (s.right + alpha * s.wrong + beta * s.missed + smooth).clamp(min=1e-12)
    return mean_over_classes(1 - score, s.seen, s.pixels, absent)
