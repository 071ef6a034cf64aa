"""The U-Net of 2015, as the paper draws it, and the variant that is usually taught.

PAPER: Ronneberger, Fischer, Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation",
MICCAI 2015, figure 1.  Written from the paper.

padding="valid": unpadded convolutions without normalisation, 31,030,658 parameters for 1 -> 2 channels.
The paper's overlap-tile strategy is inside: the input is mirrored at its border by as much as the
convolutions eat, so the output has the input's size.
padding="same": padded convolutions, each followed by batch normalisation, 31,044,821 for 3 -> 21.
"""

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import nn

PAPER = "https://arxiv.org/abs/1505.04597"
LICENCE = "Apache-2.0"

MARGIN = 92  # pixels the valid convolutions of four levels eat on each side: (572 - 388) / 2


def build(
    num_classes: int,
    in_channels: int = 3,
    *,
    base: int = 64,
    padding: Literal["same", "valid"] = "same",
) -> "nn.Module":
    """base: channels of the first level; they double at each of the four levels below. Stride 16."""
    import torch
    from torch import nn
    from torch.nn import functional

    if padding not in ("same", "valid"):
        raise ValueError(f"padding is same or valid, got {padding!r}")
    same = padding == "same"

    def double(inside: int, outside: int) -> nn.Sequential:
        layers: list[nn.Module] = []
        for channels in (inside, outside):
            layers.append(nn.Conv2d(channels, outside, 3, padding=1 if same else 0))
            if same:
                layers.append(nn.BatchNorm2d(outside))
            layers.append(nn.ReLU(inplace=True))
        return nn.Sequential(*layers)

    class UNet(nn.Module):
        stride = 16

        def __init__(self) -> None:
            super().__init__()
            widths = [base * 2**level for level in range(5)]
            self.down = nn.ModuleList(double(i, o) for i, o in zip([in_channels, *widths], widths, strict=False))
            self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, stride=2) for w in reversed(widths[:-1]))
            self.merge = nn.ModuleList(double(2 * w, w) for w in reversed(widths[:-1]))
            self.head = nn.Conv2d(base, num_classes, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            height, width = x.shape[-2:]
            if not same:
                x = functional.pad(x, _margins(height, width), mode=_mode(height, width))
            skips = []
            for level, block in enumerate(self.down):
                x = block(x if level == 0 else functional.max_pool2d(x, 2))
                skips.append(x)
            for up, merge, skip in zip(self.up, self.merge, reversed(skips[:-1]), strict=True):
                x = up(x)
                top, left = (skip.shape[-2] - x.shape[-2]) // 2, (skip.shape[-1] - x.shape[-1]) // 2
                cropped = skip[..., top : top + x.shape[-2], left : left + x.shape[-1]]
                x = merge(torch.cat([cropped, x], dim=1))
            logits: torch.Tensor = self.head(x)
            return logits[..., :height, :width]

    def _margins(height: int, width: int) -> tuple[int, int, int, int]:
        # Four levels need sizes of the form 16 k + 188 to come out whole: 572 = 16 * 24 + 188.
        extra = [-(-side // 16) * 16 + 2 * MARGIN + 4 - side - MARGIN for side in (height, width)]
        return MARGIN, extra[1], MARGIN, extra[0]

    def _mode(height: int, width: int) -> str:
        return "reflect" if min(height, width) > MARGIN + 20 else "replicate"  # mirrors need room

    return UNet()
