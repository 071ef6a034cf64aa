"""Feature pyramid with a semantic head, over any encoder.

Lin et al., "Feature Pyramid Networks", CVPR 2017; Kirillov et al., "Panoptic Feature Pyramid Networks", CVPR 2019.
Code: segmentation-models-pytorch, MIT.
"""

from typing import TYPE_CHECKING

from maskwright.models._smp import assembled

if TYPE_CHECKING:
    from torch import nn

PAPER = "https://arxiv.org/abs/1901.02446"
LICENCE = "MIT (segmentation-models-pytorch)"


def build(num_classes: int, in_channels: int = 3, *, encoder: str = "resnet18") -> "nn.Module":
    """Randomly initialised; nothing is downloaded. Stride 32."""
    return assembled("FPN", encoder, num_classes, in_channels)
