"""Pascal Parts, read only: MATLAB structures of the objects in Pascal VOC 2010's images and of their parts.

Layout (Chen et al., "Detect What You Can", CVPR 2014): Annotations_Part/*.mat, each with anno.objects (class,
class_ind, mask, parts) and parts (part_name, mask); images of the same names in JPEGImages, beside it or anywhere in
the set.
"""

import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _aside, _listing
from maskwright.formats._aside import Aside
from maskwright.formats._contract import Reading, Sure
from maskwright.formats._images_by_name import ImagesByName
from maskwright.formats._rasters import fitting
from maskwright.media import Description, describe
from maskwright.registry import require

LOSES: frozenset[str] = frozenset()

_NEEDED = "anno.objects with class, class_ind, mask and parts"

_HEADER = 128  # bytes of a MATLAB file before its first element
_COMPRESSED = 15
#: Numbers of classes of objects; those of parts come behind.
_VOC = 20
_LOOKED_INTO = 10


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: .mat files of anno.objects with images of their names."""
    labels = _labels(path)
    if not any(map(_is_ours, labels[:_LOOKED_INTO])):
        return 0.0
    images = ImagesByName(path, None)
    if all(images.of(label) is None for label in labels[:_LOOKED_INTO]):
        return 0.0
    return Sure(0.95, f"{len(labels)} .mat files of objects and their parts with images of their names")


def _labels(path: Path) -> list[Path]:
    """The .mat files below a folder, of those in Annotations_Part where there are some."""
    files = sorted(_listing.current().of_kind(path, ".mat")) if path.is_dir() else []
    return [file for file in files if file.parent.name == "Annotations_Part"] or files


def _is_ours(file: Path) -> bool:
    """Whether the first variable of a MATLAB file is anno, a structure with objects."""
    with file.open("rb") as opened:
        head = opened.read(4096)
    content = head[_HEADER + 8 :]
    if head[_HEADER : _HEADER + 4] in (_COMPRESSED.to_bytes(4, "little"), _COMPRESSED.to_bytes(4, "big")):
        try:
            content = zlib.decompressobj().decompress(content, 1024)
        except zlib.error:
            return False
    return b"anno" in content[:64] and b"objects" in content[:512]


def read(path: Path, *, images: str | None = None, parts: bool = True) -> Reading:
    """images: the folder of the images, below `path` or anywhere; all of the set's when not given.

    parts: whether parts are segments too: behind their object, named in the column `parent`, of a class of both names
    such as "dog head".  Parts and objects without a pixel are left out.
    """
    labels = _labels(path)
    if not labels:
        raise FormatError("no .mat files here", file=path)
    require("scipy.io", "reading .mat files")
    aside = _aside.current()
    found = ImagesByName(path, images)
    classes = _classes(labels, parts)
    ids = {class_.name: class_.id for class_ in classes}
    counts: Counter[str] = Counter()
    notes = ["classes of parts are named after their object too, such as dog head; to put them together: --map"] * parts

    def sample_of(label: Path) -> Sample:
        objects = _objects(label, aside)
        image = found.needed(label)
        about = describe(image)
        return Sample(
            label.stem, ImageRef(str(image), about.size), _segments(objects, about, ids, parts, label, counts, aside)
        )

    def samples() -> Iterator[Sample]:
        yield from aside.samples(labels, sample_of, lambda label: (label, None))
        notes.extend(f"{number} {what}" for what, number in counts.items())

    return Reading(classes, samples(), len(labels), notes)


@dataclass
class _Object:
    """place: in its file, from 1 on.  name, number: of its class.  mask: (H, W).  parts: names and masks."""

    place: int
    name: str
    number: int
    mask: Array
    parts: list[tuple[str, Array]] = field(default_factory=list)


def _objects(label: Path, aside: Aside) -> list[_Object]:
    """Raises FormatError, naming the file, for one that is broken or holds something else.

    aside: where broken objects are put, and broken parts.
    """
    try:
        anno = require("scipy.io", "reading .mat files").loadmat(label, simplify_cells=True)["anno"]
        rows = _rows(anno["objects"])
    except Exception as error:  # noqa: BLE001 - what a broken file makes it raise is of many kinds
        raise FormatError(
            f"not a .mat file of objects and parts ({type(error).__name__}: {error})", file=label, needed=_NEEDED
        ) from None
    out = []
    for place, row in enumerate(rows, 1):
        with aside.record(label, f"object {place}"):
            with _structures():
                found = _Object(place, str(row["class"]), int(row["class_ind"]), _mask(row["mask"]))
                pieces = _rows(row["parts"])
            out.append(found)
            for number, part in enumerate(pieces, 1):
                with aside.record(label, f"object {place}, part {number}"), _structures():
                    found.parts.append((str(part["part_name"]), _mask(part["mask"])))
    return out


@contextmanager
def _structures() -> Iterator[None]:
    """What a structure that is something else makes the block raise becomes a FormatError."""
    try:
        yield
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        raise FormatError(f"is something else ({type(error).__name__}: {error})", needed=_NEEDED) from None


def _rows(found: Any) -> list[Any]:
    """The members of an array of structures, of which a single one comes as it is."""
    return [found] if isinstance(found, dict) else list(found)


def _mask(found: Any) -> Array:
    values: Array = np.asarray(found)
    if values.ndim != 2 or values.dtype.kind not in "bui":
        raise ValueError(f"a mask is {values.dtype} of shape {values.shape}")
    mask: Array = values != 0
    return mask


def _classes(labels: list[Path], parts: bool) -> Classes:
    """VOC's numbers for objects, and those behind for parts, by name; broken files are told when they are read."""
    objects: dict[str, int] = {}
    pieces: set[str] = set()
    for label in labels:
        try:
            for found in _objects(label, Aside(skip=True)):
                objects.setdefault(found.name, found.number)
                pieces |= {f"{found.name} {name}" for name, _ in found.parts} if parts else set()
        except FormatError:
            continue
    if len(set(objects.values())) < len(objects) or min(objects.values(), default=1) < 1:
        objects = {name: number for number, name in enumerate(sorted(objects), 1)}
    first = max([_VOC, *objects.values()]) + 1
    rows = [Class(number, name, "thing") for name, number in sorted(objects.items(), key=lambda row: row[1])]
    rows += [Class(number, name, "thing") for number, name in enumerate(sorted(pieces - objects.keys()), first)]
    return Classes(rows)


def _segments(
    objects: list[_Object], image: Description, ids: dict[str, int], parts: bool, label: Path, counts: Counter[str],
    aside: Aside,
) -> Segments:  # fmt: skip
    """Each object and then its parts. counts: what is left out, in words, is added.  aside: where broken ones go."""
    masks, class_ids, parents = [], [], []
    for found in objects:
        own: int | None = None
        for name, mask in [(found.name, found.mask), *(found.parts if parts else [])]:
            is_object = mask is found.mask
            if not mask.any():
                counts["objects or parts without a pixel were left out"] += 1
                continue
            with aside.record(label, f"object {found.place}" + f", {name}" * (not is_object)):
                masks.append(fitting(mask, image, label))
                class_ids.append(ids[found.name if is_object else f"{found.name} {name}"])
                parents.append(None if is_object else own)
                own = len(masks) if is_object else own
    stacked = Masks.encode(np.stack(masks)) if masks else Masks.empty(image.size)
    return Segments(stacked, class_ids, more={"parent": parents} if any(parents) else {})
