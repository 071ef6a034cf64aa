"""Gated-SCNN: a second, narrow stream for shapes, gated by what the encoder knows, joins before the last decision.

Takikawa et al., "Gated-SCNN: Gated Shape CNNs for Semantic Segmentation", ICCV 2019.  Written from the paper, over any
encoder.  Where a straight reading would err we differ: edges are taught as logits, and the image's own
gradient is Scharr's, on the pixels that the network sees, in place of Canny's.

The loss (section 3.3, every weight 1): the criterion on the classes, 20 times a balanced cross-entropy on edges,
cross-entropy where an edge is predicted with more than 0.8, and the difference between the outlines of a Gumbel-softmax
sample (temperature 0.5) and of the truth.
"""

from typing import TYPE_CHECKING, Any

from maskwright.registry import require

if TYPE_CHECKING:
    from torch import nn

PAPER = "https://arxiv.org/abs/1907.05740"
LICENCE = "Apache-2.0 (ours); encoders MIT (segmentation-models-pytorch)"


def build(
    num_classes: int, in_channels: int = 3, *, encoder: str = "resnet18", width: int = 256, edge_weight: float = 20.0
) -> "nn.Module":
    """encoder: any of five stages.  width: of pyramid pooling and decoder.  edge_weight: of the edges in the loss.

    Stride 32.  Train it with at least two images a batch: a whole image is pooled into one value.
    """
    smp = require("segmentation_models_pytorch", "the model gscnn")
    torch: Any = require("torch", "the model gscnn")
    functional = torch.nn.functional
    backbone = smp.encoders.get_encoder(encoder, in_channels=in_channels, depth=5, weights=None)
    channels = list(backbone.out_channels)

    class GatedSCNN(torch.nn.Module):  # type: ignore[misc]
        stride = 32
        own_loss = True

        def __init__(self) -> None:
            super().__init__()
            self.encoder = backbone
            self.shape = shape_stream(torch, [channels[1], *channels[3:6]])
            self.mix = torch.nn.Conv2d(2, 1, 1, bias=False)
            self.pool = _pyramid(torch, channels[5], width)
            self.narrow = _block(torch, 6 * width, width, 1)
            self.fine = torch.nn.Conv2d(channels[2], 48, 1, bias=False)
            self.head = torch.nn.Sequential(
                _block(torch, width + 48, width, 3), _block(torch, width, width, 3),
                torch.nn.Conv2d(width, num_classes, 1),
            )  # fmt: skip

        def forward(self, x: Any, targets: Any = None, criterion: Any = None) -> Any:
            """Logits, or with targets the loss."""
            size = x.shape[-2:]
            features = self.encoder(x)
            edge = self.shape([features[1], *features[3:6]], size)
            known = torch.cat([edge.sigmoid(), _scharr(torch, x)], dim=1)
            pooled = self.narrow(self.pool(features[5], self.mix(known).sigmoid()))
            fine = self.fine(features[2])
            joined = torch.cat([functional.interpolate(pooled, fine.shape[-2:], mode="bilinear"), fine], dim=1)
            logits = functional.interpolate(self.head(joined), size, mode="bilinear")
            if targets is None:
                return logits
            return losses(torch, logits.float(), edge.float(), targets, criterion, edge_weight)

    model: nn.Module = GatedSCNN()
    return model


