"""VGG Image Annotator: one JSON with regions, whose class is one of their attributes.

Layout: https://www.robots.ox.ac.uk/~vgg/software/via.  A region is one ring, so parts and holes are joined to it by
bridges that go and return along the same line; read by the even-odd rule, as here, that is exact.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.classes import Classes
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
from maskwright.formats._json import Document, Entries
from maskwright.formats._shapes import bridged, ellipse, from_text, named, to_text
from maskwright.media import image_size

LOSES = frozenset({"empty", "crowd", "score", "area", "source", "weight", "fields"})

_CLASS = ("class", "label", "name", "type", "category", "object_name")
_ID = "maskwright_id"
_OTHER = "maskwright:"  # before attributes whose names are taken


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a JSON of entries with regions."""
    file = _file(path)
    if file is None:
        return 0.0
    try:
        entries = _entries(file)
        return 0.9 if len(entries) and _is_entry(next(entries.items())[1]) else 0.0
    except FormatError:
        return 0.0


def _file(path: Path) -> Path | None:
    if path.is_file():
        return path if path.suffix.lower() == ".json" else None
    found = [path / "via_region_data.json", *sorted(path.glob("via*.json"))]
    return next((item for item in found if item.is_file()), None)


def _entries(file: Path) -> Entries:
    """By key; a project file has them one level down. Raises FormatError for another kind of JSON."""
    document = Document(file)
    if document.is_list:
        raise FormatError("holds a list", file=file, needed="a VIA project or its exported JSON")
    return document.entries("_via_img_metadata" if "_via_img_metadata" in document else None)


def _is_entry(each: object) -> bool:
    return isinstance(each, dict) and "filename" in each and "regions" in each


def _checked(file: Path, entries: Entries) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, entry in entries.items():
        if not _is_entry(entry):
            raise FormatError("lacks its filename or regions", file=file, record=f"image {key!r}")
        yield key, entry


def read(path: Path, *, images: str | None = None, attribute: str | None = None) -> Reading:
    """images: the images' folder, else the JSON's own or images/ in it.

    attribute: the region attribute that names the class; else the first of class, label, name, type, … that appears.
    Lines and points have no area and are left out, with a note.
    """
    file = _file(path)
    if file is None:
        raise FormatError("no via_region_data.json here", file=path)
    entries = _entries(file)
    about = read_about(file.parent)
    regions = (each for key, entry in _checked(file, entries) for _, each in _regions(file, key, entry))
    appearing = {name for region in regions for name in region["region_attributes"]}
    known = attribute or next((name for name in _CLASS if name in appearing), None)
    if known is None and len(appearing) == 1:
        known = next(iter(appearing))
    again = (each for key, entry in _checked(file, entries) for _, each in _regions(file, key, entry))
    classes = about.classes if about else named(_class_of(each_entry, known) for each_entry in again)
    notes: list[str] = []

    def samples() -> Iterator[Sample]:
        thin = 0
        for key, entry in _checked(file, entries):
            name = str(entry["filename"])
            homes = [Path(images)] if images else [file.parent, file.parent / "images"]
            uri = next((str(home / name) for home in homes if (home / name).is_file()), str(homes[0] / name))
            size = image_size(uri)
            segments, left_out = _segments(file, key, entry, size, classes, known)
            thin += left_out
            sample = Path(name).with_suffix("").as_posix()
            split = about.splits.get(sample) if about else None
            yield Sample(sample, ImageRef(uri, size), segments, split=split)
        if thin:
            notes.append(f"{thin} lines and points have no area and were left out")

    return Reading(classes, unique_keys(samples()), len(entries), notes)


