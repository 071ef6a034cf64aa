"""From a dataset's view to windows: split, order, decode, cache, augment; `feed` makes batches of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from threading import Lock
from typing import Any

import numpy as np

from maskwright import media, registry, transforms
from maskwright.core.arrays import Array
from maskwright.core.classes import IGNORE_INDEX
from maskwright.core.names import shown
from maskwright.core.plurals import many
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.errors import DatasetError, MaskwrightError, UsageError
from maskwright.predict.checkpoint import EIGHT_BITS
from maskwright.predict.layout import Layout
from maskwright.store import View
from maskwright.train import stratified, strengths, whole_sequences
from maskwright.train.settings import Settings
from maskwright.train.task import Task
from maskwright.transforms import colour, flip, scale_crop
from maskwright.transforms._moves import Target

#: Fewer samples to validate on say little.
FEW = 4


def split_numbers(view: View, settings: Settings) -> tuple[list[int], list[int], str | None]:
    """Sample numbers to train on and to validate on, and a note when the split had to be made.

    Samples of weight 0 are never drawn.  Where no sample is of the split "val", every fifth of "train" validates, or of
    those without a split, in an order drawn by the seed.  With `fold` = (k, n) the samples of both, in that
    order, are cut into n parts and the k-th validates.  With `stratify` both have their share of each class and of each
    size of its objects, where there are labels.  Sequences stay whole in either case, unless the setting
    `split_sequences` allows otherwise; a note names those that declared splits part.  Raises DatasetError when either
    side is empty, and where sequences cannot stay whole.
    """
    note = None
    quoted = [name.replace("'", "''") for name in (settings.train_split, settings.val_split)]
    train, val = (view.where(f"split = '{name}'").numbers() for name in quoted)
    usual = (settings.train_split, settings.val_split) == ("train", "val")
    free = (train or view.where("split is null").numbers()) if usual and not val else []
    if not (train or val or free):
        named = [name for name in (settings.train_split, settings.val_split) if name not in ("train", "val")]
        raise _no_sample(view, named[0] if named else settings.train_split)
    if len(free) == 1:
        raise DatasetError(
            "there is one sample, which cannot both be learned from and judge", file=view.place,
            needed="two or more, of which one validates", todo="Label one more.",
        )  # fmt: skip
    declared = bool(train)
    sequence_of = view.sequences.of_samples()
    if free or settings.fold is not None:
        everything = np.array(free or sorted(set(train) | set(val)))
        rng = np.random.default_rng([settings.seed, 0x5117])
        whole = not settings.split_sequences and not sequence_of.keys().isdisjoint(everything.tolist())
        shown = stratified.strata(view) if settings.stratify else {}
        even = not shown.keys().isdisjoint(everything.tolist())
        if even:
            chosen = _even(everything.tolist(), sequence_of if whole else {}, shown, settings.fold, rng, view.place)
        elif whole and settings.fold is None:
            chosen = whole_sequences.drawn(everything.tolist(), sequence_of, rng, view.place)
        elif whole and settings.fold is not None:
            chosen = whole_sequences.fold(everything.tolist(), sequence_of, *settings.fold, rng, view.place)
        else:
            order = rng.permutation(everything.size)
            k, parts = settings.fold or (0, 5)
            cut = [everything.size * edge // parts for edge in (k, k + 1)]
            if settings.fold is None:
                cut = [0, max(1, everything.size // 5)]
            chosen = everything[order[cut[0] : cut[1]]].tolist()
        inside = np.isin(everything, chosen)
        val, train = everything[inside].tolist(), everything[~inside].tolist()
        if settings.fold is None:
            why = "only 'train' is declared" if declared else "no splits are declared"
            note = f"{why}: {len(val)} of {everything.size} samples, drawn by the seed, validate"
            note += ", with their share of each class and of each size of its objects" if even else ""
            note += "; sequences stay whole" if whole else ""
    elif not settings.split_sequences:
        note = whole_sequences.parted(train, val, sequence_of)
    weights = view.weights()
    train = [number for number in train if weights[number] > 0]
    for name, numbers in ((settings.train_split, train), (settings.val_split, val)):
        if not numbers:
            raise _no_sample(view, name)
    return train, val, note


def _no_sample(view: View, split: str) -> DatasetError:
    found = {name: number for name, number in view.splits().items() if name is not None}
    there = ", ".join(f"{shown(name)} ({number})" for name, number in found.items())
    if not len(view):
        where = " and ".join(view.conditions)
        return DatasetError(
            f"no sample to train on{f' where {where}' if where else ''}", file=view.place, needed="samples with labels"
        )
    return DatasetError(
        f"no sample of the split {shown(split)!r}", file=view.place,
        needed=f"splits are {there}" if there else "no split is declared",
        todo="Choose others with --train-split and --val-split." if there else
        "Leave --train-split and --val-split away: a fifth, drawn by the seed, validates.",
    )  # fmt: skip


def _even(
    numbers: list[int], sequence_of: dict[int, str], shown: dict[int, frozenset[stratified.Stratum]],
    fold: tuple[int, int] | None, rng: np.random.Generator, place: object,
) -> list[int]:  # fmt: skip
    """What validates: a fifth, or a fold, with its share of what the samples show; sequences stay whole."""
    if fold is not None:
        groups = whole_sequences.groups_of(numbers, sequence_of, rng, min(fold[1], len(numbers)), place, folds=True)
        room = [len(numbers) * (k + 1) // fold[1] - len(numbers) * k // fold[1] for k in range(fold[1])]
        return stratified.dealt(groups, shown, room)[fold[0]]
    groups = whole_sequences.groups_of(numbers, sequence_of, rng, min(2, len(numbers)), place)
    wanted = max(1, len(numbers) // 5)
    if min(map(len, groups)) > wanted:
        return min(groups, key=len)
    found = stratified.dealt(groups, shown, [wanted, len(numbers) - wanted])[0]
    return found or min(groups, key=len)


def unlabelled(view: View, train: Sequence[int], val: Sequence[int]) -> str | None:
    """A note on samples that have no label and that nobody called finished: what is to be found there counts as ground.

    train, val: sample numbers.  Raises DatasetError where no sample to validate on has a label: its score would say
    nothing.
    """
    bare = set(view.where("count() = 0 and (state is null or state = 'open')").numbers())
    if bare.issuperset(val):
        raise DatasetError(
            f"none of the {len(val)} samples to validate on has a label", file=view.place, needed="labels on some",
            todo="Label some, choose them with --val-split, or leave out those without with --where 'count() > 0'.",
        )  # fmt: skip
    number = len(bare & {*train, *val})
    if not number:
        return None
    return (
        f"{number} of {len(train) + len(val)} samples have no label and are not called finished: they are learned"
        " from as ground alone; --where 'count() > 0' leaves them out"
    )


def few(val: Sequence[int]) -> str | None:
    """A note where so few samples validate that their score says little. val: sample numbers."""
    if len(val) >= FEW:
        return None
    validate = f"{many(len(val), 'sample')} validate{'s' * (len(val) == 1)}"
    return f"{validate}: a score of so few says little; label more, or judge by all in turn with --folds"


def balanced(view: View, numbers: Sequence[int], weights: dict[int, float], threshold: float = 0.3) -> dict[int, float]:
    """Weights that draw images with rare classes more often: the largest of max(1, √(t / f)) over an image's classes.

    f is the share of images that show the class, t = `threshold` (Gupta, Dollár, Girshick, "LVIS", CVPR 2019,
    section 5.1, there with t = 0.001 for thousands of images).
    """
    shown: dict[int, list[int]] = {}
    for first in range(0, len(numbers), 256):
        part = list(numbers[first : first + 256])
        for number, sample in zip(part, view.read(part), strict=True):
            shown[number] = np.unique(sample.segments.class_ids).tolist()
    images: dict[int, int] = {}
    for kinds in shown.values():
        for kind in kinds:
            images[kind] = images.get(kind, 0) + 1
    factor = {kind: max(1.0, (threshold * len(numbers) / number) ** 0.5) for kind, number in images.items()}
    return {
        number: weights[number] * max((factor[kind] for kind in kinds), default=1.0) for number, kinds in shown.items()
    }


class Source:
    """Decoded images and their truth by sample number; as many as fit are kept in memory.

    layout: what the network takes of the images.  Any number of threads may ask at once.
    """

    def __init__(self, view: View, task: Task, cache_mb: int, layout: Layout = EIGHT_BITS) -> None:
        self._view = view
        self.task = task
        self.layout = layout
        self._room = cache_mb * 2**20
        self._kept: dict[int, tuple[Array, Any]] = {}
        self._lock = Lock()
        # Images are small; OpenCV's own threads would only push the network's aside.
        registry.require("cv2", "training").setNumThreads(1)

    def rows(self, numbers: Iterable[int]) -> dict[int, Sample]:
        """Of those that are not kept, what the dataset holds: sixteen together cost a quarter of one by one."""
        wanted = [number for number in dict.fromkeys(numbers) if number not in self._kept]
        return dict(zip(wanted, self._view.read(wanted), strict=True)) if wanted else {}

    def get(self, number: int, rows: Mapping[int, Sample] | None = None) -> tuple[Array, Any]:
        """(H, W, C) as `Layout.units` gives it, and (H, W) uint8 class indices with 255 ignored, or segments.

        rows: samples that `rows` has read.
        """
        image, truth = self.kept(number, rows)
        return self.units(image), truth

    def units(self, pixels: Array) -> Array:
        """Of an image as it is kept, or a part of it, what `Layout.units` gives."""
        return pixels if pixels.dtype == np.float32 else self.layout.units(pixels)

    def kept(self, number: int, rows: Mapping[int, Sample] | None = None) -> tuple[Array, Any]:
        """As `get`, with the numbers as they were decoded where that is smaller; `units` is for them."""
        found = self._kept.get(number)
        if found is None:
            sample = rows[number] if rows and number in rows else self._view.read([number])[0]
            image = self.layout.pick(media.read(sample.image), sample.image.uri)
            if image.dtype.itemsize >= np.dtype(np.float32).itemsize:
                image = self.layout.units(image)
            truth = self.task.truth(sample)
            found = image, _bare(truth) if self.task.objects else truth
            need = _bytes_of(*found)
            with self._lock:
                if need <= self._room and number not in self._kept:
                    self._room -= need
                    self._kept[number] = found
        return found

    def key_of(self, number: int) -> str:
        return self._view.read([number])[0].key


def _bare(truth: Segments) -> Segments:
    """Without what was drawn and what is said of it, which no network learns from."""
    return Segments.take_over(truth.masks, truth.class_ids, ids=truth.ids, scores=truth.scores, is_crowd=truth.is_crowd)


def _bytes_of(image: Array, truth: Any) -> int:
    if not isinstance(truth, Segments):
        return int(image.nbytes + truth.nbytes)
    columns = (truth.masks.counts, truth.masks.offsets, truth.class_ids, truth.ids, truth.scores, truth.is_crowd)
    return int(image.nbytes) + sum(int(column.nbytes) for column in columns)


def steps_of_epoch(number: int, settings: Settings) -> int:
    """How many steps an epoch has. number: of samples to train on."""
    return settings.steps_per_epoch or -(-number // settings.batch_size)


def epoch_order(numbers: Sequence[int], weights: dict[int, float], settings: Settings, epoch: int) -> list[int]:
    """The samples of one epoch, in order; drawn with replacement when their weights differ.

    With `steps_per_epoch` epochs are parts of endless passes, one after the other: each sample comes as often as any
    other, give or take one.
    """
    if settings.steps_per_epoch is not None:
        length = settings.steps_per_epoch * settings.batch_size
        first, last = epoch * length, (epoch + 1) * length
        passes = range(first // len(numbers), -(-last // len(numbers)))
        plain = replace(settings, steps_per_epoch=None)
        drawn = [k for each in passes for k in epoch_order(numbers, weights, plain, each)[: len(numbers)]]
        return drawn[first - passes.start * len(numbers) :][:length]
    rng = np.random.default_rng([settings.seed, epoch])
    own = np.array([weights[number] for number in numbers])
    if (own == own[0]).all():
        order = rng.permutation(len(numbers))
    else:
        order = rng.choice(len(numbers), len(numbers), p=own / own.sum())
    # Whole batches only: the last one is filled up from the beginning.
    short = -len(order) % settings.batch_size
    return [numbers[k] for k in np.concatenate([order, np.resize(order, short)])]


#: Random colours of measured numbers, whose brightness means something and may be all that tells classes apart.
GENTLE = {"brightness": 3.0, "contrast": 0.03, "saturation": 0.0}


#: Draws a sample, as `Source.kept` gives it.
Drawn = Callable[[], tuple[Array, Any]]
#: Makes what a window shows what transforms take; see `Source.units`.
Units = Callable[[Array], Array]


def augmented(
    image: Array, target: Target, rng: np.random.Generator, settings: Settings, *, units: Units | None = None,
    another: Drawn | None = None, further: Sequence[Callable[..., Any]] = (),
) -> tuple[Array, Target]:  # fmt: skip
    """A window of an image as `Source.get` gives it, or as `Source.kept` does with `units`; with its target.

    another: draws a further sample, of which transforms that mix windows take one; without it they do nothing.
    further: functions of (image, target, rng) that come last.
    """

    def window() -> tuple[Array, Any]:
        assert another is not None
        return moved(*another(), rng, settings, units)

    def coloured() -> tuple[Array, Any]:
        pixels, labels = window()
        return colour.changed(pixels, colours(pixels, rng)) if settings.colour else pixels, labels

    image, target = moved(image, target, rng, settings, units)
    for _, apply, mixes in strengths.moving(settings):
        image, target = apply(image, target, rng, **_others(window, mixes and another is not None))
    if settings.colour:
        image = colour.changed(image, colours(image, rng))
    for _, apply, mixes in strengths.pixels(settings, measured=image.dtype != np.uint8):
        image, target = apply(image, target, rng, **_others(coloured, mixes and another is not None))
    for spec, apply in _further(settings.transforms):
        whole = partial(apply, **_others(coloured, another is not None and transforms.mixes(apply)))
        image, target = _checked(f"the transform {spec!r}", whole, image, target, rng)
    for apply in further:
        image, target = _checked(f"the transform {apply.__name__}", apply, image, target, rng)
    return image, target


def _others(draw: Drawn, wanted: bool) -> dict[str, Drawn]:
    return {"others": draw} if wanted else {}


def in_order(settings: Settings, further: Sequence[Callable[..., Any]] = ()) -> bool:
    """Whether random colours have to be changed before something else: then they cannot wait for the batch."""
    return bool(settings.transforms or further or settings.augmentation != "light")


def moved(
    image: Array, target: Target, rng: np.random.Generator, settings: Settings, units: Units | None = None
) -> tuple[Array, Target]:
    """What `augmented` does first: a window, scaled and turned; its colours are as they were."""
    image, target = scale_crop.window(
        image, target, rng, size=settings.size, scale=settings.scale, stretch=settings.stretch, units=units
    )
    turn = settings.turn and settings.size[0] == settings.size[1]
    return flip.apply(
        image, target, rng, horizontal=settings.flip_horizontal, vertical=settings.flip_vertical, turn=turn
    )


def colours(image: Array, rng: np.random.Generator) -> colour.Change:
    """What `augmented` does next to the colours, drawn but not done."""
    return colour.drawn(rng, **({} if image.dtype == np.uint8 else GENTLE))


def _checked(
    what: str, apply: Callable[..., Any], image: Array, target: Target, rng: np.random.Generator
) -> tuple[Array, Target]:
    """What a transform that was asked for by name makes of a window.

    Raises UsageError, naming it, for what it raises and for an answer that is not image and target of the same kind,
    size and labels.
    """
    try:
        pixels, moved = apply(image, target, rng)
    except MaskwrightError:
        raise
    except Exception as error:
        raise UsageError(f"{what} {registry.ended(error)}", needed="it has to answer image and target") from error
    channels, dtype = image.shape[2], image.dtype
    if not isinstance(pixels, np.ndarray) or pixels.dtype != dtype or pixels.ndim != 3 or pixels.shape[2] != channels:
        said = f"{pixels.dtype}, {pixels.shape}" if hasattr(pixels, "dtype") else type(pixels).__name__
        scale = "0 to 255" if dtype == np.uint8 else "about 0 to 1"
        raise UsageError(
            f"{what} answers an image of {said}", needed=f"(H, W, {channels}) {dtype}, {scale}, as it was given"
        )
    alike = isinstance(moved, Segments) if isinstance(target, Segments) else getattr(moved, "dtype", None) == np.uint8
    if not alike:
        said = str(moved.dtype) if hasattr(moved, "dtype") else type(moved).__name__
        raise UsageError(f"{what} answers a target of {said}", needed="the kind that it was given")
    sizes = pixels.shape[:2], moved.size if isinstance(moved, Segments) else moved.shape
    if any(tuple(size) != image.shape[:2] for size in sizes):
        raise UsageError(f"{what} changes the size of windows", needed="what keeps it")
    if not isinstance(moved, Segments):
        new = np.setdiff1d(_values(moved), [*_values(target), IGNORE_INDEX])
        if new.size and not transforms.mixes(apply):
            raise UsageError(
                f"{what} makes labels that were not there, such as {new[0]}", needed="labels that are moved"
            )
    return pixels, moved


def _values(labels: Any) -> Array:
    """Those that a label map has."""
    return np.flatnonzero(np.bincount(np.asarray(labels).reshape(-1), minlength=256))


@cache
def _further(specs: tuple[str, ...]) -> list[tuple[str, Callable[..., tuple[Any, Any]]]]:
    return [(spec, transforms.parse(spec)) for spec in specs]
