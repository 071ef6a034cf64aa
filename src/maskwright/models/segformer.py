"""SegFormer: a decoder of linear layers only, made for the MiT encoders (mit_b0 … mit_b5).

Xie et al., NeurIPS 2021.  The MiT weights that NVIDIA published are for research only; none are used here.
Code: segmentation-models-pytorch, MIT.
"""

from typing import TYPE_CHECKING

from maskwright.models._smp import assembled

if TYPE_CHECKING:
    from torch import nn

PAPER = "https://arxiv.org/abs/2105.15203"
LICENCE = "MIT (segmentation-models-pytorch)"
LEARNING_RATE = 5e-4


def build(num_classes: int, in_channels: int = 3, *, encoder: str = "mit_b0", width: int = 256) -> "nn.Module":
    """Randomly initialised; nothing is downloaded. Stride 32.  encoder: mit_b0 … mit_b5.  width: of the decoder; the
    paper has 256 with mit_b0 and mit_b1, and 768 with larger encoders.
    """
    return assembled("Segformer", encoder, num_classes, in_channels, decoder_segmentation_channels=width)
