"""CVAT for images 1.1 and for video 1.1: one XML with polygons, masks, boxes and ellipses.

Layout: https://docs.cvat.ai, "CVAT for images" and "CVAT for videos".  Pixels are those of CVAT's own exports to masks
(`_cvat_shapes`).  What was drawn is given back as it was; everything else is written as masks, which hold holes and
parts.  A video's tracks are read as the segments of its frames.  The head is kept in
`Reading.about` (`_cvat_head`); samples that are all frames of its one video are written as tracks.
"""

import codecs
import shutil
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal
from xml.sax.saxutils import quoteattr

from maskwright.core.classes import Class, Classes
from maskwright.core.mask import Mask
from maskwright.core.names import shown
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _aside, _cvat_head, _cvat_shapes, _cvat_tracks
from maskwright.formats._aside import Aside
from maskwright.formats._coco_rings import drawn_together
from maskwright.formats._contract import (
    Loss,
    Reading,
    common_losses,
    new_file,
    put_image,
    read_about,
    suffix_of,
    unique_keys,
    write_about,
)  # fmt: skip
from maskwright.formats._cvat_shapes import DRAWN, TAG, THIN, Shape
from maskwright.formats._cvat_tracks import Gathered, Task, Track
from maskwright.formats._plausible import Noted
from maskwright.formats._shapes import hex_colour

LOSES = frozenset({"empty", "crowd", "score", "area", "ids", "weight", "fields", "shape"})
KEEPS = frozenset({"geometry", "box"})

Shapes = Literal["auto", "mask", "polygon"]

_KEY = "maskwright_key"  # where `name` cannot say it, because the image lies elsewhere
_OF_IMAGE = ("id", "name", "width", "height", _KEY)
_FIELD = "cvat"  # of a sample: image labels, shapes without an area, what else its image says, and layers by segment id


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: an XML that begins with <annotations>."""
    file = _file(path)
    if file is None:
        return 0.0
    with open(file, "rb") as raw:
        head = raw.read(1 << 16)
    own = b"<annotations" in head and any(mark in head for mark in (b"<image ", b"<meta>", b"<track "))
    return 0.9 if own else 0.0


def _file(path: Path) -> Path | None:
    if path.is_file():
        return path if path.suffix.lower() == ".xml" else None
    found = [path / "annotations.xml", *sorted(path.glob("*.xml"))]
    return next((item for item in found if item.is_file()), None)


def read(path: Path, *, images: str | None = None, encoding: str | None = None) -> Reading:
    """images: the images' folder, or the video's; searched for beside the XML when not given.

    encoding: of the XML where it does not say its own, such as cp1251; UTF-8 when not given, and Latin-1, with a note,
    where it is not that.

    Shapes without an area, which are polylines, points, skeletons and cuboids, and image labels (tags) are in the
    sample's field `cvat`, with a note.  Of a video every frame is a sample, its objects have the attribute `track`.
    """
    file = _file(path)
    if file is None:
        raise FormatError("no annotations.xml here", file=path)
    about = read_about(file.parent)
    notes: list[str] = []
    coding = encoding or _coding(file, notes)
    aside = _aside.current()
    head = _Head(file, coding, aside)
    classes = about.classes if about else head.classes
    home = file.parent
    counts = {"thin": 0, "tags": 0}

    def samples() -> Iterator[Sample]:
        named = {class_.name: class_.id for class_ in classes}
        if head.images:
            yield from aside.samples(
                _elements(file, coding), lambda element: _sample(file, element, named, home, images, counts, aside),
                lambda element: (file, f"image {element.get('name')!r}"),
            )  # fmt: skip
        if head.tracks:
            folders = [Path(images)] if images else [home / "images", home]
            yield from _frames(file, head, named, folders, notes, aside)
        if thin := counts["thin"] + head.thin:
            where = "; images have them in their field cvat" if counts["thin"] else ""
            said = f"{thin} polylines, points, skeletons and cuboids have no area and were left out{where}"
            notes.append(Noted(said, "tracks left out", head.thin) if head.thin else said)
        if counts["tags"]:
            notes.append(f"{counts['tags']} labels of whole images (tags) are in the samples' field cvat")
        if not head.images and not head.tracks:
            notes.append("the XML holds neither an <image> nor a <track>: there is nothing to read in it")

    def placed() -> Iterator[Sample]:
        for sample in samples():
            yield replace(sample, split=about.splits.get(sample.key)) if about else sample

    ours = about is not None and about.more.get("head") != "kept"
    return Reading(classes, placed(), head.total, notes, {} if ours else _cvat_head.said(head.meta))


def _coding(file: Path, notes: list[str]) -> str | None:
    """Latin-1 for bytes that are not UTF-8, though the file says no other encoding; told in the notes."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    place = 0
    try:
        with open(file, "rb") as raw:
            head = raw.read(1 << 16)
            declared = head[: head.find(b"?>")] if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<?xml") else b""
            if head.startswith((b"\xff\xfe", b"\xfe\xff")) or (
                b"encoding" in declared and b"utf-8" not in declared.lower()
            ):
                return None
            block = head
            while block:
                decoder.decode(block)
                place += len(block)
                block = raw.read(1 << 20)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        notes.append(
            f"{file.name} is not UTF-8 (near byte {place + error.start}) and says no other encoding: it was read as "
            "Latin-1; if names look wrong, say which it is with -o encoding="
        )
        return "iso-8859-1"
    except OSError as error:
        raise FormatError(f"cannot be read ({error.strerror})", file=file) from None
    return None


