"""Vectors of how images look, for every sample or every segment, kept as a column, and a map of them.

found = embedding.embed(dataset)
found.column, found.vectors, found.map
near = dataset.vectors.nearest("colour", dataset.vectors.read("colour", ["a.jpg"])[0])
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from maskwright import __version__, compute, media, weights
from maskwright.core.arrays import I64, Array
from maskwright.core.columns import Column
from maskwright.core.names import shown
from maskwright.core.sample import Sample
from maskwright.errors import UsageError
from maskwright.insight.colour_texture import colour_texture
from maskwright.insight.encoders import Encoder
from maskwright.insight.map_layout import Layout, laid_out
from maskwright.store import Dataset, Edit, VectorBatch, View
from maskwright.store.value_arrays import value_arrays

Of = Literal["samples", "segments"]

#: What needs no weights.
COLOUR = "colour"
#: What is added to the name of a column of vectors for that of its map.
MAP = "_map"
_BATCH = 1024


@dataclass(frozen=True)
class Embedded:
    """column: of the vectors, `length` numbers each.  of: samples or segments.  vectors: how many were written.

    before: samples that an earlier call, which was cut off, had worked on.  set_aside: samples that could not be worked
    on.  map: the column of the places in the plane; None where none was asked for.  layout: how they were found, of all
    `mapped` vectors of the column.  revision: that this made; the one before where there was nothing to write.
    """

    column: str
    of: Of
    length: int
    vectors: int
    before: int
    set_aside: tuple[compute.SetAside, ...]
    map: str | None
    layout: str
    mapped: int
    revision: int


def embed(
    dataset: Dataset, *, by: str | Path = COLOUR, of: Of = "samples", name: str | None = None,
    among: View | None = None, layout: Layout | None = "tsne", seed: int = 0, workers: int = 1,
    author: str | None = None, progress: Callable[[Iterable[int]], Iterable[int]] = lambda numbers: numbers,
) -> Embedded:  # fmt: skip
    """Give every sample, or every segment, a vector of how it looks, and a place on a map; one revision.

    by: "colour", see `colour_texture`; else an encoder's weights, as `Encoder` takes them.
    of: samples, whole images; or segments.  A segment's colour and texture are those of its pixels; an encoder sees its
    box, grown by a tenth on each side.  Segments without pixels get none.
    name: of the column; what `by` is called when not given.  The map is a column of two numbers, NAME_map.
    among: only of these samples; vectors that others have stay.  layout, seed: of the map, see `laid_out`; a layout of
    None makes no map.  workers: processes, see `compute.map`; the vectors are the same with any of them.
    author: of the revision; your user name when None.  progress: goes through the numbers of samples as they are done.
    What was worked on is kept beside the dataset until all is there: where this is cut off, the same call goes on.
    Raises UsageError for a name that a column of another kind has, and what `Encoder` and `compute.map` raise.
    """
    if of not in get_args(Of):
        raise UsageError(f"there are no vectors of {shown(repr(of), 40)}", needed=" or ".join(get_args(Of)))
    view = (among if among is not None else dataset).frozen()
    column = name or _called(by)
    _check_free(dataset, column, of)
    numbers = view.numbers()
    worker = _Looks(str(by), of, view.window)
    work = {
        "work": "embed", "by": str(by), "of": of, "revision": view.revision, "version": __version__,
        "window": None if view.window is None else view.window.to_json(),
        "samples": hashlib.sha256(np.array(numbers, "<i8").tobytes()).hexdigest(),
    }  # fmt: skip
    with compute.Journal(dataset.database.folder, work) as journal:
        outcome = compute.map(view, worker, journal, numbers=numbers, workers=workers, progress=progress)
        found = _Found(dataset, column, of, journal)
        places, how = laid_out(found.everything, layout, seed) if layout and found.written else (None, "")
        with dataset.edit(f"vectors {column} of {of}", author=author) as edit:
            for batch in found.new():
                _put(dataset, edit, column, batch)
            if places is not None:
                at = 0
                for batch in found.all():
                    _put(dataset, edit, column + MAP, batch._replace(values=places[at : at + len(batch.samples)]))
                    at += len(batch.samples)
    mapped = None if places is None else column + MAP
    return Embedded(
        column, of, found.length, found.written, outcome.before, outcome.set_aside, mapped, how,
        0 if places is None else len(places), dataset.revision,
    )  # fmt: skip


def _owner(of: Of) -> Literal["sample", "segment"]:
    return "sample" if of == "samples" else "segment"


def _called(by: str | Path) -> str:
    """What a column is called by what made its vectors."""
    if str(by) == COLOUR:
        return COLOUR
    name = re.sub(r"\W+", "_", weights.recognise(by).network, flags=re.ASCII)
    return name if name[:1].isalpha() else f"by_{name}"


def _check_free(dataset: Dataset, name: str, of: Of) -> None:
    for wanted in (Column(name, "vector", length=1), Column(name + MAP, "vector", length=2)):
        for there in dataset.columns:
            if (there.name, there.owner) == (wanted.name, _owner(of)) and there.kind != "vector":
                raise UsageError(
                    f"the column {shown(there.name)!r} is of kind {there.kind}", file=dataset.place,
                    needed="a name that is free, or a column of vectors", todo="Choose another --name.",
                )  # fmt: skip


class _Looks(compute.Worker[dict[str, Any]]):
    """A sample -> the ids of its segments, or its number, and as many vectors."""

    batch = 16

    def __init__(self, by: str, of: Of, window: media.Window | None) -> None:
        self._by, self._of, self._window = by, of, window
        self._encoder: Encoder | None = None

    def open(self) -> None:
        if self._by != COLOUR:
            self._encoder = Encoder(self._by)

    def __call__(self, number: int, sample: Sample) -> dict[str, Any]:
        if self._of == "segments" and not len(sample.segments):
            return {"sample": number, "segments": np.zeros(0, np.int64), "values": np.zeros((0, 0), np.float32)}
        pixels = media.read(sample.image).display(self._window)
        if self._of == "samples":
            vector = colour_texture(pixels) if self._encoder is None else self._encoder([pixels])[0]
            return {"sample": number, "segments": np.zeros(1, np.int64), "values": vector[None]}
        boxes = sample.segments.masks.boxes()
        seen = np.flatnonzero((boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1]))
        if self._encoder is not None:
            values = self._encoder([_around(pixels, boxes[k]) for k in seen])
        else:
            looks = [self._of_pixels(pixels, sample, int(k), boxes[k]) for k in seen]
            values = np.stack(looks) if looks else np.zeros((0, 0), np.float32)
        return {"sample": number, "segments": np.asarray(sample.segments.ids, np.int64)[seen], "values": values}

    @staticmethod
    def _of_pixels(pixels: Array, sample: Sample, place: int, box: I64) -> Array:
        left, top, right, bottom = box.tolist()
        inside = sample.segments.masks[place : place + 1].decode(window=(left, top, right, bottom))[0]
        return colour_texture(np.ascontiguousarray(pixels[top:bottom, left:right]), inside)


def _around(pixels: Array, box: I64) -> Array:
    """A box of an image, grown by a tenth on each side where the image goes on."""
    left, top, right, bottom = box.tolist()
    wide, high = -(-(right - left) // 10), -(-(bottom - top) // 10)
    height, width = pixels.shape[:2]
    part = pixels[max(0, top - high) : min(height, bottom + high), max(0, left - wide) : min(width, right + wide)]
    return np.ascontiguousarray(part)


class _Found:
    """Vectors that were made, of what is still there, and those that others have in the column already."""

    def __init__(self, dataset: Dataset, column: str, of: Of, journal: compute.Journal) -> None:
        self._dataset, self._column, self._owner = dataset, column, _owner(of)
        self._journal = journal
        self._numbers = sorted(journal)
        self._there = _alive(dataset, of)
        self.written, self.length = 0, 0
        for batch in self.new():
            self.written += len(batch.samples)
            self.length = batch.values.shape[1]
        wanted = column, self._owner
        self._before = [there for there in dataset.vectors.columns() if (there.name, there.owner) == wanted]
        for there in self._before:
            if self.written and there.length != self.length:
                raise UsageError(
                    f"the vectors {shown(column)!r} have {there.length} numbers", file=dataset.place,
                    needed=f"{self.length}, as these have", todo="Choose another --name.",
                )  # fmt: skip

    def new(self) -> Iterator[VectorBatch]:
        """Those that were made, in the order of their samples."""
        for at in range(0, len(self._numbers), _BATCH):
            rows = [self._journal[number] for number in self._numbers[at : at + _BATCH]]
            rows = [row for row in rows if len(row["values"])]
            if not rows:
                continue
            samples = np.concatenate([np.full(len(row["segments"]), row["sample"], np.int64) for row in rows])
            segments = np.concatenate([row["segments"] for row in rows])
            kept = np.array([pair in self._there for pair in _pairs(samples, segments)], bool)
            values = np.concatenate([row["values"] for row in rows])[kept]
            if kept.any():
                yield VectorBatch(samples[kept], segments[kept] if self._owner == "segment" else None, values)

    def others(self) -> Iterator[VectorBatch]:
        """Those that were there before, of samples that were not worked on now."""
        worked_on = np.array(self._numbers, np.int64)
        for column in self._before:
            for batch in self._dataset.vectors.batches(column.name, owner=column.owner):
                kept = ~np.isin(batch.samples, worked_on)
                if kept.any():
                    ids = None if batch.segments is None else batch.segments[kept]
                    yield VectorBatch(batch.samples[kept], ids, batch.values[kept])

    def all(self) -> Iterator[VectorBatch]:
        yield from self.new()
        yield from self.others()

    def everything(self) -> Iterator[Array]:
        """The numbers alone."""
        for batch in self.all():
            yield batch.values


def _pairs(samples: I64, segments: I64) -> Iterator[tuple[int, int]]:
    return zip(samples.tolist(), segments.tolist(), strict=True)


def _put(dataset: Dataset, edit: Edit, name: str, batch: VectorBatch) -> None:
    dataset.vectors.write(name, batch.samples, batch.values, segments=batch.segments, edit=edit)


def _alive(dataset: Dataset, of: Of) -> set[tuple[int, int]]:
    """Samples with 0, or with the id of each of their segments, of the newest revision."""
    view = dataset.frozen()
    if of == "samples":
        return {(number, 0) for number in view.numbers()}
    found = value_arrays(view, "segment", "segment")
    assert found.numbers is not None
    return set(_pairs(found.samples, found.numbers.astype(np.int64)))
