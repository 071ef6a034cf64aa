"""PSPNet over any encoder: context pooled over grids of several sizes.

Zhao et al., "Pyramid Scene Parsing Network", CVPR 2017.
Code: segmentation-models-pytorch, MIT.
"""

from typing import TYPE_CHECKING, Any

from maskwright.models._smp import assembled
from maskwright.registry import require

if TYPE_CHECKING:
    from torch import nn

PAPER = "https://arxiv.org/abs/1612.01105"
LICENCE = "MIT (segmentation-models-pytorch)"


def build(num_classes: int, in_channels: int = 3, *, encoder: str = "resnet18") -> "nn.Module":
    """Randomly initialised; nothing is downloaded. Stride 32. Its pooled branch has batch
    normalisation over one value an image: train with at least two images a batch.
    """
    model: Any = assembled("PSPNet", encoder, num_classes, in_channels, encoder_depth=5, upsampling=8)
    # The paper's encoder keeps an eighth of the resolution by dilation; the library's default cuts it short instead.
    if hasattr(model.encoder, "make_dilated"):
        model.encoder.make_dilated(output_stride=8)
    else:  # timm's are made with it
        smp: Any = require("segmentation_models_pytorch", "the model pspnet")
        model.encoder = smp.encoders.get_encoder(
            encoder, in_channels=in_channels, depth=5, weights=None, output_stride=8
        )
    out: nn.Module = model
    return out
