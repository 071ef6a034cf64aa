"""UPerNet over any encoder: a feature pyramid on top of pyramid pooling.

Xiao et al., "Unified Perceptual Parsing for Scene Understanding", ECCV 2018.
Code: segmentation-models-pytorch, MIT.
"""

from typing import TYPE_CHECKING

from maskwright.models._smp import assembled

if TYPE_CHECKING:
    from torch import nn

PAPER = "https://arxiv.org/abs/1807.10221"
LICENCE = "MIT (segmentation-models-pytorch)"


def build(num_classes: int, in_channels: int = 3, *, encoder: str = "resnet18") -> "nn.Module":
    """Randomly initialised; nothing is downloaded. Stride 32. Its pooled branch has batch
    normalisation over one value an image: train with at least two images a batch.
    """
    return assembled("UPerNet", encoder, num_classes, in_channels)
