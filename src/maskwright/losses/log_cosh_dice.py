"""Log-cosh Dice loss: log(cosh(Dice loss)), which is smooth and flattens out near its minimum.

Jadon, "A survey of loss functions for semantic segmentation", CIBCB 2020, section III.
"""

from typing import TYPE_CHECKING

from maskwright.losses._targets import Absent, Reduction, mean_over_classes, sums

if TYPE_CHECKING:
    from torch import Tensor

PAPER = "https://arxiv.org/abs/2006.14822"
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
    """Of the mean Dice loss, whose options it has."""
    s = sums(logits, target, ignore_index, reduction)
    score = (2 * s.right + smooth) / (2 * s.right + s.wrong + s.missed + smooth).clamp(min=1e-12)
    return mean_over_classes(1 - score, s.seen, s.pixels, absent).cosh().log()
