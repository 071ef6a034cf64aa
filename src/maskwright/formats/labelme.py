"""Labelme: a JSON beside each image with polygons, rectangles, circles and masks.

Shapes with one label and one group_id are one segment.  Segments with holes are written as Labelme's "mask" shapes,
which are exact; others as polygons along pixel edges.  Labelme itself draws a polygon's outline too when it exports,
which adds half a pixel all around: read with rule=outline to get those pixels.
"""

import base64
import binascii
import io
import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.classes import Class, Classes
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.polygons import Polygon, rectangle
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, UsageError
from maskwright.formats._contract import (
    Loss,
    Reading,
    Ready,
    common_losses,
    key_of,
    new_file,
    put_image,
    read_about,
    suffix_of,
    unique_keys,
    usable_ids,
    write_about,
)  # fmt: skip
from maskwright.formats._json import Document, load
from maskwright.formats._rasters import opened
from maskwright.formats._shapes import ellipse
from maskwright.media import image_size

LOSES = frozenset({"empty", "crowd", "score", "area", "source", "weight", "fields"})

_OWN = ("flags", "description")
_BACKGROUND, _IGNORE = "_background_", "__ignore__"


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: JSON files with shapes and imagePath."""
    files = _files(path)
    if not files:
        return 0.0
    try:
        return 0.9 if {"shapes", "imagePath"} <= set(Document(files[0]).keys()) else 0.0
    except FormatError:
        return 0.0


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".json" else []
    return [
        each_path for each_path in sorted(path.rglob("*.json")) if not each_path.name.startswith((".", "maskwright"))
    ]


def read(path: Path, *, labels: str | None = None, rule: str = "centre") -> Reading:
    """labels: a file with a class name a line; else labels.txt near the JSONs, else the names that appear, sorted.

    rule: centre, a pixel belongs when its centre lies inside; or outline, as Labelme exports: with every pixel that
    the outline touches.  Points and lines have no area and are left out, with a note.
    """
    files = _files(path)
    if not files:
        raise FormatError("no JSON here", file=path)
    if rule not in ("centre", "outline"):
        raise FormatError(f"rule cannot be {rule!r}", needed="centre or outline")
    home = path if path.is_dir() else path.parent
    about = read_about(home)
    classes = about.classes if about else _classes(files, home, labels)
    notes: list[str] = []

    def samples() -> Iterator[Sample]:
        thin = 0
        for file in files:
            content = load(file)
            name, shapes = content.get("imagePath"), content.get("shapes")
            if not isinstance(name, str) or not isinstance(shapes, list):
                raise FormatError("lacks imagePath or shapes", file=file, needed="a JSON that Labelme saved")
            image = file.parent / name.replace("\\", "/")
            try:
                size = (int(content["imageHeight"]), int(content["imageWidth"]))
            except (KeyError, TypeError, ValueError):
                size = image_size(image)
            segments, left_out = _segments(file, shapes, size, classes, rule)
            thin += left_out
            key = key_of(file, home)
            fields = {"flags": content["flags"]} if content.get("flags") else {}
            split = about.splits.get(key) if about else None
            yield Sample(key, ImageRef(str(image), size), segments, split=split, fields=fields)
        if thin:
            notes.append(f"{thin} points and lines have no area and were left out")

    return Reading(classes, unique_keys(samples()), len(files), notes)


def _classes(files: list[Path], home: Path, labels: str | None) -> Classes:
    near = [home / "labels.txt", home.parent / "labels.txt"]
    table = Path(labels) if labels else next((path for path in near if path.is_file()), None)
    if table is not None:
        try:
            lines = [line.strip() for line in table.read_text().splitlines()]
        except (OSError, UnicodeDecodeError) as error:
            raise FormatError(f"cannot be read ({error})", file=table) from None
        names = [line for line in lines if line]
    else:
        shapes = (each for file in files for each in load(file).get("shapes") or [])
        names = sorted({str(shape["label"]) for shape in shapes if isinstance(shape, dict) and "label" in shape})
    rows = []
    number = 1
    for name in dict.fromkeys(names):
        if name == _BACKGROUND:
            rows.append(Class(0, name, "stuff", "background"))
        elif name == _IGNORE:
            rows.append(Class(-1, name, "stuff", "ignore"))
        else:
            rows.append(Class(number, name))
            number += 1
    return Classes(rows)


def _segments(
    file: Path, shapes: list[Any], size: tuple[int, int], classes: Classes, rule: str
) -> tuple[Segments, int]:
    named = {class_.name: class_.id for class_ in classes}
    groups: dict[Any, list[Mask]] = {}
    about: dict[Any, dict[str, Any]] = {}
    thin = 0
    for number, shape in enumerate(shapes):
        record = f"shape {number}"
        if not isinstance(shape, dict) or not isinstance(shape.get("label"), str):
            raise FormatError("has no label", file=file, record=record)
        if shape["label"] not in named:
            raise FormatError(f"has the unknown label {shape['label']!r}", file=file, record=record)
        try:
            mask = _mask(shape, size, rule)
        except FormatError as error:
            raise error.at(file=file, record=record) from None
        except (ValueError, TypeError, KeyError, IndexError, binascii.Error) as error:
            raise FormatError(str(error), file=file, record=record) from None
        if mask is None:
            thin += 1
            continue
        if not isinstance(shape.get("maskwright") or {}, dict):
            raise FormatError("its attributes are not an object", file=file, record=record)
        group = shape.get("group_id")
        name = (shape["label"], ("alone", number) if group is None else group)
        groups.setdefault(name, []).append(mask)
        extra = {key: shape[key] for key in _OWN if shape.get(key)}
        about.setdefault(name, extra | dict(shape.get("maskwright") or {}))
    masks = [Masks.stack(parts, size).union() if len(parts) > 1 else parts[0] for parts in groups.values()]
    class_ids = [named[label] for label, _ in groups]
    ids = [group for _, group in groups]
    return Segments(Masks.stack(masks, size), class_ids, ids=usable_ids(ids),
                    attributes=list(about.values())), thin  # fmt: skip


def _mask(each: dict[str, Any], size: tuple[int, int], rule: str) -> Mask | None:
    """None for shapes without an area."""
    kind = each.get("shape_type") or "polygon"
    points = np.asarray(each["points"], np.float64).reshape(-1, 2)
    if not np.isfinite(points).all():
        raise ValueError("a coordinate is not a finite number")
    if kind in ("point", "points", "line", "linestrip"):
        return None
    if kind == "mask":
        return _bitmap(each, points, size)
    if rule == "outline":
        return _drawn(kind, points, size)
    if kind == "circle":
        (x, y), (px, py) = points
        radius = math.hypot(px - x, py - y)
        return ellipse(x, y, radius, radius, size)
    if kind == "rectangle":
        low, high = points.min(axis=0), points.max(axis=0)
        return Mask.from_polygon(rectangle(*low, *high), size)
    if kind in ("polygon", "oriented_rectangle"):
        return Mask.from_polygon(Polygon([[points]]), size)
    raise ValueError(f"has the unknown shape_type {kind!r}")


def _bitmap(each: dict[str, Any], points: Any, size: tuple[int, int]) -> Mask:
    with opened(base64.b64decode(each["mask"], validate=True), "mask") as image:
        pixels = np.asarray(image.convert("L")) > 0
    left, top = (round(value) for value in points[0])
    return Mask.encode(pixels).paste(size, left=left, top=top)


def _drawn(kind: str, points: Any, size: tuple[int, int]) -> Mask:
    """As Labelme's export draws it: Pillow's shapes with their outlines."""
    from PIL import Image, ImageDraw

    canvas = Image.new("L", (size[1], size[0]), 0)
    draw = ImageDraw.Draw(canvas)
    flat = [(float(x), float(y)) for x, y in points]
    if kind == "circle":
        (x, y), (px, py) = flat
        radius = math.hypot(px - x, py - y)
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], outline=1, fill=1)
    elif kind == "rectangle":
        low, high = points.min(axis=0), points.max(axis=0)
        draw.rectangle((*low.tolist(), *high.tolist()), outline=1, fill=1)
    elif kind in ("polygon", "oriented_rectangle"):
        if len(flat) < 3:
            raise ValueError(f"a polygon has {len(flat)} points; it needs at least 3")
        draw.polygon(flat, outline=1, fill=1)
    else:
        raise ValueError(f"has the unknown shape_type {kind!r}")
    return Mask.encode(np.asarray(canvas))


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    return common_losses(sample, LOSES)


def prepare(sample: Sample, classes: Classes, *, shapes: str = "auto") -> list[dict[str, Any]]:
    """The shapes of a sample's file."""
    return [row for i in range(len(sample.segments)) for row in _rows(sample.segments, i, classes, shapes)]


