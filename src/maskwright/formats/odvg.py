"""ODVG of MMDetection, read only: a JSON an image a line, with the boxes that Grounding DINO trains on.

Layout: https://mmdetection.readthedocs.io, "odvg"; x.jsonl, or x_od.json of MMDetection's own converter, each with
`detection` or `grounding`; names of classes in a label_map.json.  A box is x0, y0, x1, y1 in pixels; it is kept as it
is given, and its rectangle is the mask.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from maskwright.core import drawn
from maskwright.core.arrays import Size, checked_size
from maskwright.core.classes import Class, Classes
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
from maskwright.formats._contract import Reading, Sure, split_word
from maskwright.formats._images_by_name import ImagesByName
from maskwright.formats._json import load
from maskwright.formats._json_lines import Lines, files_with
from maskwright.formats._keys import Place, keys_of
from maskwright.formats._shapes import named

LOSES: frozenset[str] = frozenset()

#: The field of a sample that keeps what it says beside its boxes.
FIELD = "odvg"


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: JSON lines with a filename and detection or grounding."""
    files = _files(path)
    return Sure(0.9, f"{len(files)} files of MMDetection's ODVG") if files else 0.0


def _files(path: Path) -> list[Path]:
    return sorted({file for kind in ("detection", "grounding") for file in files_with(path, "filename", kind)})


def read(path: Path, *, images: str | None = None, label_map: str | None = None) -> Reading:
    """images: the folder of the images, below `path` or anywhere; all of the set's when not given.

    label_map: a JSON of the classes' names by number; else the one whose name has label_map in it, else the `category`
    of the boxes.  A phrase of `grounding` is the class of its boxes; caption and place in it stay beside.
    """
    files = _files(path)
    if not files:
        raise FormatError("no JSON lines with filename and detection or grounding here", file=path)
    root = path if path.is_dir() else path.parent
    lines = [Lines(file) for file in files]
    rows = [(held, row) for held in lines for row in range(len(held))]
    names = _names(root, label_map)
    places: list[Place] = []
    seen: set[str] = set()
    for (held, _), record in zip(rows, _aside.tried(rows, lambda item: item[0][item[1]]), strict=True):
        split = _split(held.file, root)
        places.append(Place(str((record or {}).get("filename", "")) or held.file.stem, split))
        for boxes in _aside.readable([record or {}], lambda found: list(_boxes(found))):
            seen.update(_aside.readable(boxes, lambda box: _name(box, names)))
    used = {int(number): name for number, name in names.items()}
    rest = sorted(seen - set(used.values()))
    classes = (
        Classes([*(Class(number, name) for number, name in used.items()),
                 *(Class(number, name) for number, name in enumerate(rest, max(used, default=0) + 1))])
        if used else named(seen)
    )  # fmt: skip
    keys, notes = keys_of(places)
    found = ImagesByName(root, images)
    homes = [root / images if (root / images).is_dir() else Path(images)] if images else [root, root / "images"]
    aside = _aside.current()
    counts: Counter[str] = Counter()

    def sample_of(item: tuple[tuple[Lines, int], Place, str]) -> Sample:
        (held, row), place, key = item
        record = held[row]
        name = str(record["filename"])
        size = checked_size((int(record["height"]), int(record["width"])))
        there = [*homes, held.file.parent]
        image = next((home / name for home in there if (home / name).is_file()), None)
        image = image or found.of(held.file.parent / name, name) or there[0] / name
        segments = _segments(held, row, record, size, classes, names, counts, aside)
        grounding = record.get("grounding")
        kept = {"caption": grounding["caption"]} if isinstance(grounding, dict) and grounding.get("caption") else {}
        return Sample(
            key, ImageRef(str(image), size), segments, split=place.split, fields={FIELD: kept} if kept else {}
        )

    def samples() -> Iterator[Sample]:
        every = zip(rows, places, keys, strict=True)
        yield from aside.samples(every, sample_of, lambda item: (item[0][0].file, item[0][0].record(item[0][1])))
        notes.extend(f"{number} {what}" for what, number in counts.items())

    return Reading(classes, samples(), len(rows), notes)


def _split(file: Path, root: Path) -> str | None:
    parts = file.relative_to(root).parts
    return next(filter(None, map(split_word, [file.stem, *parts[:-1]])), None)


def _names(root: Path, label_map: str | None) -> dict[str, str]:
    """The classes' names by number, empty where no file says them. Raises FormatError for a broken file."""
    if label_map is None:
        found = [file for file in _listing.current().of_kind(root, ".json") if "label_map" in file.name.lower()]
        if not found:
            return {}
        file = min(found, key=lambda item: (len(item.parts), item))
    else:
        file = Path(label_map)
    content: dict[str, str] = load(file)
    if not all(number.isdigit() and isinstance(name, str) for number, name in content.items()):
        raise FormatError("is not a label map", file=file, needed='names by number, as in {"0": "person"}')
    return content


def _boxes(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every box, with its class: of the detection, and of the grounding, whose regions have one box or several."""
    detection, grounding = record.get("detection"), record.get("grounding")
    if detection is not None:
        yield from detection["instances"]
    if grounding is not None:
        for region in grounding["regions"]:
            several = region["bbox"] and isinstance(region["bbox"][0], list)
            for box in region["bbox"] if several else [region["bbox"]]:
                yield {**region, "bbox": box}


def _name(box: dict[str, Any], names: dict[str, str]) -> str:
    """The class of a box: its phrase, the name of its label, or its category."""
    if "phrase" in box:
        return str(box["phrase"]).strip()
    label = box.get("label")
    if (name := names.get(str(label)) or box.get("category")) is None:
        if names:
            raise FormatError(f"has the label {shown(label)}, which the label map does not name")
        name = str(box["label"])
    return str(name).strip()


def _segments(
    held: Lines, row: int, record: dict[str, Any], size: Size, classes: Classes, names: dict[str, str],
    counts: Counter[str], aside: Aside,
) -> Segments:  # fmt: skip
    ids = {class_.name: class_.id for class_ in classes}
    masks, class_ids, attributes = [], [], []
    more: dict[str, list[Any]] = {"geometry": [], "box": []}
    for number, said in enumerate(_boxes(record)):
        with aside.record(held.file, f"{held.record(row)}, box {number}"):
            left, top, right, bottom = said["bbox"]
            if right < left or bottom < top:
                raise FormatError(f"its bbox is {shown(said['bbox'])}", needed="x0, y0, x1, y1, left and top first")
            given_box([left, top, right - left, bottom - top])
            box = [float(side) for side in said["bbox"]]
            mask = Mask.from_polygon(rectangle(*box), size)
            name = _name(said, names)
            counts["boxes have no pixel, as MMDetection leaves them out; their box is kept"] += not mask.area()
            class_ids.append(ids[name])
            masks.append(mask)
            more["geometry"].append(drawn.rectangle(box, "edges"))
            more["box"].append(box)
            attributes.append({
                key: value for key, value in said.items() if key not in ("bbox", "label", "category", "phrase")
            })  # fmt: skip
    for what in [what for what, times in counts.items() if not times]:
        del counts[what]
    return Segments(Masks.stack(masks, size), class_ids, attributes=attributes, more=more)
