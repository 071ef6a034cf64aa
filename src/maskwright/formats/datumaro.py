"""Datumaro JSON: annotations/<subset>.json with masks, polygons and boxes, images in images/<subset>/.

Layout: https://open-edge-platform.github.io/datumaro, "Datumaro format".  Polygons and boxes mean what Datumaro itself
draws for them, by pycocotools (its transforms `PolygonsToMasks.convert_polygon`, `BoxesToMasks.convert_bbox`), and are
written back where they mean the mask; everything else is written as masks, whose run lengths are COCO's.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from maskwright.core import drawn
from maskwright.core.arrays import Size
from maskwright.core.classes import Class, Classes
from maskwright.core.foreign import explained
from maskwright.core.masks import Masks
from maskwright.core.names import shown
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _aside, _coco_segmentation, _rules
from maskwright.formats._algebra import apart
from maskwright.formats._aside import Aside
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
from maskwright.formats._json import Document, Records
from maskwright.formats._keys import Place, keys_of
from maskwright.media import IMAGE_SUFFIXES, image_size

LOSES = frozenset({"empty", "area", "source", "weight", "fields"})
KEEPS = frozenset({"geometry", "box"})
#: The field of a sample that keeps an item's `attr`, and what a polygon or box keeps of itself.
_NAME = "datumaro"

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
    """Polygons with one group number are one segment; what is not a mask, polygon or box is left out, with a note."""
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
        listed, notes = apart(Class(k, name) for k, name in enumerate(labels))
        classes = about.classes if about else listed
        ids = _ids([class_.name for class_ in listed], classes)
    items = [document.records("items") for document in documents]

    keys, of_keys = keys_of([
        _place(item, document.file.stem)
        for document, records in zip(documents, items, strict=True)
        for item in _aside.tried(range(len(records)), records.__getitem__)
    ])  # fmt: skip
    notes += of_keys

    other: Counter[str] = Counter()
    aside = _aside.current()

    def sample_of(item: tuple[tuple[Path, Records, int], str]) -> Sample:
        (file, records, number), key = item
        return replace(_sample(file, number, records[number], home, file.stem, ids, other, aside), key=key)

    def samples() -> Iterator[Sample]:
        every = (
            (document.file, records, number)
            for document, records in zip(documents, items, strict=True)
            for number in range(len(records))
        )
        yield from aside.samples(
            zip(every, keys, strict=True), sample_of, lambda item: (item[0][0], f"item {item[0][2]}")
        )
        if other:
            kinds = ", ".join(f"{number} {shown(kind, 40)}" for kind, number in other.most_common())
            notes.append(f"annotations that are not masks, polygons or boxes were left out: {kinds}")

    infos = {document.file.stem: document.value("infos") for document in documents}
    said = {subset: {"infos": found} for subset, found in infos.items() if found}
    total = sum(len(records) for records in items)
    return Reading(classes, samples(), total, notes, {_NAME: said} if said else {})


def _split(subset: str) -> str | None:
    return _SPLITS.get(subset) or (None if subset == "default" else subset)


def _place(item: Any, subset: str) -> Place:
    """Where an item's image is; its id is the key."""
    found = item if isinstance(item, dict) else {}
    image = found.get("image")
    name = image.get("path") if isinstance(image, dict) else None
    return Place(str(name or ""), _split(subset), str(found.get("id", "")))


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
    file: Path, number: int, item: Any, home: Path, subset: str, ids: list[int], other: Counter[str], aside: Aside
) -> Sample:  # fmt: skip
    """other: counts the annotations that are left out, by type."""
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
    segments = _segments(file, record, found, (size[0], size[1]), ids, other, aside)
    split = _split(subset)
    fields = {_NAME: {"attr": item["attr"]}} if item.get("attr") else {}
    return Sample(key, ImageRef(str(uri), (size[0], size[1])), segments, split=split, fields=fields)


def _segments(
    file: Path, record: str, found: list[Any], size: Size, ids: list[int], other: Counter[str], aside: Aside
) -> Segments:  # fmt: skip
    rows: dict[Any, dict[str, Any]] = {}
    rings: dict[Any, list[Any]] = {}
    masks: dict[Any, Masks] = {}
    shapes: dict[Any, dict[str, Any]] = {}
    boxes: dict[Any, list[float]] = {}
    for position, annotation in enumerate(found):
        where = f"{record} annotation {position}"
        try:
            kind = annotation["type"]
            if kind not in ("mask", "polygon", "bbox"):
                other[str(kind)] += 1
                continue
            label = annotation["label_id"]
            if not 0 <= label < len(ids):
                raise FormatError(f"has the unknown label {label}")
            int(annotation.get("z_order") or 0)
            group = annotation.get("group") or 0
            name = ("group", group) if group and kind == "polygon" else ("alone", position)
            if kind == "mask":
                masks[name] = _mask(annotation, size)
            elif kind == "bbox":
                boxes[name] = _coco_segmentation.given_box(annotation["bbox"])
                rings[name] = [_coco_segmentation.corners(boxes[name])]
                shapes[name] = drawn.rectangle(boxes[name], "coco", datumaro={"bbox": annotation["bbox"]})
            else:
                ring = _coco_segmentation.rings([annotation["points"]], False, Counter())
                rings.setdefault(name, []).extend(ring)
                shapes.setdefault(name, drawn.polygon([], "coco"))["parts"].append(ring)
        except FormatError as error:
            aside.put(error.at(file=file, record=where))
            continue
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            aside.put(FormatError(f"cannot be read ({error!r})", file=file, record=where))
            continue
        rows.setdefault(name, annotation)
    drawn_masks = Masks.from_coco_polygons(rings.values(), size, tiny=True)
    together = Masks.concatenate([drawn_masks, *masks.values()], size)
    place = {name: row for row, name in enumerate([*rings, *masks])}
    order = sorted(rows, key=lambda name: int(rows[name].get("z_order") or 0))
    extra = [dict(rows[name].get("attributes") or {}) for name in order]
    return Segments.take_over(
        together[np.array([place[name] for name in order], np.int64)],
        [ids[rows[name]["label_id"]] for name in order],
        ids=usable_ids([rows[name].get("id") for name in order]),
        is_crowd=[bool(entry.pop("is_crowd", False)) for entry in extra],
        scores=[float(entry.pop("score", np.nan)) for entry in extra],
        attributes=extra,
        more={"geometry": [shapes.get(name) for name in order], "box": [boxes.get(name) for name in order]},
    )


