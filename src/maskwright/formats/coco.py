"""COCO instances: one JSON with images, categories and annotations; LVIS, Roboflow's export, results files.

Layout: https://cocodataset.org/#format-data.  Polygons are read by COCO's own rasterisation, bit-equal to
pycocotools; run lengths compressed or not.  What was read is written back: polygons, boxes, stated areas, run lengths
in their coding, ids, what the file says of the whole set, keys that COCO does not know.  Other masks are written as
polygons where those give exactly the same pixels back, and otherwise as run lengths with iscrowd = 0.  Annotations come
image by image, in the file's order within one.  Files are indexed, not loaded: memory does not grow with what the
annotations say.
"""

import json
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from maskwright.core import drawn
from maskwright.core.arrays import I64, Size
from maskwright.core.classes import Classes
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, UsageError
from maskwright.formats import _aside
from maskwright.formats import _coco_segmentation as shapes
from maskwright.formats._aside import Aside
from maskwright.formats._coco import (
    MARK,
    Places,
    SplitFiles,
    classes_together,
    file_name,
    free_id,
    identities,
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
    Sure,
    common_losses,
    put_image,
    suffix_of,
    unique_keys,
    usable_ids,
)
from maskwright.formats._json import ABSENT, Document, Records, holds_list
from maskwright.formats._keys import keys_of, plain_key
from maskwright.formats._marks import Counts
from maskwright.media import image_size

LOSES = frozenset({"source", "weight"})
KEEPS = frozenset({"geometry", "box"})

