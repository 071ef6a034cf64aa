"""`Predictor`: images in, segments out, at native size."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, product
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from maskwright import media, models
from maskwright.core.arrays import F32, U8, Array, Size
from maskwright.core.classes import Classes
from maskwright.core.sample import ImageRef
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.predict import checkpoint, tiling
from maskwright.predict.answers import Answer, Asked, ObjectAnswer, PixelAnswer
from maskwright.predict.batch_size import BatchSize
from maskwright.predict.fetching import Fetching
from maskwright.predict.pixels import decided, has_things, segments_from_probs, sums_by_class
from maskwright.predict.precision import autocast, usable
from maskwright.predict.stages import Loaded, staged
from maskwright.registry import require

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["Predictor", "image_batch", "segments_from_probs"]

Item = TypeVar("Item")
About = TypeVar("About")
Result = TypeVar("Result")

#: What is predicted: an array as the network takes it, or what `media.read` reads or gives.
Source = Array | media.Image | ImageRef | str | Path


@dataclass(frozen=True)
class _Entering:
    """An image as it enters. units: (H, W, C) as each network of an ensemble takes it.  about: handed through."""

    units: tuple[Array, ...]
    size: Size
    about: Any = None


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

    def predict(
        self, image: Source, *, flip: bool | None = None, scales: Sequence[float] = (1.0,), min_area: int = 1,
        min_score: float | None = None,
    ) -> Segments:  # fmt: skip
        """Segments of exactly the image's size.

        Of a network that gives each pixel a class: one segment a class, and one an 8-connected part for things;
        a segment's score is the mean probability of its class over its pixels.  Of one that answers objects: those, as
        `predict.objects` has it.  Declared background gives no segment.  min_area: things of fewer pixels are left out.
        min_score: objects below are left out; the task's usual limit when not given.  flip, scales: see `probs`; not
        for networks that answer objects.  image: (H, W, C) as in `probs`, or what `media.read` reads or gives, of which
        the network's channels are taken.  Raises FormatError for a file that cannot be read or has other channels or
        numbers, UsageError for such an array, and for flip or scales where objects are answered, and ModelError where
        memory does not suffice.
        """
        return self._one(image, self.check(Asked(flip, tuple(scales), min_area, min_score))).segments()

    def predict_many(
        self, images: Iterable[Source], *, batch_size: int | None = None, flip: bool | None = None,
        scales: Sequence[float] = (1.0,), min_area: int = 1, min_score: float | None = None,
        note: Callable[[str], None] | None = None,
    ) -> Iterator[Segments]:  # fmt: skip
        """The same of many images, in their order, in batches: what `predict` answers, but for rounding.

        images: (H, W, C) arrays, or what else `predict` takes, gone through as they are needed, so that any number
        takes the same memory.  flip, scales, min_area, min_score: see `predict`.  Neighbours that enter at one size
        enter together; none is padded for the sake of others.  Images are read, and answers become segments, in threads
        beside the network.  batch_size: images, or windows of a large one, that enter together; when not given, what
        suits the device: on a CPU one, or a few small ones, on a GPU as many as have room.  note: told, in a sentence,
        where memory does not suffice and the batch is made smaller.  Raises what `predict` raises when it comes to that
        image, and UsageError for a batch of none.
        """
        asked = self.check(Asked(flip, tuple(scales), min_area, min_score))
        found = self.answers_of(
            images, lambda image: (image, None), lambda answer, _: answer.segments(), asked,
            batch_size=BatchSize(self.device, batch_size, note),
        )  # fmt: skip
        return _raising(found)

    def answers_of(
        self, items: Iterable[Item], read: Callable[[Item], tuple[Source, About]],
        finish: Callable[[Answer, About], Result], asked: Asked | None = None, *,
        batch_size: BatchSize | None = None, until: float | None = None,
    ) -> Iterator[Result | Exception]:  # fmt: skip
        """What `predict_many` is made of: each item's result, in order, or the error that it met.

        items: of any kind.  read: an item to its image, (H, W, C) or what else `predict` takes, and what `finish` needs
        of it beside the answer.  finish: makes a result of both.  asked: scores, and nothing special, when not given.
        Both are called in threads.  batch_size: keeps what it learned of memory for the next pass.  until: on the clock
        of time.monotonic(), after which no further image enters; the first one does.
        """
        asked = asked or Asked()

        def loaded(item: Item) -> Loaded:
            image, about = read(item)
            return self._loaded(image, asked, about)

        def answered(images: list[_Entering], at_once: int) -> list[Any]:
            return list(zip(self._answers(images, asked, at_once), (image.about for image in images), strict=True))

        size = batch_size or BatchSize(self.device)
        return staged(items, loaded, answered, lambda pair: finish(*pair), size, until=until)

    def check(self, asked: Asked) -> Asked:
        """The same. Raises UsageError for what this network cannot be asked for."""
        if self.answers != "logits" and (asked.flip or asked.scales != (1.0,)):
            raise UsageError(
                f"{self.info.model} answers objects", needed="mirrored and scaled copies cannot be averaged"
            )
        return asked

    def mirrors(self, asked: Asked) -> bool:
        """Whether an answer is the mean of the image's and of the mirrored image's: as asked, or as the file says.

        asked: as of `answers_of`.  Never of networks that answer objects; of an ensemble, where one of its files says
        so.
        """
        wanted = any(member.info.flip for member in self.members) if asked.flip is None else asked.flip
        return wanted and self.answers == "logits"

    def label_map(self, image: Source, *, flip: bool | None = None) -> U8:
        """(H, W) uint8 class indices.

        image: as in `predict`.  flip: see `probs`; passed over where objects are answered.
        """
        found: U8 = self._one(image, Asked(flip, sure=False)).label_map()
        return found.astype(np.uint8, copy=False)

    def probs(self, image: Array, *, flip: bool | None = None, scales: Sequence[float] = (1.0,)) -> F32:
        """(H, W, C) -> (K, H, W) float32 class probabilities.

        image: of the network's `layout`, in native numbers: (H, W, 3) uint8 for red, green and blue of eight bits.
        flip: average with the mirrored image, in twice the time; as the network's file says when None.  scales: average
        over these sizes of the image too.  Large images are taken in windows where the checkpoint says so.
        Raises UsageError for a network that answers objects, which has no probability a pixel, and for an array of
        another layout.
        """
        import torch

        if self.answers != "logits":
            raise UsageError(f"{self.info.model} answers objects, not a class for each pixel", todo="Use predict().")
        asked = Asked(flip, tuple(scales))
        what: _Entering = self._loaded(image, asked).what
        with torch.inference_mode():
            if self._tiled(what.size):
                parts = [strip.cpu() for _, strip in self._strips(what, asked, 1)]
                found: F32 = torch.cat(parts, 1).numpy()
            else:
                [values], logits = self._values([what.units], asked)
                found = (values.softmax(1) if logits else values)[0].cpu().numpy()
        return found

    # -- one image ---------------------------------------------------------------------------------

    def _one(self, image: Source, asked: Asked) -> Answer:
        def answered(images: list[_Entering], at_once: int) -> list[Answer]:
            return self._answers(images, asked, at_once)

        [found] = BatchSize(self.device, 1).run(answered, [self._loaded(image, asked)])
        if isinstance(found, Exception):
            raise found
        answer: Answer = found
        return answer

    def _loaded(self, image: Source, asked: Asked, about: object = None) -> Loaded:
        """Read, and how it enters. Raises FormatError, UsageError."""
        pixels = self.layout.checked(image if isinstance(image, np.ndarray) else self._read(image))
        units = tuple(_writable(member.layout.units(pixels)) for member in self.members)
        size: Size = (pixels.shape[0], pixels.shape[1])
        nbytes = sum({id(array): array.nbytes for array in units}.values())
        what = _Entering(units, size, about)
        if self._tiled(size):
            tile = self.info.tile
            window = (min(tile, size[0]), min(tile, size[1]))
            return Loaded(None, what, nbytes, self._area(window, asked), tiling.number(size, tile))
        key = tuple(member._sizes(size, scale)[1] for member in self.members for scale in asked.scales)
        return Loaded(key, what, nbytes, self._area(size, asked))

    def _read(self, image: media.Image | ImageRef | str | Path) -> Array:
        if isinstance(image, media.Image):
            return self.layout.pick(image)
        return self.layout.pick(media.read(image), image.uri if isinstance(image, ImageRef) else image)

    @property
    def members(self) -> "list[Predictor]":
        """Of an ensemble; alone otherwise."""
        return [self, *self._others]

    def _tiled(self, size: Size) -> bool:
        return self.answers == "logits" and 0 < self.info.tile < max(size)

    def _area(self, size: Size, asked: Asked) -> int:
        """Pixels that enter at most."""
        entered = [member._sizes(size, scale)[1] for member in self.members for scale in asked.scales]
        return max(height * width for height, width in entered)

    # -- on the device -----------------------------------------------------------------------------

    def _answers(self, images: Sequence[_Entering], asked: Asked, at_once: int) -> list[Answer]:
        """Of images that enter at one size, or of one that is taken in windows, so many `at_once`."""
        import torch

        with torch.inference_mode():
            if self.answers != "logits":
                return self._objects(images, asked)
            if self._tiled(images[0].size):
                strips = (decided(strip[None], logits=False, sure=asked.sure) for _, strip in self._strips(
                    images[0], asked, at_once))  # fmt: skip
                labels, sure = zip(*strips, strict=True)
                joined = torch.cat(labels, 1), torch.cat(sure, 1) if asked.sure else None
                return self._pixel_answers(*joined, asked)
            parts, logits = self._values([image.units for image in images], asked)
            found = []
            while parts:  # each is let go once it is decided
                found += self._pixel_answers(*decided(parts.pop(0), logits=logits, sure=asked.sure), asked)
            return found

    def _pixel_answers(self, labels: "Tensor", sure: "Tensor | None", asked: Asked) -> list[Answer]:
        """(n, H, W) each.  Where no class comes as parts, only sums leave a GPU."""
        summed = False
        if sure is not None and sure.is_cuda and not has_things(self.classes):
            summed, sure = True, sums_by_class(labels, sure, self.classes.num_classes)
        fetching = Fetching([labels] if sure is None else [labels, sure])
        return [PixelAnswer(labels[row], fetching, row, summed, self.classes, asked) for row in range(len(labels))]

    def _strips(self, image: _Entering, asked: Asked, at_once: int) -> "Iterator[tuple[int, Tensor]]":
        def predict(windows: list[tiling.Window]) -> "Tensor":
            [values], logits = self._values([tuple(each[place] for each in image.units) for place in windows], asked)
            return values.softmax(1) if logits else values

        return tiling.strips(predict, image.size, self.info.tile, at_once)

    def _values(self, images: Sequence[tuple[Array, ...]], asked: Asked) -> "tuple[list[Tensor], bool]":
        """Images that enter at one size -> (n, K, H, W) for each run of equal ones; are these logits?

        Logits of a single look, otherwise mean probabilities over mirrors, scales and networks.
        """
        mirrors = self.mirrors(asked)
        looks = len(self.members) * len(asked.scales) * (2 if mirrors else 1)
        total: list[Tensor] = []
        for number, member in enumerate(self.members):
            parts = member._tensors([units[number] for units in images])
            for mirrored, scale in product((False, True) if mirrors else (False,), asked.scales):
                logits = member._logits([x.flip(3) for x in parts] if mirrored else parts, scale)
                if looks == 1:
                    return logits, True
                probs = [each.softmax(1) for each in logits]
                probs = [each.flip(3) for each in probs] if mirrored else probs
                total = [a.add_(b) for a, b in zip(total, probs, strict=True)] if total else probs
        return [each.div_(looks) for each in total], False

    def _objects(self, images: Sequence[_Entering], asked: Asked) -> list[Answer]:
        parts = [self._entered(x) for x in self._tensors([image.units[0] for image in images])]
        inner = [each_inner for x, each_inner in parts for _ in range(len(x))]
        x = _joined([x for x, _ in parts])
        with models.naming(self.info.model), autocast(self.device, self.precision):
            answer = self.model(x)
        if self.answers == "regions":
            fetched = [
                Fetching([each.boxes, each.class_indices, each.scores, each.mask_probs]) for each in answer
            ]  # fmt: skip
            independent = False
        else:
            fetched = [Fetching([answer.class_logits.float(), answer.mask_logits.float()])] * len(images)
            independent = answer.independent
        entered: Size = (int(x.shape[2]), int(x.shape[3]))
        return [
            ObjectAnswer(
                self.answers, fetching, row, image.size, entered, inner[row], independent, self.classes,
                self.info.task, asked,
            )
            for row, (image, fetching) in enumerate(zip(images, fetched, strict=True))
        ]  # fmt: skip

    def _tensor(self, image: Array) -> "Tensor":
        """In native numbers -> (1, C, H, W) on the device, as `_entered` takes it."""
        return self._tensors([_writable(self.layout.units(image))])[0]

    def _tensors(self, images: Sequence[Array]) -> "list[Tensor]":
        """As `Layout.units` gives them -> (n, C, H, W) on the device for each run of images of one size, 0 … 1."""
        import torch

        found = []
        for shape, run in groupby(images, key=lambda image: image.shape):
            alike = list(run)
            if self.device.type == "cuda":
                x = torch.empty((len(alike), *shape), dtype=torch.from_numpy(alike[0]).dtype, pin_memory=True)
                for row, image in enumerate(alike):
                    x[row] = torch.from_numpy(image)
                x = x.to(self.device, non_blocking=True)
            else:
                x = torch.from_numpy(alike[0][None] if len(alike) == 1 else np.stack(alike))
            x = x.permute(0, 3, 1, 2)
            found.append(x.float() / 255 if self.layout.eight_bit_colours else x)
        return found

    def _sizes(self, size: Size, scale: float = 1.0) -> tuple[Size, Size]:
        """Of an image as it enters: unpadded, and padded to window and stride, or to the one size that a file takes."""
        factor = self.info.scale * scale
        height, width = size if factor == 1 else (max(1, round(side * factor)) for side in size)
        tall, wide = (max(height, self.info.window[0]), max(width, self.info.window[1])) if self.info.window else (
            height, width)  # fmt: skip
        only: Size | None = getattr(self.model, "only_size", None)
        if only is not None and tall <= only[0] and wide <= only[1]:
            return (height, width), only
        stride = int(getattr(self.model, "stride", 32))
        return (height, width), (-(-tall // stride) * stride, -(-wide // stride) * stride)

    def _entered(self, x: "Tensor", scale: float = 1.0) -> tuple["Tensor", Size]:
        """(N, C, H, W) in 0 … 1 -> scaled, normalised, padded as `_sizes` says; and its size unpadded.

        Padded with black, as windows of training are where they reach beyond the image.
        """
        from torch.nn import functional

        inner, padded = self._sizes((int(x.shape[-2]), int(x.shape[-1])), scale)
        if self.info.scale * scale != 1:
            x = functional.interpolate(x, size=inner, mode="bilinear", antialias=True, align_corners=False)
        x = (x - self._mean) / self._std
        if padded != inner:
            black = (-self._mean / self._std).expand(len(x), -1, *padded).clone()
            black[..., : inner[0], : inner[1]] = x
            x = black
        return _joined([x]), inner

    def _logits(self, parts: "Sequence[Tensor]", scale: float = 1.0) -> "list[Tensor]":
        """(n, C, H, W) in 0 … 1, which enter at one size -> logits of each (n, K, H, W)."""
        from torch.nn import functional

        entered = [self._entered(x, scale) for x in parts]
        with models.naming(self.info.model), autocast(self.device, self.precision):
            answer = self.model(_joined([x for x, _ in entered]))
        found = []
        for x, (_, inner), logits in zip(parts, entered, answer.split([len(x) for x in parts]), strict=True):
            native = logits.float()[..., : inner[0], : inner[1]]
            if inner != tuple(x.shape[-2:]):
                native = functional.interpolate(native, size=x.shape[-2:], mode="bilinear", align_corners=False)
            found.append(native)
        return found


def _writable(array: Array) -> Array:
    """In C order, and as PyTorch wants it: a copy only where it has to be one."""
    return np.require(array, requirements=["C", "W"])


def _joined(parts: "Sequence[Tensor]") -> "Tensor":
    """One batch of all, channels last in memory."""
    import torch

    x = parts[0] if len(parts) == 1 else torch.cat(list(parts))
    return x.contiguous(memory_format=torch.channels_last)


def _raising(found: "Iterator[Segments | Exception]") -> Iterator[Segments]:
    for segments in found:
        if isinstance(segments, Exception):
            raise segments
        yield segments


def image_batch(images: Sequence[Array], mean: Sequence[float], std: Sequence[float]) -> "Tensor":
    """N of (H, W, C) of one size -> (N, C, H, W) float32, normalised, channels last in memory.

    images: uint8, 0 to 255, or float32, about 0 to 1.
    """
    import torch

    x = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
    x = x if x.dtype == torch.float32 else x.float() / 255
    x = (x - torch.tensor(mean).view(1, -1, 1, 1)) / torch.tensor(std).view(1, -1, 1, 1)
    return x.contiguous(memory_format=torch.channels_last)
