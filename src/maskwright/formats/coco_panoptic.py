"""COCO panoptic: one JSON and a PNG an image whose colours number the segments; and the two-channel variant.

Layout: https://cocodataset.org/#format-data and panopticapi.  A pixel's segment is R + 256 G + 65536 B, 0 is not
a segment.  In the two-channel variant red is the category and green the number of the instance.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.classes import Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats._coco import SplitFiles, file_name, identities, image_root, read_classes, split_of
from maskwright.formats._contract import (
    Loss,
    Reading,
    Ready,
    common_losses,
    new_file,
    put_image,
    suffix_of,
    unique_keys,
    write_about,
)  # fmt: skip
from maskwright.formats._json import ABSENT, Document, Records, load
from maskwright.formats._rasters import fitting, packed, png, read_raster
from maskwright.media import image_size

LOSES = frozenset({"overlap", "empty", "score", "attributes", "source", "weight"})

_INFO_KEYS = {"id", "category_id", "area", "bbox", "iscrowd"}
_LARGEST = 256**3 - 1


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a JSON with segments_info and a folder of PNGs."""
    return 0.95 if _files(path) else 0.0


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".json" and _looks_right(path) else []
    found = sorted([*path.glob("*.json"), *path.glob("annotations/*.json")])
    return [file for file in found if _looks_right(file)]


def _looks_right(file: Path) -> bool:
    try:
        document = Document(file)
        notes = document.records("annotations", ["segments_info"])
        return len(notes) > 0 and notes.integers("segments_info")[0] != ABSENT
    except FormatError:
        return False


def read(
    path: Path,
    *,
    images: str | None = None,
    segments: str | None = None,
    two_channel: str | None = None,
    categories: str | None = None,
) -> Reading:
    """images, segments: the folders of the images and of the PNGs, searched for near the JSON when not given.

    two_channel: a folder of two-channel PNGs; `path` is then a JSON that lists the images.
    categories: a JSON list of categories, where the file itself has none.
    """
    if two_channel is not None:
        return _two_channel(path, Path(two_channel), images, categories)
    files = _files(path)
    if not files:
        raise FormatError("no panoptic JSON here", file=path, needed="annotations with segments_info")
    opened = [_File(file, images, segments) for file in files]
    merged = {class_.id: class_ for part in opened for class_ in read_classes(part.file, part.document)}
    classes = Classes(merged.values())

    def samples() -> Iterator[Sample]:
        for part in opened:
            yield from part.samples(classes)

    return Reading(classes, unique_keys(samples()), sum(len(part.images) for part in opened))


