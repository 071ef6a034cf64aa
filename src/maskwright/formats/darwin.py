"""V7 Darwin, read only: a JSON for each image or video, of versions 2.0 and 1.0, with polygons, masks and boxes.

Layout: https://docs.v7labs.com/reference/darwin-json; x.json anywhere, and its image at the item's path in images/, or
wherever in the set an image of its name lies.  Polygons mean what V7's own darwin-py draws for them: points are
rounded, name pixels, the outline is drawn, and what an odd number of paths surrounds is inside, so that paths are parts
and holes.  Boxes and ellipses lie along the edges of pixels.  A mask is a number of the `raster_layer`, whose pixels go
by rows.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np

from maskwright.core.arrays import Size, checked_size
from maskwright.core.classes import Classes
from maskwright.core.masks import Masks
from maskwright.core.names import confined, shown
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments, Source
from maskwright.errors import FormatError, UsageError
from maskwright.formats import _aside, _listing
from maskwright.formats._aside import Aside
from maskwright.formats._contract import Reading, Sure, split_word
from maskwright.formats._darwin_annotations import (
    LAYER,
    TAG,
    Layers,
    Rule,
    attributes_of,
    frames_of,
    kind_of,
    score_of,
    shape_of,
    unlisted,
)  # fmt: skip
from maskwright.formats._images_by_name import ImagesByName
from maskwright.formats._json import Document, load
from maskwright.formats._keys import Place, keys_of
from maskwright.formats._plausible import Noted
from maskwright.formats._shapes import named
from maskwright.media import image_size

LOSES: frozenset[str] = frozenset()

#: The field of a sample that keeps its tags, the item's properties, and annotations that have no area.
FIELD = "darwin"
_LOOKED_INTO = 20


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: JSON files with an item and its annotations."""
    documents = list(_aside.readable(_files(path)[:_LOOKED_INTO], Document))
    ours = sum(map(_is_ours, documents))
    if not ours or 2 * ours < len(documents):
        return 0.0
    return Sure(0.9, "JSON files of V7 Darwin: an item, and its annotations")


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".json" else []
    found = _listing.current().of_kind(path, ".json")
    return sorted(file for file in found if not file.name.startswith("maskwright") and file.parent.name != ".v7")


def _is_ours(document: Document) -> bool:
    """Version 2.0 has an item; 1.0 has an image, whose file is called otherwise than in files of Segment Anything."""
    keys = set(document.keys())
    if "annotations" not in keys:
        return False
    if "item" in keys:
        return True
    image = document.value("image") if "image" in keys else None
    return isinstance(image, dict) and "filename" in image


def read(path: Path, *, images: str | None = None, rule: Literal["rounded", "edges"] = "rounded") -> Reading:
    """images: the folder of the images, below `path` or anywhere; `images` in the set, or all of it, when not given.

    rule: of polygons; rounded, as darwin-py draws them; or edges, a pixel belongs when its centre lies inside.
    Every frame that a video's annotations list is a sample.  An item of several slots is a sample for each.  Tags,
    item properties, and lines, points, skeletons and other annotations without an area are in the samples' field
    `darwin`.
    """
    files = _files(path)
    if not files:
        raise FormatError("no JSON here", file=path)
    if rule not in ("rounded", "edges"):
        raise UsageError(f"rule cannot be {rule!r}", needed="rounded or edges")
    whose = dict(zip(files, _aside.tried(files, lambda file: _is_ours(Document(file))), strict=True))
    own = [file for file in files if whose[file] is not False]
    said = _Said(others=len(files) - len(own))
    names: set[str] = set()
    pieces: list[_Piece] = []
    for file, item in zip(own, _aside.tried(own, _Item), strict=True):
        if item is None:  # reading it again says what is wrong
            pieces.append(_Piece(file, 0, None, file.stem))
            continue
        names.update(item.names())
        found = list(item.pieces(said))
        said.empty += not found
        pieces += found
    root = path if path.is_dir() else path.parent
    places = [Place(piece.name, _split(piece.file, root)) for piece in pieces]
    keys, of_keys = keys_of(places)
    classes = named(names)
    notes = list(of_keys)
    aside = _aside.current()
    home = _Images(root, images)
    last: list[_Item] = []

    def item_of(file: Path) -> "_Item":
        if not last or last[0].file != file:
            last[:] = [_Item(file)]
        return last[0]

    def sample_of(piece: tuple[_Piece, Place, str]) -> Sample:
        (file, slot, frame, _), place, key = piece[0].parts(), piece[1], piece[2]
        item = item_of(file)
        reference = home.reference(item, slot, frame, said)
        segments, kept = _segments(item, slot, frame, reference.size, classes, rule, said, aside)
        return Sample(key, reference, segments, split=place.split, fields={FIELD: kept} if kept else {})

    def samples() -> Iterator[Sample]:
        every = zip(pieces, places, keys, strict=True)
        yield from aside.samples(every, sample_of, lambda piece: (piece[0].file, piece[0].record()))
        notes.extend(said.notes())

    return Reading(classes, samples(), len(pieces), notes)


