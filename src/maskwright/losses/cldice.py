"""Centreline Dice: 1 - the harmonic mean of how much of each one's soft skeleton lies in the other.

Shit et al., "clDice - a Novel Topology-Preserving Loss Function for Tubular Structure Segmentation", CVPR 2021,
algorithms 1 and 2.  For vessels, roads, membranes; mix it with dice.
"""

from typing import TYPE_CHECKING

from maskwright.losses._targets import Absent, mean_over_classes, probabilities

if TYPE_CHECKING:
    from torch import Tensor

PAPER = "https://arxiv.org/abs/2003.07311"
ABSENT = "skipped (default) or, with absent='penalise', scored by the smoothing term"


def loss(
    logits: "Tensor",
    target: "Tensor",
    *,
    ignore_index: int | None = 255,
    iterations: int = 10,
    smooth: float = 1.0,
    absent: Absent = "skip",
) -> "Tensor":
    """The centreline Dice loss over the batch as a scalar; 0 when no pixel counts.

    logits: (N, K, H, W) float.  target: (N, H, W) int64 class indices; pixels of `ignore_index` have no influence.
    iterations: at least the largest radius of what is thin, in pixels.  smooth: s of the formula, which keeps empty
    classes from dividing by zero.  absent: what becomes of a class that no counting pixel of the sum shows, "skip"
    (left out) or "penalise".
    """
    p, g, valid = probabilities(logits, target, ignore_index)
    axes = (0, 2, 3)
    counts = valid.unsqueeze(1)
    bone_p, bone_g = (skeleton(item, iterations) * counts for item in (p, g))
    precision = ((bone_p * g).sum(axes) + smooth) / (bone_p.sum(axes) + smooth).clamp(min=1e-12)
    sensitivity = ((bone_g * p).sum(axes) + smooth) / (bone_g.sum(axes) + smooth).clamp(min=1e-12)
    each = 1 - 2 * precision * sensitivity / (precision + sensitivity).clamp(min=1e-12)
    seen = g.sum(axes)
    return mean_over_classes(each, seen, valid.sum(), absent)


def skeleton(image: "Tensor", iterations: int) -> "Tensor":
    """The soft skeleton of (N, K, H, W) values in 0 … 1, by minima and maxima over neighbours. iterations: pixels that
    are peeled off.
    """
    opened = _dilated(_eroded(image))
    bone = (image - opened).relu()
    for _ in range(iterations):
        image = _eroded(image)
        rest = (image - _dilated(_eroded(image))).relu()
        bone = bone + (rest - bone * rest).relu()
    return bone


def _eroded(image: "Tensor") -> "Tensor":
    """Minimum over a pixel's row and column neighbours."""
    import torch
    from torch.nn import functional

    down = -functional.max_pool2d(-image, (3, 1), (1, 1), (1, 0))
    across = -functional.max_pool2d(-image, (1, 3), (1, 1), (0, 1))
    return torch.minimum(down, across)


def _dilated(image: "Tensor") -> "Tensor":
    from torch.nn import functional

    return functional.max_pool2d(image, (3, 3), (1, 1), (1, 1))
