"""COCO instances: one JSON with images, categories and annotations; LVIS, Roboflow's export, results files.

Layout: https://cocodataset.org/#format-data.  Polygons are read by COCO's own rasterisation, bit-equal to
pycocotools; run lengths compressed or not.  Masks are written as polygons where those give exactly the
same pixels back, and otherwise as run lengths with iscrowd = 0.  Files are indexed, not loaded: memory does not
grow with what the annotations say.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import I64
from maskwright.core.classes import Class, Classes
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, UsageError
from maskwright.formats._coco import (
    SplitFiles,
    file_name,
    free_id,
    identities,
    image_root,
    named_key,
    read_classes,
    split_of,
)
from maskwright.formats._contract import (
    Loss,
    Reading,
    Ready,
    common_losses,
    put_image,
    suffix_of,
    unique_keys,
    usable_ids,
)
from maskwright.formats._json import ABSENT, Document, Records
from maskwright.media import image_size

LOSES = frozenset({"source", "weight"})

_ANNOTATION_KEYS = {"id", "image_id", "category_id", "segmentation", "area", "bbox", "iscrowd", "score", "attributes",
                    "maskwright"}  # fmt: skip
_IMAGE_KEYS = {"file_name", "height", "width"}


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: JSON files with images, annotations and categories."""
    files = _files(path)
    return 0.9 if files and all(_looks_right(file) for file in files[:3]) else 0.0


def _looks_right(file: Path) -> bool:
    """Told by its top-level keys, wherever in the file they stand; for a list, by its first record."""
    try:
        document = Document(file)
        if document.is_list:
            first = document.records()[0]
            return isinstance(first, dict) and first.keys() >= {"image_id", "category_id"}
    except (FormatError, IndexError):
        return False
    return (
        "images" in document
        and ("annotations" in document or "categories" in document)
        and not _is_panoptic(document)
        and not _is_video(document)
    )


def _is_panoptic(document: Document) -> bool:
    notes = document.records("annotations", ["segments_info"], missing_ok=True)
    return len(notes) > 0 and notes.integers("segments_info")[0] != ABSENT


def _is_video(document: Document) -> bool:
    return "videos" in document and "annotations" in document and _has(document, "annotations", "segmentations")


def _has(document: Document, key: str, name: str) -> bool:
    records = document.records(key, [name], missing_ok=True)
    return len(records) > 0 and records.integers(name)[0] != ABSENT


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".json" else []
    found = sorted([*path.glob("annotations/instances_*.json"), *path.glob("instances*.json")])
    found = found or sorted([*path.glob("_annotations.coco.json"), *path.glob("*/_annotations.coco.json")])
    return found or [
        file for file in sorted([*path.glob("*.json"), *path.glob("annotations/*.json")]) if _looks_right(file)
    ]


def read(
    path: Path,
    *,
    images: str | None = None,
    truth: str | None = None,
    drop_degenerate: bool = False,
    drop_orphans: bool = False,
) -> Reading:
    """images: the folder that file names are relative to; searched for near the JSON when not given.

    truth: for a results file, the labels whose images and categories it speaks of.
    drop_degenerate: leave out polygon rings with fewer than three points instead of refusing the file.
    drop_orphans: leave out annotations of images that the file does not list.
    """
    files = _files(path)
    if not files:
        raise FormatError("no COCO JSON here", file=path, needed="a .json file or a folder with annotations/*.json")
    options = _Options(images, drop_degenerate, drop_orphans)
    opened = [_open(file, truth) for file in files]
    merged: dict[int, Class] = {}
    for part in opened:
        for kind in read_classes(part.about, part.document):
            if merged.setdefault(kind.id, kind) != kind:
                raise FormatError(
                    f"category {kind.id} is {kind.name!r} here", file=part.file, needed=f"{merged[kind.id].name!r}"
                )
    classes = Classes(merged.values())

    def samples() -> Iterator[Sample]:
        for part in opened:
            yield from _samples(part, classes, options)

    notes = [f"{part.file.name}: {note}" for part in opened for note in part.notes()]
    return Reading(classes, unique_keys(samples()), sum(len(part.images) for part in opened), notes)


@dataclass(frozen=True)
class _Options:
    images: str | None
    drop_degenerate: bool
    drop_orphans: bool


