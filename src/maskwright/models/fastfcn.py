"""FastFCN: joint pyramid upsampling (JPU) in place of dilated convolutions, under an FCN, PSP, ASPP or EncNet head.

Wu et al., "FastFCN: Rethinking Dilated Convolution in the Backbone for Semantic Segmentation", 2019.  Written from the
paper; the encoder keeps its stride of 32, the head works at an eighth.  Later reproductions find no gain in accuracy
over dilation; the gain is speed and memory.
"""

from typing import TYPE_CHECKING, Any

from maskwright.errors import UsageError
from maskwright.registry import require

if TYPE_CHECKING:
    from torch import nn

PAPER = "https://arxiv.org/abs/1903.11816"
LICENCE = "Apache-2.0 (ours); encoders MIT (segmentation-models-pytorch)"

HEADS = ("fcn", "psp", "aspp", "encnet")

AUX_WEIGHT = 0.2  # of the auxiliary head
PRESENCE_WEIGHT = 0.2  # of EncNet's guess which classes the image shows


def build(
    num_classes: int, in_channels: int = 3, *, encoder: str = "resnet18", head: str = "fcn", width: int = 512,
    aux: bool = False,
) -> "nn.Module":  # fmt: skip
    """encoder: any of five stages.  head: fcn, psp, aspp or encnet.  width: of the JPU. Stride 32.

    aux: a second head on the features of stride 16, for training only.
    psp, aspp and encnet pool the whole image into one value: train them with at least two images a batch.
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
        own_loss = aux or head == "encnet"

        def __init__(self) -> None:
            super().__init__()
            self.encoder = backbone
            self.jpu = jpu(torch, channels, width)
            self.head = _head(torch, head, 4 * width, num_classes)
            if aux:
                self.aux = _head(torch, "fcn", channels[1], num_classes)

        def forward(self, x: Any, targets: Any = None, criterion: Any = None) -> Any:
            """Logits, or with targets the loss: the criterion, and what the auxiliary outputs add to it."""
            size = x.shape[-2:]
            features = self.encoder(x)[-3:]
            found = self.head(self.jpu(features))
            found, presence = found if head == "encnet" else (found, None)
            logits = functional.interpolate(found, size, mode="bilinear", align_corners=False)
            if targets is None:
                return logits
            loss = criterion(logits.float(), targets)
            if aux:
                side = functional.interpolate(self.aux(features[1]), size, mode="bilinear", align_corners=False)
                loss = loss + AUX_WEIGHT * criterion(side.float(), targets)
            if presence is not None:
                shown = torch.stack([(targets == kind).flatten(1).any(1) for kind in range(num_classes)], dim=1)
                guess = functional.binary_cross_entropy_with_logits(presence.float(), shown.float())
                loss = loss + PRESENCE_WEIGHT * guess
            return loss

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
            self.lateral = nn_.ModuleList(_block(torch, channel, width, 3) for channel in channels)
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
            parts = [layer(feature) for layer, feature in zip(self.lateral, features, strict=True)]
            size = parts[0].shape[-2:]
            parts = [functional.interpolate(part, size, mode="bilinear", align_corners=True) for part in parts]
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

        thin = before // 8
        return nn_.Sequential(
            ASPP(before, [12, 24, 36], thin), _block(torch, thin, thin, 3), nn_.Conv2d(thin, num_classes, 1)
        )
    if head == "encnet":
        return _encnet(torch, before, inner, num_classes)
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


def _encnet(torch: Any, before: int, inner: int, num_classes: int, words: int = 32) -> Any:
    """Channels weighed by a residual encoding of the whole image (Zhang et al., "Context Encoding", CVPR 2018).

    -> a module of features -> (logits, (N, K) logits of which classes the image shows).
    """
    nn_ = torch.nn

    class Encoding(nn_.Module):  # type: ignore[misc, name-defined]
        """Residuals to learned codewords, softly assigned and summed over the image (equations 1 and 2)."""

        def __init__(self) -> None:
            super().__init__()
            spread = 1 / (words * inner) ** 0.5
            self.codewords = nn_.Parameter(torch.empty(words, inner).uniform_(-spread, spread))
            self.scale = nn_.Parameter(torch.empty(words).uniform_(-1, 0))

        def forward(self, x: Any) -> Any:
            x = x.flatten(2).transpose(1, 2)  # (N, P, C)
            apart = torch.cdist(x.float(), self.codewords.float().expand(len(x), -1, -1)) ** 2
            share = (self.scale * apart).softmax(2)  # (N, P, words)
            return share.transpose(1, 2) @ x.float() - share.sum(1).unsqueeze(2) * self.codewords

    class EncNet(nn_.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.enter = _block(torch, before, inner, 1)
            self.encode = nn_.Sequential(_block(torch, inner, inner, 1), Encoding())
            self.norm = nn_.BatchNorm1d(words)
            self.weigh = nn_.Linear(inner, inner)
            self.presence = nn_.Linear(inner, num_classes)
            self.last = nn_.Sequential(nn_.Dropout2d(0.1), nn_.Conv2d(inner, num_classes, 1))

        def forward(self, x: Any) -> Any:
            x = self.enter(x)
            context = self.norm(self.encode(x)).relu().mean(1)
            weights = self.weigh(context).sigmoid().unsqueeze(2).unsqueeze(3)
            return self.last((x + x * weights).relu()), self.presence(context)

    return EncNet()
