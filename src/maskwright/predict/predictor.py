"""`Predictor`: images in, segments out, at native size."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright import media, models
from maskwright.core.arrays import F32, U8, Array
from maskwright.core.classes import Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.predict import checkpoint, objects, tiling
from maskwright.predict.precision import autocast, usable
from maskwright.registry import require

if TYPE_CHECKING:
    from torch import Tensor, nn


class Predictor:
    """A network with what it needs to be used rightly.

    Predictions are made at the image's own size: logits are brought to it before anything is decided, so edges
    are smooth and no pixel is interpolated between labels.
    """

    def __init__(
        self, model: "nn.Module", info: checkpoint.ModelInfo, *, device: str | None = None, precision: str = "auto"
    ) -> None:
        torch = require("torch", "predicting")
        self.info = info
        self.layout = info.layout
        self.classes = Classes.from_json(info.classes)
        self.device = torch.device(usable(device))
        self.precision = precision
        self.answers: str = getattr(model, "answers", "logits")
        self.model = model.eval().to(self.device).to(memory_format=torch.channels_last)
        self._mean = torch.tensor(info.mean, device=self.device).view(1, -1, 1, 1)
        self._std = torch.tensor(info.std, device=self.device).view(1, -1, 1, 1)

        self._others: list[Predictor] = []

    @classmethod
    def load(cls, path: str | Path | Sequence[str | Path], *, device: str | None = None) -> "Predictor":
        """From a checkpoint that `maskwright train` wrote, or an exported file.

        Several of them are an ensemble, whose probabilities are averaged.  Raises ModelError, and UsageError for an
        ensemble of other classes or of networks that answer objects.
        """
        if isinstance(path, str | Path):
            return cls(*checkpoint.load(path), device=device)
        first, *rest = (cls(*checkpoint.load(file), device=device) for file in path)
        for other in rest:
            if other.classes != first.classes or {first.answers, other.answers} != {"logits"}:
                raise UsageError(
                    "these networks cannot predict together", needed="the same classes, one for each pixel"
                )
            if (other.layout.channels, other.layout.dtype) != (first.layout.channels, first.layout.dtype):
                raise UsageError(
                    f"these networks cannot predict together: one takes {first.layout.words}",
                    needed=f"the same images; another takes {other.layout.words}",
                )
        first._others = rest
        return first

    def probs(self, image: Array, *, flip: bool = False, scales: Sequence[float] = (1.0,)) -> F32:
        """(H, W, C) -> (K, H, W) float32 class probabilities.

        image: of the network's `layout`, in native numbers: (H, W, 3) uint8 for red, green and blue of eight bits.
        flip: average with the mirrored image; twice the time.  scales: average over these sizes of the image too.
        Large images are taken in windows where the checkpoint says so.  Raises UsageError for a network that answers
        objects, which has no probability a pixel, and for an array of another layout.
        """
        if self.answers != "logits":
            raise UsageError(f"{self.info.model} answers objects, not a class for each pixel", todo="Use predict().")
        image = self.layout.checked(image)
        if self.info.tile:
            return tiling.blended(lambda part: self._probs(part, flip, scales), image, self.info.tile)
        return self._probs(image, flip, scales)

    def _probs(self, image: Array, flip: bool, scales: Sequence[float]) -> F32:
        import torch

        if self._others:
            alone = copy.copy(self)
            alone._others = []
            members = [alone, *self._others]
            total: F32 = np.mean([member._probs(image, flip, scales) for member in members], axis=0)
            return total
        x = self._tensor(image)
        with torch.inference_mode():
            parts = [self._native(x, scale).softmax(1) for scale in scales]
            if flip:
                parts += [self._native(x.flip(3), scale).flip(3).softmax(1) for scale in scales]
            probs = parts[0] if len(parts) == 1 else torch.stack(parts).mean(0)
        found: F32 = probs[0].cpu().numpy()
        return found

    def _tensor(self, image: Array) -> "Tensor":
        import torch

        x = torch.from_numpy(np.ascontiguousarray(self.layout.units(image)))
        x = x.to(self.device).permute(2, 0, 1)[None]
        return x.float() / 255 if self.layout.eight_bit_colours else x

    def _entered(self, x: "Tensor", scale: float = 1.0) -> tuple["Tensor", tuple[int, int]]:
        """(1, C, H, W) in 0 … 1 -> scaled, normalised, padded to window and stride; and its size unpadded."""
        import torch
        from torch.nn import functional

        factor = self.info.scale * scale
        if factor != 1:
            size = [max(1, round(side * factor)) for side in x.shape[-2:]]
            x = functional.interpolate(x, size=size, mode="bilinear", antialias=True, align_corners=False)
        x = (x - self._mean) / self._std
        inner = (int(x.shape[-2]), int(x.shape[-1]))
        stride = int(getattr(self.model, "stride", 32))
        if self.info.window is not None:
            black = (-self._mean / self._std).expand(1, -1, max(inner[0], self.info.window[0]), -1)
            black = black.expand(-1, -1, -1, max(inner[1], self.info.window[1])).clone()
            black[..., : inner[0], : inner[1]] = x
            x = black
        down, right = (-x.shape[-2]) % stride, (-x.shape[-1]) % stride
        x = functional.pad(x, (0, right, 0, down), mode="replicate")
        return x.contiguous(memory_format=torch.channels_last), inner

    def _native(self, x: "Tensor", scale: float = 1.0) -> "Tensor":
        """(1, C, H, W) in 0 … 1 -> logits (1, K, H, W)."""
        from torch.nn import functional

        height, width = x.shape[-2:]
        x, inner = self._entered(x, scale)
        with models.naming(self.info.model), autocast(self.device, self.precision):
            logits = self.model(x)
        logits = logits.float()[..., : inner[0], : inner[1]]
        if inner != (height, width):
            logits = functional.interpolate(logits, size=(height, width), mode="bilinear", align_corners=False)
        return logits  # type: ignore[no-any-return]

    def label_map(self, image: Array, *, flip: bool = False) -> U8:
        """(H, W) uint8 class indices.

        image: as in `probs`.  flip: average with the mirrored image.
        """
        if self.answers != "logits":
            found: U8 = self.predict(image).label_map(self.classes)
            return found
        labels: U8 = self.probs(image, flip=flip).argmax(0).astype(np.uint8)
        return labels

    def predict(
        self, image: Array | media.Image | ImageRef | str | Path, *, flip: bool = False,
        scales: Sequence[float] = (1.0,), min_area: int = 1, min_score: float | None = None,
    ) -> Segments:  # fmt: skip
        """Segments of exactly the image's size.

        Of a network that gives each pixel a class: one segment a class, and one an 8-connected part for things;
        a segment's score is the mean probability of its class over its pixels.  Of one that answers objects: those, as
        `predict.objects` has it.  Declared background gives no segment.  min_area: things of fewer pixels are left out.
        min_score: objects below are left out; the task's usual limit when not given.  flip, scales: see `probs`; not
        for networks that answer objects.  image: (H, W, C) as in `probs`, or what `media.read` reads or gives, of which
        the network's channels are taken.  Raises FormatError for a file that cannot be read or has other channels or
        numbers, and UsageError for such an array, and for flip or scales where objects are answered.
        """
        pixels = image if isinstance(image, np.ndarray) else self._read(image)
        if self.answers == "logits":
            return segments_from_probs(self.probs(pixels, flip=flip, scales=scales), self.classes, min_area=min_area)
        if flip or tuple(scales) != (1.0,):
            raise UsageError(
                f"{self.info.model} answers objects", needed="mirrored and scaled copies cannot be averaged"
            )
        return self._objects(self.layout.checked(pixels), min_area, min_score)

    def _read(self, image: media.Image | ImageRef | str | Path) -> Array:
        if isinstance(image, media.Image):
            return self.layout.pick(image)
        return self.layout.pick(media.read(image), image.uri if isinstance(image, ImageRef) else image)

    def _objects(self, image: Array, min_area: int, min_score: float | None) -> Segments:
        import torch

        size: Any = image.shape[:2]
        with torch.inference_mode():
            x, inner = self._entered(self._tensor(image))
            with models.naming(self.info.model), autocast(self.device, self.precision):
                answer = self.model(x)
        scale = inner[0] / size[0], inner[1] / size[1]
        if self.answers == "regions":
            limit = 0.05 if min_score is None else min_score
            return objects.from_regions(
                answer[0], self.classes, size, scale=scale, threshold=limit, min_area=min_area
            )  # fmt: skip
        grid = answer.mask_logits.shape[-2:]
        affine = scale[0] * grid[0] / x.shape[-2], 0.0, scale[1] * grid[1] / x.shape[-1], 0.0
        return objects.from_queries(
            **objects.queries_of(answer, 0), classes=self.classes, size=size, task=self.info.task, affine=affine,
            threshold=min_score, min_area=min_area,
        )  # fmt: skip


def segments_from_probs(probs: F32, classes: Classes, *, min_area: int = 1) -> Segments:
    """(K, H, W) -> segments; see `Predictor.predict`."""
    labels = probs.argmax(0)
    indices, masks = Masks.from_label_map(labels)
    found: list[tuple[Masks, int]] = []
    for position, index in enumerate(indices):
        class_ = classes[classes.id_of(int(index))]
        if class_.role == "background":
            continue
        mask = masks[position : position + 1]
        if class_.kind == "thing":
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


def image_batch(images: Sequence[Array], mean: Sequence[float], std: Sequence[float]) -> "Tensor":
    """N of (H, W, C) of one size -> (N, C, H, W) float32, normalised, channels last in memory.

    images: uint8, 0 to 255, or float32, about 0 to 1.
    """
    import torch

    x = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
    x = x if x.dtype == torch.float32 else x.float() / 255
    x = (x - torch.tensor(mean).view(1, -1, 1, 1)) / torch.tensor(std).view(1, -1, 1, 1)
    return x.contiguous(memory_format=torch.channels_last)
