"""A light head on the features of a large encoder that was taught elsewhere."""

from typing import TYPE_CHECKING, Any

from maskwright.errors import UsageError
from maskwright.registry import require

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

HEADS = ("linear", "mlp")


def check_head(name: str, head: str) -> None:
    """Raises UsageError for another head than `HEADS`. name: of the model."""
    if head not in HEADS:
        raise UsageError(f"{name} has no head {head!r}", needed=" or ".join(HEADS))


def on_features(
    encoder: "nn.Module", grid: "Callable[[nn.Module, Any], Any]", channels: int, num_classes: int, *, head: str,
    width: int, patch: int, learn_encoder: bool,
) -> "nn.Module":  # fmt: skip
    """Logits of the image's size from (N, channels, h, w) features.

    grid: calls the encoder with (N, C, H, W) images -> features.  head: linear, or mlp with a hidden layer of `width`.
    patch: the stride of the features.  learn_encoder: else nothing of the encoder learns, but for what is added to it
    later, such as an adapter.
    """
    torch: Any = require("torch", "building a model")
    functional = torch.nn.functional

    class OnFeatures(torch.nn.Module):  # type: ignore[misc]
        stride = patch

        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder.requires_grad_(learn_encoder)
            self.norm = torch.nn.BatchNorm2d(channels)
            last = torch.nn.Conv2d(channels if head == "linear" else width, num_classes, 1)
            hidden = [torch.nn.Conv2d(channels, width, 1), torch.nn.ReLU(inplace=True)] if head == "mlp" else []
            self.head = torch.nn.Sequential(*hidden, last)

        def train(self, mode: bool = True) -> Any:
            super().train(mode)
            if not learn_encoder:
                self.encoder.eval()
            return self

        def forward(self, x: Any) -> Any:
            # Where nothing of the encoder learns, nothing of its way is kept for the gradient.
            learns = any(weight.requires_grad for weight in self.encoder.parameters())
            with torch.set_grad_enabled(learns and torch.is_grad_enabled()):
                features = grid(self.encoder, x)
            logits = self.head(self.norm(features))
            return functional.interpolate(logits, x.shape[-2:], mode="bilinear", align_corners=False)

    model: nn.Module = OnFeatures()
    return model
