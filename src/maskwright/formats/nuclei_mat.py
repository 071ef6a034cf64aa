"""Nuclei in MATLAB files, read only: inst_map numbers the nuclei of an image, beside it stands the class of each.

Lizard has `id` and `class`, a row a nucleus, and calls its classes as its paper does; CoNSeP and what HoVer-Net's
tools write have `inst_type`, a row a number of inst_map in ascending order, and name no class.  An image has its file's
name and lies anywhere below.  What info.csv says of an image is in its field `nuclei_mat`.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import I64, Array
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.names import shown
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, MissingExtraError
from maskwright.formats import _listing
from maskwright.formats._aside import current
from maskwright.formats._contract import Reading, image_files
from maskwright.formats._label_files import mat_variables
from maskwright.formats._pairs import alone
from maskwright.formats._rasters import fitting, whole_numbers
from maskwright.formats._roles import AGAINST_IMAGE, IMAGE, all_words, split_of, strength
from maskwright.media import describe
from maskwright.registry import require

LOSES: frozenset[str] = frozenset()

#: Lizard's classes, from 1 on.
LIZARD = ("Neutrophil", "Epithelial", "Lymphocyte", "Plasma", "Eosinophil", "Connective tissue")
_LIZARD_HAS, _OTHERS_HAVE = {"inst_map", "id", "class"}, {"inst_map", "inst_type"}
_CLASSES = ("id", "class", "inst_type")
#: The first of so many files that can be read tells what they are.
_LOOKED_INTO = 10


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: .mat files with inst_map and classes of nuclei."""
    files = _listing.current().of_kind(path, ".mat")[:_LOOKED_INTO] if path.is_dir() else []
    names = next(filter(None, map(_names_in, files)), frozenset())
    return 0.95 if names >= _LIZARD_HAS or names >= _OTHERS_HAVE else 0.0


def _names_in(file: Path) -> frozenset[str]:
    """Of the variables of a .mat file; none where it cannot be read, or SciPy is not there."""
    try:
        return frozenset(name for name, *_ in require("scipy.io", "reading .mat files").whosmat(file))
    except MissingExtraError:
        return frozenset()
    except Exception:  # noqa: BLE001 - what a broken file makes it raise is of many kinds
        return frozenset()


def read(path: Path, *, images: str | None = None, names: Sequence[str] | None = None) -> Reading:
    """images: the folder of the images, below `path` or anywhere, where several of one name are there.

    names: class names by comma, in the order of their numbers.
    """
    labels = _listing.current().of_kind(path, ".mat")
    if not labels:
        raise FormatError("no .mat file here", file=path)
    by_stem: dict[str, list[Path]] = {}
    for image in image_files(path if images is None else path / images):
        by_stem.setdefault(image.stem, []).append(image)
    aside = current()
    notes: list[str] = []
    classes = _classes(labels, names, path, notes)
    paired = [file for file in labels if file.stem in by_stem]
    rows = _rows(labels)
    unseen = {"nuclei": 0}

    def sample_of(label: Path) -> Sample:
        image = _image_of(label, by_stem[label.stem], path)
        about = describe(image)
        segments = _segments(label, classes, unseen, lambda values: fitting(values, about, label))
        fields = {"nuclei_mat": rows[label.stem]} if label.stem in rows else {}
        split = split_of(_folders(image, path)) or split_of(_folders(label, path))
        return Sample(label.stem, ImageRef(str(image), about.size), segments, split=split, fields=fields)

    def samples() -> Iterator[Sample]:
        yield from aside.samples(paired, sample_of, lambda label: (label, None))
        if unseen["nuclei"]:
            notes.append(f"{unseen['nuclei']} nuclei have a class and no pixel in inst_map, and were left out")

    used = {file.stem for file in paired}
    lone = sorted(stem for stem in by_stem if stem not in used)
    notes += alone(lone, [file.relative_to(path).as_posix() for file in labels if file not in paired])
    if not paired:
        raise FormatError(
            "no .mat file has an image of its name", file=path, needed="NAME.mat with NAME.png",
            todo="Name the folder of the images with -o images=FOLDER.",
        )  # fmt: skip
    return Reading(classes, samples(), len(paired), notes)


