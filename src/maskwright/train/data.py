"""From a dataset's view to batches: decode, cache, augment, stack; a thread works ahead."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.augment import colour, flip, scale_crop
from maskwright.core.arrays import U8
from maskwright.core.classes import Classes
from maskwright.dataset import View
from maskwright.errors import DatasetError
from maskwright.families import require
from maskwright.predict.checkpoint import MEAN, STD
from maskwright.predict.predictor import image_batch
from maskwright.train.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor

AHEAD = 3  # batches prepared while the network works


def training_classes(classes: Classes) -> tuple[Classes, str | None]:
    """The classes a semantic network learns, and a note when background had to be added.

    A set that knows only things says nothing of the other pixels: they become a background class.
    """
    if classes.background is None and all(one.kind == "thing" for one in classes if one.role == "class"):
        return classes.with_background(), "pixels without a segment become the class background"
    return classes, None


def split_numbers(view: View, settings: Settings) -> tuple[list[int], list[int], str | None]:
    """Sample numbers to train on and to validate on, and a note when the split had to be made.

    Samples of weight 0 are never drawn.  Without any declared split every fifth sample, in an order drawn by
    the seed, validates.  Raises DatasetError when either side is empty.
    """
    note = None
    quoted = [name.replace("'", "''") for name in (settings.train_split, settings.val_split)]
    train, val = (view.where(f"split = '{name}'").numbers() for name in quoted)
    if not train and not val:
        everything = np.array(view.numbers())
        order = np.random.default_rng([settings.seed, 0x5117]).permutation(everything.size)
        cut = max(1, everything.size // 5)
        val, train = sorted(everything[order[:cut]].tolist()), sorted(everything[order[cut:]].tolist())
        note = f"no splits are declared: {len(val)} of {everything.size} samples, drawn by the seed, validate"
    weights = view.weights()
    train = [number for number in train if weights[number] > 0]
    for name, numbers in ((settings.train_split, train), (settings.val_split, val)):
        if not numbers:
            raise DatasetError(
                f"no sample of the split {name!r}", file=view.place, needed=f"there are {view.splits()}",
                todo="Choose others with --train-split and --val-split.",
            )  # fmt: skip
    return train, val, note


class Source:
    """Decoded images and label maps by sample number; as many as fit are kept in memory."""

    def __init__(self, view: View, classes: Classes, cache_mb: int) -> None:
        self._view = view
        self._classes = classes
        self._room = cache_mb * 2**20
        self._kept: dict[int, tuple[U8, U8]] = {}
        # Images are small; OpenCV's own threads would only push the network's aside.
        require("cv2", "training").setNumThreads(1)

    def get(self, number: int) -> tuple[U8, U8]:
        """(H, W, 3) uint8 and (H, W) uint8 class indices, 255 ignored."""
        found = self._kept.get(number)
        if found is None:
            sample = self._view.read([number])[0]
            image = sample.image.pixels()
            found = (image, sample.segments.label_map(self._classes))
            need = image.nbytes + found[1].nbytes
            if need <= self._room:
                self._room -= need
                self._kept[number] = found
        return found


def epoch_order(numbers: Sequence[int], weights: dict[int, float], settings: Settings, epoch: int) -> list[int]:
    """The samples of one epoch, in order; drawn with replacement when their weights differ."""
    rng = np.random.default_rng([settings.seed, epoch])
    own = np.array([weights[number] for number in numbers])
    if (own == own[0]).all():
        order = rng.permutation(len(numbers))
    else:
        order = rng.choice(len(numbers), len(numbers), p=own / own.sum())
    # Whole batches only: the last one is filled up from the beginning.
    short = -len(order) % settings.batch_size
    return [numbers[k] for k in np.concatenate([order, np.resize(order, short)])]


def augmented(image: U8, target: U8, rng: np.random.Generator, settings: Settings) -> tuple[U8, U8]:
    image, target = scale_crop.apply(image, target, rng, size=settings.size, scale=settings.scale)
    turn = settings.turn and settings.size[0] == settings.size[1]
    image, target = flip.apply(image, target, rng, vertical=settings.flip_vertical, turn=turn)
    if settings.colour:
        image, target = colour.apply(image, target, rng)
    return image, target


def batches(
    source: Source, order: Sequence[int], settings: Settings, epoch: int, *, rank: int, world: int, start: int = 0
) -> Iterator[tuple["Tensor", "Tensor"]]:
    """Images (B / world, 3, h, w) and targets (B / world, h, w) of this process, batch by batch.

    The randomness of an item depends on seed, epoch and place alone: any number of processes, and a run that
    was interrupted, see the same images.
    """
    import torch

    def make(first: int) -> Any:
        images, targets = [], []
        for place in range(first + rank, first + settings.batch_size, world):
            rng = np.random.default_rng([settings.seed, epoch, place])
            image, target = augmented(*source.get(order[place]), rng, settings)
            images.append(image)
            targets.append(target)
        return image_batch(images, MEAN, STD), torch.from_numpy(np.stack(targets)).long()

    firsts = range(start * settings.batch_size, len(order), settings.batch_size)
    with ThreadPoolExecutor(1) as pool:
        waiting: list[Future[Any]] = []
        try:
            for first in firsts:
                waiting.append(pool.submit(make, first))
                if len(waiting) > AHEAD:
                    yield waiting.pop(0).result()
            while waiting:
                yield waiting.pop(0).result()
        finally:
            for one in waiting:
                one.cancel()
