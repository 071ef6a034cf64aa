"""Mapillary Vistas, read only: 16-bit instance PNGs whose high byte is the label and whose low byte the instance.

Layout (v1.2 and v2.0): config*.json, {training,validation}/images, and instances/ there or in a version's folder.
Labels that are not evaluated are ignored.  Write Cityscapes or COCO panoptic instead.
"""

from pathlib import Path
from typing import Any

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _aside
from maskwright.formats._contract import Reading, image_beside, key_of
from maskwright.formats._json import load
from maskwright.formats._rasters import read_map
from maskwright.media import describe

LOSES: frozenset[str] = frozenset()

_SPLITS = {"training": "train", "validation": "val", "testing": "test"}


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a folder with config.json and instance PNGs."""
    return 0.95 if path.is_dir() and _config(path) and _folders(path, None) else 0.0


def _config(path: Path) -> Path | None:
    """The newest version's label table."""
    found = sorted(path.glob("config*.json"))
    return found[-1] if found else None


def _folders(path: Path, version: str | None) -> list[tuple[str, Path]]:
    """(split's folder, instances folder); of several versions the newest."""
    out = []
    for name in _SPLITS:
        places = [path / name / "instances", *sorted((path / name).glob("v*/instances"))]
        found = [place for place in places if place.is_dir() and (version is None or place.parent.name == version)]
        if found:
            out.append((name, found[-1]))
    return out


def read(path: Path, *, version: str | None = None) -> Reading:
    """version: v1.2 or v2.0 where both are there; else the newest."""
    table = path / f"config_{version}.json" if version else _config(path)
    folders = _folders(path, version)
    if table is None or not table.is_file() or not folders:
        raise FormatError("no config.json with training/ or validation/ instances here", file=path)
    classes = _classes(table)
    labels = [(name, folder, file) for name, folder in folders for file in sorted(folder.rglob("*.png"))]

    def sample_of(item: tuple[str, Path, Path]) -> Sample:
        name, folder, file = item
        key = key_of(file, folder)
        image = image_beside(path / name / "images", key)
        if image is None:
            raise FormatError("has no image in images/", file=file)
        about_image = describe(image)
        values, masks = Masks.from_label_map(read_map(file, about_image))
        class_ids = values // 256
        wrong = [int(class_id) for class_id in class_ids if int(class_id) not in classes]
        if wrong:
            raise FormatError(f"has the label {wrong[0]}", file=file, needed=f"{len(classes)} are in {table.name}")
        return Sample(key, ImageRef(str(image), about_image.size), Segments(masks, class_ids), split=_SPLITS[name])

    samples = _aside.current().samples(labels, sample_of, lambda item: (item[2], None))
    return Reading(classes, samples, len(labels))


def _classes(table: Path) -> Classes:
    try:
        return Classes(_class(number, label) for number, label in enumerate(load(table)["labels"]))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise FormatError(f"cannot be read ({error!r})", file=table) from None


def _class(number: int, each: dict[str, Any]) -> Class:
    red, green, blue = (int(part) for part in each["color"])
    return Class(
        number,
        str(each["name"]),
        "thing" if each.get("instances") else "stuff",
        "class" if each.get("evaluate", True) else "ignore",
        (red, green, blue),
        {"readable": each["readable"]} if each.get("readable") else {},
    )
