"""Online hard example mining: cross-entropy over the pixels whose true class has a probability below a threshold.

Shrivastava, Gupta, Girshick, CVPR 2016, for pixels as semantic segmentation has it: when fewer than `min_kept` are that
hard, the `min_kept` hardest count.
"""

from typing import TYPE_CHECKING

from maskwright.losses._targets import cross_entropy, hardest

if TYPE_CHECKING:
    from torch import Tensor

PAPER = "https://arxiv.org/abs/1604.03540"
ABSENT = "classes without a pixel do not enter"


def loss(
    logits: "Tensor",
    target: "Tensor",
    *,
    ignore_index: int | None = 255,
    threshold: float = 0.7,
    min_kept: float = 0.0625,
) -> "Tensor":
    """Cross-entropy over the hard pixels as a scalar; 0 when no pixel counts.

    logits: (N, K, H, W) float.  target: (N, H, W) int64 class indices; pixels of `ignore_index` have no influence.
    threshold: probability; 1 keeps every pixel and is cross-entropy.  min_kept: a share of the pixels that count, or,
    from 1 on, a number of pixels.
    """
    each, valid = cross_entropy(logits, target, ignore_index)
    kept = each[valid]
    if kept.numel() == 0:
        return each.sum()
    least = min(int(min_kept) if min_kept >= 1 else max(int(min_kept * kept.numel()), 1), kept.numel())
    hard = int((kept.detach() >= -_log(threshold)).sum())
    return hardest(kept, max(hard, least))


def _log(threshold: float) -> float:
    import math

    return math.log(min(max(threshold, 1e-12), 1.0))