class _File:
    def __init__(self, file: Path, images: str | None, segments: str | None) -> None:
        self.file = file
        self.document = Document(file)
        self.images: Records = self.document.records("images", ["id"])
        self.annotations: Records = self.document.records("annotations", ["image_id"])
        self._image_folder = images
        candidates = [Path(segments)] if segments else [file.with_suffix(""), file.parent / "panoptic", file.parent]
        self.folder = next((folder for folder in candidates if folder.is_dir()), candidates[0])

    def samples(self, classes: Classes) -> Iterator[Sample]:
        rows = {
            str(identity): row
            for row, identity in enumerate(identities(self.annotations, "image_id", "annotation", self.file))
        }
        root: Path | None = None
        split = split_of(self.file)
        for image in self.images:
            name = file_name(image)
            if name is None or "id" not in image:
                raise FormatError("an image lacks its id or file_name", file=self.file, record=str(image)[:60])
            if root is None:
                root = image_root(self.file, name, self._image_folder)
                if not (root / name).is_file() and self._image_folder is None:
                    root = _near(self.file, name) or root
            row = rows.pop(str(image["id"]), None)
            annotation = {"segments_info": []} if row is None else self.annotations[row]
            uri = root / name
            try:
                size = (int(image["height"]), int(image["width"]))
            except (KeyError, TypeError, ValueError):
                size = image_size(uri)
            png = self.folder / (annotation.get("file_name") or Path(name).with_suffix(".png").name)
            found = Segments.none(size) if row is None else self._segments(annotation, png, size, classes)
            extra = {key: value for key, value in image.items() if key not in ("file_name", "height", "width")}
            own = extra.pop("maskwright", {})
            yield Sample(
                own.get("key") or Path(name).with_suffix("").as_posix(), ImageRef(str(uri), size), found,
                split=own.get("split", split), fields=own.get("fields", {"coco": extra}),
            )  # fmt: skip
        if rows:
            raise FormatError(
                f"belongs to image {next(iter(rows))}, which the file does not list", file=self.file,
                record=f"annotation number {next(iter(rows.values()))}",
            )  # fmt: skip

    def _segments(self, annotation: dict[str, Any], png: Path, size: tuple[int, int], classes: Classes) -> Segments:
        pixels = fitting(read_raster(png)[0], size, png)
        values, masks = Masks.from_label_map(packed(pixels[..., ::-1]) if pixels.ndim == 3 else pixels, ignore=[0])
        place = {int(value): row for row, value in enumerate(values)}
        infos = annotation.get("segments_info")
        record = f"annotation of image {annotation.get('image_id')}"
        if not isinstance(infos, list):
            raise FormatError("its segments_info is not a list", file=self.file, record=record)
        rows, attributes = [], []
        for info in infos:
            if not isinstance(info, dict) or "id" not in info or info.get("category_id") not in classes:
                raise FormatError(
                    f"segment {str(info)[:60]} lacks its id or a known category", file=self.file, record=record
                )
            if info["id"] not in place:
                raise FormatError(
                    f"segment {info['id']} has no pixel in {png.name}", file=self.file, record=record,
                    needed="every segment of the JSON shows in the PNG",
                )  # fmt: skip
            rows.append(place[info["id"]])
            extra = {key: value for key, value in info.items() if key not in _INFO_KEYS}
            attributes.append(extra)
        spare = set(place) - {info["id"] for info in infos}
        if spare:
            raise FormatError(
                f"the number {min(spare)} is not among the segments of {record}", file=png,
                needed="every colour of the PNG stands in the JSON",
            )  # fmt: skip
        areas = masks.areas()
        for info, row, attribute in zip(infos, rows, attributes, strict=True):
            if info.get("area") not in (None, int(areas[row])):
                attribute["area"] = info["area"]
        return Segments(
            masks[np.array(rows, np.int64)],
            [int(info["category_id"]) for info in infos],
            ids=[int(info["id"]) for info in infos],
            is_crowd=[bool(info.get("iscrowd", 0)) for info in infos],
            attributes=attributes,
        )


def _near(file: Path, name: str) -> Path | None:
    """Some sets keep images a level higher, or in a folder named after the split or input_images."""
    for base in (file.parent, file.parent.parent, file.parent.parent.parent):
        for folder in ("images", "input_images", file.stem.removeprefix("panoptic_")):
            for place in (base / folder, base / folder / file.stem.removeprefix("panoptic_")):
                if (place / name).is_file():
                    return place
    return None


def _two_channel(path: Path, folder: Path, images: str | None, categories: str | None) -> Reading:
    content = load(path)
    listed = load(Path(categories), list) if categories else content.get("categories")
    if not isinstance(listed, list) or not isinstance(content.get("images"), list):
        raise FormatError("lists no images or no categories", file=path, todo="Give them with -o categories=FILE.")
    classes = Classes(_class_of(class_, Path(categories or path)) for class_ in listed)

    def samples() -> Iterator[Sample]:
        root: Path | None = None
        for image in content["images"]:
            name = file_name(image)
            if name is None:
                raise FormatError("an image lacks its file_name", file=path, record=str(image)[:60])
            root = root or image_root(path, name, images)
            if not (root / name).is_file():
                root = _near(path, name) or root
            png = folder / Path(name).with_suffix(".png").name
            size = (int(image["height"]), int(image["width"])) if "height" in image else image_size(root / name)
            pixels = fitting(read_raster(png)[0], size, png)
            if pixels.ndim != 3:
                raise FormatError("has one channel", file=png, needed="the category in red, the instance in green")
            wide = pixels.astype(np.int64)
            values, masks = Masks.from_label_map(wide[..., 0] << 8 | wide[..., 1], ignore=[0])
            unknown = [int(value >> 8) for value in values if int(value >> 8) not in classes]
            if unknown:
                raise FormatError(f"has the unknown category {unknown[0]}", file=png)
            found = Segments(masks, values >> 8, ids=values)
            yield Sample(Path(name).with_suffix("").as_posix(), ImageRef(str(root / name), size), found)

    return Reading(classes, unique_keys(samples()), len(content["images"]))


