"""FCN: the first fully convolutional network, here over a dilated ResNet as torchvision has it.

Long, Shelhamer, Darrell, CVPR 2015.
Code: torchvision, BSD-3-Clause.
"""

from typing import TYPE_CHECKING

from maskwright.models._torchvision import assembled

if TYPE_CHECKING:
    from torch import nn

PAPER = "https://arxiv.org/abs/1411.4038"
LICENCE = "BSD-3-Clause (torchvision)"


def build(num_classes: int, in_channels: int = 3, *, encoder: str = "resnet50") -> "nn.Module":
    """encoder: resnet50 or resnet101. Randomly initialised; nothing is downloaded."""
    return assembled("fcn", encoder, num_classes, in_channels)
