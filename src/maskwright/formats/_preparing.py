"""What writing takes of each sample alone: what is lost, and the dear part of its rows; by processes, and kept.

A format's `prepare(sample, classes, **options)` makes plain rows of a sample: outlines, run lengths, the bytes of a
PNG.  Its `write(…, ready=None)` asks `ready(sample)` for them.  They are kept in a journal beside the folder that is
written, so that a killed write which is started again has them, and copies of images too (see `put_image`).
"""

import hashlib
import json
import marshal
import pickle
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, count
from typing import Any

from maskwright import __version__, compute, media, registry
from maskwright.core.classes import Classes
from maskwright.core.sample import Sample
from maskwright.formats._contract import Loss, bearing, losses_of
from maskwright.formats._keys import Outgoing
from maskwright.store import View


class Preparing:
    """Samples on their way into a format.

    samples: as they are written.  format, options: the writer's.
    """

    def __init__(self, samples: Outgoing, classes: Classes, format: str, options: dict[str, Any]) -> None:
        self._samples, self._classes, self._format, self._options = samples, classes, format, options
        self._module = registry.load("formats", format)
        self._view = samples.samples if isinstance(samples.samples, View) else None
        self._numbers = None if self._view is None else self._view.numbers()
        self._aside: set[int] = set()
        self._now: tuple[int, Sample | None] = (0, None)
        self._journal: compute.Journal | None = None
        self._prepares = hasattr(self._module, "prepare")

    @property
    def work(self) -> dict[str, Any]:
        """What is written, apart from samples that are not a dataset's: those are looked at one by one."""
        view = self._view
        source = None if view is None else [str(view.place), view.revision, list(view.conditions)]
        return {
            "work": "write", "format": registry.canonical(self._format), "source": source, "version": __version__,
            "classes": self._classes.to_json(), "options": json.loads(json.dumps(self._options, default=repr)),
        }  # fmt: skip

    @property
    def name(self) -> str:
        """The work as one word."""
        return hashlib.sha256(json.dumps(self.work, sort_keys=True).encode()).hexdigest()

    def losses(
        self, journal: compute.Journal, workers: int, progress: Callable[[Iterable[Any]], Iterable[Any]],
        broken: list[compute.SetAside] | None,
    ) -> list[Loss]:  # fmt: skip
        """Of all samples, in their order.

        broken: samples that cannot be written, or whose image cannot be read, are set aside in it and are not written;
        None: the first ends this with its error.
        """
        self._journal = journal
        worker = _Preparing(
            self._samples, self._classes, self._format, self._options, looks=broken is not None,
            marks=self._view is None, here=workers < 2,
        )  # fmt: skip
        sink = _Into(journal)
        samples = self._view if self._view is not None else sink.new(self._samples.samples)
        outcome = compute.map(samples, worker, sink, workers=workers, strict=broken is None, progress=progress)
        if broken is not None:
            found = [replace(sample, number=sink.number(sample.number)) for sample in outcome.set_aside]
            broken += sorted(found, key=lambda sample: sample.number)
            self._aside = {sample.number for sample in found}
        numbers = self._numbers if self._numbers is not None else range(sink.seen)
        losses: list[Loss] = []
        for number in numbers:
            if number not in self._aside:
                rows = sink.lost[number] if number in sink.lost else journal[number][1]
                losses += rows if rows and type(rows[0]) is Loss else map(Loss, *(rows[k::4] for k in range(4)))
        return losses

    @staticmethod
    def whole(rows: tuple[Any, ...]) -> tuple[Any, ...]:
        """What is kept of a sample in a journal's file: its mark, and its losses as one flat list."""
        mark, lost, prepared = rows
        if lost and type(lost[0]) is Loss:
            lost = list(chain.from_iterable(lost))
        return _mark(mark) if isinstance(mark, Sample) else mark, lost, prepared

    def __iter__(self) -> Iterator[Sample]:
        """What is written, in order."""
        numbers: Iterable[int] = count() if self._numbers is None else self._numbers
        for number, sample in zip(numbers, self._samples, strict=self._numbers is not None):
            if number not in self._aside:
                self._now = (number, sample)
                yield sample

    def ready(self, sample: Sample) -> Any:
        """The rows of a sample: those that were prepared, for the newest that was asked for; made of any other."""
        number, newest = self._now
        if self._journal is not None and sample is newest:
            return self._journal[number][2]
        prepare = self._module.prepare
        return prepare(sample, self._classes, **bearing(prepare, self._options))

    def further(self) -> dict[str, Any]:
        """What the writer is given besides its options."""
        return {"ready": self.ready} if self._prepares else {}


