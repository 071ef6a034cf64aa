"""Soft Dice loss: 1 - mean over classes of (2 Σ p g + s) / (Σ p + Σ g + s).

Milletari, Navab, Ahmadi, "V-Net", 3DV 2016, with plain sums in the divisor (theirs are squared), as nnU-Net
and most libraries have it.
"""

from typing import TYPE_CHECKING, Literal

from maskwright.losses._targets import full_precision, one_hot, valid_and_safe

if TYPE_CHECKING:
    from torch import Tensor

PAPER = "https://arxiv.org/abs/1606.04797"
ABSENT = "skipped (default) or, with absent='penalise', scored by the smoothing term"


def loss(
    logits: "Tensor",
    target: "Tensor",
    *,
    ignore_index: int | None = 255,
    smooth: float = 1.0,
    reduction: Literal["batch", "sample"] = "batch",
    absent: Literal["skip", "penalise"] = "skip",
) -> "Tensor":
    """reduction: sums over the whole batch, or over each image and then the mean.

    absent: what becomes of a class that no counting pixel of the sum shows.  0 when no pixel counts.
    """
    logits = full_precision(logits)
    valid, safe = valid_and_safe(target, ignore_index)
    counts = valid.unsqueeze(1)
    p = logits.softmax(1) * counts
    g = one_hot(safe, logits) * counts
    axes = (0, 2, 3) if reduction == "batch" else (2, 3)
    inside, seen = (p * g).sum(axes), g.sum(axes)
    score = (2 * inside + smooth) / (p.sum(axes) + seen + smooth).clamp(min=1e-12)
    enters = (seen > 0) if absent == "skip" else counts.any(dim=1).any(dim=-1).any(dim=-1).any() & (seen >= 0)
    return ((1 - score) * enters).sum() / enters.sum().clamp(min=1)
