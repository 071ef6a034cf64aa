"""Hausdorff loss by erosion: the mean of Σ_k k^α times what is left of (p - g)² after k soft erosions.

Karimi, Salcudean, TMI 2020, eq. 9 and 10: an erosion is a mean over a pixel and its four neighbours, less one half,
not below zero, brought back to 1 at its largest; errors that survive many are thick.
"""

from typing import TYPE_CHECKING

from maskwright.losses._targets import Absent, mean_over_classes, probabilities

if TYPE_CHECKING:
    from torch import Tensor

PAPER = "https://arxiv.org/abs/1904.10030"
ABSENT = "skipped (default) or, with absent='penalise', scored by what was predicted"


def loss(
    logits: "Tensor",
    target: "Tensor",
    *,
    ignore_index: int | None = 255,
    alpha: float = 2.0,
    erosions: int = 10,
    absent: Absent = "skip",
) -> "Tensor":
    """The Hausdorff loss as a scalar, by erosions, on any device; 0 when no pixel counts.

    logits: (N, K, H, W) float.  target: (N, H, W) int64 class indices; pixels of `ignore_index` have no influence.
    alpha: how much more thick errors weigh.  erosions: how many.  absent: what becomes of a class that no counting
    pixel of the sum shows, "skip" (left out) or "penalise".
    """
    from torch.nn import functional

    p, g, valid = probabilities(logits, target, ignore_index)
    kinds = p.shape[1]
    cross = p.new_tensor([[0, 1, 0], [1, 1, 1], [0, 1, 0]]) / 5
    kernel = cross.expand(kinds, 1, 3, 3)
    left = (p - g) ** 2
    total = p.new_zeros(p.shape)
    for k in range(1, erosions + 1):
        left = (functional.conv2d(left, kernel, padding=1, groups=kinds) - 0.5).clamp(min=0)
        top = left.detach().amax(dim=(2, 3), keepdim=True)
        left = left / top.where(top > 0, top.new_ones(()))
        total = total + left * k**alpha
    total = total + (p - g) ** 2  # the error itself, k = 0, so that thin errors have a gradient
    each = total.where(valid.unsqueeze(1), total.new_zeros(()))
    pixels = valid.sum()
    seen = g.sum((0, 2, 3))
    return mean_over_classes(each.sum((0, 2, 3)) / pixels.clamp(min=1), seen, pixels, absent)
