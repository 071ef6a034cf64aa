"""What networks answer, and the truth that those with a loss of their own are taught with.

A network's class says `answers`:

    "logits"   (N, K, H, W), the ordinary case, and what a network without the word answers
    "queries"  `Queries`: Mask2Former and its kin
    "regions"  a list of `Regions`, one an image: Mask R-CNN

A class with `own_loss = True` also takes (x, targets, criterion) and answers its loss: targets are a list of `Objects`
where it answers objects, otherwise (N, H, W) class indices with the criterion that the settings name.
`encoder_path` says where the parameters lie that freezing and a learning rate of their own are meant for ("encoder").
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor


class Queries(NamedTuple):
    """class_logits: (N, Q, K + 1), the last one "nothing"; with `independent` (N, Q, K), each a sigmoid of its own.

    mask_logits: (N, Q, h, w), covering the whole (padded) input at whatever resolution.
    """

    class_logits: "Tensor"
    mask_logits: "Tensor"
    independent: bool = False


@dataclass(frozen=True)
class Regions:
    """boxes: (D, 4) xyxy in input pixels.  class_indices: (D,).  scores: (D,).  mask_probs: (D, m, m) over each box."""

    boxes: "Tensor"
    class_indices: "Tensor"
    scores: "Tensor"
    mask_probs: "Tensor"


@dataclass(frozen=True)
class Objects:
    """Truth of one image: class_indices (n,) int64, masks (n, h, w) bool; n may be 0."""

    class_indices: "Tensor"
    masks: "Tensor"

    def to(self, device: object) -> "Objects":
        """The same truth on another device."""
        return Objects(self.class_indices.to(device), self.masks.to(device))  # type: ignore[call-overload]
