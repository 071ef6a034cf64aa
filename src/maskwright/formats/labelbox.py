"""Labelbox's export, read only: NDJSON, a data row a line, with polygons, boxes and masks of its projects' labels.

Layout: https://docs.labelbox.com/reference/export-image-annotations; x.ndjson, and the images by their names
(`external_id`) wherever in the set they lie.  Polygons mean what Labelbox's SDK draws for them, by cv2.fillPoly; boxes
lie along the edges of pixels.  Masks are PNGs at addresses, which are read where they lie in the set, by the
annotation's or the composite mask's id.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from maskwright.core import drawn
from maskwright.core.arrays import Size, checked_size
from maskwright.core.classes import Classes
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.names import shown
from maskwright.core.polygons import rectangle
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _aside, _listing
from maskwright.formats._aside import Aside
from maskwright.formats._coco_segmentation import given_box
from maskwright.formats._contract import Reading, Sure
from maskwright.formats._images_by_name import ImagesByName
from maskwright.formats._json_lines import Lines, files_with
from maskwright.formats._keys import Place, keys_of
from maskwright.formats._plausible import Noted
from maskwright.formats._rasters import opened
from maskwright.formats._rules import RULES
from maskwright.formats._shapes import named
from maskwright.media import image_size

LOSES: frozenset[str] = frozenset()

#: The field of a sample that keeps objects without an area.
FIELD = "labelbox"
_RULE = "fill"
#: Words of the addresses of masks that do not name them.
_OF_ADDRESSES = frozenset(
    {"", "/", "api", "v1", "tasks", "projects", "annotations", "feature", "mask", "masks", "index"}
)
_AREAS = ("polygon", "bounding_box", "mask", "composite_mask")


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: JSON lines with a data_row and its projects."""
    files = files_with(path, "data_row", "projects")
    return Sure(0.9, f"{len(files)} exports of Labelbox: a data row a line") if files else 0.0


def read(
    path: Path, *, images: str | None = None, annotator: str | None = None, project: str | None = None
) -> Reading:  # fmt: skip
    """images: the folder of the images, below `path` or anywhere; all of the set's when not given.

    annotator: whose labels are read, by e-mail; rows that they have not labelled are left out.  Else the benchmark, or
    the first label of a row that was not skipped.  project: by name or id; all of them when not given.
    Classifications of a label are fields of its sample, those of an object its attributes.  Lines, points and other
    objects without an area are in the samples' field `labelbox`.
    """
    files = files_with(path, "data_row", "projects")
    if not files:
        raise FormatError("no JSON lines with data_row and projects here", file=path)
    root = path if path.is_dir() else path.parent
    rows = [(held, row) for held in map(Lines, files) for row in range(len(held))]
    said = _Said()
    places: list[Place] = []
    names: set[str] = set()
    for (held, row), record in zip(rows, _aside.tried(rows, lambda item: item[0][item[1]]), strict=True):
        read = [record] if record is not None else []
        places.append(Place(next(_aside.readable(read, _name), "") or f"{held.file.stem}/{row}"))
        for label in _aside.readable(read, lambda found: _chosen(found, annotator, project, _Said())):
            names.update(_aside.readable(label.objects, _class))
    classes = named(names)
    keys, notes = keys_of(places)
    home = _Files(root, images)
    aside = _aside.current()

    def sample_of(item: tuple[tuple[Lines, int], Place, str]) -> Sample | None:
        (held, row), _, key = item
        record = held[row]
        label = _chosen(record, annotator, project, said)
        if annotator is not None and label.who is None:
            said.absent += 1
            return None
        where = f"{held.record(row)}, {shown(_name(record), 80)}"
        reference = home.image(held.file, record, said)
        segments, kept = _segments(held.file, where, label.objects, reference.size, classes, home, said, aside)
        fields = dict(_answers(label.classifications)) | ({FIELD: {"others": kept}} if kept else {})
        return Sample(key, reference, segments, fields=fields)

    def samples() -> Iterator[Sample]:
        every = zip(rows, places, keys, strict=True)
        yield from aside.samples(every, sample_of, lambda item: (item[0][0].file, item[0][0].record(item[0][1])))
        notes.extend(said.notes(annotator))

    return Reading(classes, samples(), len(rows), notes)


