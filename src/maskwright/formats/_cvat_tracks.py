"""CVAT for video 1.1: tracks of shapes over frames, as the segments of each frame, and as tracks again."""

import xml.etree.ElementTree as ET
from bisect import bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from maskwright.core.arrays import Size
from maskwright.core.sample import Sample
from maskwright.errors import FormatError
from maskwright.formats._contract import image_beside
from maskwright.formats._cvat_shapes import DRAWN, THIN, Shape, own_of, parse
from maskwright.media.pages import video

#: Of a shape that nobody drew in its frame, among what only CVAT understands.
_BETWEEN = {"keyframe": "0"}


@dataclass
class Task:
    """What the head of the file says of a video: its frames, as numbers of the file that it was made of.

    number: CVAT's, None where there is one task only.  source: the video's file name.
    """

    number: str | None = None
    name: str = ""
    frames: range | None = None
    size: Size | None = None
    source: str | None = None


@dataclass
class Track:
    """One object. shapes: those that the file states, by frame, and whether the object is outside the image there."""

    number: int
    task: str | None
    shapes: dict[int, tuple[Shape, bool]] = field(default_factory=dict)
    frames: list[int] = field(default_factory=list)

    def at(self, frame: int, held: set[str]) -> Shape | None:
        """The shape in a frame: as stated, else on the way between the stated ones around it, else the last one.

        held: is told of what could not be moved between two keyframes, and stands still until the next one.
        """
        place = bisect_right(self.frames, frame) - 1
        if place < 0:
            return None
        before, outside = self.shapes[self.frames[place]]
        if outside:
            return None
        if self.frames[place] == frame:
            return before
        if place + 1 == len(self.frames):
            return _between(before)
        after, _ = self.shapes[self.frames[place + 1]]  # CVAT moves towards the place where an object leaves, too
        moved = before.between(after, (frame - self.frames[place]) / (self.frames[place + 1] - self.frames[place]))
        if moved is None:
            held.add(before.kind)
        return _between(moved or before)


def read_task(element: Any) -> Task:
    """A <task> or <job> of the head, once it is read whole. Numbers that are not whole ones count as not said."""
    size = _number(element, "original_size/height"), _number(element, "original_size/width")
    start, stop, number = (_number(element, name) for name in ("start_frame", "stop_frame", "size"))
    words = (element.findtext("frame_filter") or "").replace(" ", "")
    step = int(words[5:]) if words.startswith("step=") and words[5:].isdigit() and int(words[5:]) else 1
    first = start or 0
    last = stop if stop is not None else None if number is None else first + (number - 1) * step
    return Task(
        element.findtext("id"), element.findtext("name") or "",
        None if last is None else range(first, last + 1, step),
        (size[0], size[1]) if size[0] and size[1] else None, element.findtext("source"),
    )  # fmt: skip


def _number(element: Any, path: str) -> int | None:
    text = (element.findtext(path) or "").strip()
    return int(text) if text.isdigit() else None


def read_track(file: Path, element: Any, number: int) -> tuple[Track, int]:
    """A <track>, and how many of its shapes have no area. Raises FormatError."""
    record = f"track {element.get('id', number)}"
    stated = element.get("id") or ""
    track = Track(int(stated) if stated.isdigit() else number, element.get("task_id"))
    thin = 0
    said = {name: text for name in ("label", "source", "group_id") if (text := element.get(name)) is not None}
    for place, child in enumerate(element):
        if child.tag in THIN:
            thin += child.get("outside") != "1"
            continue
        if child.tag not in DRAWN:
            continue
        try:
            frame = int(child.attrib["frame"])
            shape = parse(child, said)
            if child.get("keyframe") == "0":
                shape = replace(shape, own={**shape.own, **_BETWEEN})
        except (ValueError, TypeError, KeyError) as error:
            where = f"{record} {child.tag} {place}"
            raise FormatError(f"cannot be read ({error})", file=file, record=where) from None
        track.shapes[frame] = shape, child.get("outside") == "1"
    track.frames = sorted(track.shapes)
    return track, thin


def place_of(task: Task, frame: int, folders: list[Path]) -> str | None:
    """Where a frame is: an image frame_000000 in a folder, else a page of the video's file; None where neither is."""
    for folder in folders:
        image = image_beside(folder, name_of(frame))
        if image is not None:
            return str(image)
    movie = movie_of(task, folders)
    return None if movie is None else f"{movie}#page={frame}"


def movie_of(task: Task, folders: list[Path]) -> Path | None:
    """The video that the file names, in one of the folders, or the only one there."""
    if task.source and (name := Path(task.source.replace("\\", "/")).name):
        found = next((folder / name for folder in folders if (folder / name).is_file()), None)
        if found is not None:
            return found
    there = {file for folder in folders if folder.is_dir() for file in folder.iterdir()}
    movies = [file for file in there if file.suffix.lower() in video.SUFFIXES]
    return movies[0] if len(movies) == 1 else None


def name_of(frame: int) -> str:
    """As CVAT calls a video's frame."""
    return f"frame_{frame:06d}"


def frames_of(task: Task, tracks: list[Track]) -> range:
    """The frames that the head states, else those from the first that a track states to the last."""
    if task.frames is not None:
        return task.frames
    stated = [frame for track in tracks for frame in track.frames]
    return range(min(stated), max(stated) + 1) if stated else range(0)


