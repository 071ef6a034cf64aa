"""COCO instances: one JSON with images, categories and annotations.

Layout: https://cocodataset.org/#format-data.  Polygons are read by COCO's own rasterisation, bit-equal to
pycocotools; run lengths compressed or not.  Masks are written as polygons where those give exactly the
same pixels back, and otherwise as run lengths with iscrowd = 0.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.classes import Class, Classes
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample, image_size
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats._contract import Loss, Reading, common_losses, put_image, suffix_of, unique_keys

LOSES = frozenset({"source", "weight"})

_ANNOTATION_KEYS = {"id", "image_id", "category_id", "segmentation", "area", "bbox", "iscrowd", "score", "attributes",
                    "maskwright"}  # fmt: skip
_IMAGE_KEYS = {"file_name", "height", "width"}


def sniff(path: Path) -> float:
    files = _files(path)
    return 0.9 if files and all(_looks_right(file) for file in files[:3]) else 0.0


def _looks_right(file: Path) -> bool:
    with open(file, "rb") as raw:
        head = raw.read(4_000_000)
    return b'"images"' in head and (b'"annotations"' in head or b'"categories"' in head)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".json" else []
    found = sorted([*path.glob("annotations/instances_*.json"), *path.glob("instances*.json")])
    return found or [
        file for file in sorted([*path.glob("*.json"), *path.glob("annotations/*.json")]) if _looks_right(file)
    ]


def read(
    path: Path, *, images: str | None = None, drop_degenerate: bool = False, drop_orphans: bool = False
) -> Reading:
    """images: the folder that file names are relative to; searched for near the JSON when not given.

    drop_degenerate: leave out polygon rings with fewer than three points instead of refusing the file.
    drop_orphans: leave out annotations of images that the file does not list.
    """
    files = _files(path)
    if not files:
        raise FormatError("no COCO JSON here", file=path, needed="a .json file or a folder with annotations/*.json")
    loaded = [(file, _load(file)) for file in files]
    merged: dict[int, Class] = {}
    for file, content in loaded:
        for one in _classes(file, content):
            if merged.setdefault(one.id, one) != one:
                raise FormatError(
                    f"category {one.id} is {one.name!r} here", file=file, needed=f"{merged[one.id].name!r}"
                )
    notes = [f"{file.name}: {note}" for file, content in loaded for note in _notes(content)]
    classes = Classes(merged.values())

    def samples() -> Iterator[Sample]:
        for file, content in loaded:
            yield from _samples(file, content, classes, images, drop_degenerate, drop_orphans, split_of(file))

    return Reading(classes, unique_keys(samples()), sum(len(content["images"]) for _, content in loaded), notes)


def split_of(file: Path) -> str | None:
    """train, val or test, from a name such as instances_train2017.json."""
    return next((split for split in ("train", "val", "test") if split in file.stem.lower()), None)


def _load(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_bytes())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise FormatError(f"not valid JSON ({error})", file=file) from None
    except OSError as error:
        raise FormatError(f"cannot be read ({error.strerror})", file=file) from None
    if not isinstance(content, dict):
        raise FormatError(f"holds a {type(content).__name__}", file=file, needed="COCO labels are one JSON object")
    for name in ("images", "annotations", "categories"):
        value = content.get(name)
        if value is None and name == "annotations":
            content[name] = []
        elif not isinstance(value, list):
            raise FormatError(f"{name!r} is {'missing' if value is None else 'no list'}", file=file)
    return content


def _notes(content: Mapping[str, Any]) -> list[str]:
    lone = sum("segmentation" not in one and "bbox" in one for one in content["annotations"] if isinstance(one, dict))
    return [f"{lone} annotations have a box only and become rectangles"] if lone else []


def _classes(file: Path, content: Mapping[str, Any]) -> Iterator[Class]:
    for position, one in enumerate(content["categories"]):
        try:
            extra = {
                name: value for name, value in one.items() if name not in ("id", "name", "color", "isthing", "role")
            }
            colour = one.get("color")
            yield Class(
                int(one["id"]),
                str(one["name"]),
                "thing" if one.get("isthing", 1) else "stuff",
                one.get("role", "class"),
                tuple(colour) if isinstance(colour, list) and len(colour) == 3 else None,
                extra,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormatError(f"cannot be read ({error!r})", file=file, record=f"category {position}") from None


def _samples(
    file: Path, content: Mapping[str, Any], classes: Classes, images: str | None,
    drop_degenerate: bool, drop_orphans: bool, split: str | None,
) -> Iterator[Sample]:  # fmt: skip
    by_image: dict[Any, list[dict[str, Any]]] = {}
    for one in content["images"]:
        if not isinstance(one, dict) or "id" not in one or not isinstance(one.get("file_name"), str):
            raise FormatError("an image lacks its id or file_name", file=file, record=f"image {str(one)[:60]}")
        if one["id"] in by_image:
            raise FormatError("two images have this id", file=file, record=f"image {one['id']}")
        by_image[one["id"]] = []
    for position, one in enumerate(content["annotations"]):
        record = (
            f"annotation {one.get('id', f'number {position}')}"
            if isinstance(one, dict)
            else f"annotation number {position}"
        )
        if not isinstance(one, dict) or "image_id" not in one or "category_id" not in one:
            raise FormatError("lacks its image_id or category_id", file=file, record=record)
        if one["image_id"] not in by_image:
            if drop_orphans:
                continue
            raise FormatError(
                f"belongs to image {one['image_id']}, which the file does not list", file=file, record=record,
                todo="Leave such annotations out with --option drop_orphans=true, or repair the file.",
            )  # fmt: skip
        if one["category_id"] not in classes:
            raise FormatError(f"has the unknown category {one['category_id']}", file=file, record=record)
        by_image[one["image_id"]].append(one)
    root = _image_root(file, content, images)
    for image in content["images"]:
        uri = root / image["file_name"]
        try:
            size = (int(image["height"]), int(image["width"]))
        except (KeyError, TypeError, ValueError):
            size = image_size(uri)
        segments = _segments(file, by_image[image["id"]], size, drop_degenerate)
        fields = {name: value for name, value in image.items() if name not in _IMAGE_KEYS}
        own = fields.pop("maskwright", {})
        yield Sample(
            str(Path(image["file_name"]).with_suffix("").as_posix()),
            ImageRef(str(uri), size),
            segments,
            split=own.get("split", split),
            fields={**own.get("fields", {}), "coco": fields} if "fields" not in own else own["fields"],
        )


def _image_root(file: Path, content: Mapping[str, Any], images: str | None) -> Path:
    if images is not None:
        return Path(images)
    near = [file.parent, file.parent.parent]
    names = [
        "",
        "images",
        file.stem.removeprefix("instances_"),
        f"images/{file.stem.removeprefix('instances_')}",
        "data",
    ]
    candidates = [folder / name for folder in near for name in names]
    first = next((one["file_name"] for one in content["images"]), None)
    return next((root for root in candidates if first and (root / first).is_file()), file.parent)


def _segments(file: Path, annotations: list[dict[str, Any]], size: tuple[int, int], drop_degenerate: bool) -> Segments:
    parts: list[Masks] = []
    attributes = []
    for one in annotations:
        record = f"annotation {one.get('id')}"
        try:
            mask = _mask(one, size, drop_degenerate)
        except (ValueError, TypeError, KeyError) as error:
            raise FormatError(
                str(error).removeprefix("mask 0: "), file=file, record=record,
                todo="Drop broken rings with --option drop_degenerate=true, or repair the file.",
            ) from None  # fmt: skip
        parts.append(mask)
        extra = {name: value for name, value in one.items() if name not in _ANNOTATION_KEYS}
        extra |= one.get("attributes") or {}
        # COCO's area is the polygon's, not the mask's; evaluation sorts objects by it, so it is kept.
        if one.get("area") is not None and one["area"] != mask.areas()[0]:
            extra["area"] = one["area"]
        attributes.append(extra)
    # COCO numbers annotations over the whole file; a segment whose own number was taken keeps it beside.
    ids = [one.get("maskwright", {}).get("id", one.get("id")) for one in annotations]
    good = all(isinstance(one, int) for one in ids) and len(set(ids)) == len(ids)
    return Segments(
        Masks.concatenate(parts, size),
        [int(one["category_id"]) for one in annotations],
        ids=ids if good else None,
        scores=[np.nan if one.get("score") is None else float(one["score"]) for one in annotations],
        is_crowd=[bool(one.get("iscrowd", 0)) for one in annotations],
        attributes=attributes,
    )


def _mask(one: Mapping[str, Any], size: tuple[int, int], drop_degenerate: bool) -> Masks:
    found = one.get("segmentation")
    if isinstance(found, dict):
        if "size" in found and tuple(int(side) for side in found["size"]) != size:
            raise ValueError(f"its mask is {found['size']}, the image {list(size)} (height, width)")
        counts = found.get("counts")
        if isinstance(counts, str | bytes):
            return Masks.from_compressed([counts], size)
        if isinstance(counts, list):
            return Masks.from_counts([counts], size)
        raise ValueError("its run lengths are neither a string nor a list")
    if isinstance(found, list) and found:
        rings = [found] if isinstance(found[0], int | float) else found
        good = []
        for position, ring in enumerate(rings):
            if not isinstance(ring, list) or not all(isinstance(value, int | float) for value in ring):
                raise ValueError(f"polygon ring {position} is no list of numbers")
            if len(ring) % 2 or len(ring) < 6:
                if drop_degenerate:
                    continue
                raise ValueError(
                    f"polygon ring {position} has {len(ring) / 2:g} points; a ring needs at least 3 (6 numbers)"
                )
            if not np.isfinite(ring).all():
                raise ValueError(f"polygon ring {position} has a coordinate that is not a finite number")
            good.append(ring)
        return Masks.from_coco_polygons([good], size) if good else Masks.empty(size, 1)
    if one.get("bbox") is not None:
        left, top, width, height = (float(value) for value in one["bbox"])
        right, bottom = left + width, top + height
        return Masks.from_coco_polygons([[[left, top, left, bottom, right, bottom, right, top]]], size)
    if found == []:
        return Masks.empty(size, 1)
    raise ValueError("it has neither a segmentation nor a bbox")


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    return common_losses(sample, LOSES)


def write(
    samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy", segmentation: str = "auto"
) -> None:
    """images: copy, link or none.  segmentation: auto (polygons where exact), or rle."""
    ids: set[int] = set()
    image_ids: set[int] = set()
    number = 0
    # Three lists in one document, streamed: images to the file, annotations to a second one joined at the end.
    partial = folder / "annotations.part"
    with open(folder / "annotations.json", "w") as out, open(partial, "w") as other:
        categories = [
            {
                **one.extra,
                "id": one.id,
                "name": one.name,
                "isthing": int(one.kind == "thing"),
                **({"role": one.role} if one.role != "class" else {}),
                **({"color": list(one.colour)} if one.colour else {}),
            }
            for one in classes
        ]
        out.write(f'{{"categories": {json.dumps(categories)},\n"images": [')
        for position, sample in enumerate(unique_keys(samples)):
            name = sample.key + suffix_of(sample)
            put_image(sample, folder / "images" / name, images)
            coco = dict(sample.fields.get("coco") or {})
            image_id = coco.pop("id", None)
            if not isinstance(image_id, int) or image_id in image_ids:
                image_id = max(image_ids, default=0) + 1
            image_ids.add(image_id)
            file_name = name if images != "none" else sample.image.uri
            own = {"split": sample.split, "fields": dict(sample.fields)}
            row = {
                "id": image_id,
                "file_name": file_name,
                "height": sample.image.size[0],
                "width": sample.image.size[1],
            }
            out.write(",\n" * (position > 0) + json.dumps({**coco, **row, "maskwright": own}))
            for line in _annotations(sample, image_id, ids, segmentation):
                other.write(",\n" * (number > 0) + line)
                number += 1
        out.write('],\n"annotations": [')
        other.close()
        with open(partial) as written:
            while block := written.read(1 << 20):
                out.write(block)
        out.write("]}\n")
    partial.unlink()


def _annotations(sample: Sample, image_id: int, ids: set[int], segmentation: str) -> Iterator[str]:
    segments = sample.segments
    areas, boxes = segments.masks.areas(), segments.masks.boxes()
    strings = segments.masks.compressed()
    for i, mask in enumerate(segments.masks):
        own = identity = int(segments.ids[i])
        if identity in ids:
            identity = _free(ids)
        ids.add(identity)
        left, top, right, bottom = boxes[i].tolist()
        attributes = dict(segments.attributes[i])
        area = attributes.pop("area", int(areas[i]))
        row: dict[str, Any] = {
            "id": identity,
            "image_id": image_id,
            "category_id": int(segments.class_ids[i]),
            "iscrowd": int(segments.is_crowd[i]),
            "area": area,
            "bbox": [left, top, right - left, bottom - top],
        }
        rings = None if segmentation == "rle" or segments.is_crowd[i] else exact_rings(mask)
        row["segmentation"] = {"size": list(mask.size), "counts": strings[i].decode()} if rings is None else rings
        if segments.scores[i] == segments.scores[i]:
            row["score"] = float(segments.scores[i])
        if attributes:
            row["attributes"] = attributes
        if identity != own:
            row["maskwright"] = {"id": own}
        yield json.dumps(row)


def _free(ids: set[int]) -> int:
    """An unused number, found fast: every number up to the count of used ones cannot be taken."""
    number = len(ids) + 1
    while number in ids:
        number += 1
    return number


def exact_rings(mask: Mask) -> list[list[int]] | None:
    """COCO polygons that rasterise to exactly this mask, or None where there are none, as with holes."""
    polygon = mask.polygon()
    if not polygon.parts or polygon.has_holes:
        return None
    rings = [part[0].astype(int).reshape(-1).tolist() for part in polygon.parts]
    return rings if Masks.from_coco_polygons([rings], mask.size)[0] == mask else None