@dataclass
class _Said:
    """What the notes say at the end."""

    several: int = 0
    absent: int = 0
    skipped: int = 0
    read_of: dict[str, None] = field(default_factory=dict)
    left_of: dict[str, None] = field(default_factory=dict)
    left: Counter[str] = field(default_factory=Counter)
    addressed: list[str] = field(default_factory=list)

    def notes(self, annotator: str | None) -> list[str]:
        out: list[str] = []
        if self.several:
            text = (
                f"{self.several} rows have several labels, of which one was read (by {_some(self.read_of)}): left out "
                f"are those by {_some(self.left_of)}; -o annotator=E-MAIL or -o project=NAME reads another"
            )
            out.append(Noted(text, "second annotators", self.several))
        if self.absent:
            out.append(f"{self.absent} rows have no label by {annotator}, and were left out")
        if self.skipped:
            out.append(f"{self.skipped} labels were skipped in Labelbox, and left out")
        if self.left:
            kinds = ", ".join(f"{number} {shown(kind, 40)}" for kind, number in self.left.most_common())
            out.append(
                f"objects that have no area were left out: {kinds}; the samples have them in their field {FIELD}"
            )
        if self.addressed:
            number, first = len(self.addressed), shown(self.addressed[0], 200)
            text = (
                f"{number} images are not here and read from addresses (row_data), such as {first}; put the images "
                "beside the export, or name their folder with -o images=FOLDER, to read them without a network"
            )
            out.append(Noted(text, "images at addresses", number, first))
        return out


def _some(names: dict[str, None]) -> str:
    listed = [shown(name, 60) for name in names]
    return ", ".join(listed[:10]) + ", …" * (len(listed) > 10)


def _name(record: dict[str, Any]) -> str:
    """What a row is called: by its external id, else its global key, else its own id."""
    row = record["data_row"]
    return str(next(row[name] for name in ("external_id", "global_key", "id") if row.get(name)))


@dataclass(frozen=True)
class _Label:
    """who: made it; None where a row has no label."""

    who: str | None
    objects: list[Any]
    classifications: list[Any]


def _chosen(record: dict[str, Any], annotator: str | None, project: str | None, said: _Said) -> _Label:
    """The label of a row that counts; an empty one where it has none."""
    found: list[tuple[str, dict[str, Any]]] = []
    for name, content in (record.get("projects") or {}).items():
        if project is not None and project not in (name, content.get("name")):
            continue
        for label in content.get("labels") or []:
            performance = label.get("performance_details") or {}
            if performance.get("skipped") or label.get("skipped"):
                said.skipped += 1
                continue
            found.append((_who(label), label))
    own = found if annotator is None else [(who, label) for who, label in found if who == annotator]
    if not own:
        return _Label(None, [], [])
    best = next((item for item in own if _is_benchmark(item[1])), own[0])
    if annotator is None and len(found) > 1:
        said.several += 1
        said.read_of.setdefault(best[0])
        said.left_of.update(dict.fromkeys(who for who, label in found if label is not best[1]))
    annotations = best[1].get("annotations") or {}
    if annotations.get("frames") or annotations.get("segments"):
        raise FormatError("is of a video, whose frames are not read", needed="labels of images")
    return _Label(best[0], list(annotations.get("objects") or []), list(annotations.get("classifications") or []))


def _who(label: dict[str, Any]) -> str:
    details = label.get("label_details") or {}
    return str(details.get("created_by") or label.get("created_by") or f"label {label.get('id')}")


def _is_benchmark(label: dict[str, Any]) -> bool:
    details = (label.get("label_details") or {}) | (label.get("performance_details") or {})
    return bool(details.get("is_benchmark_reference") or details.get("benchmark_reference_label") == label.get("id", 0))


def _kind(found: dict[str, Any]) -> str | None:
    return next((kind for kind in _AREAS if found.get(kind)), None)


def _class(found: dict[str, Any]) -> str:
    """Raises FormatError for an object without a name, and without an area."""
    if _kind(found) is None:
        raise FormatError("has no area")
    name = found.get("name") or found.get("value")
    if not isinstance(name, str) or not name.strip():
        raise FormatError("has no name", needed="the class")
    return name.strip()