def _block(torch: Any, before: int, after: int, kernel: int, dilation: int = 1) -> Any:
    pad = dilation * (kernel // 2)
    return torch.nn.Sequential(
        torch.nn.Conv2d(before, after, kernel, padding=pad, dilation=dilation, bias=False),
        torch.nn.BatchNorm2d(after),
        torch.nn.ReLU(inplace=True),
    )


def shape_stream(torch: Any, channels: list[int]) -> Any:
    """channels: of the features at the start and of the three that gate -> a module of (features, size) -> edge logits.

    Channels fall 64, 32, 16, 8; a gate (equations 1 and 2) sees the stream and one number a pixel from the encoder.
    """
    nn_ = torch.nn
    functional = nn_.functional

    class Residual(nn_.Module):  # type: ignore[misc, name-defined]
        def __init__(self, width: int) -> None:
            super().__init__()
            self.first, self.second = (nn_.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(2))
            self.norm_first, self.norm_second = nn_.BatchNorm2d(width), nn_.BatchNorm2d(width)

        def forward(self, s: Any) -> Any:
            inside = functional.relu(self.norm_first(self.first(s)))
            return functional.relu(self.norm_second(self.second(inside)) + s)

    class Gate(nn_.Module):  # type: ignore[misc, name-defined]
        def __init__(self, width: int) -> None:
            super().__init__()
            both = width + 1
            self.alpha = nn_.Sequential(
                nn_.BatchNorm2d(both), nn_.Conv2d(both, both, 1), nn_.ReLU(inplace=True), nn_.Conv2d(both, 1, 1),
                nn_.BatchNorm2d(1),
            )  # fmt: skip
            self.out = nn_.Conv2d(width, width, 1, bias=False)

        def forward(self, s: Any, r: Any) -> Any:
            return self.out(s * (self.alpha(torch.cat([s, r], dim=1)).sigmoid() + 1))

    class ShapeStream(nn_.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.enter = nn_.Identity() if channels[0] == 64 else nn_.Conv2d(channels[0], 64, 1)
            self.residual = nn_.ModuleList(Residual(width) for width in (64, 32, 16))
            self.narrow = nn_.ModuleList(nn_.Conv2d(2 * width, width, 1) for width in (32, 16, 8))
            self.project = nn_.ModuleList(nn_.Conv2d(channel, 1, 1) for channel in channels[1:])
            self.gate = nn_.ModuleList(Gate(width) for width in (32, 16, 8))
            self.fuse = nn_.Conv2d(8, 1, 1, bias=False)

        def forward(self, features: Any, size: Any) -> Any:
            # The stream runs at the first feature's size, half the image's, and is enlarged at its end.
            s = self.enter(features[0])
            for level in range(3):
                s = self.narrow[level](self.residual[level](s))
                r = functional.interpolate(self.project[level](features[level + 1]), s.shape[-2:], mode="bilinear")
                s = self.gate[level](s, r)
            return functional.interpolate(self.fuse(s), size, mode="bilinear")

    return ShapeStream()


def _pyramid(torch: Any, before: int, width: int) -> Any:
    """Atrous pooling (Chen et al., 2017) with one branch more, for edges."""
    nn_ = torch.nn
    functional = nn_.functional

    class Pyramid(nn_.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.whole = _block(torch, before, width, 1)
            self.edge = _block(torch, 1, width, 1)
            self.branches = nn_.ModuleList(
                _block(torch, before, width, 1 if rate == 1 else 3, rate) for rate in (1, 6, 12, 18)
            )

        def forward(self, x: Any, edge: Any) -> Any:
            size = x.shape[-2:]
            parts = [branch(x) for branch in self.branches]
            parts.append(functional.interpolate(self.whole(x.mean((2, 3), keepdim=True)), size, mode="nearest"))
            parts.append(self.edge(functional.interpolate(edge, size, mode="bilinear", antialias=True)))
            return torch.cat(parts, dim=1)

    return Pyramid()


def _scharr(torch: Any, x: Any) -> Any:
    """(N, C, H, W) -> (N, 1, H, W), the gradient's length in the mean of the channels, largest 1 in each image."""
    gray = x.detach().float().mean(1, keepdim=True)
    across = torch.tensor([[-3.0, 0, 3], [-10, 0, 10], [-3, 0, 3]], device=x.device).view(1, 1, 3, 3)
    padded = torch.nn.functional.pad(gray, (1, 1, 1, 1), mode="replicate")
    dx, dy = (torch.nn.functional.conv2d(padded, each) for each in (across, across.transpose(2, 3)))
    length = (dx**2 + dy**2).sqrt()
    return (length / length.amax((2, 3), keepdim=True).clamp(min=1e-6)).to(x.dtype)


def edges(torch: Any, target: Any, ignore_index: int = 255, reach: int = 2) -> tuple[Any, Any]:
    """(N, H, W) class indices -> (N, 1, H, W) bool within `reach` pixels of another class, and where that is known."""
    pool = torch.nn.functional.max_pool2d
    ignored = (target == ignore_index).unsqueeze(1)
    labels = target.unsqueeze(1).float()
    width = 2 * reach + 1
    high = pool(labels.masked_fill(ignored, -1.0), width, 1, reach)
    low = -pool((-labels).masked_fill(ignored, -1e4), width, 1, reach)
    return (high != low) & ~ignored, ~ignored


def losses(torch: Any, logits: Any, edge: Any, target: Any, criterion: Any, edge_weight: float) -> Any:
    """The sum described at the head of this module; 0 where nothing counts."""
    functional = torch.nn.functional
    truth, known = edges(torch, target)
    total = known.sum().clamp(min=1)
    positive = (truth & known).sum() / total
    weight = torch.where(truth, 1 - positive, positive) * known
    edge_loss = (
        functional.binary_cross_entropy_with_logits(edge, truth.float(), reduction="none") * weight
    ).sum() / total
    sure = target.masked_fill(edge.detach().squeeze(1).sigmoid() <= 0.8, 255)
    attention = functional.cross_entropy(logits, sure, ignore_index=255, reduction="sum") / (sure != 255).sum().clamp(
        min=1
    )
    return criterion(logits, target) + edge_weight * edge_loss + attention + dual_task(torch, logits, target)


def dual_task(torch: Any, logits: Any, target: Any, ignore_index: int = 255) -> Any:
    """Mean absolute difference of the outlines' strength, over pixels where either has one (equation 6)."""
    functional = torch.nn.functional
    valid = (target != ignore_index).unsqueeze(1)
    sample = functional.gumbel_softmax(logits, tau=0.5, dim=1) * valid
    safe = target.masked_fill(target == ignore_index, 0)
    truth = torch.zeros_like(logits).scatter_(1, safe.unsqueeze(1), 1) * valid
    # Next to an ignored pixel there is no outline to compare.
    inner = -functional.max_pool2d(-valid.float(), 3, 1, 1) > 0
    a, b = _strength(torch, sample) * inner, _strength(torch, truth) * inner
    either = ((a.detach() > 1e-3) | (b > 1e-3)) & inner
    return ((a - b).abs() * either).sum() / either.sum().clamp(min=1)


def _strength(torch: Any, p: Any) -> Any:
    """Length of the central differences, over the root of two, as in equation 5."""
    padded = torch.nn.functional.pad(p, (1, 1, 1, 1), mode="replicate")
    dx = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    dy = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    return ((dx**2 + dy**2 + 1e-12) / 2).sqrt()
