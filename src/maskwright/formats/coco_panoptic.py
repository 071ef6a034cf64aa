"""COCO panoptic: one JSON and a PNG an image whose colours number the segments; and the two-channel variant.

Layout: https://cocodataset.org/#format-data and panopticapi.  A pixel's segment is R + 256 G + 65536 B, 0 is not
a segment.  In the two-channel variant red is the category and green the number of the instance.  What the JSON says
besides, of the set, of images, annotations and segments, is written back.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core import drawn
from maskwright.core.classes import Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _aside
from maskwright.formats import _coco_segmentation as shapes
from maskwright.formats._algebra import apart
from maskwright.formats._aside import Aside
from maskwright.formats._coco import (
    MARK,
    Places,
    SplitFiles,
    classes_together,
    file_name,
    identities,
    image_root,
    place_of,
    read_image,
    said_of,
    said_together,
    split_of,
    write_image,
)
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
from maskwright.formats._keys import keys_of
from maskwright.formats._rasters import fitting, packed, png, read_raster
from maskwright.media import image_size

LOSES = frozenset({"overlap", "empty", "score", "source", "weight"})

_INFO_KEYS = {"id", "category_id", "area", "bbox", "iscrowd", "maskwright"}
_ANNOTATION_KEYS = {"image_id", "file_name", "segments_info"}
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
    classes, twice = classes_together((part.file, part.document) for part in opened)
    said = [(part.file, *said_of(part.document)) for part in opened]
    about, differing = said_together("coco-panoptic", [(file, found) for file, found, _ in said])
    notes = [f"{file.name}: {note}" for file, _, told in said for note in told]
    keys, of_keys = keys_of([
        place_of(image, split)
        for part in opened
        for split in [split_of(part.file)]
        for image in _aside.tried(range(len(part.images)), part.images.__getitem__)
    ])  # fmt: skip
    notes += [*differing, *twice, *of_keys]

    aside = _aside.current()

    def parts() -> Iterator[tuple[_File, int, str]]:
        first = 0
        for part in opened:
            part.look(aside)
            yield from ((part, row, keys[first + row]) for row in range(len(part.images)))
            first += len(part.images)
            part.look_behind()
            notes.extend(part.places.notes())

    def samples() -> Iterator[Sample]:
        yield from aside.samples(
            parts(), lambda item: item[0].sample(item[1], classes, item[2]),
            lambda item: (item[0].file, f"image number {item[1]}"),
        )  # fmt: skip

    total = sum(len(part.images) for part in opened)
    folders = {part.folder for part in opened}
    return Reading(classes, samples(), total, notes, about, elsewhere=folders)


class _File:
    def __init__(self, file: Path, images: str | None, segments: str | None) -> None:
        self.file = file
        self.document = Document(file)
        self.images: Records = self.document.records("images", ["id"])
        self.annotations: Records = self.document.records("annotations", ["image_id"])
        self._image_folder = images
        candidates = [Path(segments)] if segments else [file.with_suffix(""), file.parent / "panoptic", file.parent]
        self.folder = next((folder for folder in candidates if folder.is_dir()), candidates[0])
        self.places = Places(file, images)
        self._placed = False
        self._rows: dict[str, int] = {}
        self._aside = Aside()

    def look(self, aside: Aside) -> None:
        """Which annotation each image has; those that say no image are put aside."""
        self._aside = aside
        for row, identity in enumerate(identities(self.annotations, "image_id", "annotation", self.file, aside)):
            if identity is not None and identity != ABSENT:
                self._rows[str(identity)] = row

    def look_behind(self) -> None:
        """Put annotations aside that no image had."""
        for identity, row in self._rows.items():
            self._aside.put(
                FormatError(
                    f"belongs to image {identity}, which the file does not list", file=self.file,
                    record=f"annotation number {row}",
                )
            )  # fmt: skip

    def sample(self, number: int, classes: Classes, key: str) -> Sample:
        image = self.images[number]
        row = self._rows.pop(str(image.get("id")), None) if isinstance(image, dict) else None
        name = file_name(image)
        if name is None or "id" not in image:
            raise FormatError("an image lacks its id or file_name", file=self.file, record=str(image)[:60])
        if not self._placed:
            root = image_root(self.file, name, self._image_folder)
            if not (root / name).is_file() and self._image_folder is None:
                root = _near(self.file, name) or root
            self.places = Places(self.file, self._image_folder, root, self.folder)
            self._placed = True
        annotation = {"segments_info": []} if row is None else self.annotations[row]
        uri = self.places.uri(image, name)
        try:
            size = (int(image["height"]), int(image["width"]))
        except (KeyError, TypeError, ValueError):
            size = image_size(uri)
        png = self.folder / (annotation.get("file_name") or Path(name).with_suffix(".png").name)
        found = Segments.none(size) if row is None else self._segments(annotation, png, size, classes)
        split = split_of(self.file)
        of_split, fields = read_image(image, split)
        extra = {key: value for key, value in annotation.items() if key not in _ANNOTATION_KEYS}
        if extra and isinstance(fields, dict) and isinstance(fields.get("coco"), dict):
            fields["coco"][MARK] = {"annotation": extra}
        return Sample(key, ImageRef(uri, size), found, split=of_split, fields=fields)

    def _segments(self, annotation: dict[str, Any], png: Path, size: tuple[int, int], classes: Classes) -> Segments:
        pixels = fitting(read_raster(png)[0], size, png)
        values, masks = Masks.from_label_map(packed(pixels[..., ::-1]) if pixels.ndim == 3 else pixels, ignore=[0])
        place = {int(value): row for row, value in enumerate(values)}
        infos = annotation.get("segments_info")
        record = f"annotation of image {annotation.get('image_id')}"
        if not isinstance(infos, list):
            raise FormatError("its segments_info is not a list", file=self.file, record=record)
        rows, attributes, good = [], [], []
        named: set[Any] = set()
        for info in infos:
            with self._aside.record(self.file, record):
                named |= {info["id"]} if isinstance(info, dict) and "id" in info else set()
                if not isinstance(info, dict) or "id" not in info or info.get("category_id") not in classes:
                    raise FormatError(f"segment {str(info)[:60]} lacks its id or a known category")
                if info["id"] not in place:
                    raise FormatError(
                        f"segment {info['id']} has no pixel in {png.name}",
                        needed="every segment of the JSON shows in the PNG",
                    )
                good.append(info)
        for info in good:
            rows.append(place[info["id"]])
            extra = {key: value for key, value in info.items() if key not in _INFO_KEYS}
            own = info.get("maskwright")
            attributes.append({**extra, **(own if isinstance(own, dict) else {})})
        if spare := set(place) - named:
            self._aside.put(
                FormatError(
                    f"the number {min(spare)} is not among the segments of {record}", file=png,
                    needed="every colour of the PNG stands in the JSON",
                )
            )  # fmt: skip
        chosen = masks[np.array(rows, np.int64)]
        return Segments.take_over(
            chosen,
            [int(info["category_id"]) for info in good],
            ids=[int(info["id"]) for info in good],
            is_crowd=[bool(info.get("iscrowd", 0)) for info in good],
            attributes=attributes,
            more={"geometry": shapes.stated(chosen, good)},
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
    classes, notes = apart(_class_of(class_, Path(categories or path)) for class_ in listed)

    root: Path | None = None
    keys, of_keys = keys_of([place_of(image, None) for image in content["images"]])
    notes += of_keys

    def sample_of(item: tuple[Any, str]) -> Sample:
        nonlocal root
        image, key = item
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
        return Sample(key, ImageRef(str(root / name), size), found)

    samples = _aside.current().samples(
        zip(content["images"], keys, strict=True), sample_of, lambda item: (path, f"image {str(item[0])[:60]}")
    )
    return Reading(classes, samples, len(content["images"]), notes)


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
    areas, edges = segments.masks.areas().tolist(), segments.masks.boxes().tolist()
    geometry = segments.column("geometry")
    infos = []
    for row, area in enumerate(areas):
        if not area:
            continue
        stated = drawn.stated_area(segments, row)
        info = {
            "id": ids[row],
            "category_id": int(segments.class_ids[row]),
            "iscrowd": int(segments.is_crowd[row]),
            "area": area if stated is None else stated,
            "bbox": shapes.bbox(geometry[row] if drawn.is_runs(geometry[row]) else None, None, edges[row]),
        }
        attributes = {name: value for name, value in segments.attributes[row].items() if name != "area"}
        taken = {name: attributes.pop(name) for name in list(attributes) if name in _INFO_KEYS}
        infos.append({**info, **attributes, **({"maskwright": taken} if taken else {})})
    return content, infos


def write(
    samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy",
    about: Mapping[str, Any] | None = None, ready: Ready | None = None,
) -> None:  # fmt: skip
    """annotations/panoptic_<split>.json, its PNGs in a folder of the same name, images in images/.

    images: copy, link or none.  about: what was read of whole sets, see `Reading`; what COCO's files say is written
    back.
    ready: what gives a sample's rows in place of `prepare`.
    """
    splits = {}
    ready = ready or (lambda sample: prepare(sample, classes))
    said = (about or {}).get("coco-panoptic") or (about or {}).get("coco")
    with SplitFiles(folder, "panoptic", classes, kinds=True, about=said) as files:
        for sample in unique_keys(samples):
            splits[sample.key] = sample.split
            name, file = sample.key + suffix_of(sample), f"{sample.key}.png"
            put_image(sample, folder, f"images/{name}", images)
            coco = sample.fields.get("coco")
            marked = coco.get(MARK) if isinstance(coco, Mapping) else None
            extra = marked.get("annotation") if isinstance(marked, Mapping) else None
            extra = {} if not isinstance(extra, Mapping) else extra
            extra = {name: value for name, value in extra.items() if name not in _ANNOTATION_KEYS}
            mark = {"annotation": extra} if extra else None
            row = write_image(sample, files, images, mark)
            content, infos = ready(sample)
            new_file(files.folder, f"{files.name_of(sample.split)}/{file}").write_bytes(content)
            annotation = {"image_id": row["id"], "file_name": file, "segments_info": infos, **extra}
            files.add(sample.split, row, [json.dumps(annotation)])
    write_about(folder, "coco-panoptic", classes, splits)