def _events(file: Path, coding: str | None) -> Iterator[tuple[str, Any]]:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser, iterparse

    try:
        parser = DefusedXMLParser(target=ET.TreeBuilder(), encoding=coding) if coding else None
        yield from iterparse(file, ("start", "end"), parser=parser)
    except (ET.ParseError, DefusedXmlException, OSError, ValueError, LookupError) as error:
        raise FormatError(f"not readable XML ({error})", file=file) from None


def _elements(file: Path, coding: str | None) -> Iterator[Any]:
    """Each image in turn; what was read is let go."""
    root = None
    for event, element in _events(file, coding):
        if root is None:
            root = element
        if event == "end" and element.tag == "image":
            yield element
            root.clear()


class _Head:
    """What a first look through the file finds.

    classes: labels as the head declares them, then those that only appear.  images: how many there are.  tasks, tracks:
    of videos.  thin: shapes of tracks that have no area.  meta: its element, None where there is none.  total: of
    samples.
    """

    def __init__(self, file: Path, coding: str | None, aside: Aside) -> None:
        declared: dict[str, tuple[int, int, int] | None] = {}
        self.images = self.thin = 0
        self.tasks: list[Task] = []
        self.tracks: list[Track] = []
        self.meta: Any = None
        root = None
        for event, element in _events(file, coding):
            if root is None:
                root = element
                if root.tag != "annotations":
                    raise FormatError(f"begins with <{root.tag}>", file=file, needed="<annotations>")
            if event != "end":
                continue
            if element.tag == "label" and element.find("name") is not None:
                name = element.findtext("name") or ""
                if element.find("parent") is None:  # points of a skeleton name it
                    declared.setdefault(name, hex_colour(element.findtext("color")))
            elif element.tag in DRAWN and element.get("label") is not None:
                declared.setdefault(element.get("label"), None)
            elif element.tag == "meta":
                self.meta = element
            elif element.tag in ("task", "job"):
                self.tasks.append(_cvat_tracks.read_task(element))
            elif element.tag == "image":
                self.images += 1
                root.clear()
            elif element.tag == "track":
                with aside.record(file):  # without one of its keyframes a track would go another way
                    track, thin = _cvat_tracks.read_track(file, element, len(self.tracks))
                    self.tracks.append(track)
                    self.thin += thin
                    if track.frames and element.get("label") is not None:
                        declared.setdefault(element.get("label"), None)
                root.clear()
        numbered = enumerate(declared.items(), 1)
        self.classes = Classes(Class(number, name, colour=colour) for number, (name, colour) in numbered)

    def videos(self) -> list[tuple[Task, list[Track]]]:
        """The tasks that have tracks, each with its own; a task without a number for tracks that name none."""
        tasks = self.tasks or [Task()]
        if len(tasks) == 1:
            return [(tasks[0], self.tracks)] if self.tracks else []
        return [(task, own) for task in tasks if (own := [track for track in self.tracks if track.task == task.number])]

    @property
    def total(self) -> int:
        return self.images + sum(len(_cvat_tracks.frames_of(task, tracks)) for task, tracks in self.videos())


