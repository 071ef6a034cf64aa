"""Unified focal loss: λ times a focal cross-entropy plus (1 - λ) times a focal Tversky loss, under one δ and one γ.

Yeung et al., "Unified Focal loss: Generalising Dice and cross entropy-based losses to handle class imbalanced medical
image segmentation", Computerized Medical Imaging and Graphics 2022, eq. 12-14.  With `background` it is the asymmetric
one: rare classes are not suppressed in the cross-entropy, and the background not enhanced in the Tversky part.
"""

from typing import TYPE_CHECKING

from maskwright.losses._targets import Absent, cross_entropy, mean_over_classes, sums, valid_and_safe

if TYPE_CHECKING:
    from torch import Tensor

PAPER = "https://arxiv.org/abs/2102.04525"
ABSENT = "skipped in the Tversky part (default) or, with absent='penalise', scored by the smoothing term"


def loss(
    logits: "Tensor",
    target: "Tensor",
    *,
    ignore_index: int | None = 255,
    weight: float = 0.5,
    delta: float = 0.6,
    gamma: float = 0.5,
    background: int | None = None,
    smooth: float = 1.0,
    absent: Absent = "skip",
) -> "Tensor":
    """The unified focal loss as a scalar; 0 when no pixel counts.

    logits: (N, K, H, W) float.  target: (N, H, W) int64 class indices; pixels of `ignore_index` have no influence.
    weight: λ.  delta: weight of misses against false alarms.  gamma: 0 … 1, how much easy pixels fade.  background: its
    class index, for the asymmetric loss; None for the symmetric one.  smooth: s of the formula, which keeps empty
    classes from dividing by zero.  absent: what becomes of a class that no counting pixel of the sum shows, "skip"
    (left out) or "penalise".
    """
    import torch

    each, valid = cross_entropy(logits, target, ignore_index)
    _, safe = valid_and_safe(target, ignore_index)
    fading = (-(-each).expm1()).clamp(min=1e-12)  # 1 - p of the true class
    if background is None:
        focal = delta * fading ** (1 - gamma) * each
    else:
        behind = safe == background
        focal = torch.where(behind, (1 - delta) * fading**gamma * each, delta * each)
    focal = focal.where(valid, focal.new_zeros(())).sum() / valid.sum().clamp(min=1)
    s = sums(logits, target, ignore_index, "batch")
    index = (s.right + smooth) / (s.right + (1 - delta) * s.wrong + delta * s.missed + smooth).clamp(min=1e-12)
    rest = (1 - index).clamp(min=1e-12)
    tversky = rest ** (1 - gamma)
    if background is not None:
        kinds = torch.arange(rest.numel(), device=rest.device)
        tversky = torch.where(kinds == background, rest, tversky)
    return weight * focal + (1 - weight) * mean_over_classes(tversky, s.seen, s.pixels, absent)