class _Files:
    """Images and masks in the set, by their names."""

    def __init__(self, root: Path, images: str | None) -> None:
        self._root = root
        self._found = ImagesByName(root, images)
        self._homes = (
            [root / images if (root / images).is_dir() else Path(images)] if images else [root / "images", root]
        )
        self._masks: dict[str, Path] = {}
        for file in _listing.current().of_kind(root, ".png"):
            self._masks.setdefault(file.stem, file)

    def image(self, file: Path, record: dict[str, Any], said: _Said) -> ImageRef:
        """At its name in the set, else at its address; of the size that the row states, else of the image's."""
        name, row = _name(record), record["data_row"]
        media = record.get("media_attributes") or {}
        sides = [media[side] for side in ("height", "width") if media.get(side) is not None]
        inner = urlsplit(name).path.lstrip("/") if "://" in name else name
        there = next((home / inner for home in [*self._homes, file.parent] if (home / inner).is_file()), None)
        image = there or self._found.of(file.parent / inner, inner)
        address = str(row.get("row_data") or "")
        if image is None and urlsplit(address).scheme in ("http", "https"):
            said.addressed.append(address)
            uri = address
        else:
            uri = str(image or self._homes[-1] / inner)
        return ImageRef(uri, checked_size((int(sides[0]), int(sides[1]))) if len(sides) == 2 else image_size(uri))

    def mask(self, found: dict[str, Any], size: Size) -> Mask:
        """Raises FormatError for a mask that does not lie in the set, and for one of another size."""
        said = found.get("composite_mask") or found["mask"]
        address = str(said.get("url") or "")
        words = [str(found.get("feature_id") or ""), *reversed(PurePosixPath(urlsplit(address).path).parts)]
        names = [PurePosixPath(word).stem for word in words if word not in _OF_ADDRESSES and not word.isdigit()]
        file = next((self._masks[name] for name in names if name in self._masks), None)
        if file is None:
            raise FormatError(
                f"its mask is not here but at {shown(address, 200)}", needed="the PNG in the set",
                todo=f"Download it as {names[0] if names else 'ID'}.png beside the export, while its address is good.",
            )  # fmt: skip
        with opened(file, "mask") as image:
            colours = np.asarray(image.convert("RGB"))
        if colours.shape[:2] != size:
            height, width = colours.shape[:2]
            raise FormatError(f"its mask {file.name} is {height} x {width}", needed=f"{size[0]} x {size[1]}")
        colour = said.get("color_rgb") or found.get("color_rgb")
        return Mask.encode((colours == colour).all(axis=2) if colour else colours.any(axis=2))


def _segments(
    file: Path, where: str, objects: list[Any], size: Size, classes: Classes, home: _Files, said: _Said, aside: Aside
) -> tuple[Segments, list[Any]]:  # fmt: skip
    """The segments, and the objects that have no area. Broken ones are put aside."""
    ids = {class_.name: class_.id for class_ in classes}
    masks, class_ids, attributes = [], [], []
    more: dict[str, list[Any]] = {"geometry": [], "box": []}
    kept: list[Any] = []
    for number, found in enumerate(objects):
        with aside.record(file, f"{where}, object {number}"):
            kind = _kind(found)
            if kind is None:
                said.left[str(found.get("annotation_kind") or "of an unknown kind")] += 1
                kept.append(found)
                continue
            name = _class(found)
            mask, shape, box = _shape(found, kind, size, home)
            class_ids.append(ids[name])
            masks.append(mask)
            more["geometry"].append(shape)
            more["box"].append(box)
            own = {"feature_id": found["feature_id"]} if found.get("feature_id") else {}
            attributes.append(own | dict(_answers(found.get("classifications") or [])))
    return Segments(Masks.stack(masks, size), class_ids, attributes=attributes, more=more), kept


def _shape(
    found: dict[str, Any], kind: str, size: Size, home: _Files
) -> tuple[Mask, dict[str, Any] | None, list[float] | None]:
    """The mask of an object, what was drawn, and its box where it is one."""
    if kind == "polygon":
        ring = [float(point[axis]) for point in found[kind] for axis in "xy"]
        if len(ring) < 6:
            raise FormatError(f"its polygon has {len(ring) // 2} points", needed="three or more")
        return RULES[_RULE].draw([[[ring]]], size)[0], drawn.polygon([[ring]], _RULE), None
    if kind == "bounding_box":
        box = given_box([float(found[kind][side]) for side in ("left", "top", "width", "height")])
        return Mask.from_polygon(rectangle(*box), size), drawn.rectangle(box, "edges"), box
    return home.mask(found, size), None, None


def _answers(classifications: list[Any]) -> Iterator[tuple[str, Any]]:
    """Name and answer of classifications: a word, a list of words, or a text; those inside of them behind them."""
    for said in classifications:
        if not isinstance(said, dict):
            continue
        name = str(said.get("name") or said.get("value") or "classification")
        radio, ticked, text = (said.get(key) for key in ("radio_answer", "checklist_answers", "text_answer"))
        if isinstance(radio, dict):
            yield name, radio.get("name") or radio.get("value")
            yield from _answers(radio.get("classifications") or [])
        elif isinstance(ticked, list):
            answers = [answer for answer in ticked if isinstance(answer, dict)]
            yield name, [answer.get("name") or answer.get("value") for answer in answers]
            for answer in answers:
                yield from _answers(answer.get("classifications") or [])
        elif isinstance(text, dict):
            yield name, text.get("content")