def _regions(file: Path, key: str, entry: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    found = entry["regions"]  # a list since VIA 2, an object by number before
    rows = found if isinstance(found, list) else list(found.values()) if isinstance(found, dict) else [None]
    for number, row in enumerate(rows):
        if (
            not isinstance(row, dict)
            or not isinstance(row.get("shape_attributes"), dict)
            or not isinstance(row.setdefault("region_attributes", {}), dict)
        ):
            raise FormatError("is not a region", file=file, record=f"{key} region {number}")
        yield number, row


def _class_of(region: dict[str, Any], attribute: str | None) -> str:
    value = region["region_attributes"].get(attribute, "") if attribute else ""
    if isinstance(value, dict):  # a check box: the ticked ones
        value = ",".join(name for name, on in value.items() if on)
    return str(value).strip() or "object"


def _segments(
    file: Path, key: str, entry: dict[str, Any], size: tuple[int, int], classes: Classes, attribute: str | None
) -> tuple[Segments, int]:
    by_name = {class_.name: class_.id for class_ in classes}
    masks, class_ids, ids, attributes = [], [], [], []
    thin = 0
    for number, each in _regions(file, key, entry):
        record = f"{key} region {number}"
        try:
            mask = _mask(each["shape_attributes"], size)
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"cannot be read ({error})", file=file, record=record) from None
        name = _class_of(each, attribute)
        if name not in by_name:
            raise FormatError(f"has the unknown class {name!r}", file=file, record=record)
        if mask is None:
            thin += 1
            continue
        masks.append(mask)
        class_ids.append(by_name[name])
        extra = {k: from_text(v) if isinstance(v, str) else v for k, v in each["region_attributes"].items()}
        ids.append(extra.pop(_ID, None))
        attributes.append({k.removeprefix(_OTHER): v for k, v in extra.items() if k != attribute})
    stacked = Masks.stack(masks, size)
    return Segments(stacked, class_ids, ids=usable_ids(ids), attributes=attributes), thin


def _mask(shape: dict[str, Any], size: tuple[int, int]) -> Mask | None:
    kind = shape["name"]
    if kind in ("polygon", "polyline") and len(shape["all_points_x"]) > 2:
        ring = np.stack([np.asarray(shape[f"all_points_{axis}"], np.float64) for axis in "xy"], axis=1)
        if kind == "polygon" or (ring[0] == ring[-1]).all():
            return Mask.from_polygon(Polygon([[ring]]), size)
    if kind == "rect":
        left, top = float(shape["x"]), float(shape["y"])
        polygon = rectangle(left, top, left + float(shape["width"]), top + float(shape["height"]))
        return Mask.from_polygon(polygon, size)
    if kind == "circle":
        return ellipse(float(shape["cx"]), float(shape["cy"]), float(shape["r"]), float(shape["r"]), size)
    if kind == "ellipse":
        turn = np.rad2deg(float(shape.get("theta") or 0))
        return ellipse(
            float(shape["cx"]), float(shape["cy"]), float(shape["rx"]), float(shape["ry"]), size, float(turn)
        )
    return None


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    return common_losses(sample, LOSES)


def write(samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy") -> None:
    """via_region_data.json, images in images/.  images: copy or link; VIA needs them for their sizes."""
    splits = {}
    with open(new_file(folder, "via_region_data.json"), "w") as out:
        out.write("{")
        for number, sample in enumerate(unique_keys(samples)):
            name = sample.key + suffix_of(sample)
            size = put_image(sample, folder, f"images/{name}", images).stat().st_size
            entry = {
                "filename": name,
                "size": size,
                "regions": list(_rows(sample.segments, classes)),
                "file_attributes": {},
            }
            out.write(",\n" * (number > 0) + f"{json.dumps(f'{name}{size}')}: {json.dumps(entry)}")
            splits[sample.key] = sample.split
        out.write("}\n")
    write_about(folder, "via", classes, splits)


def _rows(segments: Segments, classes: Classes) -> Iterator[dict[str, Any]]:
    for i, mask in enumerate(segments.masks):
        if not mask.area():
            continue
        ring = bridged(mask.polygon()).astype(int)
        extra = {
            _OTHER * (key in ("class", _ID) or key.startswith(_OTHER)) + key: to_text(value)
            for key, value in segments.attributes[i].items()
            if key != "area"
        }
        yield {
            "shape_attributes": {
                "name": "polygon",
                "all_points_x": ring[:, 0].tolist(),
                "all_points_y": ring[:, 1].tolist(),
            },
            "region_attributes": {
                "class": classes[int(segments.class_ids[i])].name,
                _ID: str(segments.ids[i]),
                **extra,
            },
        }
