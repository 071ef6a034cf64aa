"""Datumaro JSON: annotations/<subset>.json with masks, polygons and boxes, images in images/<subset>/.

Layout: https://open-edge-platform.github.io/datumaro, "Datumaro format".  Everything is written as masks, whose run
lengths are COCO's.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from maskwright.core.classes import Class, Classes
from maskwright.core.foreign import explained
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.names import shown
from maskwright.core.polygons import Polygon, rectangle
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats._contract import (
    ABOUT,
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
from maskwright.formats._json import Document
from maskwright.media import IMAGE_SUFFIXES, image_size

LOSES = frozenset({"empty", "area", "source", "weight", "fields"})

_SPLITS = {"train": "train", "val": "val", "validation": "val", "test": "test"}


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: JSON files with categories and items."""
    files = _files(path)
    try:
        return 0.95 if files and {"categories", "items"} <= set(Document(files[0]).keys()) else 0.0
    except FormatError:
        return 0.0


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".json" else []
    return sorted((path / "annotations").glob("*.json"))


def read(path: Path) -> Reading:
    """Polygons with one group number are one segment; captions, points and labels are left out, with a note."""
    files = _files(path)
    if not files:
        raise FormatError("no annotations/*.json here", file=path)
    home = files[0].parent.parent
    about = read_about(home)
    documents = [Document(file) for file in files]
    labels = _labels(documents[0])
    for document in documents[1:]:
        if _labels(document) != labels:
            raise FormatError("has other labels than the subset before", file=document.file)
    with explained(documents[0].file, "categories"):
        classes = about.classes if about else Classes(Class(k, name) for k, name in enumerate(labels))
        ids = _ids(labels, classes)
    items = [document.records("items") for document in documents]
    notes: list[str] = []

    def samples() -> Iterator[Sample]:
        other = 0
        for document, records in zip(documents, items, strict=True):
            subset = document.file.stem
            for number, item in enumerate(records):
                sample, left_out = _sample(document.file, number, item, home, subset, ids)
                other += left_out
                yield sample
        if other:
            notes.append(f"{other} captions, labels, points and lines have no area and were left out")

    return Reading(classes, unique_keys(samples()), sum(len(each_item) for each_item in items), notes)


def _ids(labels: list[str], classes: Classes) -> list[int]:
    """The class id of each label, by its place."""
    ids = {kind.name: kind.id for kind in classes}
    strange = [name for name in labels if name not in ids]
    if strange:
        raise FormatError(f"has the label {shown(strange[0])!r}, which {ABOUT} does not declare")
    return [ids[name] for name in labels]


def _labels(document: Document) -> list[str]:
    try:
        return [str(label["name"]) for label in document.value("categories", {})["label"]["labels"]]
    except (KeyError, TypeError) as error:
        raise FormatError(f"its categories cannot be read ({error!r})", file=document.file) from None


def _sample(
    file: Path, number: int, item: Any, home: Path, subset: str, ids: list[int]
) -> tuple[Sample, int]:  # fmt: skip
    record = f"item {item.get('id', number)!r}" if isinstance(item, dict) else f"item {number}"
    try:
        key = str(item["id"])
        image = item.get("image") or {}
        name = str(image.get("path") or "")
        uri = _image(home, subset, key, name)
        size = tuple(int(side) for side in image["size"]) if image.get("size") else image_size(uri)
        if len(size) != 2:
            raise FormatError("its image has no size", file=file, record=record)
        found = list(item.get("annotations") or [])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"cannot be read ({error!r})", file=file, record=record) from None
    groups: dict[Any, list[Mask]] = {}
    rows: dict[Any, dict[str, Any]] = {}
    other = 0
    for position, each_item in enumerate(found):
        where = f"{record} annotation {position}"
        try:
            mask = _mask(each_item, (size[0], size[1]))
            if mask is None:
                other += 1
                continue
            group = each_item.get("group") or 0
            name_of = ("group", group) if group and each_item["type"] == "polygon" else ("alone", position)
            label = each_item["label_id"]
            if not 0 <= label < len(ids):
                raise FormatError(f"has the unknown label {label}", file=file, record=where)
            int(each_item.get("z_order") or 0)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormatError(f"cannot be read ({error!r})", file=file, record=where) from None
        groups.setdefault(name_of, []).append(mask)
        rows.setdefault(name_of, each_item)
    order = sorted(rows, key=lambda name: int(rows[name].get("z_order") or 0))
    masks = [
        groups[index][0] if len(groups[index]) == 1 else Masks.stack(groups[index], size).union() for index in order
    ]
    extra = [dict(rows[index].get("attributes") or {}) for index in order]
    numbers = [rows[index].get("id") for index in order]
    segments = Segments(
        Masks.stack(masks, size),
        [ids[rows[index]["label_id"]] for index in order],
        ids=usable_ids(numbers),
        is_crowd=[bool(entry.pop("is_crowd", False)) for entry in extra],
        scores=[float(entry.pop("score", np.nan)) for entry in extra],
        attributes=extra,
    )
    split = _SPLITS.get(subset)
    return Sample(
        key, ImageRef(str(uri), size), segments, split=split or (None if subset == "default" else subset)
    ), other