def shapes_of(tracks: list[Track], frame: int, held: set[str]) -> Iterator[tuple[Track, Shape]]:
    """What is seen in a frame, in the order of the file."""
    for track in tracks:
        shape = track.at(frame, held)
        if shape is not None:
            yield track, shape


def _between(shape: Shape) -> Shape:
    return replace(shape, own={**shape.own, **_BETWEEN})


# -- and back ------------------------------------------------------------------------------------------------


class Gathered:
    """The shapes of a video's frames, until they are written as tracks.

    task: of the head that was read; None where it is not that of one video.  possible: whether all that was added can
    be tracks of that task: its frames, all of them and in order, and objects with the attribute `track`, of one class
    each, that lie over one another in the order of their numbers.
    """

    def __init__(self, meta: Any) -> None:
        found = [] if meta is None else [element for element in meta.iter() if element.tag in ("task", "job")]
        self.task = read_task(found[0]) if len(found) == 1 else None
        self.possible = (
            self.task is not None and self.task.frames is not None and meta.find(".//original_size") is not None
        )
        self._frames: list[int] = []
        self._tracks: dict[int, dict[int, Any]] = {}

    def add(self, sample: Sample, shapes: list[tuple[int, str]]) -> None:
        """A frame. shapes: of its segments that have pixels, the segment's row and its element as text."""
        frame = sample.image.frame
        numbers = [sample.segments.attributes[row].get("track") for row, _ in shapes]
        whole = all(isinstance(number, int) and not isinstance(number, bool) and number >= 0 for number in numbers)
        fits = self.task is not None and sample.image.size == self.task.size
        if not (self.possible and fits and whole and frame is not None and sample.key == name_of(frame)):
            self.possible = False
            return
        self._frames.append(frame)
        layers = []
        for number, (row, text) in zip(numbers, shapes, strict=True):
            element = ET.fromstring(text)  # noqa: S314 - written here
            element.set("frame", str(frame))
            element.set("outside", "0")
            drawn_here = own_of(sample.segments, row, {}).get("keyframe") != "0"
            element.set("keyframe", str(int(drawn_here)))
            for child in element.findall("attribute"):
                if child.get("name") == "track":
                    element.remove(child)
            track = self._tracks.setdefault(int(number or 0), {})
            first = next(iter(track.values()), element)
            self.possible = self.possible and first.get("label") == element.get("label")
            track[frame] = element
            layers.append((int(element.get("z_order") or 0), int(number or 0)))
        self.possible = self.possible and layers == sorted(set(layers))

    def complete(self) -> bool:
        """Whether what was added can be tracks, and is the whole video."""
        return self.possible and self.task is not None and self._frames == list(self.task.frames or ())

    def texts(self) -> Iterator[str]:
        """The tracks as XML, by their numbers."""
        for number in sorted(self._tracks):
            shapes = self._tracks[number]
            _keyed(shapes)
            first = next(iter(shapes.values()))
            track = ET.Element("track", {"id": str(number), "label": first.get("label", "")})
            for name in ("source", "group_id"):
                stated = {element.get(name) for element in shapes.values()}
                if len(stated) == 1 and (text := first.get(name)) is not None:
                    track.set(name, text)
                    for element in shapes.values():
                        del element.attrib[name]
            for place, frame in enumerate(self._frames):
                if frame in shapes:
                    del shapes[frame].attrib["label"]
                    track.append(shapes[frame])
                elif place and (before := shapes.get(self._frames[place - 1])) is not None:
                    track.append(_ended(before, frame))
            ET.indent(track, level=1, space=" ")
            yield f" {ET.tostring(track, encoding='unicode').rstrip()}\n"


def _ended(before: Any, frame: int) -> Any:
    """The last shape of an object once more, outside the image."""
    out = ET.Element(before.tag, {**before.attrib, "frame": str(frame), "outside": "1", "keyframe": "1"})
    out.extend(before)
    return out


def _keyed(shapes: dict[int, Any]) -> None:
    """Makes keyframes of shapes that are not on the way between keyframes, which an edit of one leaves behind."""
    every = {frame: parse(element) for frame, element in shapes.items()}
    keys = {frame: (every[frame], False) for frame, element in shapes.items() if element.get("keyframe") == "1"}
    track = Track(0, None, keys, sorted(keys))
    known = -1
    while known != len(keys):  # a keyframe more moves what is on the way to it
        known = len(keys)
        for frame, element in shapes.items():
            if frame not in keys and not _near(track.at(frame, set()), every[frame]):
                element.set("keyframe", "1")
                keys[frame] = every[frame], False
                insort(track.frames, frame)


def _near(found: Shape | None, shape: Shape) -> bool:
    """Whether two shapes are one in the hundredths of a pixel that CVAT writes."""
    if found is None or (found.kind, found.counts, len(found.numbers)) != (
        shape.kind,
        shape.counts,
        len(shape.numbers),
    ):
        return False
    pairs = zip((*found.numbers, found.turn), (*shape.numbers, shape.turn), strict=True)
    return all(abs(a - b) < 0.02 for a, b in pairs) and found.attributes == shape.attributes