_USUAL_KEYS = {"id", "image_id", "category_id", "segmentation", "area", "bbox", "iscrowd", "score"}
_ANNOTATION_KEYS = {*_USUAL_KEYS, "attributes", "maskwright"}


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: JSON files with images, annotations and categories."""
    files = _files(path)
    if not files or not all(_looks_right(file) for file in files[:3]):
        return 0.0
    files = _apart(files[:3])[0] + files[3:]
    first = files[0]
    usual = path.is_file() or first.parent != path or first.name.startswith(("instances", "_annotations"))
    names = ", ".join(file.relative_to(path).as_posix() if path.is_dir() else file.name for file in files[:3])
    has = "has results" if holds_list(first) else "has images, annotations and categories"
    return Sure(
        0.9 if usual else 0.72,
        f"{names}{' …' if len(files) > 3 else ''} {has if len(files) == 1 else has.replace('has', 'have', 1)}",
    )


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
    found = found or sorted(path.glob("*/Annotations/iSAID_*.json"))  # beside its colour-coded masks, which say less
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
    only_images: tuple[str, ...] = (),
    only_classes: tuple[str, ...] = (),
) -> Reading:
    """images: the folder that file names are relative to; searched for near the JSON when not given.

    truth: for a results file, the labels whose images and categories it speaks of.
    drop_degenerate: leave out polygon rings with fewer than three points instead of refusing the file.
    drop_orphans: leave out annotations of images that the file does not list.
    only_images: file names or keys of images; the others are left out, and their annotations are not parsed.
    only_classes: names of classes; annotations of others are left out and not parsed, images without one of them too.
    """
    files = _files(path)
    if not files:
        raise FormatError("no COCO JSON here", file=path, needed="a .json file or a folder with annotations/*.json")
    files, results = _apart(files) if truth is None else (files, [])
    opened = [_open(file, truth) for file in files]
    classes, twice = classes_together((part.about, part.document) for part in opened)
    options = _Options(images, drop_degenerate, drop_orphans, _class_ids(only_classes, classes))
    wanted = [_image_rows(part, only_images) for part in opened]
    missing = set(only_images).difference(*(names for _, names in wanted))
    if missing:
        raise UsageError(f"no image is called {min(missing)!r}", file=path, needed="a file name or a key of an image")
    said = [(part.about, *said_of(part.document)) for part in opened]
    about, differing = said_together("coco", [(file, found) for file, found, _ in said])
    notes = [f"{file.name}: {note}" for file, _, told in said for note in told]
    keys, of_keys = keys_of([
        place_of(image, split)
        for part in opened
        for split in [split_of(part.about)]
        for image in _aside.tried(range(len(part.images)), part.images.__getitem__)
    ])  # fmt: skip
    notes += [*differing, *twice, *of_keys, *map(_left_out, results)]
    masks = {
        folder.name for file in files if file.name.startswith("iSAID_") for folder in file.parents[1].glob("*_masks")
    }
    notes += [f"{', '.join(sorted(masks))} hold the same objects as colours and were left out"] * bool(masks)

    aside = _aside.current()

    where = [Places(part.about, images) for part in opened]
    counts = [Counter[str]() for _ in opened]

    def parts() -> Iterator[tuple[_Images, int]]:
        first = 0
        for part, (rows, _), places, told in zip(opened, wanted, where, counts, strict=True):
            listed = _Images(part, classes, options, places, keys[first : first + len(part.images)], aside, told)
            first += len(part.images)
            yield from ((listed, row) for row in rows)
            notes.extend(places.notes())
            notes.extend(f"{part.file.name}: {number} {what}" for what, number in told.items())

    def samples() -> Iterator[Sample]:
        yield from aside.samples(
            parts(), lambda item: item[0].sample(item[1]), lambda item: (item[0].part.about, f"image number {item[1]}"),
            state=_Remembered(where, counts),
        )  # fmt: skip

    total = None if only_classes else sum(len(rows) for rows, _ in wanted)
    return Reading(classes, samples(), total, notes, about)


class _Remembered:
    """Of the images that were read, by file. where: images lie.  counts: for notes."""

    def __init__(self, where: list[Places], counts: list[Counter[str]]) -> None:
        self._where, self._counts = where, Counts(counts)

    def told(self) -> Any:
        return [[places.told() for places in self._where], self._counts.told()]

    def restore(self, told: Any) -> None:
        for places, said in zip(self._where, told[0], strict=True):
            places.restore(said)
        self._counts.restore(told[1])


@dataclass(frozen=True)
class _Options:
    images: str | None
    drop_degenerate: bool
    drop_orphans: bool
    class_ids: frozenset[int] | None


def _class_ids(names: Sequence[str], classes: Classes) -> frozenset[int] | None:
    """Of the classes that are wanted; None for all."""
    by_name = {class_.name: class_.id for class_ in classes}
    for name in names:
        if name not in by_name:
            raise UsageError(f"no class is called {name!r}", needed=f"one of {', '.join(list(by_name)[:12])}")
    return frozenset(by_name[name] for name in names) if names else None


@dataclass
class _File:
    """One file; about: where its images and categories stand, which for results is another file."""

    file: Path
    about: Path
    document: Document
    images: Records
    annotations: Records


#: What notes say, after how many.
_NUMBERED = "annotations are of images where an id is missing, there twice or not a whole number: they have new ids"

_LOOKUP = ("id", "image_id", "category_id", "segmentation", "bbox")


def _open(file: Path, truth: str | None) -> _File:
    document = Document(file)
    about, source = file, document
    if document.is_list:
        if truth is None:
            raise FormatError(
                "is a results file: it names neither images nor categories", file=file,
                needed="the labels it belongs to", todo=f"Name them: {_with_truth(file)}",
            )  # fmt: skip
        about = Path(truth)
        source = Document(about)
        annotations = document.records(None, _LOOKUP)
    else:
        annotations = document.records("annotations", _LOOKUP, missing_ok=True)
    return _File(file, about, source, source.records("images", ["id"]), annotations)


def _apart(files: list[Path]) -> tuple[list[Path], list[Path]]:
    """Files of labels, and results that lie beside them; results alone where there are no labels."""
    results = [file for file in files if holds_list(file)]
    labels = [file for file in files if file not in results]
    return (labels, results) if labels else (results, [])


def _left_out(results: Path) -> str:
    return f"{results.name} has results, not labels, and was left out; they are read with: {_with_truth(results)}"


def _with_truth(file: Path) -> str:
    """The command that reads results with the labels that they belong to: of those beside them, if there are some, the
    ones that list most of their images, and begin with the same name.
    """
    beside = [other for other in sorted(file.parent.glob("*.json")) if other != file and _looks_right(other)]
    known = _image_ids(file)
    best = max(
        (other for other in beside if not holds_list(other)),
        key=lambda other: (len(known & _image_ids(other)), _alike(file.name, other.name)),
        default=None,
    )
    truth = "INSTANCES.json" if best is None else str(best)
    return f"maskwright import {shlex.quote(str(file))} DATASET -f coco -o {shlex.quote(f'truth={truth}')}"


def _alike(first: str, second: str) -> int:
    """So many characters begin both names."""
    return next((k for k, (left, right) in enumerate(zip(first, second, strict=False)) if left != right), len(first))


def _image_ids(file: Path) -> set[int]:
    """Ids of images: those that labels list, or that results speak of; of files that cannot be read, none."""
    try:
        document = Document(file)
        key, name = (None, "image_id") if document.is_list else ("images", "id")
        return set(document.records(key, [name]).integers(name).tolist())
    except FormatError:
        return set()


def _image_rows(part: _File, names: Sequence[str]) -> tuple[Sequence[int], set[str]]:
    """Rows of the images that are wanted, all where no names are given, and the names that were found."""
    if not names:
        return range(len(part.images)), set()
    wanted, rows, found = set(names), [], set()
    for row, image in enumerate(part.images):
        name = file_name(image)
        if name is not None:
            own = image.get("maskwright")
            known = wanted & {name, plain_key(name), own.get("key") if isinstance(own, dict) else None}
            rows += [row] if known else []
            found |= known
    return rows, found


class _Images:
    """The images of one file, each with its annotations.

    keys: of the images, in their order.  told: counts what notes say.
    """

    def __init__(
        self, part: _File, classes: Classes, options: _Options, places: Places, keys: list[str], aside: Aside,
        told: Counter[str],
    ) -> None:  # fmt: skip
        self.part, self.told = part, told
        self._classes, self._options, self._places, self._keys = classes, options, places, keys
        self._aside = aside
        self._order, self._bounds, self._broken = _by_image(part, options, aside)
        self._split = split_of(part.about)

    def sample(self, position: int) -> Sample | None:
        """Of the image at a place in the list; None where it is not wanted, or was put aside."""
        part = self.part
        own = self._order[self._bounds[position] : self._bounds[position + 1]]
        if position in self._broken or (self._options.class_ids is not None and not own.size):
            return None
        image = part.images[position]
        name = file_name(image)
        if name is None or "id" not in image:
            raise FormatError("an image lacks its id or file_name", file=part.about, record=f"image {str(image)[:60]}")
        uri = self._places.uri(image, name)
        try:
            size = (int(image["height"]), int(image["width"]))
        except (KeyError, TypeError, ValueError):
            size = image_size(uri)

        def read_rows(rows: Sequence[int]) -> tuple[Segments, list[str], Counter[str]]:
            return _segments(part.file, [part.annotations[row] for row in rows], size, self._classes, self._options)

        segments, keys, told = self._aside.parts(
            own.tolist(), read_rows, part.file, lambda row: f"annotation number {row}"
        )
        self.told.update(told)
        if part.file != part.about:
            segments.source[:] = ["model"] * len(segments)  # a results file
        of_split, fields = read_image(image, self._split)
        if keys and isinstance(fields, dict) and isinstance(fields.get("coco"), dict):
            fields["coco"][MARK] = {"annotation_keys": keys}
        return Sample(self._keys[position], ImageRef(uri, size), segments, split=of_split, fields=fields)


def _word(value: object) -> str:
    """An id as text: 1.0 is 1."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _by_image(part: _File, options: _Options, aside: Aside) -> tuple[I64, I64, set[int]]:
    """Annotation rows in the order of their images; image i has those from bounds[i] to bounds[i + 1]; rows of images
    that were put aside.
    """
    ids = identities(part.images, "id", "image", part.about, aside)
    owner_ids = identities(part.annotations, "image_id", "annotation", part.file, aside)
    if not isinstance(ids, np.ndarray) or not isinstance(owner_ids, np.ndarray):
        # Some tools number images by words; then both sides become words.
        words: dict[str, int] = {}
        for number, word in enumerate(ids):
            words.setdefault(_word(word), number)
        owner_ids = np.array([words.get(_word(word), -1) for word in owner_ids], np.int64)
        ids = np.array([words[_word(word)] for word in ids], np.int64)
    by_id = np.argsort(ids, kind="stable")
    ordered = ids[by_id]
    nameless = part.images.integers("id") == ABSENT
    again = np.unique(ids[by_id[1:][(ordered[1:] == ordered[:-1]) & ~nameless[by_id[1:]]]])
    for number in again.tolist():
        identity = part.images[int(np.flatnonzero(ids == number)[0])]["id"]
        aside.put(FormatError("two images have this id", file=part.about, record=f"image {identity}"))
    broken = set(np.flatnonzero(nameless | np.isin(ids, again)).tolist())
    place = np.searchsorted(ordered, owner_ids)
    known = place < ordered.size
    known[known] = ordered[place[known]] == owner_ids[known]
    unowned = part.annotations.integers("image_id") == ABSENT
    known &= ~unowned
    for row in [] if options.drop_orphans else np.flatnonzero(~known & ~unowned).tolist():
        orphan = part.annotations[row]
        aside.put(
            FormatError(
                f"belongs to image {orphan['image_id']}, which the file does not list", file=part.file,
                record=f"annotation {orphan.get('id', f'number {row}')}",
                todo="Leave such annotations out with --option drop_orphans=true, or repair the file.",
            )
        )  # fmt: skip
    if options.class_ids is not None:
        kinds = identities(part.annotations, "category_id", "annotation", part.file, aside)
        known &= np.isin([_word(kind) for kind in kinds], [str(class_id) for class_id in options.class_ids])
    owner = np.full(owner_ids.size, ids.size, np.int64)
    owner[known] = by_id[place[known]]
    order = np.argsort(owner, kind="stable")
    return order, np.searchsorted(owner[order], np.arange(ids.size + 1)), broken


