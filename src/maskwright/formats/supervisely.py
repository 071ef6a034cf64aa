"""Supervisely: meta.json, and in each dataset's folder img/ and ann/ with a JSON for each image.

Layout: https://docs.supervisely.com, "Supervisely JSON format".  A bitmap is a zlib-packed PNG of its box; polygons
have holes.  Everything is written as bitmaps.
"""

import base64
import io
import json
import zlib
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
    usable_ids,
    write_about,
)  # fmt: skip
from maskwright.formats._json import load
from maskwright.formats._rasters import opened
from maskwright.formats._shapes import from_text, hex_colour, to_text

LOSES = frozenset({"empty", "crowd", "score", "area", "source", "weight", "fields"})

_LARGEST = 1 << 28  # bytes a packed bitmap may unpack to


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a folder with meta.json and ann/."""
    return 0.95 if path.is_dir() and (path / "meta.json").is_file() and _files(path) else 0.0


def _files(path: Path) -> list[Path]:
    """All annotations; sets of one dataset may have ann/ at the top."""
    folders = [each_path for each_path in sorted(path.rglob("ann")) if each_path.is_dir()]
    return [file for folder in folders for file in sorted(folder.rglob("*.json"))]


def read(path: Path) -> Reading:
    """Lines and points have no area and are left out, with a note.  The dataset's folder becomes the split."""
    files = _files(path)
    meta = path / "meta.json"
    if not files or not meta.is_file():
        raise FormatError("no meta.json with ann/ folders below it", file=path)
    about = read_about(path)
    classes = about.classes if about else _classes(meta)
    notes: list[str] = []

    def samples() -> Iterator[Sample]:
        thin = 0
        for file in files:
            ann = next(parent for parent in file.parents if parent.name == "ann")
            name = file.relative_to(ann).as_posix().removesuffix(".json")
            image = ann.parent / "img" / name
            content = load(file)
            try:
                size = (int(content["size"]["height"]), int(content["size"]["width"]))
                segments, left_out = _segments(file, content["objects"], size, classes)
            except (KeyError, TypeError, ValueError) as error:
                raise FormatError(f"cannot be read ({error!r})", file=file) from None
            thin += left_out
            home = ann.parent.relative_to(path).as_posix()
            inner = Path(name).with_suffix("").as_posix()
            key = inner if about or home == "." else f"{home}/{inner}"
            split = about.splits.get(key) if about else home if home in ("train", "val", "test") else None
            yield Sample(key.removeprefix(f"{split}/"), ImageRef(str(image), size), segments, split=split)
        if thin:
            notes.append(f"{thin} lines, points and other shapes have no area and were left out")

    return Reading(classes, unique_keys(samples()), len(files), notes)


def _classes(meta: Path) -> Classes:
    try:
        return Classes(
            Class(k, str(class_["title"]), colour=hex_colour(class_.get("color")))
            for k, class_ in enumerate(load(meta)["classes"], 1)
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"cannot be read ({error!r})", file=meta) from None


def _segments(file: Path, objects: list[Any], size: tuple[int, int], classes: Classes) -> tuple[Segments, int]:
    named = {class_.name: class_.id for class_ in classes}
    masks, class_ids, ids, attributes = [], [], [], []
    thin = 0
    for number, each_object in enumerate(objects):
        record = f"object {number}"
        try:
            title = each_object["classTitle"]
            mask = _mask(each_object, size)
            tags = {str(tag["name"]): tag.get("value") for tag in each_object.get("tags") or []}
            own = {key: from_text(value) if isinstance(value, str) else value for key, value in tags.items()}
        except FormatError as error:
            raise error.at(file=file, record=record) from None
        except (KeyError, TypeError, ValueError, AttributeError, zlib.error) as error:
            raise FormatError(f"cannot be read ({error})", file=file, record=record) from None
        if title not in named:
            raise FormatError(f"has the unknown class {title!r}", file=file, record=record)
        if mask is None:
            thin += 1
            continue
        masks.append(mask)
        class_ids.append(named[title])
        ids.append(each_object.get("id"))
        attributes.append(own)
    stacked = Masks.stack(masks, size)
    return Segments(stacked, class_ids, ids=usable_ids(ids), attributes=attributes), thin