def _image(home: Path, subset: str, key: str, name: str) -> Path:
    inner = [name, *(key + suffix for suffix in IMAGE_SUFFIXES)]
    places = [home / "images" / subset / each_name for each_name in inner if each_name] + [
        home / "images" / each_name for each_name in inner if each_name
    ]
    return next((place for place in places if place.is_file()), Path(name) if name else places[0])


def _mask(each: dict[str, Any], size: tuple[int, int]) -> Mask | None:
    """None for what has no area."""
    if each["type"] == "mask":
        found = each["rle"]
        if [int(side) for side in found["size"]] != list(size):
            raise ValueError(f"its mask is {found['size']}, the image {list(size)} (height, width)")
        counts = found["counts"]
        return Mask.from_compressed(counts, size) if isinstance(counts, str) else Mask.from_counts(counts, size)
    if each["type"] == "polygon":
        return Mask.from_polygon(Polygon([[np.asarray(each["points"], np.float64).reshape(-1, 2)]]), size)
    if each["type"] == "bbox":
        left, top, width, height = (float(value) for value in each["bbox"])
        return Mask.from_polygon(rectangle(left, top, left + width, top + height), size)
    return None


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    return common_losses(sample, LOSES)


def write(samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy") -> None:
    """A JSON and a folder of images for each split.  images: copy, link or none."""
    label = {class_.id: number for number, class_ in enumerate(classes)}
    head = {
        "dm_format_version": "1.0",
        "media_type": 2,
        "infos": {},
        "categories": {
            "label": {
                "labels": [{"name": class_.name, "parent": "", "attributes": []} for class_ in classes],
                "attributes": ["is_crowd"],
            }
        },
    }
    (folder / "annotations").mkdir()
    open_files: dict[str, IO[str]] = {}
    splits = {}
    try:
        for sample in unique_keys(samples):
            subset = sample.split or "default"
            if "/" in subset:
                raise FormatError(
                    f"the split {subset!r} holds a slash", needed="splits that are one word, as files are named by them"
                )
            first = subset not in open_files
            if first:
                open_files[subset] = open(new_file(folder, f"annotations/{subset}.json"), "w")  # noqa: SIM115
                open_files[subset].write(json.dumps(head, ensure_ascii=False)[:-1] + ', "items": [')
            name = sample.key + suffix_of(sample)
            put_image(sample, folder, f"images/{subset}/{name}", images)
            item = {
                "id": sample.key,
                "annotations": list(_rows(sample.segments, label)),
                "attr": {},
                "image": {"path": name if images != "none" else sample.image.uri, "size": list(sample.image.size)},
            }
            open_files[subset].write(",\n" * (not first) + json.dumps(item, ensure_ascii=False))
            splits[sample.key] = sample.split
        for file in open_files.values():
            file.write("]}\n")
    finally:
        for file in open_files.values():
            file.close()
    write_about(folder, "datumaro", classes, splits)


def _rows(segments: Segments, label: dict[int, int]) -> Iterator[dict[str, Any]]:
    for i, (mask, text) in enumerate(zip(segments.masks, segments.masks.compressed(), strict=True)):
        if not mask.area():
            continue
        extra = {key: value for key, value in segments.attributes[i].items() if key != "area"}
        if segments.is_crowd[i]:
            extra["is_crowd"] = True
        if segments.scores[i] == segments.scores[i]:
            extra["score"] = float(segments.scores[i])
        yield {
            "id": int(segments.ids[i]),
            "type": "mask",
            "attributes": extra,
            "group": 0,
            "label_id": label[int(segments.class_ids[i])],
            "rle": {"counts": text.decode(), "size": list(segments.size)},
            "z_order": i,
        }