@dataclass
class _File:
    """One file; about: where its images and categories stand, which for results is another file."""

    file: Path
    about: Path
    document: Document
    images: Records
    annotations: Records

    def notes(self) -> list[str]:
        lone = self.annotations.integers("segmentation") == ABSENT
        lone &= self.annotations.integers("bbox") != ABSENT
        number = int(lone.sum())
        return [f"{number} annotations have a box only and become rectangles"] if number else []


_LOOKUP = ("id", "image_id", "category_id", "segmentation", "bbox")


def _open(file: Path, truth: str | None) -> _File:
    document = Document(file)
    about, source = file, document
    if document.is_list:
        if truth is None:
            raise FormatError(
                "is a results file: it names neither images nor categories", file=file,
                needed="the labels it belongs to: -o truth=instances.json",
            )  # fmt: skip
        about = Path(truth)
        source = Document(about)
        annotations = document.records(None, _LOOKUP)
    else:
        annotations = document.records("annotations", _LOOKUP, missing_ok=True)
    return _File(file, about, source, source.records("images", ["id"]), annotations)


def _samples(each: _File, classes: Classes, options: _Options) -> Iterator[Sample]:
    order, bounds = _by_image(each, options.drop_orphans)
    root: Path | None = None
    split = split_of(each.about)
    for position, image in enumerate(each.images):
        name = file_name(image)
        if name is None or "id" not in image:
            raise FormatError("an image lacks its id or file_name", file=each.about, record=f"image {str(image)[:60]}")
        root = root or image_root(each.about, name, options.images)
        uri = str(root / name) if "://" not in name else name
        try:
            size = (int(image["height"]), int(image["width"]))
        except (KeyError, TypeError, ValueError):
            size = image_size(uri)
        rows = order[bounds[position] : bounds[position + 1]]
        segments = _segments(each.file, [each.annotations[row] for row in rows.tolist()], size, classes, options)
        if each.file != each.about:
            segments.source[:] = ["model"] * len(segments)  # a results file
        fields = {key: value for key, value in image.items() if key not in _IMAGE_KEYS}
        own = fields.pop("maskwright", {})
        yield Sample(
            own.get("key") or named_key(name),
            ImageRef(uri, size),
            segments,
            split=own.get("split", split),
            fields={**own.get("fields", {}), "coco": fields} if "fields" not in own else own["fields"],
        )


def _by_image(each: _File, drop_orphans: bool) -> tuple[I64, I64]:
    """Annotation rows in the order of their images; image i has those from bounds[i] to bounds[i + 1]."""
    ids = identities(each.images, "id", "image", each.about)
    owner_ids = identities(each.annotations, "image_id", "annotation", each.file)
    if not isinstance(ids, np.ndarray) or not isinstance(owner_ids, np.ndarray):
        # Some tools number images by words; then both sides become words.
        words = {str(word): number for number, word in enumerate(ids)}
        owner_ids = np.array([words.get(str(word), -1) for word in owner_ids], np.int64)
        ids = np.arange(len(ids), dtype=np.int64) if len(words) == len(ids) else np.zeros(len(ids), np.int64)
    by_id = np.argsort(ids, kind="stable")
    ordered = ids[by_id]
    twice = np.flatnonzero(ordered[1:] == ordered[:-1])
    if twice.size:
        raise FormatError("two images have this id", file=each.about, record=f"image {ordered[twice[0]]}")
    place = np.searchsorted(ordered, owner_ids)
    known = place < ordered.size
    known[known] = ordered[place[known]] == owner_ids[known]
    if not known.all() and not drop_orphans:
        row = int(np.flatnonzero(~known)[0])
        raise FormatError(
            f"belongs to image {each.annotations[row]['image_id']}, which the file does not list", file=each.file,
            record=f"annotation {each.annotations[row].get('id', f'number {row}')}",
            todo="Leave such annotations out with --option drop_orphans=true, or repair the file.",
        )  # fmt: skip
    owner = np.full(owner_ids.size, ids.size, np.int64)
    owner[known] = by_id[place[known]]
    order = np.argsort(owner, kind="stable")
    return order, np.searchsorted(owner[order], np.arange(ids.size + 1))