def write(
    samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy", shapes: str = "auto",
    ready: Ready | None = None,
) -> list[str]:  # fmt: skip
    """A JSON beside each image, and labels.txt.  group_id keeps each segment's id.

    images: copy, link or none.  shapes: auto (polygons where there are no holes), or mask.
    ready: what gives a sample's rows in place of `prepare`.
    """
    if shapes not in ("auto", "mask"):
        raise UsageError(f"shapes cannot be {shapes!r}", needed="auto or mask")
    splits = {}
    holes = 0
    ready = ready or (lambda sample: prepare(sample, classes, shapes=shapes))
    for sample in unique_keys(samples):
        name = sample.key + suffix_of(sample)
        put_image(sample, folder, name, images)
        target = new_file(folder, f"{sample.key}.json")
        rows = ready(sample)
        content: dict[str, Any] = {
            "version": "5.5.0",
            "flags": {},
            "shapes": rows,
            "imagePath": Path(name).name if images != "none" else sample.image.uri,
            "imageData": None,
            "imageHeight": sample.image.size[0],
            "imageWidth": sample.image.size[1],
        }
        target.write_text(json.dumps(content, ensure_ascii=False, indent=1))
        holes += sum(row["shape_type"] == "mask" for row in rows)
        splits[sample.key] = sample.split
    new_file(folder, "labels.txt").write_text("".join(f"{class_.name}\n" for class_ in classes))
    write_about(folder, "labelme", classes, splits)
    return [f"{holes} segments with holes are written as masks, not as polygons"] if holes and shapes == "auto" else []