class _Preparing(compute.Worker[tuple[str | Sample, list[Any], Any]]):
    """A sample -> what tells it from others, what is lost of it and its rows, once its key and split are good.

    looks: whether its image is read as well.  marks: whether anything else than its number has to tell it from others.
    here: whether this is the process that keeps the rows.  There the sample itself tells it from others until they go
    into a file, and what is lost is a list of losses; elsewhere it is a flat one of four values a loss, which is packed
    and read at once.
    """

    batch = 32

    def __init__(
        self, samples: Outgoing, classes: Classes, format: str, options: dict[str, Any], *, looks: bool,
        marks: bool, here: bool,
    ) -> None:  # fmt: skip
        self._outgoing = samples.without_samples()
        self._classes, self._format, self._options = classes, format, options
        self._marks, self._here = marks, here
        self._looks = looks and options.get("images") != "none"

    def open(self) -> None:
        self._module = registry.load("formats", self._format)

    def __call__(self, number: int, sample: Sample) -> tuple[str | Sample, list[Any], Any]:
        mark: str | Sample = ""
        if self._marks:
            mark = sample if self._here else _mark(sample)
        sample = self._outgoing.fit(sample)
        lost = losses_of(self._module, self._format, sample, self._classes, self._options)
        rows = None
        prepare = getattr(self._module, "prepare", None)
        if prepare is not None:
            with registry.naming("formats", self._format):
                rows = prepare(sample, self._classes, **bearing(prepare, self._options))
        if self._looks:
            media.read(sample.image)
        return mark, lost if self._here else list(chain.from_iterable(lost)), rows


def _mark(sample: Sample) -> str:
    """What tells a sample from another state of it, in every process."""
    segments, masks = sample.segments, sample.segments.masks
    state = {
        **vars(sample), "image": vars(sample.image), "masks": [masks.size, masks.counts, masks.offsets],
        "segments": [getattr(segments, name) for name in segments.__slots__ if name not in ("masks", "more")],
        "more": {name: [_condensed(value) for value in values] if name == "geometry" else values
                 for name, values in segments.more.items()},
    }  # fmt: skip
    try:
        whole = marshal.dumps(state, 2)  # in which what is said twice does not depend on where it lies
    except ValueError:  # values that JSON does not have
        whole = pickle.dumps(sample, protocol=5)
    return hashlib.sha256(whole).hexdigest()


def _condensed(shape: Any) -> Any:
    """What was drawn with the bytes of its coordinates in place of them, which are made in a fifth of the time."""
    parts = shape.get("parts") if type(shape) is dict else None
    if type(parts) is not list:
        return shape
    try:
        return {**shape, "parts": [[array("d", ring).tobytes() for ring in part] for part in parts]}
    except (TypeError, OverflowError):  # something else than numbers
        return shape


class _Into:
    """A journal as a sink, also for samples that are counted as they come. seen: how many there were.

    lost: what is lost of those that came, by number.
    """

    def __init__(self, journal: compute.Journal) -> None:
        self._journal = journal
        self._numbers: list[int] | None = None
        self.seen = 0
        self.lost: dict[int, list[Any]] = {}

    def new(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """Those that the journal does not have as they are."""
        self._numbers = []
        for number, sample in enumerate(samples):
            self.seen = number + 1
            if number not in self._journal or self._journal[number][0] != _mark(sample):
                self._numbers.append(number)
                yield sample

    def number(self, place: int) -> int:
        """Of a sample by its place among the new ones."""
        return place if self._numbers is None else self._numbers[place]

    def done(self, numbers: Sequence[int]) -> Collection[int]:
        return self._journal.done(numbers)

    def write(self, number: int, rows: Any) -> None:
        place = self.number(number)
        self.lost[place] = rows[1]
        self._journal.write(place, rows)