def _segments(
    file: Path, annotations: list[dict[str, Any]], size: tuple[int, int], classes: Classes, options: _Options
) -> Segments:
    masks = _masks(file, annotations, size, options.drop_degenerate)
    areas = masks.areas().tolist()
    attributes = []
    for annotation, area in zip(annotations, areas, strict=True):
        if annotation.get("category_id") not in classes:
            found = (
                f"the unknown category {annotation['category_id']}" if "category_id" in annotation else "no category_id"
            )
            raise FormatError(f"has {found}", file=file, record=f"annotation {annotation.get('id')}")
        extra = {name: value for name, value in annotation.items() if name not in _ANNOTATION_KEYS}
        extra |= annotation.get("attributes") or {}
        # COCO's area is the polygon's, not the mask's; evaluation sorts objects by it, so it is kept.
        if annotation.get("area") is not None and annotation["area"] != area:
            extra["area"] = annotation["area"]
        attributes.append(extra)
    # COCO numbers annotations over the whole file; a segment whose own number was taken keeps it beside.
    ids = [annotation.get("maskwright", {}).get("id", annotation.get("id")) for annotation in annotations]
    return Segments(
        masks,
        [int(annotation["category_id"]) for annotation in annotations],
        ids=usable_ids(ids),
        scores=[
            np.nan if annotation.get("score") is None else float(annotation["score"]) for annotation in annotations
        ],
        is_crowd=[bool(annotation.get("iscrowd", 0)) for annotation in annotations],
        attributes=attributes,
    )


def _masks(file: Path, annotations: list[dict[str, Any]], size: tuple[int, int], drop_degenerate: bool) -> Masks:
    """All masks of an image: strings go through one call, polygons through another."""
    strings: dict[int, str] = {}
    polygons: dict[int, list[Any]] = {}
    others: dict[int, Masks] = {}
    for position, annotation in enumerate(annotations):
        found = annotation.get("segmentation")
        try:
            if isinstance(found, dict) and isinstance(found.get("counts"), str) and found.get("size") == list(size):
                strings[position] = found["counts"]
            elif isinstance(found, list) and found:
                polygons[position] = _rings(found, drop_degenerate)
            else:
                others[position] = _mask(annotation, size)
        except (ValueError, TypeError, KeyError) as error:
            raise _unreadable(error, file, annotation) from None
    try:
        from_strings = Masks.from_compressed(strings.values(), size)
    except ValueError:
        for position, string in strings.items():
            try:
                Masks.from_compressed([string], size)
            except ValueError as error:
                raise _unreadable(error, file, annotations[position]) from None
        raise
    together = Masks.concatenate(
        [from_strings, Masks.from_coco_polygons(polygons.values(), size), *others.values()], size
    )
    places = [*strings, *polygons, *others]
    return together if places == sorted(places) else together[np.argsort(places)]


def _unreadable(error: Exception, file: Path, annotation: Mapping[str, Any]) -> FormatError:
    return FormatError(
        str(error).removeprefix("mask 0: "), file=file, record=f"annotation {annotation.get('id')}",
        todo="Drop broken rings with --option drop_degenerate=true, or repair the file.",
    )  # fmt: skip


def _rings(found: list[Any], drop_degenerate: bool) -> list[Any]:
    """The rings of one annotation, checked. Raises ValueError, saying which ring is wrong."""
    good = []
    for position, ring in enumerate([found] if isinstance(found[0], int | float) else found):
        try:
            values = np.asarray(ring)
        except ValueError:
            values = np.zeros(0, object)
        if not isinstance(ring, list) or values.dtype.kind not in "if" or values.ndim != 1:
            if ring != []:
                raise ValueError(f"polygon ring {position} is not a list of numbers")
            values = np.zeros(0)
        if values.size % 2 or values.size < 6:
            if drop_degenerate:
                continue
            raise ValueError(
                f"polygon ring {position} has {values.size / 2:g} points; a ring needs at least 3 (6 numbers)"
            )
        # Beyond this no image reaches, and COCO's walk along the outline would take for ever.
        if not (np.abs(values) < 1e7).all():
            raise ValueError(f"polygon ring {position} has a coordinate that is not a finite number below ten million")
        good.append(values)
    return good


