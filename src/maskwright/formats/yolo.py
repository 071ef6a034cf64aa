"""YOLO segmentation: a text file an image, a line an object, one polygon a line, coordinates relative.

Layout: data.yaml names classes and splits; images/… and labels/… mirror each other (Ultralytics' layout).
Points name pixels, and the outline belongs to the object: what YOLO's programs draw with cv2.fillPoly is what is read
and written (`_rule_fill`, `_yolo_lines`).  A line holds one ring, so parts and holes are joined to it by bridges: exact
for holes, a few pixels between parts.  Regions of stuff are a line a part, which data.yaml says, and are one again when
they are read.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast
from weakref import ref

import numpy as np

from maskwright.core import drawn
from maskwright.core.arrays import I64
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.core.typed import Limits
from maskwright.errors import FormatError
from maskwright.formats import _aside, _rule_fill, _yolo_lines, _yolo_sets
from maskwright.formats._contract import (
    Loss,
    Reading,
    Ready,
    Sure,
    common_losses,
    losses_of_segments,
    new_file,
    put_image,
    suffix_of,
    unique_keys,
)  # fmt: skip
from maskwright.formats._keys import keys_of
from maskwright.formats._plausible import Noted
from maskwright.formats._rules import parts_for
from maskwright.media import image_size

LOSES = frozenset(
    {
        "empty", "class", "split", "crowd", "score", "attributes", "area", "ids", "source", "weight", "fields", "shape",
        "regions",
    }
)  # fmt: skip
KEEPS = frozenset({"geometry", "box"})

#: Rules that draw the outline too; parts drawn by others do not give a mask of theirs under this one.
_ALIKE = frozenset({"fill", "pillow"})


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a data.yaml with names, and labels/; or texts of lines
    beside images.  Raises FormatError for a data.yaml that cannot be read.
    """
    config = _yolo_sets.settings_file(path)
    if config is not None:
        said, _ = _yolo_sets.settings(config)
        keys = {"names", "nc"} if config.suffix != ".data" else {"classes", "names"}
        if keys & said.keys():
            # Without labels it may be a set of nothing but background, but masks/ are label maps.
            labels = any(place.is_dir() for place in config.parent.rglob("labels"))
            score = 0.8 if labels or config.suffix == ".data" else 0.5
            names = said.get("names")
            number = f"{len(names)} classes" if isinstance(names, list | dict) else "classes"
            return Sure(score, f"{config.name} names {number}")
    if not path.is_dir():
        return 0.0
    if _yolo_sets.has_labels(path):
        return Sure(0.6, "texts of lines in labels/ beside images/")
    texts = (file for file in path.glob("*.txt") if file.name not in _yolo_sets.NAMES)
    if _yolo_sets.names_file(path) is not None:
        beside = any(_yolo_sets.looks_like_labels(file) for file in texts)
    else:
        beside = _yolo_sets.are_beside(path)
    return Sure(0.6, "texts of lines beside the images") if beside else 0.0


