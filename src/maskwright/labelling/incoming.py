"""Labels from a file for images that are in a dataset already."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from maskwright import formats
from maskwright.core.archive import is_archive
from maskwright.core.arrays import Array
from maskwright.core.classes import Classes
from maskwright.core.masks import Masks
from maskwright.core.names import confined, safe_key
from maskwright.core.segments import Segments
from maskwright.core.unpacking import Limits, unpack
from maskwright.errors import FormatError, MaskwrightError
from maskwright.labelling import gestures
from maskwright.store import Dataset

#: Of an archive that somebody sends.
LIMITS = Limits(files=20_000, size=2 * 2**30)
#: What whoever sends a file can do where the command line would take an option.
ADVICE = "Send all files of the set in one ZIP archive, laid out as docs/reference/formats.md says."


@dataclass(frozen=True)
class Incoming:
    """What a file of labels gives, or gave.

    format: of the file.  images, objects: that are labelled, and how many segments come to them.  missing: keys of
    samples in the file whose images are not in the dataset.  new_classes: names.  written: whether it was given.
    """

    format: str
    images: int
    objects: int
    missing: list[str]
    new_classes: list[str]
    notes: list[str]
    written: bool


def add_labels(dataset: Dataset, place: Path, *, name: str, write: bool, author: str) -> Incoming:
    """Match what the labels at `place` say with the dataset's images, by key or by file name, and add the segments.

    Classes are matched by name, new ones are added with a free id.  Images that have segments already keep them and get
    the new ones on top.  name: of the labels in errors, notes and history, which never tell where they lie meanwhile.
    write: False only tells what would happen.  Raises FormatError, UsageError; nothing is half done.
    """
    with named(place, name):
        return _add_labels(dataset, place, name, write=write, author=author)


def _add_labels(dataset: Dataset, place: Path, name: str, *, write: bool, author: str) -> Incoming:
    reading = formats.read(place)
    kind = "" if reading.chosen is None else reading.chosen.format
    if kind == "unlabelled":
        raise FormatError("these are images without labels", file=name, needed="the labels of the dataset's images")
    own = dataset.classes
    classes, ids = _matched(own, reading.classes)
    by_key: dict[str, gestures.Row] = {}
    for row in gestures.overview(dataset):
        for key in (row.key, PurePosixPath(row.uri).stem):
            by_key.setdefault(key, row)
    found: list[tuple[str, Segments]] = []
    missing: list[str] = []
    for sample in reading.samples:
        called = [sample.key, safe_key(str(sample.fields.get(formats.ORIGINAL_KEY, sample.key)))]
        called += [PurePosixPath(key).name for key in called]
        match = next((by_key[key] for key in called if key in by_key), None)
        if match is None:
            missing.append(sample.key)
        elif sample.image.size != match.size:
            raise FormatError(
                f"the labels are for {sample.image.size}", file=name, record=sample.key,
                needed=f"{match.size}, the image's height and width",
            )  # fmt: skip
        elif len(sample.segments):
            kinds = np.array([ids[int(class_id)] for class_id in sample.segments.class_ids])
            found.append((match.key, _with_classes(sample.segments, kinds)))
    new = [declared.name for declared in classes if declared.id not in own]
    objects = sum(len(segments) for _, segments in found)
    notes = [_without(place, name, note) for note in reading.notes]
    report = Incoming(kind, len(found), objects, missing, new, notes, written=False)
    if not write or not found:
        return report
    with dataset.edit(f"labels from {name}", author=author) as edit:
        edit.set_classes(classes)
        for key, segments in found:
            edit.put(key, _joined(edit.segments(key), segments))
    return replace(report, written=True)


def laid_out(data: bytes, name: str, folder: Path) -> Path:
    """A file of labels that somebody sent, written below an empty folder -> the place to read it from.

    name: that the sender gives it; of an archive's the members are unpacked, none of them outside the folder.  Raises
    what `core.unpacking.unpack` raises.
    """
    plain = PurePosixPath(name.replace("\\", "/"))
    if not is_archive(plain.name):
        suffix = plain.suffix if plain.suffix[1:].isalnum() and len(plain.suffix) < 12 else ""
        target = confined(folder, safe_key(plain.stem[:100]) + suffix)
        target.write_bytes(data)
        return target
    packed = folder / ("upload.zip" if plain.suffix.lower() == ".zip" else "upload.tar")
    packed.write_bytes(data)
    out = folder / "labels"
    unpack(packed, out, name=name, limits=LIMITS)
    inside = list(out.iterdir())
    return inside[0] if len(inside) == 1 else out


@contextmanager
def named(place: Path, name: str) -> Iterator[None]:
    """Errors name what was sent in place of where it lies, and advise what a sender can do.

    place: where it lies.  name: that the sender gave it.
    """
    try:
        yield
    except MaskwrightError as error:
        error.file = None if error.file is None else _without(place, name, str(error.file))
        error.found = _without(place, name, error.found)
        if isinstance(error, FormatError):
            error.others = tuple(_without(place, name, line) for line in error.others)
        error.needed = None if error.needed is None else _without(place, name, error.needed)
        if error.todo is not None:
            needs_command_line = "--" in error.todo or "maskwright import " in error.todo
            error.todo = ADVICE if needs_command_line else _without(place, name, error.todo)
        raise


def _without(place: Path, name: str, text: str) -> str:
    return text.replace(str(place), name).replace(str(place.parent), name)


def _matched(own: Classes, other: Classes) -> tuple[Classes, dict[int, int]]:
    """All classes, and for each class of the file its id in the dataset."""
    rows = list(own)
    by_name = {declared.name: declared.id for declared in own}
    taken = {declared.id for declared in own}
    background = own.background is not None
    ids: dict[int, int] = {}
    for declared in other:
        if declared.name not in by_name:
            number = declared.id if declared.id not in taken else max(taken) + 1
            role = "class" if declared.role == "background" and background else declared.role
            rows.append(replace(declared, id=number, role=role))
            by_name[declared.name] = number
            taken.add(number)
        ids[declared.id] = by_name[declared.name]
    return Classes(rows), ids


def _with_classes(segments: Segments, kinds: Array) -> Segments:
    return segments.replace(class_ids=kinds, ids=None, source="import", more=_renumbered(segments, 1))


def _joined(own: Segments, new: Segments) -> Segments:
    """The new ones on top, with ids of their own."""
    first = int(own.ids.max(initial=0)) + 1
    more = _renumbered(new, first)
    return Segments(
        Masks.concatenate([own.masks, new.masks], own.size), [*own.class_ids, *new.class_ids],
        ids=[*own.ids.tolist(), *range(first, first + len(new))], scores=[*own.scores, *new.scores],
        is_crowd=[*own.is_crowd, *new.is_crowd], source=[*own.source, *new.source],
        attributes=[*own.attributes, *new.attributes],
        more={name: [*own.column(name), *more.get(name, [None] * len(new))] for name in {**own.more, **more}},
    )  # fmt: skip


def _renumbered(segments: Segments, first: int) -> dict[str, list[Any]]:
    """The further columns of segments whose ids become first, first + 1, …: parents are named by them."""
    ids = {int(old): first + row for row, old in enumerate(segments.ids)}
    more = {name: list(values) for name, values in segments.more.items()}
    if "parent" in more:
        more["parent"] = [ids.get(parent) for parent in more["parent"]]
    return more
