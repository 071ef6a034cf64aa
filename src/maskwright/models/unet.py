"""U-Net over any encoder that segmentation-models-pytorch knows, timm's ("tu-…") included.

PAPER: Ronneberger, Fischer, Brox, "U-Net", MICCAI 2015, with an encoder of one's choice in place of the
contracting path.  Code: segmentation-models-pytorch, MIT.
"""

from typing import TYPE_CHECKING

from maskwright.registry import require

if TYPE_CHECKING:
    from torch import nn

PAPER = "https://arxiv.org/abs/1505.04597"
LICENCE = "MIT (segmentation-models-pytorch)"
PUBLISHED = {
    ("semantic", "cuda"): ("tu-tf_efficientnet_lite2", "a U-Net over an encoder that was taught already"),
}
PROPOSED = {("semantic", "cuda"): ("resnet34", "a U-Net over a middling encoder uses a GPU well")}


def build(
    num_classes: int,
    in_channels: int = 3,
    *,
    encoder: str = "resnet18",
    decoder_channels: tuple[int, ...] = (256, 128, 64, 32, 16),
) -> "nn.Module":
    """Randomly initialised; nothing is downloaded. Stride 32.  encoder: a name of segmentation-models-pytorch.
    decoder_channels: of its five levels, the coarsest first.
    """
    smp = require("segmentation_models_pytorch", "the model unet")
    model: nn.Module = smp.Unet(
        encoder, encoder_weights=None, in_channels=in_channels, classes=num_classes,
        decoder_channels=tuple(decoder_channels),
    )  # fmt: skip
    model.stride = 32  # type: ignore[assignment]
    return model