def read(
    path: Path, *, images: str | None = None, rule: _yolo_lines.Reading | None = None,
    names: Sequence[str] | None = None,
) -> Reading:  # fmt: skip
    """Images of every split that data.yaml lists, of obj.data, or of folders images and labels.

    A line of five numbers is a box and becomes a rectangle; a number more at the end is a score, or a track where whole
    ones above 1 stand there in the file.  images: the folder of all images, below `path` or anywhere, where they are
    not with the labels.  names: class names, in the order of their numbers, in place of the set's.
    rule: how points become the whole ones that are drawn: cut, cut off as Ultralytics does, but for the precision of
    the text; round, as supervision does; edges: points along pixel edges, nothing drawn but what is inside.  What
    data.yaml says where it is not given, else cut.
    """
    found = _yolo_sets.find(path, names, images)
    if not found.images:
        raise FormatError("lists no image", file=found.file, needed="train: or val: naming a folder of images")
    meant: _yolo_lines.Reading = rule or ("edges" if found.rule == "edges" else "cut")
    home = found.file if found.file.is_dir() else found.file.parent
    told: Counter[str] = Counter()
    folders: dict[Path, set[Path]] = {}
    aside = _aside.current()

    def sample_of(item: tuple[str, tuple[str | None, Path, Path]]) -> Sample | None:
        key, (split, image, base) = item
        labels = _yolo_sets.label_file(image, home, base)
        folders.setdefault(_yolo_sets.labels_folder(image) if labels is None else labels.parent, set()).add(
            image.parent
        )
        if labels is None and found.skip:
            return None
        told["without"] += labels is None
        size = image_size(image)
        segments = Segments.none(size) if labels is None else _segments(
            labels, size, found.by_number, meant, found.keypoints, told, aside
        )  # fmt: skip
        if found.united:
            segments = _yolo_lines.united(segments, found.united)
        return Sample(key, ImageRef(str(image), size), segments, split=split)

    def samples() -> Iterator[Sample]:
        keys, notes = keys_of(_yolo_sets.places_of(found.images, home))
        found.notes.extend(notes)
        yield from aside.samples(
            zip(keys, found.images, strict=True), sample_of, lambda item: (item[1][1], None),
            state=_Remembered(told, folders),
        )  # fmt: skip
        found.notes.extend(f"{told[cause]} {words}" for cause, words in _TOLD.items() if told[cause])
        if alone := _yolo_sets.alone(folders):
            said = f"{len(alone)} files of labels have no image and were left out, such as {alone[0]}"
            found.notes.append(Noted(said, "labels without an image", len(alone), str(alone[0])))
        reading.elsewhere.update(folders)

    reading = Reading(found.classes, samples(), len(found.images), found.notes)
    return reading


@dataclass
class _Remembered:
    """Of the images that were read. told: counts for notes.  folders: of labels, with those of their images."""

    counts: Counter[str]
    folders: dict[Path, set[Path]]

    def told(self) -> Any:
        folders = [[str(folder), sorted(map(str, homes))] for folder, homes in self.folders.items()]
        return [dict(self.counts), folders]

    def restore(self, told: Any) -> None:
        self.counts.update(told[0])
        self.folders.update({Path(folder): set(map(Path, homes)) for folder, homes in told[1]})


_segments = _yolo_lines.read_lines

_TOLD = {
    "without": "images have no file of labels, and no segments",
    "mixed": "lines of five numbers among lines of polygons were read as boxes",
    "thin": "boxes hold no pixel's centre, and their masks are empty",
    "bare": "polygons have no pixel in the image, and their masks are empty",
    "outside": "lines leave the image by more than 1 % of its size, and their masks are cut at its edge",
    "scores": "lines end with a score",
    "tracks": "lines end with a whole number, which is the attribute track",
    "keypoints": "lines have keypoints after their box, which were left out",
}


# -- what is written ----------------------------------------------------------------------------------------