def _frames(
    file: Path, head: _Head, named: dict[str, int], folders: list[Path], notes: list[str], aside: Aside
) -> Iterator[Sample]:  # fmt: skip
    """The samples of all videos."""
    videos = head.videos()
    held: set[str] = set()
    missing: list[str] = []
    orphans = sum(len(tracks) for _, tracks in videos)
    if orphans < len(head.tracks):
        raise FormatError(
            f"{len(head.tracks) - orphans} tracks belong to a task that the head does not have", file=file,
            needed="the <task> of every task_id",
        )  # fmt: skip
    several = len(videos) > 1

    def sample_of(item: tuple[Task, list[Track], int]) -> Sample:
        task, tracks, frame = item
        video = shown(task.name or f"task {task.number}") if several else task.name or file.parent.name
        place = _cvat_tracks.place_of(task, frame, folders)
        if place is None:
            missing.append(_cvat_tracks.name_of(frame))
        key = f"{video}/{_cvat_tracks.name_of(frame)}" if several else _cvat_tracks.name_of(frame)
        uri = place or f"{folders[0] / missing[-1]}.png"
        return _frame(file, task, tracks, frame, key, video, uri, named, held, aside)

    frames = ((task, tracks, frame) for task, tracks in videos for frame in _cvat_tracks.frames_of(task, tracks))
    yield from aside.samples(frames, sample_of, lambda item: (file, _cvat_tracks.name_of(item[2])))
    if held:
        notes.append(
            f"shapes of kind {', '.join(sorted(held))} that have no straight way to the next keyframe, as with another "
            "number of points, stand still until then"
        )
    if missing:
        wanted = f"images {missing[0]}.png … in images/"
        movie = next((task.source for task, _ in videos if task.source), None)
        notes.append(
            f"{len(missing)} frames have no image: put {wanted}, or the video{f' {shown(movie)}' if movie else ''} "
            "beside the XML, or name their folder with -o images="
        )


def _frame(
    file: Path, task: Task, tracks: list[Track], frame: int, key: str, video: str, place: str,
    named: dict[str, int], held: set[str], aside: Aside,
) -> Sample:  # fmt: skip
    if task.size is None:
        raise FormatError("says no size of its frames", file=file, record=key, needed="<original_size> in <task>")
    found = list(_cvat_tracks.shapes_of(tracks, frame, held))
    shapes = [replace(shape, attributes={**shape.attributes, "track": track.number}) for track, shape in found]
    segments = _segments(file, key, list(enumerate(shapes)), task.size, named, aside)
    return Sample(key, ImageRef(place, task.size, video=video, frame=frame), segments)


def _sample(
    file: Path, element: Any, named: dict[str, int], home: Path, images: str | None, counts: dict[str, int],
    aside: Aside,
) -> Sample:  # fmt: skip
    name = element.get("name")
    record = f"image {name!r}"
    try:
        size = (int(element.get("height")), int(element.get("width")))
        if name is None or min(size) < 1:
            raise FormatError("lacks its name or size", file=file, record=record)
    except (TypeError, ValueError):
        raise FormatError("lacks its name or size", file=file, record=record) from None
    folders = [Path(images)] if images else [home / "images", home / "images" / (element.get("subset") or ""), home]
    uri = next((folder / name for folder in folders if (folder / name).is_file()), folders[0] / name)
    shapes = []
    for number, child in enumerate(child for child in element if child.tag in DRAWN):
        try:
            shapes.append((number, _cvat_shapes.parse(child)))
        except (ValueError, TypeError, KeyError) as error:
            where = f"{record} {child.tag} {number}"
            aside.put(FormatError(f"cannot be read ({error})", file=file, record=where))
    others = {
        what: found
        for what, kinds in (("tags", (TAG,)), ("shapes", THIN))
        if (found := [_cvat_shapes.kept(child) for child in element if child.tag in kinds])
    }
    counts["tags"] += len(others.get("tags", ()))
    counts["thin"] += len(others.get("shapes", ()))
    split = _split(element.get("subset"))
    key = element.get(_KEY) or Path(name).with_suffix("").as_posix()
    segments = _segments(file, record, shapes, size, named, aside)
    kept = {**others, **_kept(element, split), **_said_of(segments)}
    return Sample(key, ImageRef(str(uri), size), segments, split=split, fields={_FIELD: kept} if kept else {})