def _split(file: Path, root: Path) -> str | None:
    return next(filter(None, map(split_word, file.relative_to(root).parts[:-1])), None)


@dataclass
class _Said:
    """What the notes say at the end."""

    others: int = 0
    empty: int = 0
    unlisted: int = 0
    no_pixels: int = 0
    left: Counter[str] = field(default_factory=Counter)
    movies: dict[str, None] = field(default_factory=dict)

    def notes(self) -> list[str]:
        out: list[str] = []
        if self.left:
            kinds = ", ".join(f"{number} {shown(kind, 40)}" for kind, number in self.left.most_common())
            out.append(
                f"annotations that have no area were left out: {kinds}; the samples have them in their field {FIELD}"
            )
        if self.no_pixels:
            out.append(f"{self.no_pixels} masks are in no raster layer, have no pixels, and were left out")
        if self.unlisted:
            out.append(
                f"{self.unlisted} annotations last over frames that their files do not list; what is listed was read, "
                "and nothing was put in between"
            )
        if self.movies:
            first = next(iter(self.movies))
            text = (
                f"{len(self.movies)} videos whose frames are labelled are not there, such as {shown(first)}: put them "
                "into images/, or their frames into images/NAME/0000000.png and so on"
            )
            out.append(Noted(text, "videos missing", len(self.movies), first))
        if self.others:
            out.append(f"{self.others} JSON files are not of V7 Darwin, and were left out")
        if self.empty:
            out.append(f"{self.empty} videos have no labelled frame")
        return out


@dataclass(frozen=True)
class _Piece:
    """What becomes a sample. slot: by its place in the item.  frame: of a video.  name: path and file, for the key."""

    file: Path
    slot: int
    frame: int | None
    name: str

    def parts(self) -> "tuple[Path, int, int | None, str]":
        return self.file, self.slot, self.frame, self.name

    def record(self) -> str | None:
        return None if self.frame is None else f"frame {self.frame}"


@dataclass(frozen=True)
class _Slot:
    """One image or video of an item. source: the name of its file.  size: as stated, None where it is not."""

    name: str
    kind: str
    source: str
    size: Size | None
    is_video: bool


