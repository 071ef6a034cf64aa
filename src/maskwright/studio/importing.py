"""Labels into the studio: a file or an archive that somebody drops on the page, for images that are there already."""

import os
import stat
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np

from maskwright import formats
from maskwright.core.arrays import Array
from maskwright.core.classes import Classes
from maskwright.core.masks import Masks
from maskwright.core.names import confined, safe_key, shown
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, UsageError
from maskwright.labelling import gestures
from maskwright.store import Dataset
from maskwright.studio.messages import Imported

MOST_FILES = 20_000
MOST_BYTES = 2 * 2**30


def take_in(dataset: Dataset, name: str, data: bytes, *, write: bool, author: str) -> Imported:
    """Match what the file labels with the dataset's images, by key or by file name, and add the segments.

    Classes are matched by name, new ones are added with a free id.  Images that have segments already keep them and get
    the new ones on top.  write: False only tells what would happen.  Raises FormatError, UsageError; nothing is half
    done.
    """
    with tempfile.TemporaryDirectory(prefix="maskwright-import-") as folder:
        place = _placed(Path(folder), name, data)
        kind = formats.sniff(place)
        reading = formats.read(place, kind)
        own = dataset.classes
        classes, ids = _matched(own, reading.classes)
        by_key: dict[str, gestures.Row] = {}
        for row in gestures.overview(dataset):
            for one in (row.key, PurePosixPath(row.uri).stem):
                by_key.setdefault(one, row)
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
                kinds = np.array([ids[int(one)] for one in sample.segments.class_ids])
                found.append((match.key, _with_classes(sample.segments, kinds)))
    new = [one.name for one in classes if one.id not in own]
    report = Imported(
        format=kind, images=len(found), objects=sum(len(one) for _, one in found), missing=missing[:20],
        number_missing=len(missing), new_classes=new, notes=list(reading.notes)[:20], written=False,
    )  # fmt: skip
    if not write or not found:
        return report
    with dataset.edit(f"labels from {name}", author=author) as edit:
        edit.set_classes(classes)
        for key, segments in found:
            edit.put(key, _joined(edit.segments(key), segments))
    return report.model_copy(update={"written": True})


def _placed(folder: Path, name: str, data: bytes) -> Path:
    """The upload on disk; an archive is unpacked, none of its members outside the folder."""
    plain = PurePosixPath(name.replace("\\", "/"))
    if plain.suffix.lower() != ".zip":
        suffix = plain.suffix if plain.suffix[1:].isalnum() and len(plain.suffix) < 12 else ""
        target = confined(folder, safe_key(plain.stem[:100]) + suffix)
        target.write_bytes(data)
        return target
    packed = folder / "upload.zip"
    packed.write_bytes(data)
    out = folder / "labels"
    out.mkdir()
    try:
        with zipfile.ZipFile(packed) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
            if len(members) > MOST_FILES or sum(one.file_size for one in members) > MOST_BYTES:
                raise UsageError(
                    "the archive is too large", file=name, needed=f"{MOST_FILES} files and {MOST_BYTES} bytes at most"
                )
            for one in members:
                target = _member(out, one, name)
                with archive.open(one) as source, target.open("wb") as sink:
                    left = one.file_size
                    while chunk := source.read(min(2**20, left + 1)):
                        left -= len(chunk)
                        if left < 0:  # it says less of itself than it holds
                            raise UsageError(
                                f"the archive's member {shown(one.filename)!r} is not what it says", file=name
                            )
                        sink.write(chunk)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise FormatError(f"the archive cannot be read ({error})", file=name) from None
    inside = list(out.iterdir())
    return inside[0] if len(inside) == 1 else out


def _member(out: Path, member: zipfile.ZipInfo, name: str) -> Path:
    """Where a member goes; its folders are made. Raises UsageError for one that leads elsewhere or is there twice."""
    called = f"the archive's member {shown(member.filename)!r}"
    if stat.S_ISLNK(member.external_attr >> 16):
        raise UsageError(f"{called} is a link and leads out of it", file=name)
    try:  # some programs write the other system's slashes
        target = confined(out, member.filename.replace("\\", "/"))
    except UsageError:
        raise UsageError(f"{called} leads out of it, or cannot be a file", file=name) from None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        taken = os.path.lexists(target)
    except (FileExistsError, NotADirectoryError):
        taken = True
    if taken:
        raise UsageError(f"{called} is there twice, or a file and a folder", file=name)
    return target


def _matched(own: Classes, other: Classes) -> tuple[Classes, dict[int, int]]:
    """All classes, and for each class of the file its id in the dataset."""
    rows = list(own)
    by_name = {one.name: one.id for one in own}
    taken = {one.id for one in own}
    background = own.background is not None
    ids: dict[int, int] = {}
    for one in other:
        if one.name not in by_name:
            number = one.id if one.id not in taken else max(taken) + 1
            role = "class" if one.role == "background" and background else one.role
            rows.append(replace(one, id=number, role=role))
            by_name[one.name] = number
            taken.add(number)
        ids[one.id] = by_name[one.name]
    return Classes(rows), ids


def _with_classes(segments: Segments, kinds: Array) -> Segments:
    return Segments(
        segments.masks, kinds, scores=segments.scores, is_crowd=segments.is_crowd, source="import",
        attributes=segments.attributes,
    )  # fmt: skip


def _joined(own: Segments, new: Segments) -> Segments:
    """The new ones on top, with ids of their own."""
    first = int(own.ids.max(initial=0)) + 1
    return Segments(
        Masks.concatenate([own.masks, new.masks], own.size), [*own.class_ids, *new.class_ids],
        ids=[*own.ids.tolist(), *range(first, first + len(new))], scores=[*own.scores, *new.scores],
        is_crowd=[*own.is_crowd, *new.is_crowd], source=[*own.source, *new.source],
        attributes=[*own.attributes, *new.attributes],
    )  # fmt: skip
