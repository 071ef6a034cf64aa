"""Top-k loss: the mean cross-entropy of the k per cent of pixels where it is largest.

Wu, Shen, van den Hengel, "Bridging Category-level and Instance-level Semantic Image Segmentation", 2016.
"""

from typing import TYPE_CHECKING

from maskwright.losses._targets import cross_entropy, hardest

if TYPE_CHECKING:
    from torch import Tensor

PAPER = "https://arxiv.org/abs/1605.06885"
ABSENT = "classes without a pixel do not enter"


def loss(logits: "Tensor", target: "Tensor", *, ignore_index: int | None = 255, k: float = 10.0) -> "Tensor":
    """The mean cross-entropy of the hardest pixels as a scalar; 0 when no pixel counts.

    logits: (N, K, H, W) float.  target: (N, H, W) int64 class indices; pixels of `ignore_index` have no influence.  k:
    per cent of the pixels that count, at least one pixel; 100 is cross-entropy.
    """
    each, valid = cross_entropy(logits, target, ignore_index)
    kept = each[valid]
    return hardest(kept, max(round(kept.numel() * k / 100), 1)) if kept.numel() else each.sum()
