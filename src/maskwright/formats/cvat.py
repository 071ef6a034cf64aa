"""CVAT for images 1.1: one XML with polygons, masks, boxes and ellipses.

Layout: https://docs.cvat.ai, "CVAT for images".  A mask is run lengths along the rows of its box.  Everything is
written as masks, which hold holes and parts.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from maskwright.core.classes import Class, Classes
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.polygons import Polygon, rectangle
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments, Source
from maskwright.errors import FormatError
from maskwright.formats._contract import (
    Loss,
    Reading,
    common_losses,
    new_file,
    put_image,
    read_about,
    suffix_of,
    unique_keys,
    write_about,
)  # fmt: skip
from maskwright.formats._runs import paste_row_major, to_row_major
from maskwright.formats._shapes import ellipse, from_text, hex_colour, to_text, turned

LOSES = frozenset({"empty", "crowd", "score", "area", "ids", "weight", "fields"})

_SOURCES: dict[str, Source] = {"manual": "human", "auto": "model", "semi-auto": "model", "file": "import"}
_BACK = {"human": "manual", "model": "auto", "import": "file"}
_KEY = "maskwright_key"  # where `name` cannot say it, because the image lies elsewhere
_SHAPES = ("polygon", "mask", "box", "ellipse", "polyline", "points", "skeleton", "cuboid")


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: an XML that begins with <annotations>."""
    file = _file(path)
    if file is None:
        return 0.0
    with open(file, "rb") as raw:
        head = raw.read(1 << 16)
    return 0.9 if b"<annotations" in head and (b"<image " in head or b"<meta>" in head) else 0.0


def _file(path: Path) -> Path | None:
    if path.is_file():
        return path if path.suffix.lower() == ".xml" else None
    found = [path / "annotations.xml", *sorted(path.glob("*.xml"))]
    return next((item for item in found if item.is_file()), None)


def read(path: Path, *, images: str | None = None) -> Reading:
    """images: the images' folder; searched for beside the XML when not given.

    Shapes without an area, which are polylines, points and skeletons, are left out, with a note.
    """
    file = _file(path)
    if file is None:
        raise FormatError("no annotations.xml here", file=path)
    about = read_about(file.parent)
    classes, number = _classes_and_number(file)
    classes = about.classes if about else classes
    notes: list[str] = []
    home = file.parent

    def samples() -> Iterator[Sample]:
        thin = 0
        for element in _elements(file):
            sample, left_out = _sample(file, element, classes, home, images)
            thin += left_out
            yield sample
        if thin:
            notes.append(f"{thin} polylines, points and skeletons have no area and were left out")

    def placed() -> Iterator[Sample]:
        from dataclasses import replace

        for sample in samples():
            yield replace(sample, split=about.splits.get(sample.key)) if about else sample

    return Reading(classes, unique_keys(placed()), number, notes)


def _events(file: Path) -> Iterator[tuple[str, Any]]:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    try:
        yield from iterparse(file, ("start", "end"))
    except (ET.ParseError, DefusedXmlException, OSError, ValueError, LookupError) as error:
        raise FormatError(f"not readable XML ({error})", file=file) from None


def _elements(file: Path) -> Iterator[Any]:
    """Each image in turn; what was read is let go."""
    root = None
    for event, element in _events(file):
        if root is None:
            root = element
        if event == "end" and element.tag == "image":
            yield element
            root.clear()


def _classes_and_number(file: Path) -> tuple[Classes, int]:
    """Labels as the head declares them, then those that only appear; and how many images there are."""
    declared: dict[str, tuple[int, int, int] | None] = {}
    number = 0
    root = None
    for event, element in _events(file):
        if root is None:
            root = element
            if root.tag != "annotations":
                raise FormatError(f"begins with <{root.tag}>", file=file, needed="<annotations>")
        if event != "end":
            continue
        if element.tag == "label" and element.find("name") is not None:
            declared.setdefault(element.findtext("name") or "", hex_colour(element.findtext("color")))
        elif element.tag in _SHAPES and element.get("label") is not None:
            declared.setdefault(element.get("label"), None)
        elif element.tag == "image":
            number += 1
            root.clear()
    return Classes(Class(k, name, colour=colour) for k, (name, colour) in enumerate(declared.items(), 1)), number


