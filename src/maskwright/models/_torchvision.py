"""What the models that torchvision keeps share."""

from typing import TYPE_CHECKING, Any

from maskwright.errors import UsageError
from maskwright.registry import require

if TYPE_CHECKING:
    from torch import nn


def assembled(family: str, encoder: str, num_classes: int, in_channels: int) -> "nn.Module":
    """A model whose answer is its logits, not a dict. Raises UsageError for another encoder."""
    segmentation = require("torchvision.models.segmentation", f"the model {family}")
    torch: Any = require("torch", f"the model {family}")
    maker: Any = getattr(segmentation, f"{family}_{encoder}", None)
    if maker is None:
        have = sorted(name.removeprefix(f"{family}_") for name in dir(segmentation) if name.startswith(f"{family}_"))
        raise UsageError(f"{family} has no encoder {encoder!r}", needed=f"it has {', '.join(have)}")

    class Logits(torch.nn.Module):  # type: ignore[misc]
        stride = 8
        encoder_path = "network.backbone"

        def __init__(self) -> None:
            super().__init__()
            self.network = maker(weights=None, weights_backbone=None, num_classes=num_classes)
            widen(self.network.backbone, in_channels)
            # MobileNetV3 averages its statistics over a hundred steps, for trainings of weeks; in one of minutes the
            # averages lag behind the weights, and what predicts is another network than what was trained.
            for part in self.modules():
                if isinstance(part, torch.nn.BatchNorm2d):
                    part.momentum = max(part.momentum or 0.1, 0.1)

        def forward(self, x: Any) -> Any:
            return self.network(x)["out"]

    model: nn.Module = Logits()
    return model


def widen(backbone: "nn.Module", in_channels: int) -> None:
    """Let a backbone take so many channels: in place of its first convolution, for three, comes another, random one."""
    torch: Any = require("torch", "a network of torchvision")
    if in_channels == 3:
        return
    path, old = next((path, part) for path, part in backbone.named_modules() if isinstance(part, torch.nn.Conv2d))
    holder, _, name = path.rpartition(".")
    new = torch.nn.Conv2d(
        in_channels, old.out_channels, old.kernel_size, old.stride, old.padding, bias=old.bias is not None
    )
    setattr(backbone.get_submodule(holder), name, new)
