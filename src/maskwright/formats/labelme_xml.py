"""LabelMe of MIT, read only: an XML of polygons for each image, as labelme.csail.mit.edu and its collections have them.

Layout: Annotations/FOLDER/x.xml, Images/FOLDER/x.jpg, and Masks/FOLDER/ where objects were cut out as masks; or the XML
beside the image.  Points are in pixels from the image's corner; a pixel is in when its centre is.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core import drawn
from maskwright.core.arrays import Size, checked_size
from maskwright.core.classes import Class, Classes
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.names import confined
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, UsageError
from maskwright.formats import _aside, _listing
from maskwright.formats._contract import Reading, Sure, key_of, split_word, usable_ids
from maskwright.formats._images_by_name import ImagesByName, common_folder
from maskwright.formats._rasters import read_map
from maskwright.formats._rules import RULES
from maskwright.formats._xml import head_of, root_of
from maskwright.media import image_size

LOSES: frozenset[str] = frozenset()

_RULE = "edges"
_LOOKED_INTO = 20
_SAID = ("attributes", "occluded", "verified")


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: XML files of MIT's LabelMe with images of their names."""
    files = _listing.current().of_kind(path, ".xml")[:_LOOKED_INTO] if path.is_dir() else []
    labels = [file for file in files if _is_labelme(head_of(file))]
    if not labels:
        return 0.0
    images = ImagesByName(path, None)
    if all(images.of(label) is None for label in labels):
        return 0.0
    number = len(_listing.current().of_kind(path, ".xml"))
    return Sure(0.85, f"{number} XML files of MIT's LabelMe with images of their names")


def _is_labelme(head: bytes) -> bool:
    """Whether a file's beginning is of this format: objects with points, or with masks that were cut out."""
    return b"<annotation>" in head and (b"<pt>" in head or b"<segm>" in head)


def read(path: Path, *, images: str | None = None, deleted: bool = False) -> Reading:
    """images: the folder of the images, below `path` or anywhere; all of the set's when not given.

    deleted: whether objects that were deleted come in too, with the attribute `deleted`.  A part of an object names
    that in the column `parent`.
    """
    labels = sorted(_listing.current().of_kind(path, ".xml"))
    if not labels:
        raise FormatError("no XML of LabelMe here", file=path)
    aside = _aside.current()
    found = ImagesByName(path, images)
    home = common_folder(labels)
    classes = Classes(Class(number, name, "thing") for number, name in enumerate(_names(labels, deleted), 1))
    ids = {class_.name: class_.id for class_ in classes}
    counts: Counter[str] = Counter()
    notes: list[str] = []

    def sample_of(label: Path) -> Sample:
        root = root_of(label, "annotation")
        image = found.needed(label, root.findtext("filename"))
        size = _stated(root, label) or image_size(image)
        every = root.findall("object")
        there = [found for found in every if deleted or not _is_deleted(found)]
        counts["objects that were deleted in LabelMe were left out"] += len(every) - len(there)
        segments = _segments(there, size, ids, label, counts, aside)
        split = next(filter(None, map(split_word, label.relative_to(path).parts[:-1])), None)
        return Sample(key_of(label, home), ImageRef(str(image), size), segments, split=split)

    def samples() -> Iterator[Sample]:
        yield from aside.samples(labels, sample_of, lambda label: (label, None))
        notes.extend(f"{number} {what}" for what, number in counts.items() if number)

    return Reading(classes, samples(), len(labels), notes)


def _names(labels: list[Path], deleted: bool) -> list[str]:
    """The classes of all files; broken ones are told when they are read."""
    names: set[str] = set()
    for label in labels:
        try:
            objects = root_of(label, "annotation").findall("object")
        except FormatError:
            continue
        names |= {_name(found) for found in objects if deleted or not _is_deleted(found)}
    return sorted(names - {""})


def _name(found: Any) -> str:
    return (found.findtext("name") or "").strip()


def _is_deleted(found: Any) -> bool:
    return (found.findtext("deleted") or "").strip() == "1"


