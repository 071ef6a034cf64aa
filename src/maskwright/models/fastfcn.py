"""FastFCN: joint pyramid upsampling (JPU) in place of dilated convolutions, under an FCN, PSP or ASPP head.

Wu et al., "FastFCN: Rethinking Dilated Convolution in the Backbone for Semantic Segmentation", 2019.  Written from the
paper; the encoder keeps its stride of 32, the head works at an eighth.  Later reproductions find no gain in accuracy
over dilation; the gain is speed and memory.
"""

from typing import TYPE_CHECKING, Any

from maskwright.errors import UsageError
from maskwright.families import require

if TYPE_CHECKING:
    from torch import nn

PAPER = "https://arxiv.org/abs/1903.11816"
LICENCE = "Apache-2.0 (ours); encoders MIT (segmentation-models-pytorch)"

HEADS = ("fcn", "psp", "aspp")


def build(
    num_classes: int, in_channels: int = 3, *, encoder: str = "resnet18", head: str = "fcn", width: int = 512
) -> "nn.Module":
    """encoder: any of five stages.  head: fcn, psp or aspp.  width: of the JPU. Stride 32.

    psp and aspp pool the whole picture into one value: train them with at least two images a batch.
    Raises UsageError for another head.
    """
    if head not in HEADS:
        raise UsageError(f"fastfcn has no head {head!r}", needed=f"one of {', '.join(HEADS)}")
    smp = require("segmentation_models_pytorch", "the model fastfcn")
    torch: Any = require("torch", "the model fastfcn")
    from torch.nn import functional

    nn_ = torch.nn
    backbone = smp.encoders.get_encoder(encoder, in_channels=in_channels, depth=5, weights=None)
    channels = list(backbone.out_channels[-3:])

    class FastFCN(nn_.Module):  # type: ignore[misc, name-defined]
        stride = 32

        def __init__(self) -> None:
            super().__init__()
            self.encoder = backbone
            self.jpu = jpu(torch, channels, width)
            self.head = _head(torch, head, 4 * width, num_classes)

        def forward(self, x: Any) -> Any:
            size = x.shape[-2:]
            x = self.head(self.jpu(self.encoder(x)[-3:]))
            return functional.interpolate(x, size, mode="bilinear", align_corners=False)

    model: nn.Module = FastFCN()
    return model


def _block(torch: Any, before: int, after: int, kernel: int) -> Any:
    nn_ = torch.nn
    return nn_.Sequential(
        nn_.Conv2d(before, after, kernel, padding=kernel // 2, bias=False),
        nn_.BatchNorm2d(after),
        nn_.ReLU(inplace=True),
    )


def jpu(torch: Any, channels: list[int], width: int) -> Any:
    """Features of strides 8, 16 and 32 -> 4 * width channels at stride 8 (section 3.3, figure 3)."""
    from torch.nn import functional

    nn_ = torch.nn

    class JPU(nn_.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.lateral = nn_.ModuleList(_block(torch, one, width, 3) for one in channels)
            # Separable convolutions at four dilations look as far as the dilated stages would have.
            self.dilated = nn_.ModuleList(
                nn_.Sequential(
                    nn_.Conv2d(3 * width, 3 * width, 3, padding=rate, dilation=rate, groups=3 * width, bias=False),
                    nn_.BatchNorm2d(3 * width),
                    nn_.Conv2d(3 * width, width, 1, bias=False),
                    nn_.BatchNorm2d(width),
                    nn_.ReLU(inplace=True),
                )
                for rate in (1, 2, 4, 8)
            )

        def forward(self, features: Any) -> Any:
            parts = [layer(one) for layer, one in zip(self.lateral, features, strict=True)]
            size = parts[0].shape[-2:]
            parts = [functional.interpolate(one, size, mode="bilinear", align_corners=True) for one in parts]
            joined = torch.cat(parts, dim=1)
            return torch.cat([layer(joined) for layer in self.dilated], dim=1)

    return JPU()


def _head(torch: Any, head: str, before: int, num_classes: int) -> Any:
    nn_ = torch.nn
    inner = before // 4
    last = [nn_.Dropout2d(0.1), nn_.Conv2d(inner, num_classes, 1)]
    if head == "fcn":
        return nn_.Sequential(_block(torch, before, inner, 3), *last)
    if head == "aspp":
        from torchvision.models.segmentation.deeplabv3 import ASPP

        return nn_.Sequential(ASPP(before, [12, 24, 36], inner), _block(torch, inner, inner, 3), *last)
    return nn_.Sequential(_pyramid(torch, before), _block(torch, 2 * before, inner, 3), *last)


def _pyramid(torch: Any, channels: int) -> Any:
    """The features beside themselves pooled over grids of 1, 2, 3 and 6 (Zhao et al., CVPR 2017)."""
    from torch.nn import functional

    nn_ = torch.nn

    class Pyramid(nn_.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.levels = nn_.ModuleList(
                nn_.Sequential(nn_.AdaptiveAvgPool2d(grid), _block(torch, channels, channels // 4, 1))
                for grid in (1, 2, 3, 6)
            )

        def forward(self, x: Any) -> Any:
            size = x.shape[-2:]
            pooled = [functional.interpolate(level(x), size, mode="bilinear") for level in self.levels]
            return torch.cat([x, *pooled], dim=1)

    return Pyramid()
