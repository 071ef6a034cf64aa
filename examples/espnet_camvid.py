"""Bring your own architecture and weights: ESPNet's published CamVid checkpoint, scored with Maskwright.

    python examples/espnet_camvid.py path/to/espnet_p_2_q_8_camvid.pth path/to/camvid

The network is written from the paper (Mehta et al., "ESPNet: Efficient Spatial Pyramid of Dilated Convolutions for
Semantic Segmentation", ECCV 2018) with the names of the checkpoint, so that its tensors find their places.  Any torch
module that maps (N, 3, H, W) to (N, K, H, W) can be used like this; `stride` says what H and W have to divide by.

Void: the checkpoint has twelve outputs, the last one for void pixels.  Void pixels of the truth do not count here, and
the class is chosen among the eleven others, so that no pixel is called void.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from maskwright import Dataset, Predictor, formats, media
from maskwright.metrics import confusion
from maskwright.predict.checkpoint import ModelInfo
from maskwright.store import transfer
from maskwright.weights import read_weights

# Of the published training: blue, green, red; the images are also divided by 255 at the end.
MEAN = (110.3310, 108.4089, 105.0332)
STD = (72.1257, 72.6907, 69.9043)


class Conv(nn.Module):
    def __init__(self, before: int, after: int, kernel: int = 1, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        pad = dilation * (kernel // 2)
        self.conv = nn.Conv2d(before, after, kernel, stride, pad, dilation, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class Norm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.bn, self.act = nn.BatchNorm2d(width, eps=1e-3), nn.PReLU(width)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(x))


class ConvNorm(Conv):
    def __init__(self, before: int, after: int, kernel: int, stride: int = 1) -> None:
        super().__init__(before, after, kernel, stride)
        self.bn, self.act = nn.BatchNorm2d(after, eps=1e-3), nn.PReLU(after)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(self.conv(x)))


class Pyramid(nn.Module):
    """Reduce, look at five dilations, add them up from the narrowest (hierarchical feature fusion), join."""

    def __init__(self, before: int, after: int, stride: int = 1) -> None:
        super().__init__()
        width = after // 5
        self.c1 = Conv(before, width, 1 if stride == 1 else 3, stride)
        self.d1 = Conv(width, after - 4 * width, 3)
        self.d2, self.d4, self.d8, self.d16 = (Conv(width, width, 3, dilation=rate) for rate in (2, 4, 8, 16))

    def spread(self, x: Tensor) -> Tensor:
        x = self.c1(x)
        parts = [self.d2(x)]
        for layer in (self.d4, self.d8, self.d16):
            parts.append(parts[-1] + layer(x))
        return torch.cat([self.d1(x), *parts], dim=1)


class Down(Pyramid):
    def __init__(self, before: int, after: int) -> None:
        super().__init__(before, after, stride=2)
        self.bn, self.act = nn.BatchNorm2d(after, eps=1e-3), nn.PReLU(after)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(self.spread(x)))


class Block(Pyramid):
    def __init__(self, before: int, after: int, *, add: bool = True) -> None:
        super().__init__(before, after)
        self.bn, self.add = Norm(after), add

    def forward(self, x: Tensor) -> Tensor:
        y = self.spread(x)
        return self.bn(x + y if self.add else y)


class Encoder(nn.Module):
    def __init__(self, kinds: int, p: int, q: int) -> None:
        super().__init__()
        self.level1 = ConvNorm(3, 16, 3, 2)
        self.b1 = Norm(16 + 3)
        self.level2_0 = Down(16 + 3, 64)
        self.level2 = nn.ModuleList(Block(64, 64) for _ in range(p))
        self.b2 = Norm(128 + 3)
        self.level3_0 = Down(128 + 3, 128)
        self.level3 = nn.ModuleList(Block(128, 128) for _ in range(q))
        self.b3 = Norm(256)
        self.classifier = Conv(256, kinds)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        half = nn.functional.avg_pool2d(x, 3, 2, 1)
        quarter = nn.functional.avg_pool2d(half, 3, 2, 1)
        first = self.b1(torch.cat([self.level1(x), half], 1))
        entry = y = self.level2_0(first)
        for layer in self.level2:
            y = layer(y)
        second = self.b2(torch.cat([y, entry, quarter], 1))
        entry = y = self.level3_0(second)
        for layer in self.level3:
            y = layer(y)
        return first, second, self.classifier(self.b3(torch.cat([entry, y], 1)))


class ESPNet(nn.Module):
    stride = 8

    def __init__(self, kinds: int = 12, p: int = 2, q: int = 8) -> None:
        super().__init__()
        self.encoder = Encoder(kinds, p, q)
        self.level3_C = Conv(131, kinds)
        self.br = nn.BatchNorm2d(kinds, eps=1e-3)
        self.conv = ConvNorm(19 + kinds, kinds, 3)
        self.up_l3 = nn.Sequential(nn.ConvTranspose2d(kinds, kinds, 2, 2, bias=False))
        self.combine_l2_l3 = nn.Sequential(Norm(2 * kinds), Block(2 * kinds, kinds, add=False))
        self.up_l2 = nn.Sequential(nn.ConvTranspose2d(kinds, kinds, 2, 2, bias=False), Norm(kinds))
        self.classifier = nn.ConvTranspose2d(kinds, kinds, 2, 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        first, second, third = self.encoder(x.flip(1))  # red, green, blue -> blue, green, red
        joined = torch.cat([self.level3_C(second), self.up_l3(self.br(third))], 1)
        joined = self.up_l2(self.combine_l2_l3(joined))
        logits = self.classifier(self.conv(torch.cat([joined, first], 1)))
        return logits[:, :11]


def predictor(weights: str | Path, classes: Any) -> Predictor:
    model = ESPNet()
    model.load_state_dict(read_weights(weights))
    # (255 x - mean) / std / 255 = (x - mean / 255) / std, in the order red, green, blue.
    mean = tuple(each / 255 for each in reversed(MEAN))
    info = ModelInfo("espnet", classes.to_json(), mean=mean, std=tuple(reversed(STD)))
    return Predictor(model, info, device="cpu", precision="fp32")


def main(weights: str, camvid: str, split: str = "val") -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        found = formats.read(camvid)
        transfer.import_samples(Path(folder) / "street", found.classes, found.samples, "CamVid")
        with Dataset.open(Path(folder) / "street") as dataset:
            # The published order of the classes is that of the label files.
            network = predictor(weights, dataset.classes)
            kinds = dataset.classes.num_classes
            counts: Any = 0
            for sample in dataset.where(f"split = '{split}'"):
                labels = network.label_map(media.read(sample.image).display())
                counts = counts + confusion.update(
                    labels, sample.segments.label_map(dataset.classes), num_classes=kinds
                )
            scores = confusion.compute(counts)
            names = dataset.classes.names
    for name, value in zip(names, scores["iou"], strict=True):
        print(f"{name:12} {value:.4f}")
    print(f"mean IoU     {scores['mean_iou']:.4f}   pixel accuracy {scores['pixel_accuracy']:.4f} on {split}")
    return {**dict(zip(names, map(float, scores["iou"]), strict=True)), "mean_iou": scores["mean_iou"]}


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) > 2 else print(__doc__)