def _segments(
    file: Path, annotations: list[dict[str, Any]], size: Size, classes: Classes, options: _Options
) -> tuple[Segments, list[str], Counter[str]]:
    """The segments of an image, the keys of its annotations that COCO does not know, which are attributes, and counts
    of what notes say.
    """
    told: Counter[str] = Counter()
    masks, geometries, boxes = shapes.read_annotations(
        file, annotations, size, drop_degenerate=options.drop_degenerate, told=told
    )
    attributes: list[dict[str, Any]] = []
    class_ids, ids, scores, is_crowd = [], [], [], []
    keys: set[str] = set()
    for position, annotation in enumerate(annotations):
        class_id = annotation.get("category_id")
        known = type(class_id) is int and class_id in classes
        class_ids.append(class_id if known else _class_id(file, annotation, classes))
        score = annotation.get("score")
        scores.append(np.nan if score is None else float(score))
        is_crowd.append(bool(annotation.get("iscrowd", 0)))
        number = annotation.get("id")
        extra: dict[str, Any] = {}
        if not annotation.keys() <= _USUAL_KEYS:
            extra = {name: value for name, value in annotation.items() if name not in _ANNOTATION_KEYS}
            keys |= extra.keys()
            nested = annotation.get("attributes")
            if isinstance(nested, dict):
                extra |= nested
            elif nested is not None:
                extra["attributes"] = nested
                keys.add("attributes")
            own = annotation.get("maskwright")
            if isinstance(own, dict):
                # COCO numbers annotations over the whole file; a segment whose own number was taken keeps it beside.
                number = own.get("id", number)
                if "box" in own:
                    boxes[position] = shapes.xyxy(file, annotation, own["box"])
        ids.append(number)
        attributes.append(extra)
    usable = usable_ids(ids)
    if usable is None and annotations:
        if any(found is not None for found in ids):  # results have none
            told[_NUMBERED] += len(annotations)
        for extra, found in zip(attributes, ids, strict=True):
            if isinstance(found, str):
                extra["id"] = found  # is written back
    segments = Segments.take_over(
        masks,
        class_ids,
        ids=usable,
        scores=scores,
        is_crowd=is_crowd,
        attributes=attributes,
        more={"geometry": geometries, "box": boxes},
    )
    return segments, sorted(keys), told


