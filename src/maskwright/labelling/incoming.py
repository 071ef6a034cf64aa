"""Files that somebody sends: labels for images that are in a dataset already, and images and videos that are new."""

import secrets
import shutil
from collections.abc import Iterator, Sequence
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
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.core.unpacking import Limits, unpack
from maskwright.errors import FormatError, MaskwrightError, UsageError
from maskwright.labelling import gestures
from maskwright.media import sequences
from maskwright.media.pages import page_of
from maskwright.store import Dataset, sequence_samples

#: Of an archive that somebody sends.
LIMITS = Limits(files=20_000, size=2 * 2**30)
#: What whoever sends a file can do where the command line would take an option.
ADVICE = "Send all files of the set in one ZIP archive, laid out as docs/reference/formats.md says."


@dataclass(frozen=True)
class Incoming:
    """What a file of labels gives, or gave.

    format: of the file; "sequence" of a video.  images, objects: that are labelled, and how many segments come to them.
    new_images: that are not in the dataset yet, and were sent.  already: images without labels of the names of some
    that are here, which are left out.  missing: keys of samples whose images are neither here nor were sent.
    new_classes: names.  written: whether it was given.
    """

    format: str
    images: int
    objects: int
    new_images: int
    already: int
    missing: list[str]
    new_classes: list[str]
    notes: list[str]
    written: bool


def add(dataset: Dataset, place: Path, *, name: str, write: bool, author: str, loose: bool = False) -> Incoming:
    """Take in labels of the dataset's images, found by key or by file name, and images that are new.

    place: a file or a folder.  loose: its files of many images, such as videos, are sequences, as a single file is.
    Classes are matched by name, new ones are added with a free id.  Images that have segments already keep them and get
    the new ones on top.  Images and videos that are new are kept in the folder imported/ beside the dataset.  name: of
    what was sent, in errors, notes and history, which never tell where it lies meanwhile.  write: False only tells what
    would happen.  Raises FormatError, UsageError; nothing is half done.
    """
    with named(place, name):
        return _add(dataset, place, name, write=write, author=author, loose=loose)


def _add(dataset: Dataset, place: Path, name: str, *, write: bool, author: str, loose: bool) -> Incoming:
    own = dataset.classes
    files = [place] if place.is_file() else sorted(place.iterdir())
    films = [file for file in files if (loose or file == place) and sequences.is_sequence(file)]
    found: list[tuple[str, Segments]] = []
    new: list[Sample] = []
    missing: list[str] = []
    notes: list[str] = []
    classes, kind, already = own, "sequence", 0
    if len(films) < len(files):
        reading = formats.read(place)
        kind = "" if reading.chosen is None else reading.chosen.format
        bare = kind == "unlabelled"  # it says nothing of the dataset's classes
        classes, ids = (own, {}) if bare else _matched(own, reading.classes)
        by_key: dict[str, gestures.Row] = {}
        for row in gestures.overview(dataset):
            for key in (row.key, PurePosixPath(row.uri).stem):
                by_key.setdefault(key, row)
        for sample in reading.samples:
            called = [sample.key, safe_key(str(sample.fields.get(formats.ORIGINAL_KEY, sample.key)))]
            called += [PurePosixPath(key).name for key in called]
            match = next((by_key[key] for key in called if key in by_key), None)
            kinds = np.array([ids[int(class_id)] for class_id in sample.segments.class_ids], np.int64)
            if match is None and Path(page_of(sample.image.uri)[0]).is_file():
                new.append(replace(sample, segments=_with_classes(sample.segments, kinds)))
            elif match is None:
                missing.append(sample.key)
            elif bare:
                already += 1
            elif sample.image.size != match.size:
                raise FormatError(
                    f"the labels are for {sample.image.size}", file=name, record=sample.key,
                    needed=f"{match.size}, the image's height and width",
                )  # fmt: skip
            elif len(sample.segments):
                found.append((match.key, _with_classes(sample.segments, kinds)))
        notes = [note for note in reading.notes if not (films and "hold many images" in note)]
    frames = 0
    for film in films:
        sequence = sequences.find(film)
        frames += len(sequence.images)
        notes += sequence.notes
    report = Incoming(
        kind, images=len(found) + sum(len(sample.segments) > 0 for sample in new),
        objects=sum(len(segments) for _, segments in found) + sum(len(sample.segments) for sample in new),
        new_images=len(new) + frames, already=already, missing=missing,
        new_classes=[declared.name for declared in classes if declared.id not in own],
        notes=[_without(place, name, note) for note in notes], written=False,
    )  # fmt: skip
    if not write or not (found or new or films):
        return report
    with (
        _room(dataset, name, wanted=bool(new or films)) as kept,
        dataset.edit(f"import of {name}", author=author) as edit,
    ):
        edit.set_classes(classes)
        for key, segments in found:
            edit.put(key, _joined(edit.segments(key), segments))
        for sample in new:
            edit.add(replace(sample, image=replace(sample.image, uri=_moved(sample.image.uri, place, kept))))
        for film in films:
            sequence = sequences.find(_moved(str(film), place, kept))
            for sample in sequence_samples.samples_of(sequence):
                edit.add(sample)
            edit.add_sequence(sequence_samples.sequence_of(sequence))
    dataset.keep_window()
    return replace(report, written=True)


@contextmanager
def _room(dataset: Dataset, name: str, *, wanted: bool) -> Iterator[Path]:
    """A new folder for images that are kept; it goes again where the block fails, and where it stays empty."""
    if not wanted:
        yield Path()
        return
    folder = dataset.database.folder
    if folder is None:
        raise UsageError(
            "the dataset is a database on a server, which has no folder for images", file=dataset.place,
            todo="Put the images where all can read them, and take them in with: maskwright import FOLDER DATASET",
        )  # fmt: skip
    kept = folder / "imported" / f"{safe_key(PurePosixPath(name).stem[:60]).replace('/', '-')}-{secrets.token_hex(3)}"
    try:
        kept.mkdir(parents=True)
        yield kept.absolute()
    except BaseException:
        shutil.rmtree(kept, ignore_errors=True)
        raise


def _moved(uri: str, place: Path, kept: Path) -> str:
    """Copy an image's file to where it stays -> the image's new address, of the same page."""
    file = Path(page_of(uri)[0])
    home = place if place.is_dir() else place.parent
    inside = file.relative_to(home) if file.is_relative_to(home) else Path(file.name)
    target = kept / inside
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    return uri.replace(str(file), str(target), 1)


def laid_out_together(files: Sequence[tuple[str, bytes]], folder: Path) -> tuple[Path, str]:
    """Files that somebody sent, written below an empty folder -> the place to read them from, and what to call it.

    files: (name, bytes), at least one; archives are unpacked, each into a folder of its own.  Raises what `laid_out`
    raises, and UsageError for two of one name.
    """
    if len(files) == 1:
        name, data = files[0]
        return laid_out(data, name, folder), name
    place = folder / "files"
    place.mkdir()
    for number, (name, data) in enumerate(files):
        part = folder / f"part-{number}"
        part.mkdir()
        found = laid_out(data, name, part)
        target = confined(
            place, safe_key(PurePosixPath(name.replace("\\", "/")).stem) if found.is_dir() else found.name
        )
        if target.exists():
            raise UsageError(f"two files are called {name!r}", needed="names that differ")
        found.rename(target)
    return place, f"{len(files)} files"


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