def _classes(labels: list[Path], names: Sequence[str] | None, path: Path, notes: list[str]) -> Classes:
    """The classes of all files. Raises FormatError where the names that were given are fewer than the numbers."""
    numbers: set[int] = set()
    lizard = True
    for file in labels:
        try:
            found = mat_variables(file, _CLASSES)
            lizard &= "class" in found
            numbers |= set(_of_each(found, "class" if "class" in found else "inst_type", file).tolist())
        except FormatError:
            continue  # reading it says what is wrong
    if names is None and lizard and numbers <= set(range(1, len(LIZARD) + 1)):
        notes.append("classes are called as Lizard's: " + ", ".join(LIZARD))
        return Classes(Class(number, name, "thing") for number, name in enumerate(LIZARD, 1))
    ordered = sorted(numbers)
    if names is None:
        notes.append(f"classes {ordered} found; name them with --option names=a,b,…")
    elif len(names) != len(ordered):
        raise FormatError(f"the classes are {ordered}", file=path, needed=f"one name each, not {len(names)}")
    called = [str(number) for number in ordered] if names is None else names
    return Classes(Class(number, name, "thing") for number, name in zip(ordered, called, strict=True))


def _of_each(found: dict[str, Any], name: str, file: Path) -> I64:
    """(N,) whole numbers of a variable. Raises FormatError where it is missing or something else."""
    values = found.get(name)
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "buif":
        held = ", ".join(found) or "nothing"
        raise FormatError(f"holds {held}", file=file, needed="inst_map with id and class, or with inst_type")
    return whole_numbers(values.reshape(-1), file).astype(np.int64)


def _segments(file: Path, classes: Classes, unseen: dict[str, int], fit: Any) -> Segments:
    """fit: lays a map over the image as it is shown. unseen: counts nuclei without a pixel."""
    found = mat_variables(file)
    values = found.get("inst_map")
    if not isinstance(values, np.ndarray) or values.ndim != 2 or values.dtype.kind not in "buif":
        raise FormatError(f"holds {', '.join(found) or 'nothing'}", file=file, needed="inst_map, a matrix of numbers")
    numbers: Array = fit(whole_numbers(np.ascontiguousarray(values), file))
    own, masks = Masks.from_label_map(numbers, ignore=[0])
    if "class" in found:
        ids, kinds = _of_each(found, "id", file), _of_each(found, "class", file)
    else:
        ids, kinds = own.astype(np.int64), _of_each(found, "inst_type", file)
    if len(ids) != len(kinds) or len(np.unique(ids)) < len(ids):
        raise FormatError(
            f"has {len(kinds)} classes for {len(np.unique(ids))} nuclei", file=file, needed="one for each"
        )
    of_id = dict(zip(ids.tolist(), kinds.tolist(), strict=True))
    unknown = [number for number in own.tolist() if number not in of_id]
    if unknown:
        raise FormatError("has no class", file=file, record=f"nucleus {unknown[0]}", needed="a row of it in id")
    wrong = [number for number in own.tolist() if of_id[number] not in classes]
    if wrong:
        raise FormatError(f"has the class {of_id[wrong[0]]}", file=file, record=f"nucleus {wrong[0]}",
                          needed=f"one of {classes}")  # fmt: skip
    unseen["nuclei"] += len(of_id.keys() - set(own.tolist()))
    return Segments(masks, [of_id[number] for number in own.tolist()], ids=own)


def _image_of(label: Path, images: list[Path], path: Path) -> Path:
    """The image of those that have a label's name that is neither an overlay nor its like, and is called an image.

    Raises FormatError where several are.
    """

    def score(image: Path) -> tuple[float, int]:
        said = all_words(_folders(image, path))
        shared = sum(mine == theirs for mine, theirs in zip(image.parts, label.parts, strict=False))
        return strength(said, IMAGE) - 9 * strength(said, AGAINST_IMAGE), shared

    ordered = sorted(images, key=score, reverse=True)
    if len(ordered) > 1 and score(ordered[0]) == score(ordered[1]):
        first, second = ("/".join((*_folders(image, path), image.name)) for image in ordered[:2])
        raise FormatError(
            f"has the images {shown(first)} and {shown(second)}", file=label, needed="one image",
            todo="Name the folder of the images with -o images=FOLDER.",
        )  # fmt: skip
    return ordered[0]


def _folders(file: Path, path: Path) -> tuple[str, ...]:
    """The names of the folders that a file lies in, below `path` where it does."""
    return (file.relative_to(path) if file.is_relative_to(path) else file).parent.parts


def _rows(labels: list[Path]) -> dict[str, dict[str, str]]:
    """What info.csv beside or above the labels says of each image, by its name."""
    homes = {home for label in labels for home in (label.parent, label.parent.parent)}
    out: dict[str, dict[str, str]] = {}
    for home in sorted(homes):
        try:
            text = (home / "info.csv").read_text(encoding="utf-8-sig")
        except (OSError, ValueError):
            continue
        for row in csv.DictReader(text.splitlines()):
            if name := row.pop("Filename", None):
                out[name] = {key: value for key, value in row.items() if key and isinstance(value, str)}
    return out
