"""SegNet: VGG-16 with batch normalisation down, and up again by putting values back where pooling took them from.

Badrinarayanan, Kendall, Cipolla, "SegNet", TPAMI 2017.  Written from the paper.
"""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from maskwright.registry import require

if TYPE_CHECKING:
    from torch import nn

PAPER = "https://arxiv.org/abs/1511.00561"
LICENCE = "Apache-2.0 (ours)"
ENCODER = "vgg16_bn"

#: Channels of VGG-16's thirteen convolutions, by stage.
_STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


def build(num_classes: int, in_channels: int = 3, *, width: float = 1.0) -> "nn.Module":
    """width: a factor on every channel count, for small machines. Stride 32."""
    torch: Any = require("torch", "the model segnet")
    nn_ = torch.nn
    stages = [[max(round(each_width * width), 1) for each_width in stage] for stage in _STAGES]

    def convolution(before: int, after: int) -> Any:
        return nn_.Sequential(nn_.Conv2d(before, after, 3, padding=1), nn_.BatchNorm2d(after), nn_.ReLU(inplace=True))

    class SegNet(nn_.Module):  # type: ignore[misc, name-defined]
        stride = 32
        encoder_path = "down"

        def __init__(self) -> None:
            super().__init__()
            down, up, before = [], [], in_channels
            for level, stage in enumerate(stages):
                chain = [before, *stage]
                down.append(nn_.Sequential(*(convolution(a, b) for a, b in pairwise(chain))))
                # The way up mirrors it; the last convolution of all gives the classes and nothing after.
                back = chain[:0:-1] + ([before] if level else [])
                layers = [convolution(a, b) for a, b in pairwise(back)]
                if not level:
                    layers.append(nn_.Conv2d(stage[0], num_classes, 3, padding=1))
                up.append(nn_.Sequential(*layers))
                before = stage[-1]
            self.down, self.up = nn_.ModuleList(down), nn_.ModuleList(reversed(up))

        def forward(self, x: Any) -> Any:
            from torch.nn import functional

            places = []
            for stage in self.down:
                x = stage(x)
                size = x.shape
                x, where = functional.max_pool2d(x, 2, return_indices=True)
                places.append((where, size))
            for stage, (where, size) in zip(self.up, reversed(places), strict=True):
                x = stage(functional.max_unpool2d(x, where, [2, 2], output_size=size[-2:]))
            return x

    model: nn.Module = SegNet()
    return model