def _rows(segments: Segments, i: int, classes: Classes, shapes: str) -> Iterator[dict[str, Any]]:
    mask = segments.masks[i]
    if not mask.area():
        return
    attributes = {key: value for key, value in segments.attributes[i].items() if key != "area"}
    flags, text = attributes.get("flags"), attributes.get("description")
    common: dict[str, Any] = {
        "label": classes[int(segments.class_ids[i])].name,
        "group_id": int(segments.ids[i]),
        "description": attributes.pop("description") if isinstance(text, str) and text else "",
        "flags": attributes.pop("flags") if isinstance(flags, dict) and flags else {},
    }
    if attributes:
        common["maskwright"] = attributes  # Labelme keeps keys that it does not know
    polygon = mask.polygon()
    if shapes == "auto" and not polygon.has_holes:
        for (ring,) in polygon.parts:
            yield {**common, "points": ring.tolist(), "shape_type": "polygon", "mask": None}
        return
    from PIL import Image

    left, top, right, bottom = mask.box()
    png = io.BytesIO()
    Image.fromarray(mask.crop((left, top, right, bottom)).decode()).save(png, "PNG")
    points = [[left, top], [right - 1, bottom - 1]]
    yield {**common, "points": points, "shape_type": "mask", "mask": base64.b64encode(png.getvalue()).decode()}
