"""Distance-penalised cross-entropy: the mean of (1 + Φ) times the cross-entropy, Φ largest next to a border.

Caliva et al., "Distance Map Loss Penalty Term for Semantic Segmentation", MIDL 2019.  Their two sides become any number
of classes: Φ is 1 - d / max d of each image, d the distance to the nearest pixel of another class.
"""

from typing import TYPE_CHECKING

from maskwright.losses._targets import cross_entropy, distances, one_hot, valid_and_safe

if TYPE_CHECKING:
    from torch import Tensor

PAPER = "https://arxiv.org/abs/1908.03679"
ABSENT = "classes without a pixel do not enter; an image of one class has no border and Φ = 0"


def loss(logits: "Tensor", target: "Tensor", *, ignore_index: int | None = 255, strength: float = 1.0) -> "Tensor":
    """The distance-penalised cross-entropy as a scalar; 0 when no pixel counts.

    logits: (N, K, H, W) float.  target: (N, H, W) int64 class indices; pixels of `ignore_index` have no influence.
    strength: a factor on Φ; 0 is cross-entropy.
    """
    each, valid = cross_entropy(logits, target, ignore_index)
    _, safe = valid_and_safe(target, ignore_index)
    # Ignored pixels are of no class: they are not a border either, but of the region they lie in.
    own = one_hot(safe, logits.detach()) > 0
    reach = distances(own | ~valid.unsqueeze(1))
    away = reach.where(own, reach.new_zeros(())).sum(1)
    away = away.where(valid, away.new_zeros(())).to(each.dtype)
    top = away.amax(dim=(1, 2), keepdim=True)
    near = (1 - away / top.clamp(min=1e-12)).where(top > 0, away.new_zeros(()))
    return (each * (1 + strength * near)).sum() / valid.sum().clamp(min=1)
