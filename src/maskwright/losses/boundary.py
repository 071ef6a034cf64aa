"""Boundary loss: the mean over pixels of Σ_c p_c φ_c, φ_c the signed distance to the true border of class c.

Kervadec et al., MIDL 2019, eq. 5; as in their code the distance inside is counted from the pixels next to the border,
so that those have 0.  Negative when right: mix it with a region loss and let its weight grow,
"dice + 0.01->1*boundary".
"""

from typing import TYPE_CHECKING

from maskwright.losses._targets import distances, full_precision, one_hot, valid_and_safe

if TYPE_CHECKING:
    from torch import Tensor

PAPER = "https://arxiv.org/abs/1812.07032"
ABSENT = "have no border and do not enter"
MINIMUM = "minus the mean depth of the pixels inside their region"


def loss(logits: "Tensor", target: "Tensor", *, ignore_index: int | None = 255, normalise: bool = True) -> "Tensor":
    """The boundary loss as a scalar, negative where right; 0 when no pixel counts.

    logits: (N, K, H, W) float.  target: (N, H, W) int64 class indices; pixels of `ignore_index` have no influence.
    normalise: distances in image diagonals, so that the size of an image does not matter; else in pixels.
    """
    logits = full_precision(logits)
    valid, safe = valid_and_safe(target, ignore_index)
    truth = (one_hot(safe, logits) * valid.unsqueeze(1)) > 0
    outside, inside = distances(~truth), distances(truth)
    depth = (outside - (inside - 1).clamp(min=0)).to(logits.dtype)
    if normalise:
        depth = depth / (depth.shape[-2] ** 2 + depth.shape[-1] ** 2) ** 0.5
    each = (logits.softmax(1) * depth).sum(1)
    return each.where(valid, each.new_zeros(())).sum() / valid.sum().clamp(min=1)
