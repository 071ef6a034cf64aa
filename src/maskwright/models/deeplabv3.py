"""DeepLabV3: atrous convolutions keep an eighth of the resolution, pooling at several rates brings context.

Chen et al., "Rethinking Atrous Convolution for Semantic Image Segmentation", 2017.
Code: torchvision, BSD-3-Clause.
"""

from typing import TYPE_CHECKING

from maskwright.models._torchvision import assembled

if TYPE_CHECKING:
    from torch import nn

PAPER = "https://arxiv.org/abs/1706.05587"
LICENCE = "BSD-3-Clause (torchvision)"


def build(num_classes: int, in_channels: int = 3, *, encoder: str = "resnet50") -> "nn.Module":
    """encoder: resnet50, resnet101 or mobilenet_v3_large. Randomly initialised."""
    return assembled("deeplabv3", encoder, num_classes, in_channels)