def _class_id(file: Path, annotation: Mapping[str, Any], classes: Classes) -> int:
    """Raises FormatError for one that is not among the categories, whose ids may be text as well."""
    found = annotation.get("category_id")
    if isinstance(found, str) and found.strip().isdecimal():
        found = int(found)
    if not isinstance(found, int | float) or found not in classes:
        said = f"the unknown category {found}" if "category_id" in annotation else "no category_id"
        raise FormatError(f"has {said}", file=file, record=f"annotation {annotation.get('id')}")
    return int(found)


def losses(sample: Sample, classes: Classes, *, segmentation: str = "auto") -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written.

    segmentation: as of `write`.
    """
    undrawn = shapes.undrawn(sample.segments, polygons=segmentation != "rle")
    return common_losses(sample, LOSES) + [Loss(sample.key, "geometry", segment) for segment in undrawn]


def prepare(sample: Sample, classes: Classes, *, segmentation: str = "auto") -> list[Any]:
    """The `segmentation` of every segment, in order, None for what is written as it was drawn."""
    return shapes.segmentations(sample.segments, polygons=segmentation != "rle")


def write(
    samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy",
    segmentation: Literal["auto", "rle"] = "auto", about: Mapping[str, Any] | None = None, ready: Ready | None = None,
) -> list[str]:  # fmt: skip
    """annotations/instances_<split>.json and images in images/.

    images: copy, link or none.  segmentation: auto (as it was drawn, else polygons where exact), or rle.
    about: what was read of whole sets, see `Reading`; what COCO's files say is written back.
    ready: what gives a sample's rows in place of `prepare`.
    """
    ids: set[int | str] = set()
    runs = 0
    ready = ready or (lambda sample: prepare(sample, classes, segmentation=segmentation))
    said = (about or {}).get("coco") or (about or {}).get("coco-panoptic")
    kinds = any(class_.kind == "stuff" for class_ in classes)
    with SplitFiles(folder, "instances", classes, kinds=kinds, about=said) as files:
        for sample in unique_keys(samples):
            name = sample.key + suffix_of(sample)
            put_image(sample, folder, f"images/{name}", images)
            outlines = ready(sample)
            if segmentation == "auto":
                given = sample.segments.column("geometry")
                found = zip(outlines, sample.segments.is_crowd, given, strict=True)
                runs += sum(
                    isinstance(outline, dict) and not crowd and not drawn.is_runs(shape)
                    for outline, crowd, shape in found
                )
            keys = _annotation_keys(sample)
            mark = {"annotation_keys": sorted(keys)} if keys else None
            image = write_image(sample, files, images, mark)
            files.add(sample.split, image, _annotations(sample, image["id"], ids, outlines, keys))
    why = "masks have holes or other shapes that COCO's polygons do not give back exactly"
    return [f"{runs} {why} and are written as run lengths"] if runs else []


def _annotation_keys(sample: Sample) -> set[str]:
    """Names of attributes that are keys of annotations, as the reader marked them, and not among their `attributes`."""
    coco = sample.fields.get("coco")
    marked = coco.get(MARK) if isinstance(coco, Mapping) else None
    marked = marked.get("annotation_keys") if isinstance(marked, Mapping) else None
    known = {key for key in marked if isinstance(key, str)} if isinstance(marked, list) else set()
    known -= _ANNOTATION_KEYS - {"attributes"}
    return known & set().union(*sample.segments.attributes) if known else known


def _annotations(
    sample: Sample, image_id: int | str, ids: set[int | str], outlines: list[Any], keys: set[str]
) -> Iterator[str]:
    """keys: of attributes that an annotation has itself."""
    segments = sample.segments
    areas, edges = segments.masks.areas().tolist(), segments.masks.boxes().tolist()
    geometries, boxes = segments.column("geometry"), segments.column("box")
    class_ids, crowds, scores = segments.class_ids.tolist(), segments.is_crowd.tolist(), segments.scores.tolist()
    for i, own in enumerate(segments.ids.tolist()):
        attributes = dict(segments.attributes[i])
        attributes.pop("area", None)
        identity = attributes.pop("id") if isinstance(attributes.get("id"), str) else own
        if identity in ids:
            identity = free_id(ids)
        ids.add(identity)
        stated = drawn.stated_area(segments, i)
        outline = {"segmentation": outlines[i]} if outlines[i] is not None else shapes.as_drawn(geometries[i])
        row: dict[str, Any] = {
            "id": identity,
            "image_id": image_id,
            "category_id": class_ids[i],
            **outline,
            "area": areas[i] if stated is None else stated,
            "bbox": shapes.bbox(geometries[i], boxes[i], edges[i]),
            "iscrowd": int(crowds[i]),
        }
        if scores[i] == scores[i]:
            row["score"] = scores[i]
        row |= {name: attributes.pop(name) for name in list(attributes) if name in keys}
        if attributes:
            row["attributes"] = attributes
        more: dict[str, Any] = {} if identity == own or isinstance(identity, str) else {"id": own}
        if boxes[i] is not None and outlines[i] is not None:
            more["box"] = boxes[i]
        yield json.dumps({**row, "maskwright": more} if more else row)
