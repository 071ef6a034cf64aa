"""Cross-entropy: the mean of -log p of the true class over the pixels that count."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from maskwright.losses._targets import full_precision, valid_and_safe

if TYPE_CHECKING:
    from torch import Tensor

PAPER = "Good, Rational Decisions, 1952"
ABSENT = "classes without a pixel do not enter"


def loss(
    logits: "Tensor",
    target: "Tensor",
    *,
    ignore_index: int | None = 255,
    class_weight: Sequence[float] | None = None,
    label_smoothing: float = 0.0,
) -> "Tensor":
    """Cross-entropy as a scalar, divided by the sum of the weights of the pixels that count, as torch does; 0 when none
    counts.

    logits: (N, K, H, W) float.  target: (N, H, W) int64 class indices; pixels of `ignore_index` have no influence.
    class_weight: K numbers.  label_smoothing: share of the target that all classes divide evenly.
    """
    from torch.nn import functional

    logits = full_precision(logits)
    valid, safe = valid_and_safe(target, ignore_index)
    weight = None if class_weight is None else logits.new_tensor(list(class_weight))
    each = functional.cross_entropy(logits, safe, weight=weight, reduction="none", label_smoothing=label_smoothing)
    divisor = valid.sum() if weight is None else (weight[safe] * valid).sum()
    return each.where(valid, each.new_zeros(())).sum() / divisor.clamp(min=1 if weight is None else 1e-12)