def _mask(each: Mapping[str, Any], size: tuple[int, int]) -> Masks:
    """What is neither a compressed string nor a polygon."""
    found = each.get("segmentation")
    if isinstance(found, dict):
        if "size" in found and tuple(int(side) for side in found["size"]) != size:
            raise ValueError(f"its mask is {found['size']}, the image {list(size)} (height, width)")
        counts = found.get("counts")
        if isinstance(counts, str | bytes):
            return Masks.from_compressed([counts], size)
        if isinstance(counts, list):
            return Masks.from_counts([counts], size)
        raise ValueError("its run lengths are neither a string nor a list")
    if each.get("bbox") is not None:
        left, top, width, height = (float(value) for value in each["bbox"])
        right, bottom = left + width, top + height
        return Masks.from_coco_polygons([_rings([[left, top, left, bottom, right, bottom, right, top]], False)], size)
    if found == []:
        return Masks.empty(size, 1)
    raise ValueError("it has neither a segmentation nor a bbox")


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    return common_losses(sample, LOSES)


def prepare(sample: Sample, classes: Classes, *, segmentation: str = "auto") -> list[Any]:
    """The `segmentation` of every segment, in order: polygons where they are exact, or else run lengths."""
    segments = sample.segments
    strings = segments.masks.compressed()
    found = []
    for i, mask in enumerate(segments.masks):
        rings = None if segmentation == "rle" or segments.is_crowd[i] else exact_rings(mask)
        found.append({"size": list(mask.size), "counts": strings[i].decode()} if rings is None else rings)
    return found


def write(
    samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy", segmentation: str = "auto",
    ready: Ready | None = None,
) -> list[str]:  # fmt: skip
    """annotations/instances_<split>.json and images in images/.

    images: copy, link or none.  segmentation: auto (polygons where exact), or rle.
    ready: what gives a sample's rows in place of `prepare`.
    """
    if segmentation not in ("auto", "rle"):
        raise UsageError(f"segmentation cannot be {segmentation!r}", needed="auto or rle")
    ids: set[int] = set()
    runs = 0
    ready = ready or (lambda sample: prepare(sample, classes, segmentation=segmentation))
    with SplitFiles(folder, "instances", classes) as files:
        for sample in unique_keys(samples):
            name = sample.key + suffix_of(sample)
            put_image(sample, folder, f"images/{name}", images)
            coco = dict(sample.fields.get("coco") or {})
            image_id = files.image_id(coco.pop("id", None))
            row = {
                "id": image_id,
                "file_name": name if images != "none" else sample.image.uri,
                "height": sample.image.size[0],
                "width": sample.image.size[1],
                "maskwright": {"key": sample.key, "split": sample.split, "fields": dict(sample.fields)},
            }
            outlines = ready(sample)
            if segmentation == "auto":
                found = zip(outlines, sample.segments.is_crowd, strict=True)
                runs += sum(isinstance(outline, dict) and not crowd for outline, crowd in found)
            files.add(sample.split, {**coco, **row}, _annotations(sample, image_id, ids, outlines))
    why = "masks have holes or other shapes that COCO's polygons do not give back exactly"
    return [f"{runs} {why} and are written as run lengths"] if runs else []


def _annotations(sample: Sample, image_id: int, ids: set[int], outlines: list[Any]) -> Iterator[str]:
    segments = sample.segments
    areas, boxes = segments.masks.areas(), segments.masks.boxes()
    for i in range(len(segments)):
        own = identity = int(segments.ids[i])
        if identity in ids:
            identity = free_id(ids)
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
        row["segmentation"] = outlines[i]
        if segments.scores[i] == segments.scores[i]:
            row["score"] = float(segments.scores[i])
        if attributes:
            row["attributes"] = attributes
        if identity != own:
            row["maskwright"] = {"id": own}
        yield json.dumps(row)


def exact_rings(mask: Mask) -> list[list[int]] | None:
    """COCO polygons that rasterise to exactly this mask, or None where there are none, as with holes."""
    polygon = mask.polygon()
    if not polygon.parts or polygon.has_holes:
        return None
    rings = [part[0].astype(int).reshape(-1).tolist() for part in polygon.parts]
    return rings if Masks.from_coco_polygons([rings], mask.size)[0] == mask else None