def _class_of(each: Any, file: Path) -> Any:
    from maskwright.core.classes import Class

    try:
        return Class(int(each["id"]), str(each["name"]), "thing" if each.get("isthing", 1) else "stuff")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"cannot be read ({error!r})", file=file, record=f"category {str(each)[:40]}") from None


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    renumbered = [int(id_) for id_ in sample.segments.ids if not 0 < id_ <= _LARGEST]
    return common_losses(sample, LOSES) + [Loss(sample.key, "ids", number) for number in renumbered]


def prepare(sample: Sample, classes: Classes) -> tuple[bytes, list[dict[str, Any]]]:
    """The PNG of a sample's segments, and what the JSON says of each."""
    segments = sample.segments.visible()
    ids = [int(id_) for id_ in segments.ids]
    used = {id_ for id_ in ids if 0 < id_ <= _LARGEST}
    for row, id_ in enumerate(ids):
        if not 0 < id_ <= _LARGEST:
            ids[row] = next(number for number in range(1, _LARGEST) if number not in used)
            used.add(ids[row])
    values = np.zeros(segments.size, "<u4")
    segments.masks.composite(ids, out=values)
    # The bytes of a little-endian number are red, green and blue already.
    content = png(np.ascontiguousarray(values.view(np.uint8).reshape(*segments.size, 4)[..., :3]))
    areas, boxes = segments.masks.areas(), segments.masks.boxes()
    infos = [
        {
            "id": ids[row],
            "category_id": int(segments.class_ids[row]),
            "iscrowd": int(segments.is_crowd[row]),
            "area": segments.attributes[row].get("area", int(areas[row])),
            "bbox": [int(left), int(top), int(right - left), int(bottom - top)],
        }
        for row, (left, top, right, bottom) in enumerate(boxes)
        if areas[row]
    ]
    return content, infos


def write(
    samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy", ready: Ready | None = None
) -> None:
    """annotations/panoptic_<split>.json, its PNGs in a folder of the same name, images in images/.

    images: copy, link or none.
    ready: what gives a sample's rows in place of `prepare`.
    """
    splits = {}
    ready = ready or (lambda sample: prepare(sample, classes))
    with SplitFiles(folder, "panoptic", classes) as files:
        for sample in unique_keys(samples):
            splits[sample.key] = sample.split
            name, file = sample.key + suffix_of(sample), f"{sample.key}.png"
            put_image(sample, folder, f"images/{name}", images)
            coco = dict(sample.fields.get("coco") or {})
            image_id = files.image_id(coco.pop("id", None))
            height, width = sample.image.size
            own = {"key": sample.key, "split": sample.split, "fields": dict(sample.fields)}
            row = {"id": image_id, "file_name": name if images != "none" else sample.image.uri,
                   "height": height, "width": width, "maskwright": own}  # fmt: skip
            content, infos = ready(sample)
            new_file(files.folder, f"{files.name_of(sample.split)}/{file}").write_bytes(content)
            annotation = {"image_id": image_id, "file_name": file, "segments_info": infos}
            files.add(sample.split, {**coco, **row}, [json.dumps(annotation)])
    write_about(folder, "coco-panoptic", classes, splits)