class _Item:
    """A file: the item it is of, and its annotations. Raises FormatError, naming the file, for one that is broken.

    path: the folder in the dataset, without slashes around it.  frames: of each annotation, by number; empty where it
    lists none.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        content = load(file)
        try:
            item = content["item"] if "item" in content else _of_version_1(content["image"])
            self.name = str(item["name"])
            self.path = str(item.get("path") or "/").replace("\\", "/").strip("/")
            self.properties = [row for row in content.get("properties") or [] if isinstance(row, dict)]
            self.annotations: list[Any] = list(content["annotations"])
            self.frames = [_tried_frames(annotation) for annotation in self.annotations]
            self.slots = [self._slot(number, slot) for number, slot in enumerate(item.get("slots") or [{}])]
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise FormatError(f"its item cannot be read ({error!r})", file=file) from None
        if not PurePosixPath(self.name).name:
            raise FormatError("its item has no name", file=file)

    def _slot(self, number: int, slot: dict[str, Any]) -> _Slot:
        sides = slot.get("height"), slot.get("width")
        size = None if None in sides else checked_size((int(sides[0]), int(sides[1])))  # type: ignore[arg-type]
        sources = slot.get("source_files") or []
        first = sources[0] if sources else None
        source = first.get("file_name") if isinstance(first, dict) else first
        name, kind = str(slot.get("slot_name", number)), str(slot.get("type") or "image")
        moving = kind == "video" or any(
            frames for frames, annotation in zip(self.frames, self.annotations, strict=True)
            if _is_in(annotation, name, number)
        )  # fmt: skip
        return _Slot(name, kind, str(source or self.name), size, moving)

    def of_slot(self, slot: int) -> Iterator[tuple[int, dict[str, Any], dict[int, dict[str, Any]]]]:
        """Place, annotation and frames of each that is in a slot; the first slot has those that name none."""
        name = self.slots[slot].name
        for place, (annotation, frames) in enumerate(zip(self.annotations, self.frames, strict=True)):
            if _is_in(annotation, name, slot):
                yield place, annotation, frames

    def names(self) -> Iterator[str]:
        """The classes of annotations that have an area."""
        for annotation, frames in zip(self.annotations, self.frames, strict=True):
            name = annotation.get("name") if isinstance(annotation, dict) else None
            if isinstance(name, str) and any(kind_of(body) for body in frames.values() or [annotation]):
                yield name.strip()

    def pieces(self, said: _Said) -> Iterator[_Piece]:
        """A piece for each image, and for each frame of a video that is labelled."""
        for number, slot in enumerate(self.slots):
            stem = PurePosixPath(self.name).stem
            name = self.name if len(self.slots) == 1 else f"{stem}/{slot.name}{PurePosixPath(slot.source).suffix}"
            whole = f"{self.path}/{name}" if self.path else name
            if not slot.is_video:
                yield _Piece(self.file, number, None, whole)
                continue
            lists = [(annotation, frames) for _, annotation, frames in self.of_slot(number)]
            said.unlisted += sum(unlisted(annotation, frames) > 0 for annotation, frames in lists)
            video = PurePosixPath(whole).with_suffix("").as_posix()
            for frame in sorted({frame for _, frames in lists for frame in frames}):
                yield _Piece(self.file, number, frame, f"{video}/{frame:07d}.png")


def _is_in(annotation: Any, name: str, slot: int) -> bool:
    names = annotation.get("slot_names") if isinstance(annotation, dict) else None
    return name in names if isinstance(names, list) and names else slot == 0


def _tried_frames(annotation: Any) -> dict[int, dict[str, Any]]:
    """The frames of an annotation; none of a broken one, which is told when its segments are read."""
    with suppress(AttributeError, TypeError, ValueError):
        return frames_of(annotation)
    return {}


def _of_version_1(image: dict[str, Any]) -> dict[str, Any]:
    """The image of a file of version 1.0 as the item of version 2.0."""
    name = image.get("original_filename") or image["filename"]
    moving = "frame_count" in image or "frame_urls" in image or "fps" in image
    slot = {"type": "video" if moving else "image", "source_files": [{"file_name": name}]}
    return {
        "name": name, "path": image.get("path"),
        "slots": [slot | {side: image[side] for side in ("width", "height") if side in image}],
    }  # fmt: skip


class _Images:
    """Where images and videos are: at the item's path in the folder of images, or of its name anywhere in the set."""

    def __init__(self, root: Path, images: str | None) -> None:
        self._found = ImagesByName(root, images)
        if images is not None:
            self._bases = [root / images if (root / images).is_dir() else Path(images)]
        else:
            self._bases = [root / "images", root]

    def reference(self, item: _Item, slot: int, frame: int | None, said: _Said) -> ImageRef:
        """Raises FormatError where nothing says how large the image is, and for volumes."""
        known = item.slots[slot]
        if not known.kind.startswith(("image", "video")) and (known.is_video or frame is not None):
            raise FormatError(
                f"its slot {shown(known.name)!r} is a {shown(known.kind)}, whose planes V7 numbers itself",
                file=item.file, needed="images and videos", todo="Export such items from V7 as NIfTI.",
            )  # fmt: skip
        inner = [item.path] if item.path else []
        stem, suffix = PurePosixPath(item.name).stem, PurePosixPath(known.source).suffix
        if len(item.slots) > 1:
            names = ["/".join([*inner, folder, known.name, known.source]) for folder in (item.name, stem)]
        else:
            names = ["/".join([*inner, name]) for name in dict.fromkeys((item.name, stem + suffix))]
        bases = [*self._bases, item.file.parent]
        if frame is not None:
            return self._frame(item, known, frame, bases, names, said)
        there = _first(bases, names)
        image = there or self._found.of(item.file, known.source if len(item.slots) > 1 else item.name)
        uri = str(image or (self._bases[0] if self._bases[0].is_dir() else item.file.parent) / names[0])
        return ImageRef(uri, known.size or image_size(uri))

    def _frame(
        self, item: _Item, known: _Slot, frame: int, bases: list[Path], names: list[str], said: _Said
    ) -> ImageRef:  # fmt: skip
        if known.size is None:
            raise FormatError("does not state the video's width and height", file=item.file)
        video = PurePosixPath(names[0]).with_suffix("").as_posix()
        alone = _first(bases, [f"{PurePosixPath(name).with_suffix('').as_posix()}/{frame:07d}.png" for name in names])
        if alone is not None:
            return ImageRef(str(alone), known.size, video=video, frame=frame)
        movie = _first(bases, names)
        if movie is None:
            movie = bases[0] / names[0]
            said.movies.setdefault(names[0])
        return ImageRef(f"{movie}#page={frame}", known.size, video=video, frame=frame)