def _mask(each: dict[str, Any], size: tuple[int, int]) -> Mask | None:
    """None for shapes without an area."""
    kind = each.get("geometryType")
    if kind == "bitmap" or "bitmap" in each:
        return _bitmap(each["bitmap"], size)
    if kind == "polygon":
        rings = [each["points"]["exterior"], *(each["points"].get("interior") or [])]
        # Points name pixels, whose centres lie half a pixel further.
        return Mask.from_polygon(Polygon([[np.asarray(ring, np.float64).reshape(-1, 2) + 0.5 for ring in rings]]), size)
    if kind == "rectangle":
        corners = np.asarray(each["points"]["exterior"], np.float64).reshape(-1, 2)
        low, high = corners.min(axis=0), corners.max(axis=0) + 1  # both corners belong to it
        return Mask.from_polygon(rectangle(*low, *high), size)
    return None


def _bitmap(bitmap: dict[str, Any], size: tuple[int, int]) -> Mask:
    unpacker = zlib.decompressobj()
    raw = unpacker.decompress(base64.b64decode(bitmap["data"], validate=True), _LARGEST)
    if unpacker.unconsumed_tail:
        raise ValueError("its bitmap unpacks to more than 256 MB")
    with opened(raw, "bitmap") as image:
        has_alpha = "A" in image.mode or image.mode == "P"
        inside = np.asarray(image.convert("RGBA"))[..., 3] > 0 if has_alpha else np.asarray(image.convert("L")) > 0
    left, top = (int(value) for value in bitmap["origin"])
    return Mask.encode(np.ascontiguousarray(inside)).paste(size, left=left, top=top)


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    return common_losses(sample, LOSES)


def write(samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy") -> None:
    """One dataset folder, data/, with img/ and ann/.  Attributes become tags.  images: copy, link or none."""
    splits = {}
    tags: set[str] = set()
    for sample in unique_keys(samples):
        name = sample.key + suffix_of(sample)
        put_image(sample, folder, f"data/img/{name}", images)
        target = new_file(folder, f"data/ann/{name}.json")
        height, width = sample.image.size
        content = {
            "description": "",
            "tags": [],
            "size": {"height": height, "width": width},
            "objects": list(_rows(sample.segments, classes)),
        }
        target.write_text(json.dumps(content, ensure_ascii=False))
        tags |= {key for attribute in sample.segments.attributes for key in attribute if key != "area"}
        splits[sample.key] = sample.split
    colours = {class_.id: tuple(row) for class_, row in zip(_indexed(classes), classes.colours().tolist(), strict=True)}
    rows = [
        {
            "title": class_.name,
            "shape": "bitmap",
            "color": "#{:02x}{:02x}{:02x}".format(*colours.get(class_.id, (0, 0, 0))),
        }
        for class_ in classes
    ]
    known = [{"name": name, "value_type": "any_string", "color": "#808080"} for name in sorted(tags)]
    meta = {"classes": rows, "tags": known, "projectType": "images"}
    new_file(folder, "meta.json").write_text(json.dumps(meta, ensure_ascii=False, indent=1))
    write_about(folder, "supervisely", classes, splits)


def _indexed(classes: Classes) -> list[Class]:
    return [class_ for class_ in classes if class_.role != "ignore"]


def _rows(segments: Segments, classes: Classes) -> Iterator[dict[str, Any]]:
    from PIL import Image

    for i, mask in enumerate(segments.masks):
        if not mask.area():
            continue
        left, top, right, bottom = mask.box()
        png = io.BytesIO()
        Image.fromarray(mask.crop((left, top, right, bottom)).decode()).save(png, "PNG")
        yield {
            "id": int(segments.ids[i]),
            "classTitle": classes[int(segments.class_ids[i])].name,
            "geometryType": "bitmap",
            "tags": [
                {"name": name, "value": to_text(value)}
                for name, value in segments.attributes[i].items()
                if name != "area"
            ],
            "bitmap": {"data": base64.b64encode(zlib.compress(png.getvalue())).decode(), "origin": [left, top]},
        }
