"""Sensitivity-specificity loss: r Σ (g - p)² g / Σ g + (1 - r) Σ (g - p)² (1 - g) / Σ (1 - g), the mean over classes.

Brosch et al., "Deep Convolutional Encoder Networks for Multiple Sclerosis Lesion Segmentation", MICCAI 2015, eq. 2: the
first term is about pixels of the class (sensitivity), the second about all others (specificity).
"""

from typing import TYPE_CHECKING

from maskwright.losses._targets import Absent, mean_over_classes, probabilities

if TYPE_CHECKING:
    from torch import Tensor

PAPER = "https://doi.org/10.1007/978-3-319-24574-4_1"
ABSENT = "skipped (default) or, with absent='penalise', scored by their specificity"


def loss(
    logits: "Tensor",
    target: "Tensor",
    *,
    ignore_index: int | None = 255,
    r: float = 0.1,
    absent: Absent = "skip",
) -> "Tensor":
    """The sensitivity-specificity loss as a scalar; 0 when no pixel counts.

    logits: (N, K, H, W) float.  target: (N, H, W) int64 class indices; pixels of `ignore_index` have no influence.  r:
    the weight of sensitivity.  absent: what becomes of a class that no counting pixel of the sum shows, "skip" (left
    out) or "penalise".
    """
    p, g, valid = probabilities(logits, target, ignore_index)
    error = (g - p) ** 2
    axes = (0, 2, 3)
    seen, pixels = g.sum(axes), valid.sum()
    others = pixels - seen
    missed = (error * g).sum(axes) / seen.clamp(min=1)
    wrong = (error * (1 - g)).sum(axes) / others.clamp(min=1)
    return mean_over_classes(r * missed + (1 - r) * wrong, seen, pixels, absent)