class _Lines:
    """How the segments of a sample are written.

    of_rows: the masks of all.  rows: those that are written, by number; of segments without a pixel, those that have a
    box and are written as boxes.
    given: boxes that files gave, by row.  texts: of rows that are written in numbers of their own, boxes or rings.
    boxes: of rows that are written as boxes, what is read back.  rings: whole points of rows that were drawn as this
    format draws, a ring a line.  outlined: rows whose outline is made, again for each part of stuff; masks: of these;
    points, bounds: their outlines, and where each begins; bent: those of them that may not be exact.
    """

    def __init__(self, sample: Sample, classes: Classes, boxes: bool, simplify: float) -> None:
        segments, self.size = sample.segments, sample.image.size
        self.masks = self.of_rows = segments.masks
        geometry = segments.more.get("geometry")
        index, stuff = _numbers(classes)
        kinds = [index.get(class_id, -1) for class_id in segments.class_ids.tolist()]
        areas = segments.masks.areas().tolist()
        self.given = _boxes(segments) if boxes or "box" in segments.more or 0 in areas else {}
        self.rows = [row for row, kind in enumerate(kinds) if kind >= 0 and (areas[row] or row in self.given)]
        self.texts: dict[int, str] = {}
        self.boxes: dict[int, list[float]] = {}
        self.rings: dict[int, list[I64]] = {}
        own: dict[int, list[float]] = {}  # what was read, where it still draws what is there
        if geometry is not None:
            found = ((row, _yolo_lines.untouched(geometry[row], self.size)) for row in self.rows)
            own = {row: values for row, values in found if values is not None}
        as_read = len(own) == len(self.rows) > 0 and all(len(values) == 4 for values in own.values())
        if boxes or as_read:
            self._as_boxes(segments, own)
        self.rows = [row for row in self.rows if areas[row] or row in self.boxes]
        self.heads = {row: kinds[row] for row in self.rows}
        if geometry is not None and not self.boxes and not simplify:
            for row in self.rows:
                drawn_by = None if geometry[row] is None else geometry[row].get("rule")
                if row in own and len(own[row]) > 4:
                    self.texts[row] = _yolo_lines.numbers_text(own[row])
                elif drawn_by in _ALIKE:
                    rings = self._rings(parts_for(segments, row, "fill") or [], several=kinds[row] in stuff)
                    if rings:
                        self.rings[row] = rings
        self.outlined = [row for row in self.rows if row not in self.texts and row not in self.rings]
        self._outline(simplify, {row for row in self.outlined if kinds[row] in stuff})

    def _rings(self, parts: list[list[list[float]]], *, several: bool) -> list[I64]:
        """Whole points of parts that are a ring each; nothing where one is not, or there are several and may not be."""
        found = [_yolo_lines.inside(part[0], self.size) for part in parts if len(part) == 1]
        good = [ring for ring in found if ring is not None]
        return good if len(good) == len(parts) and (several or len(parts) == 1) else []

    def _as_boxes(self, segments: Segments, own: dict[int, list[float]]) -> None:
        tight = segments.masks.boxes().tolist()
        for row in self.rows:
            values = own.get(row)
            if values is None or len(values) != 4:
                values = _yolo_lines.relative_box(self.given.get(row, tight[row]), self.size)
            self.texts[row] = _yolo_lines.numbers_text(values)
            self.boxes[row] = _yolo_lines.box_of(values, self.size)

    def _outline(self, simplify: float, stuff: set[int]) -> None:
        from maskwright.formats.kernels import bridges

        rows = self.outlined
        masks = self.masks if len(rows) == len(self.masks) else self.masks[rows]
        if stuff:
            rows, masks = _parted(rows, masks, stuff)
        self.outlined, self.masks = rows, masks
        self.points, self.bounds, parts = bridges.single_rings(*masks._spans, self.size[0])
        self.whole = len(self.points)
        self.bent = [place for place, number in enumerate(parts.tolist()) if number > 1]
        if simplify:
            self.points, self.bounds = bridges.simplified(self.points, self.bounds, simplify)
            self.bent = list(range(len(rows)))

    def wrong(self) -> dict[int, int]:
        """Rows that do not come back as they are, and in how many pixels they differ."""
        if self.boxes:
            rows, back = list(self.boxes), _yolo_lines.rectangles(list(self.boxes.values()), self.size)
            numbers = (back ^ self.of_rows[np.array(rows, np.int64)]).areas()
        elif not self.bent:
            return {}
        else:
            from maskwright.formats.kernels import filled

            rows = [self.outlined[place] for place in self.bent]
            rings = [self.points[self.bounds[place] : self.bounds[place + 1]] for place in self.bent]
            bounds = _rule_fill.bounds([len(ring) for ring in rings])
            toggles, of_ring = filled.toggles(np.concatenate(rings), bounds, np.arange(len(rings) + 1), *self.size)
            numbers = filled.differing(toggles, of_ring, *self.masks._spans, np.array(self.bent, np.int64))
        out: Counter[int] = Counter()
        for row, number in zip(rows, numbers.tolist(), strict=True):
            out[row] += number
        return {row: number for row, number in out.items() if number}

    def text(self) -> bytes:
        """The lines in ASCII, in the order of the rows."""
        from maskwright.formats.kernels import yolo_text

        # Behind the outlines come the rings that were drawn.
        rings = [ring for found in self.rings.values() for ring in found]
        rows = [*self.outlined, *(row for row, found in self.rings.items() for _ in found)]
        points, bounds = self.points, self.bounds
        if rings:
            points = np.concatenate([points, *rings])
            bounds = np.append(bounds, bounds[-1] + np.cumsum([len(ring) for ring in rings]))
        heads = np.array([self.heads[row] for row in rows], np.int64)
        text, offsets = yolo_text.lines(points, bounds, heads, *self.size, _yolo_lines.digits_for(self.size))
        whole: bytes = text.tobytes()
        if not self.texts and not self.rings:
            return whole
        made = {row: f"{self.heads[row]} {numbers}\n".encode() for row, numbers in self.texts.items()}
        for k, row in enumerate(rows):
            made[row] = made.get(row, b"") + whole[offsets[k] : offsets[k + 1]]
        return b"".join(made[row] for row in self.rows)


