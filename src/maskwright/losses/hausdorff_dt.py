"""Hausdorff loss by distance transforms: the mean of (p - g)² (d_p^α + d_g^α).

Karimi, Salcudean, "Reducing the Hausdorff Distance in Medical Image Segmentation with Convolutional Neural Networks",
TMI 2020, eq. 8.  d is the distance to the border of the prediction's region (p above one half) and of the truth's.
"""

from typing import TYPE_CHECKING

from maskwright.losses._targets import Absent, distances, mean_over_classes, probabilities

if TYPE_CHECKING:
    from torch import Tensor

PAPER = "https://arxiv.org/abs/1904.10030"
ABSENT = "skipped (default) or, with absent='penalise', scored by the distance to what was predicted"


def loss(
    logits: "Tensor",
    target: "Tensor",
    *,
    ignore_index: int | None = 255,
    alpha: float = 2.0,
    normalise: bool = True,
    absent: Absent = "skip",
) -> "Tensor":
    """The Hausdorff loss as a scalar, by distances that are worked out on the CPU and have no gradient; 0 when no pixel
    counts.

    logits: (N, K, H, W) float.  target: (N, H, W) int64 class indices; pixels of `ignore_index` have no influence.
    alpha: how much more far errors weigh.  normalise: distances in image diagonals, else in pixels.  absent: what
    becomes of a class that no counting pixel of the sum shows, "skip" (left out) or "penalise".
    """
    p, g, valid = probabilities(logits, target, ignore_index)
    weight = p.new_zeros(p.shape)
    for region in (p.detach() > 0.5, g > 0.5):
        away = (distances(region) + distances(~region)).to(p.dtype)
        if normalise:
            away = away / (p.shape[-2] ** 2 + p.shape[-1] ** 2) ** 0.5
        weight = weight + away**alpha
    each = (p - g) ** 2 * weight
    pixels = valid.sum()
    seen = g.sum((0, 2, 3))
    return mean_over_classes(each.sum((0, 2, 3)) / pixels.clamp(min=1), seen, pixels, absent)
