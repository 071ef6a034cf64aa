"""What the models that segmentation-models-pytorch keeps share."""

from typing import TYPE_CHECKING, Any

from maskwright.registry import require

if TYPE_CHECKING:
    from torch import nn


def assembled(
    architecture: str, encoder: str, num_classes: int, in_channels: int, *, stride: int = 32, **config: Any
) -> "nn.Module":
    """Randomly initialised; nothing is downloaded. encoder: any name the library knows, timm's "tu-…" included."""
    smp = require("segmentation_models_pytorch", f"the model {architecture}")
    model: nn.Module = getattr(smp, architecture)(
        encoder, encoder_weights=None, in_channels=in_channels, classes=num_classes, **config
    )
    model.stride = stride  # type: ignore[assignment]
    return model