def _parted(rows: list[int], masks: Masks, stuff: set[int]) -> tuple[list[int], Masks]:
    """Rows and their masks, those of stuff once for each 8-connected part."""
    parts, owner = masks.components()
    counts = np.bincount(owner, minlength=len(rows))
    split = np.array([row in stuff and counts[place] > 1 for place, row in enumerate(rows)])
    if not split.any():
        return rows, masks
    both = Masks.concatenate([masks, parts], masks.size)
    places = [
        place
        for row in range(len(rows))
        for place in (len(rows) + np.flatnonzero(owner == row) if split[row] else [row])
    ]
    owners = [place if place < len(rows) else owner[place - len(rows)] for place in places]
    return [rows[place] for place in owners], both[np.array(places, np.int64)]


def _boxes(segments: Segments) -> dict[int, Sequence[float]]:
    """Boxes, xyxy, that files gave, or stated beside what they drew, by row."""
    given, geometry = segments.more.get("box"), segments.more.get("geometry")
    found: dict[int, Sequence[float]] = {}
    for row in range(len(segments)) if given or geometry else ():
        box = given[row] if given else None
        box = drawn.stated_box(geometry[row]) if box is None and geometry else box
        if box is not None:
            found[row] = box
    return found


def _declared(classes: Classes) -> list[Class]:
    return [class_ for class_ in classes if class_.role == "class"]


#: The newest classes, and what `_numbers` said of them: every sample of a set is asked about.
_newest_classes: list[tuple[Any, tuple[dict[int, int], frozenset[int]]]] = []


def _numbers(classes: Classes) -> tuple[dict[int, int], frozenset[int]]:
    """The number in lines of each class by its id, and which numbers are of stuff."""
    for kept, found in _newest_classes[:]:
        if kept() is classes:
            return found
    declared = _declared(classes)
    index = {class_.id: number for number, class_ in enumerate(declared)}
    found = index, frozenset(number for number, class_ in enumerate(declared) if class_.kind == "stuff")
    _newest_classes[:] = [(ref(classes), found)]
    return found


#: The newest lines and what they were made of: what is lost of a sample is asked for right before its rows.
_newest: list[Any] = [None, None, None, None, None]


def _lines(sample: Sample, classes: Classes, boxes: bool, simplify: float) -> _Lines:
    made = tuple(_newest)
    if made[0] is not None and made[0]() is sample and made[1]() is classes and made[2:4] == (boxes, simplify):
        return cast("_Lines", made[4])
    lines = _Lines(sample, classes, boxes, simplify)
    _newest[:] = [ref(sample), ref(classes), boxes, simplify, lines]
    return lines