def _stated(root: Any, label: Path) -> Size | None:
    """(height, width) as the XML states it, None where it does not."""
    words = [(root.findtext(f"imagesize/{side}") or "").strip() for side in ("nrows", "ncols")]
    if not all(words):
        return None
    try:
        return checked_size((int(words[0]), int(words[1])))
    except (ValueError, OverflowError):
        raise FormatError(f"its imagesize is {words[0]!r} by {words[1]!r}", file=label, needed="pixels") from None


def _segments(
    found: list[Any], size: Size, ids: dict[str, int], label: Path, counts: Counter[str], aside: _aside.Aside
) -> Segments:
    """counts: what is left out, in words, is added.  aside: where broken objects are put."""
    masks: list[Mask] = []
    class_ids: list[int] = []
    attributes: list[dict[str, Any]] = []
    geometry: list[dict[str, Any] | None] = []
    numbers: list[int | None] = []
    parents: list[int | None] = []
    for place, described in enumerate(found):
        number = _number(described.findtext("id"))
        with aside.record(label, f"object {place if number is None else number}"):
            name = _name(described)
            if not name:
                raise FormatError("has no name", needed="the class in <name>")
            drawn_as = _drawn(described, size, label)
            if drawn_as is None:
                counts["objects have no area, as points and lines have none, and were left out"] += 1
                continue
            masks.append(drawn_as[0])
            geometry.append(drawn_as[1])
            class_ids.append(ids[name])
            attributes.append(_attributes(described))
            numbers.append(number)
            parents.append(_number(described.findtext("parts/ispartof")))
    own = usable_ids(numbers)
    known = set(own or ())
    linked = [parent if parent in known and parent != number else None
              for parent, number in zip(parents, numbers, strict=True)]  # fmt: skip
    counts["objects are parts of one that is not there"] += sum(
        parent is not None and link is None for parent, link in zip(parents, linked, strict=True)
    )
    more: dict[str, list[Any]] = {"geometry": geometry} | ({"parent": linked} if any(
        link is not None for link in linked
    ) else {})  # fmt: skip
    return Segments(Masks.stack(masks, size), class_ids, ids=own, attributes=attributes, more=more)


def _number(text: str | None) -> int | None:
    """A whole number as it is written, None for nothing and for other words."""
    word = (text or "").strip()
    return int(word) if word.isascii() and word.isdigit() and len(word) < 19 else None


def _attributes(found: Any) -> dict[str, Any]:
    """What an object says beside its name and outline: text, whether it is occluded and verified, who drew it."""
    words = {name: (found.findtext(name) or "").strip() for name in _SAID}
    said: dict[str, Any] = {"attributes": words["attributes"]} if words["attributes"] else {}
    if words["occluded"] == "yes":
        said["occluded"] = True
    if words["verified"] == "1":
        said["verified"] = True
    if _is_deleted(found):
        said["deleted"] = True
    user = (found.findtext("polygon/username") or found.findtext("segm/username") or "").strip()
    return said | ({"username": user} if user else {})


def _drawn(found: Any, size: Size, label: Path) -> tuple[Mask, dict[str, Any] | None] | None:
    """The mask of an object, and what was drawn; None for one without an area."""
    cut = (found.findtext("segm/mask") or "").strip()
    if cut:
        return _cut_out(cut, size, label), None
    try:
        ring = [float(point.findtext(axis, "")) for point in found.findall("polygon/pt") for axis in ("x", "y")]
    except ValueError:
        ring = [np.nan]
    if not np.isfinite(ring).all():
        raise FormatError("has a point whose x or y is not a number")
    if len(ring) < 6:
        return None
    return RULES[_RULE].draw([[[ring]]], size)[0], drawn.polygon([[ring]], _RULE)


def _cut_out(name: str, size: Size, label: Path) -> Mask:
    """The mask of a file in Masks/, in the folder of the same name as the label's, or beside the label."""
    folder = label.parent
    for home in (folder.parent.parent / "Masks" / folder.name, folder.parent / "Masks", folder):
        try:
            file = confined(home, name)
        except UsageError:
            raise FormatError(f"its mask {name!r} leads out of the set") from None
        if file.is_file():
            return Mask.encode(read_map(file, size) > 0)
    raise FormatError(f"its mask {name!r} is not in Masks/{folder.name}")
