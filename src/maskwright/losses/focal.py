"""Focal loss: cross-entropy times (1 - p)^gamma, so that easy pixels count little.

Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, eq. 4, over the softmax of all classes.
Normalised by the number of pixels that count, so that gamma = 0 without alpha is cross-entropy.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from maskwright.losses._targets import full_precision, valid_and_safe

if TYPE_CHECKING:
    from torch import Tensor

PAPER = "https://arxiv.org/abs/1708.02002"
ABSENT = "classes without a pixel do not enter"


def loss(
    logits: "Tensor",
    target: "Tensor",
    *,
    ignore_index: int | None = 255,
    gamma: float = 2.0,
    alpha: Sequence[float] | None = None,
) -> "Tensor":
    """The focal loss as a scalar; 0 when no pixel counts.

    logits: (N, K, H, W) float.  target: (N, H, W) int64 class indices; pixels of `ignore_index` have no influence.
    gamma: how fast easy pixels fade.  alpha: K weights, one a class; None weighs all alike.
    """
    from torch.nn import functional

    logits = full_precision(logits)
    valid, safe = valid_and_safe(target, ignore_index)
    log_p = -functional.cross_entropy(logits, safe, reduction="none")
    # 1 - p from the logarithm loses nothing near p = 1; the clamp keeps the power's gradient finite at 0.
    rest = (-log_p.expm1()).clamp(min=1e-12)
    each = -(rest**gamma) * log_p
    if alpha is not None:
        each = each * logits.new_tensor(list(alpha))[safe]
    return each.where(valid, each.new_zeros(())).sum() / valid.sum().clamp(min=1)
