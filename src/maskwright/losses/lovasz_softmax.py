"""Lovász-Softmax loss: the convex extension of 1 - IoU over the errors 1 - p of each class.

Berman, Triki, Blaschko, CVPR 2018, algorithm 1 and eq. 11, over the classes that are there.
"""

from typing import TYPE_CHECKING

from maskwright.losses._lovasz import extension
from maskwright.losses._targets import Absent, Reduction, probabilities

if TYPE_CHECKING:
    from torch import Tensor

PAPER = "https://arxiv.org/abs/1705.08790"
ABSENT = "skipped (default) or, with absent='penalise', wanted empty"


def loss(
    logits: "Tensor",
    target: "Tensor",
    *,
    ignore_index: int | None = 255,
    reduction: Reduction = "batch",
    absent: Absent = "skip",
) -> "Tensor":
    """The Lovász-Softmax loss as a scalar, 0 … 1; 0 when no pixel counts.

    logits: (N, K, H, W) float.  target: (N, H, W) int64 class indices; pixels of `ignore_index` have no influence.
    reduction: "batch" sums over the whole batch, "sample" over each image and then takes the mean, the paper's
    `per_image`.  absent: what becomes of a class that no counting pixel of the sum shows, "skip" (left out) or
    "penalise".
    """
    p, g, valid = probabilities(logits, target, ignore_index)
    return extension((g - p).abs(), g, valid, reduction, absent)
