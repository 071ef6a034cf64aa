"""`Predictor`: images in, segments out, at native size."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.core.arrays import F32, U8
from maskwright.core.classes import Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import read_image
from maskwright.core.segments import Segments
from maskwright.families import require
from maskwright.predict import checkpoint
from maskwright.predict.precision import autocast, best_device

if TYPE_CHECKING:
    from torch import Tensor, nn


class Predictor:
    """A network with what it needs to be used rightly.

    Predictions are made at the image's own size: logits are brought to it before the class is chosen, so edges
    are smooth and no pixel is interpolated between labels.
    """

    def __init__(
        self, model: "nn.Module", info: checkpoint.ModelInfo, *, device: str | None = None, precision: str = "auto"
    ) -> None:
        torch = require("torch", "predicting")
        self.info = info
        self.classes = Classes.from_json(info.classes)
        self.device = torch.device(device or best_device())
        self.precision = precision
        self.model = model.eval().to(self.device).to(memory_format=torch.channels_last)
        self._mean = torch.tensor(info.mean, device=self.device).view(1, -1, 1, 1)
        self._std = torch.tensor(info.std, device=self.device).view(1, -1, 1, 1)

    @classmethod
    def load(cls, path: str | Path, *, device: str | None = None) -> "Predictor":
        """From a checkpoint that `maskwright train` wrote. Raises ModelError."""
        return cls(*checkpoint.load(path), device=device)

    def probs(self, image: U8, *, flip: bool = False) -> F32:
        """(H, W, 3) uint8 -> (K, H, W) float32 class probabilities.

        flip: average with the mirrored image; twice the time.
        """
        import torch

        x = torch.from_numpy(np.ascontiguousarray(image)).to(self.device).permute(2, 0, 1)[None].float() / 255
        with torch.inference_mode():
            probs = self._native(x).softmax(1)
            if flip:
                probs = (probs + self._native(x.flip(3)).flip(3).softmax(1)) / 2
        found: F32 = probs[0].cpu().numpy()
        return found

    def _native(self, x: "Tensor") -> "Tensor":
        """(1, 3, H, W) in 0 … 1 -> logits (1, K, H, W): scale, normalise, pad to the stride, run, undo."""
        import torch
        from torch.nn import functional

        height, width = x.shape[-2:]
        if self.info.scale != 1:
            size = [max(1, round(side * self.info.scale)) for side in (height, width)]
            x = functional.interpolate(x, size=size, mode="bilinear", antialias=True, align_corners=False)
        x = (x - self._mean) / self._std
        inner = x.shape[-2:]
        stride = int(getattr(self.model, "stride", 32))
        down, right = (-inner[0]) % stride, (-inner[1]) % stride
        x = functional.pad(x, (0, right, 0, down), mode="replicate")
        with autocast(self.device, self.precision):
            logits = self.model(x.contiguous(memory_format=torch.channels_last))
        logits = logits.float()[..., : inner[0], : inner[1]]
        if tuple(inner) != (height, width):
            logits = functional.interpolate(logits, size=(height, width), mode="bilinear", align_corners=False)
        return logits  # type: ignore[no-any-return]

    def label_map(self, image: U8, *, flip: bool = False) -> U8:
        """(H, W) uint8 class indices."""
        labels: U8 = self.probs(image, flip=flip).argmax(0).astype(np.uint8)
        return labels

    def predict(self, image: U8 | str | Path, *, flip: bool = False, min_area: int = 1) -> Segments:
        """Segments of exactly the image's size, one a class, and one a connected part for classes of things.

        A segment's score is the mean probability of its class over its pixels.  Declared background gives no
        segment.  min_area: things of fewer pixels are left out.
        """
        pixels = read_image(image) if isinstance(image, str | Path) else image
        return segments_from_probs(self.probs(pixels, flip=flip), self.classes, min_area=min_area)


def segments_from_probs(probs: F32, classes: Classes, *, min_area: int = 1) -> Segments:
    """(K, H, W) -> segments; see `Predictor.predict`."""
    labels = probs.argmax(0)
    indices, masks = Masks.from_label_map(labels)
    found: list[tuple[Masks, int]] = []
    for position, index in enumerate(indices):
        one = classes[classes.id_of(int(index))]
        if one.role == "background":
            continue
        mask = masks[position : position + 1]
        if one.kind == "thing":
            mask, _ = mask.components()
            mask = mask[mask.areas() >= min_area]
        found += [(mask[k : k + 1], int(index)) for k in range(len(mask))]
    size: Any = labels.shape
    joined = Masks.concatenate([mask for mask, _ in found], size)
    scores = [_mean_inside(probs[index], mask) for mask, index in found]
    return Segments(joined, [classes.id_of(index) for _, index in found], scores=scores, source="model")


def _mean_inside(values: F32, mask: Masks) -> float:
    left, top, right, bottom = mask.boxes()[0].tolist()
    inside = mask.decode(window=(left, top, right, bottom))[0]
    return float(values[top:bottom, left:right][inside].mean())


def image_batch(images: Sequence[U8], mean: Sequence[float], std: Sequence[float]) -> "Tensor":
    """N of (H, W, 3) uint8 of one size -> (N, 3, H, W) float32, normalised, channels last in memory."""
    import torch

    x = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255
    x = (x - torch.tensor(mean).view(1, -1, 1, 1)) / torch.tensor(std).view(1, -1, 1, 1)
    return x.contiguous(memory_format=torch.channels_last)