def _first(bases: list[Path], names: list[str]) -> Path | None:
    """The first file of these names that is there, below a base and nowhere else."""
    for base in bases:
        for name in names:
            with suppress(UsageError, OSError, ValueError):
                if (file := confined(base, name)).is_file():
                    return file
    return None


def _segments(
    item: _Item, slot: int, frame: int | None, size: Size, classes: Classes, rule: Rule, said: _Said, aside: Aside
) -> tuple[Segments, dict[str, Any]]:  # fmt: skip
    """The segments of an image or a frame, and what the sample's field keeps beside. Broken annotations are put aside.

    An object of a video has the same id in all frames: its place among the annotations.
    """
    ids = {class_.name: class_.id for class_ in classes}
    bodies = [
        (place, annotation, annotation if frame is None else frames.get(frame))
        for place, annotation, frames in item.of_slot(slot)
    ]
    there = [(place, annotation, body) for place, annotation, body in bodies if body is not None]
    layers = _layers(item, there, size, aside)
    masks, class_ids, numbers, attributes = [], [], [], []
    scores: list[float] = []
    sources: list[Source] = []
    more: dict[str, list[Any]] = {"geometry": [], "box": []}
    kept: dict[str, list[Any]] = {"tags": [], "properties": item.properties, "others": []}
    for place, annotation, body in there:
        with aside.record(item.file, _record(place, annotation)):
            if LAYER in body:
                continue
            name = annotation["name"].strip()
            if kind_of(body) is None:
                if TAG in body:
                    kept["tags"].append(name)
                else:
                    said.left[_other(body)] += 1
                    kept["others"].append(body if frame is None else {"name": name, **body})
                continue
            found = shape_of(body, annotation.get("id"), size, rule, layers)
            if found is None:
                said.no_pixels += 1
                continue
            more_said = attributes_of(annotation, body, frame)
            score = score_of(annotation, body)
            class_ids.append(ids[name])
            masks.append(found[0])
            more["geometry"].append(found[1])
            more["box"].append(found[2])
            numbers.append(place + 1)
            attributes.append(more_said)
            scores.append(np.nan if score is None else score)
            sources.append("import" if score is None else "model")
    segments = Segments(
        Masks.stack(masks, size), class_ids, ids=numbers if frame is not None else None, scores=scores,
        source=sources, attributes=attributes, more=more,
    )  # fmt: skip
    return segments, {name: values for name, values in kept.items() if values}


def _layers(item: _Item, there: list[tuple[int, Any, Any]], size: Size, aside: Aside) -> Layers:
    """The raster layers among annotations; a broken one is put aside."""
    layers = Layers(size)
    for place, annotation, body in there:
        if isinstance(body, dict) and LAYER in body:
            with aside.record(item.file, record := _record(place, annotation)):
                layers.add(record, body[LAYER])
    return layers


def _record(place: int, annotation: Any) -> str:
    name = annotation.get("id") if isinstance(annotation, dict) else None
    return f"annotation {place if name is None else shown(name, 80)}"


def _other(body: dict[str, Any]) -> str:
    """What kind of annotation it is that has no area."""
    known = ("line", "keypoint", "skeleton", "cuboid", "table", "simple_table", "string", "graph", "eye", "link")
    return next((kind for kind in known if kind in body), "of an unknown kind")
