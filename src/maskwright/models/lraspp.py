"""LR-ASPP: a light head over MobileNetV3, for phones.

Howard et al., "Searching for MobileNetV3", ICCV 2019.
Code: torchvision, BSD-3-Clause.
"""

from typing import TYPE_CHECKING

from maskwright.models._torchvision import assembled

if TYPE_CHECKING:
    from torch import nn

PAPER = "https://arxiv.org/abs/1905.02244"
LICENCE = "BSD-3-Clause (torchvision)"


def build(num_classes: int, in_channels: int = 3, *, encoder: str = "mobilenet_v3_large") -> "nn.Module":
    """encoder: mobilenet_v3_large. Randomly initialised; nothing is downloaded."""
    return assembled("lraspp", encoder, num_classes, in_channels)
