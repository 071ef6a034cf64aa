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
    """reduction: over the batch, or over each image and then the mean, the paper's `per_image`."""
    p, g, valid = probabilities(logits, target, ignore_index)
    return extension((g - p).abs(), g, valid, reduction, absent)