def _kept(element: Any, split: str | None) -> dict[str, Any]:
    """What an <image> says beside its name and size: its subset where that is not the split as it is called here."""
    said = {name: text for name, text in element.attrib.items() if name not in _OF_IMAGE}
    if said.get("subset", "") in ("", split):
        said.pop("subset", None)
    return {"image": said} if said else {}


def _said_of(segments: Segments) -> dict[str, Any]:
    """By segment id, what only CVAT understands of it, such as its layer, for a mask that is another by then."""
    rows = enumerate(segments.ids.tolist())
    said = {str(identity): own for row, identity in rows if (own := _cvat_shapes.own_of(segments, row, {}))}
    return {"segments": said} if said else {}


def _segments(
    file: Path, record: str, shapes: list[tuple[int, Shape]], size: tuple[int, int], named: dict[str, int],
    aside: Aside,
) -> Segments:  # fmt: skip
    """Shapes of one image, the lower layers first and the order of the file within a layer.

    shapes: with their numbers in the file.  Those that cannot be drawn are put aside.
    """
    layered = any(shape.z_order for _, shape in shapes)
    masks: list[Mask | list[float]] = []
    rows: list[Shape] = []
    for number, shape in sorted(shapes, key=lambda row: row[1].z_order):
        with aside.record(file, f"{record} {shape.kind} {number}"):
            if shape.label not in named:
                raise FormatError(f"has the unknown label {shape.label!r}")
            ring = shape.ring()
            masks.append(shape.mask(size) if ring is None else ring)
            rows.append(replace(shape, own={**shape.own, "z_order": shape.z_order}) if layered else shape)
    return Segments(
        drawn_together(masks, size), [named[shape.label] for shape in rows],
        attributes=[shape.attributes for shape in rows], source=[shape.source for shape in rows],
        more={"geometry": [shape.drawing() for shape in rows], "box": [shape.box() for shape in rows]},
    )  # fmt: skip