def losses(
    sample: Sample, classes: Classes, *, boxes: bool = False, simplify: Annotated[float, Limits(least=0)] = 0
) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written. boxes: written in place of
    outlines.  simplify: pixels.
    """
    segments, ids = sample.segments, sample.segments.ids.tolist()
    out = common_losses(sample, LOSES - ({"split", "regions"} if boxes else {"split"}), classes)
    if sample.split not in _yolo_sets.SPLITS:
        out.append(Loss(sample.key, "split"))
    index, _ = _numbers(classes)
    for row, class_id in enumerate(segments.class_ids.tolist()):
        if class_id not in index:
            out.append(Loss(sample.key, "class", ids[row]))
    lines = _lines(sample, classes, boxes, simplify)
    written = {ids[row] for row in lines.boxes}
    out = [loss for loss in out if loss.cause != "empty" or loss.segment not in written]
    out += [Loss(sample.key, "shape", ids[row], pixels) for row, pixels in lines.wrong().items()]
    if "geometry" in segments.more:
        kept = lines.texts.keys() | lines.rings.keys()
        shapes = segments.more["geometry"]
        gone = (ids[row] for row, value in enumerate(shapes) if value and row not in kept)
        out += losses_of_segments(sample.key, "geometry", gone)
    if "box" in segments.more:
        given = segments.more["box"]
        out += [Loss(sample.key, "box", ids[row]) for row, box in enumerate(given) if box and row not in lines.boxes]
    return out


def prepare(
    sample: Sample, classes: Classes, *, boxes: bool = False, simplify: Annotated[float, Limits(least=0)] = 0
) -> dict[str, Any]:
    """text: the lines of a sample's file, ASCII.  boxes, rings: how many of each.  Where it is simplified (simplify:
    pixels), points: how many there were and are, and changed, pixels: of how many segments, which together.
    """
    lines = _lines(sample, classes, boxes, simplify)
    told: dict[str, Any] = {"boxes": len(lines.boxes), "rings": len(lines.rows) - len(lines.boxes)}
    if simplify:
        wrong = lines.wrong().values()
        told |= {"points": [lines.whole, len(lines.points)], "changed": len(wrong), "pixels": sum(wrong)}
    return {"text": lines.text(), **told}


def write(
    samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy", boxes: bool = False,
    simplify: Annotated[float, Limits(least=0)] = 0, ready: Ready | None = None,
) -> list[str]:  # fmt: skip
    """images: copy, link or none.  boxes: write boxes, for detectors, instead of outlines; given ones, or stated
    beside what was drawn, as they were.

    simplify: leave out points of outlines that are made, as far as none is more than this many pixels from what is
    left; what it costs is counted.  Classes get YOLO's contiguous numbers; data.yaml keeps the old ids, too.
    ready: what gives a sample's rows in place of `prepare`.  -> notes.
    """
    import yaml

    splits: set[str] = set()
    told: Counter[str] = Counter()
    ready = ready or (lambda sample: prepare(sample, classes, boxes=boxes, simplify=simplify))
    for sample in unique_keys(samples):
        split = sample.split if sample.split in _yolo_sets.SPLITS else "train"
        splits.add(split)
        if images != "none":
            put_image(sample, folder, f"images/{split}/{sample.key}{suffix_of(sample)}", images)
        rows = ready(sample)
        with new_file(folder, f"labels/{split}/{sample.key}.txt").open("wb") as file:
            file.write(rows["text"])
        for name in ("changed", "pixels"):
            told[name] += rows.get(name, 0)
        before, after = rows.get("points", (0, 0))
        told["before"] += before
        told["after"] += after
        told["files of boxes"] += rows["boxes"] > 0
        told["files of rings"] += rows["rings"] > 0
    present = [split for split in _yolo_sets.SPLITS if split in splits]
    notes = []
    # Ultralytics' check_det_dataset asks for both keys, takes paths as below the file where `path` is missing, and
    # `path: .` as the current folder.
    named = {split: split for split in present}
    for key in ("train", "val"):
        if present and key not in splits:
            named[key] = present[0]
            notes.append(f"data.yaml names images/{present[0]} as {key} too, because YOLO's programs ask for both")
    about = {
        **{key: f"images/{named[key]}" for key in _yolo_sets.SPLITS if key in named},
        "names": {number: class_.name for number, class_ in enumerate(_declared(classes))},
    }
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    said = {"rule": "fill", "stuff": "parts", "splits": present, "classes": classes.to_json()}
    if boxes:
        del said["stuff"]
    own = json.dumps(said, ensure_ascii=False)
    if own.isprintable():  # JSON is YAML then, and made in no time
        text = f"{yaml.dump(about, Dumper=dumper, sort_keys=False, allow_unicode=True)}maskwright: {own}\n"
    else:
        whole = {**about, "maskwright": json.loads(own)}
        text = yaml.dump(whole, Dumper=dumper, sort_keys=False, allow_unicode=True)
    new_file(folder, "data.yaml").write_text(text, encoding="utf-8")
    if simplify:
        notes.append(
            f"simplified to {told['after']} of {told['before']} points: {told['pixels']} pixels in {told['changed']}"
            " segments differ"
        )
    if told["files of boxes"] and told["files of rings"]:
        notes.append(
            f"{told['files of boxes']} files have boxes and {told['files of rings']} outlines, and Ultralytics trains"
            " on sets of one kind; boxes=true writes boxes alone"
        )
    return notes
