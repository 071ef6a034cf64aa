"""Lovász hinge loss: the convex extension of 1 - IoU over the hinge of each class's margin.

Berman, Triki, Blaschko, CVPR 2018, section 3.1, for two classes; for more, each against the rest.  A margin is the
log-odds of the class, so that two logits [0, z] give the paper's binary loss of z.
"""

from typing import TYPE_CHECKING

from maskwright.losses._lovasz import extension
from maskwright.losses._targets import Absent, Reduction, full_precision, one_hot, valid_and_safe

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
    """The Lovász hinge loss as a scalar, not bounded by 1, as margins are not; 0 when no pixel counts.

    logits: (N, K, H, W) float.  target: (N, H, W) int64 class indices; pixels of `ignore_index` have no influence.
    reduction: "batch" sums over the whole batch, "sample" over each image and then takes the mean.  absent: what
    becomes of a class that no counting pixel of the sum shows, "skip" (left out) or "penalise".
    """
    import torch

    logits = full_precision(logits)
    valid, safe = valid_and_safe(target, ignore_index)
    g = one_hot(safe, logits) * valid.unsqueeze(1)
    kinds = logits.shape[1]
    others = [
        torch.logsumexp(torch.cat([logits[:, :c], logits[:, c + 1 :]], dim=1), dim=1) if kinds > 1 else 0 * logits[:, 0]
        for c in range(kinds)
    ]
    margins = logits - torch.stack(others, dim=1)
    return extension(1 - margins * (2 * g - 1), g, valid, reduction, absent)