def losses(sample: Sample, classes: Classes, *, shapes: Shapes = "auto") -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written. shapes: as of `write`."""
    own = {name: value for name, value in sample.fields.items() if name != _FIELD}
    found = common_losses(replace(sample, fields=own), LOSES)
    segments = sample.segments
    for row in range(len(segments)):
        number = int(segments.ids[row])
        written = _cvat_shapes.chosen(segments, row, shapes) if segments.masks[row].area() else None
        if written is not None and written.lost:
            found.append(Loss(sample.key, "shape", number, written.lost))
        for name in KEEPS & segments.more.keys():
            value = segments.more[name][row]
            kept = written is not None and written.as_drawn and (name == "geometry" or written.kind == "box")
            if value is not None and not kept:
                found.append(Loss(sample.key, name, number))
    return found


def write(
    samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy", shapes: Shapes = "auto",
    about: Mapping[str, Any] | None = None,
) -> list[str]:  # fmt: skip
    """annotations.xml and images in images/.  images: copy, link or none.

    shapes: auto, what was drawn as it was drawn where CVAT has such a shape, and masks else; mask, masks alone;
    polygon, what was drawn or an outline, with bridges between parts and to holes, whose pixels may differ, which the
    report tells.
    about: what was read of whole sets, see `Reading`; what CVAT's file says of its task and labels is written back.
    """
    splits: dict[str, str | None] = {}
    subsets: dict[str, None] = {}
    frames = 0
    meta = _cvat_head.kept(about)
    gathered = Gathered(meta)
    target = new_file(folder, "annotations.xml")
    with open(target, "w", encoding="utf-8") as out, tempfile.TemporaryFile("w+", encoding="utf-8") as body:
        for number, sample in enumerate(unique_keys(samples)):
            name = sample.key + suffix_of(sample)
            put_image(sample, folder, f"images/{name}", images)
            height, width = sample.image.size
            said = quoteattr(name if images != "none" else sample.image.uri)
            own, asides = _of_image(sample), _asides(sample)
            if "subset" in own:
                subsets[own["subset"]] = None
            more = "".join(f" {name}={quoteattr(text)}" for name, text in own.items())
            more += f" {_KEY}={quoteattr(sample.key)}" if images == "none" else ""
            body.write(f' <image id="{number}" name={said}{more} width="{width}" height="{height}">\n')
            segments = sample.segments
            rows = [row for row, area in enumerate(segments.masks.areas()) if area]
            drawn = []
            for row, layer in zip(rows, _layers(segments, rows, asides), strict=True):
                written = _cvat_shapes.chosen(segments, row, shapes)
                label = classes[int(segments.class_ids[row])].name
                drawn.append((row, _cvat_shapes.element(segments, row, written, label, layer, asides)))
            body.writelines(text for _, text in drawn)
            gathered.add(sample, drawn)
            body.writelines(_others(sample))
            body.write(" </image>\n")
            splits[sample.key] = sample.split
            frames += bool(sample.image.video)
        whole = gathered.complete()
        body.seek(0)
        out.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n <version>1.1</version>\n')
        out.write(_cvat_head.head(classes, list(subsets), None if whole else len(splits), meta))
        if whole:
            out.writelines(gathered.texts())
        else:
            shutil.copyfileobj(body, out)
        out.write("</annotations>\n")
    write_about(folder, "cvat", classes, splits, **({} if meta is None else {"head": "kept"}))
    if whole or not frames:
        return []
    note = (
        f"{frames} samples are frames of a video: their objects are written as shapes of single frames, with the "
        "object's number in the attribute track, and not as tracks; upload them as CVAT for images"
    )
    return [note]


def _others(sample: Sample) -> Iterator[str]:
    """Shapes without an area and image labels, as they were read."""
    found = sample.fields.get(_FIELD)
    for what in ("shapes", "tags"):
        listed = found.get(what) if isinstance(found, dict) else None
        yield from map(_cvat_shapes.restored, listed if isinstance(listed, list) else ())


def _layers(segments: Segments, rows: list[int], asides: Mapping[str, Any]) -> list[int]:
    """The z-orders of these rows: as they were read where they are still in that order, else from 0 up.

    A new segment is in the layer of the one below it.  0 for all where none was read: within a layer the order of the
    file counts.
    """
    own = [_cvat_shapes.own_of(segments, row, asides).get("z_order") for row in rows]
    stated = [layer for layer in own if isinstance(layer, int)]
    if not stated:
        return [0] * len(rows)
    if stated != sorted(stated):
        return list(range(len(rows)))
    below = stated[0]
    return [below := layer if isinstance(layer, int) else below for layer in own]


def _asides(sample: Sample) -> Mapping[str, Any]:
    """By segment id, what only CVAT understands of segments whose mask may be another by now."""
    found = sample.fields.get(_FIELD)
    asides = found.get("segments") if isinstance(found, dict) else None
    return asides if isinstance(asides, dict) else {}


def _split(subset: str | None) -> str | None:
    return {"train": "train", "val": "val", "validation": "val", "test": "test"}.get((subset or "").lower())


def _of_image(sample: Sample) -> dict[str, str]:
    """The attributes of an <image> beside its name and size: its subset as it was spelt, and unknown ones."""
    found = sample.fields.get(_FIELD)
    image = found.get("image") if isinstance(found, dict) else None
    said = {str(name): str(text) for name, text in image.items()} if isinstance(image, dict) else {}
    subset = said.pop("subset", None)
    if subset is None or _split(subset) != sample.split:
        subset = sample.split
    own = {name: text for name, text in said.items() if name.isidentifier() and name not in _OF_IMAGE}
    return {**({"subset": subset} if subset else {}), **own}