def _sample(file: Path, element: Any, classes: Classes, home: Path, images: str | None) -> tuple[Sample, int]:
    name = element.get("name")
    record = f"image {name!r}"
    try:
        size = (int(element.get("height")), int(element.get("width")))
        if name is None or min(size) < 1:
            raise FormatError("lacks its name or size", file=file, record=record)
    except (TypeError, ValueError):
        raise FormatError("lacks its name or size", file=file, record=record) from None
    folders = [Path(images)] if images else [home / "images", home / "images" / (element.get("subset") or ""), home]
    uri = next((folder / name for folder in folders if (folder / name).is_file()), folders[0] / name)
    named = {class_.name: class_.id for class_ in classes}
    rows = []
    thin = 0
    for number, shape in enumerate(each for each in element if each.tag in _SHAPES):
        if shape.tag in ("polyline", "points", "skeleton", "cuboid"):
            thin += 1
            continue
        where = f"{record} {shape.tag} {number}"
        try:
            mask = _mask(shape, size)
            order = int(shape.get("z_order") or 0)
        except (ValueError, TypeError, KeyError) as error:
            raise FormatError(f"cannot be read ({error})", file=file, record=where) from None
        if shape.get("label") not in named:
            raise FormatError(f"has the unknown label {shape.get('label')!r}", file=file, record=where)
        extra: dict[str, Any] = {
            str(each.get("name")): from_text(each.text or "") for each in shape if each.tag == "attribute"
        }
        if shape.get("occluded") == "1":
            extra["occluded"] = True
        if shape.get("group_id"):
            extra["group_id"] = from_text(shape.get("group_id"))
        rows.append((order, mask, named[shape.get("label")], extra, _SOURCES.get(shape.get("source"), "import")))
    rows.sort(key=lambda row: row[0])  # stable: the order of the file within a layer
    segments = Segments(
        Masks.stack([row[1] for row in rows], size), [row[2] for row in rows],
        attributes=[row[3] for row in rows], source=[row[4] for row in rows],
    )  # fmt: skip
    subset = (element.get("subset") or "").lower()
    split = {"train": "train", "val": "val", "validation": "val", "test": "test"}.get(subset)
    key = element.get(_KEY) or Path(name).with_suffix("").as_posix()
    return Sample(key, ImageRef(str(uri), size), segments, split=split), thin


def _mask(shape: Any, size: tuple[int, int]) -> Mask:
    def number(name: str) -> float:
        value = float(shape.attrib[name])
        if not np.isfinite(value):
            raise ValueError(f"{name} is {value}")
        return value

    if shape.tag == "mask":
        left, top = int(number("left")), int(number("top"))
        counts = np.array([int(word) for word in shape.attrib["rle"].split(",")], np.int64)
        return paste_row_major(counts, (left, top, left + int(number("width")), top + int(number("height"))), size)
    if shape.tag == "polygon":
        pairs = [pair.split(",") for pair in shape.attrib["points"].split(";")]
        return Mask.from_polygon(Polygon([[np.array([[float(x), float(y)] for x, y in pairs])]]), size)
    turn = float(shape.get("rotation") or 0)
    if shape.tag == "box":
        polygon = rectangle(number("xtl"), number("ytl"), number("xbr"), number("ybr"))
        return Mask.from_polygon(Polygon([[turned(polygon.parts[0][0], turn)]]), size)
    return ellipse(number("cx"), number("cy"), number("rx"), number("ry"), size, turn)


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    return common_losses(sample, LOSES)


def write(samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy") -> None:
    """annotations.xml and images in images/.  images: copy, link or none."""
    splits = {}
    with open(new_file(folder, "annotations.xml"), "w", encoding="utf-8") as out:
        out.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n <version>1.1</version>\n')
        out.write(" <meta><task><labels>\n")
        for class_ in classes:
            colour = "<color>#{:02x}{:02x}{:02x}</color>".format(*class_.colour) if class_.colour else ""
            out.write(f"  <label><name>{escape(class_.name)}</name>{colour}<type>any</type></label>\n")
        out.write(" </labels></task></meta>\n")
        for number, sample in enumerate(unique_keys(samples)):
            name = sample.key + suffix_of(sample)
            put_image(sample, folder, f"images/{name}", images)
            height, width = sample.image.size
            shown = quoteattr(name if images != "none" else sample.image.uri)
            subset = f" subset={quoteattr(sample.split)}" if sample.split else ""
            subset += f" {_KEY}={quoteattr(sample.key)}" if images == "none" else ""
            out.write(f' <image id="{number}" name={shown}{subset} width="{width}" height="{height}">\n')
            for i, mask in enumerate(sample.segments.masks):
                if mask.area():
                    out.write(_element(sample.segments, i, mask, classes))
            out.write(" </image>\n")
            splits[sample.key] = sample.split
        out.write("</annotations>\n")
    write_about(folder, "cvat", classes, splits)


def _element(segments: Segments, i: int, mask: Mask, classes: Classes) -> str:
    left, top, right, bottom = mask.box()
    counts = ", ".join(str(count) for count in to_row_major(mask.crop((left, top, right, bottom))).tolist())
    extra = {key: value for key, value in segments.attributes[i].items() if key != "area"}
    hidden = int(extra.get("occluded") is True)
    group = extra.get("group_id")
    kept = isinstance(group, int | str) and from_text(to_text(group)) == group
    inner = "".join(
        f"<attribute name={quoteattr(name)}>{escape(to_text(value))}</attribute>"
        for name, value in extra.items()
        if not (name == "occluded" and hidden) and not (name == "group_id" and kept)
    )
    grouped = f" group_id={quoteattr(to_text(group))}" if kept else ""
    return (
        f'  <mask label={quoteattr(classes[int(segments.class_ids[i])].name)} source="{_BACK[segments.source[i]]}" '
        f'occluded="{hidden}" rle="{counts}" left="{left}" top="{top}" width="{right - left}" height="{bottom - top}" '
        f'z_order="{i}"{grouped}>{inner}</mask>\n'
    )