def _image(home: Path, subset: str, key: str, name: str) -> Path:
    inner = [name, *(key + suffix for suffix in IMAGE_SUFFIXES)]
    places = [home / "images" / subset / each_name for each_name in inner if each_name] + [
        home / "images" / each_name for each_name in inner if each_name
    ]
    return next((place for place in places if place.is_file()), Path(name) if name else places[0])


def _mask(annotation: Mapping[str, Any], size: Size) -> Masks:
    found = annotation["rle"]
    if [int(side) for side in found["size"]] != list(size):
        raise ValueError(f"its mask is {found['size']}, the image {list(size)} (height, width)")
    counts = found["counts"]
    return Masks.from_compressed([counts], size) if isinstance(counts, str) else Masks.from_counts([counts], size)


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    segments = sample.segments
    found = common_losses(sample, LOSES)
    if set(sample.fields) == {_NAME}:
        found = [loss for loss in found if loss.cause != "fields"]
    geometry, boxes = segments.column("geometry"), segments.column("box")
    for row, (shape, box) in enumerate(zip(geometry, boxes, strict=True)):
        boxed = _bbox(shape) is not None
        lost = {
            "geometry": shape is not None and not drawn.is_runs(shape) and not boxed and not _parts(segments, row),
            "box": box is not None and not boxed,
        }
        found += [Loss(sample.key, cause, int(segments.ids[row])) for cause, yes in lost.items() if yes]
    return found


def _bbox(shape: Any) -> list[float] | None:
    """The numbers of a box that was drawn as Datumaro or COCO has it: left, top, width, height."""
    if not isinstance(shape, dict) or shape.get("shape") != "rectangle" or shape.get("rule") != "coco":
        return None
    own = drawn.own_of(shape, _NAME) or drawn.own_of(shape, "coco") or {}
    return own.get("bbox")


def _parts(segments: Segments, row: int) -> list[list[list[float]]] | None:
    return _rules.parts_for(segments, row, "coco", decimals=2)


def write(
    samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy",
    about: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """A JSON and a folder of images for each split.

    images: copy, link or none.  about: what was read of whole sets, see `Reading`; the `infos` of Datumaro's files are
    written back.
    """
    said = (about or {}).get(_NAME) or {}
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
                own = {**head, "infos": (said.get(subset) or {}).get("infos", {})}
                open_files[subset].write(json.dumps(own, ensure_ascii=False)[:-1] + ', "items": [')
            name = sample.key + suffix_of(sample)
            put_image(sample, folder, f"images/{subset}/{name}", images)
            item = {
                "id": sample.key,
                "annotations": list(_rows(sample.segments, label)),
                "attr": _attr(sample),
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


def _attr(sample: Sample) -> Any:
    own = sample.fields.get(_NAME)
    return own.get("attr", {}) if isinstance(own, Mapping) else {}


def _rows(segments: Segments, label: dict[int, int]) -> Iterator[dict[str, Any]]:
    for i, (mask, text) in enumerate(zip(segments.masks, segments.masks.compressed(), strict=True)):
        if not mask.area():
            continue
        extra = {key: value for key, value in segments.attributes[i].items() if key != "area"}
        if segments.is_crowd[i]:
            extra["is_crowd"] = True
        if segments.scores[i] == segments.scores[i]:
            extra["score"] = float(segments.scores[i])
        row = {
            "id": int(segments.ids[i]),
            "attributes": extra,
            "label_id": label[int(segments.class_ids[i])],
            "z_order": i,
        }
        shape = segments.column("geometry")[i]
        rings = [ring for part in _parts(segments, i) or () for ring in part]
        if (bbox := _bbox(shape)) is not None:
            yield {**row, "type": "bbox", "group": 0, "bbox": bbox}
        for ring in rings:
            yield {**row, "type": "polygon", "group": i + 1 if len(rings) > 1 else 0, "points": ring}
        if bbox is None and not rings:
            yield {**row, "type": "mask", "group": 0, "rle": {"counts": text.decode(), "size": list(segments.size)}}
