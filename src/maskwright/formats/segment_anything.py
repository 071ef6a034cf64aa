"""SA-1B and SA-V, read only: the JSON files of the Segment Anything data, masks without classes.

SA-1B: a JSON for each image, {"image": …, "annotations": [run lengths with predicted_iou, stability_score, …]}.
SA-V: a JSON a video, masklets[annotated frame][object]; every fourth frame of the 24 a second is annotated.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _aside
from maskwright.formats._aside import Aside
from maskwright.formats._contract import Reading
from maskwright.formats._json import Document
from maskwright.formats._plausible import Noted

LOSES: frozenset[str] = frozenset()

_FRAMES = 4
_OBJECT = Classes([Class(1, "object")])

#: So many files tell whether all are of this format.
_LOOKED_INTO = 3


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: JSON files of SA-1B or SA-V."""
    files = _files(path)
    looked = list(islice(_aside.readable(files, Document), _LOOKED_INTO))
    return 0.95 if looked and all(map(_kind_of, looked)) else 0.0


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".json" else []
    return sorted(path.glob("sa_*.json")) or sorted(path.glob("sav_*.json"))


def _kind(file: Path) -> str | None:
    try:
        return _kind_of(Document(file))
    except FormatError:
        return None


def _kind_of(document: Document) -> str | None:
    keys = set(document.keys())
    if {"image", "annotations"} <= keys and "dataset" not in keys:  # Darwin's version 1.0 has a dataset
        return "image"
    return "video" if {"video_id", "masklet"} <= keys else None


def read(path: Path, *, manual: bool | None = None) -> Reading:
    """manual: of videos, read the hand-made files only (true) or the automatic ones only (false)."""
    files = _files(path)
    if manual is not None:
        files = [file for file in files if file.stem.endswith("_manual" if manual else "_auto")]
    if not files:
        raise FormatError("no sa_*.json or sav_*.json here", file=path)

    notes = ["the masks have no class; all are called object"]

    aside = _aside.current()

    def items() -> Iterator[tuple[Path, _Video | None, int]]:
        for file in files:
            if _kind(file) != "video":
                yield file, None, 0
                continue
            video: _Video | None = None
            with aside.record(file):
                video = _Video(file)
            if video is not None:
                yield from ((file, video, position) for position in range(len(video.frames)))
                if not video.movie.is_file():
                    told = f"{video.movie.name} is missing, whose frames {file.name} labels; put it beside the JSON"
                    notes.append(Noted(told, "videos missing", 1, str(video.movie)))
                if not len(video.frames):
                    notes.append(f"{file.name} has no annotated frame")

    def sample_of(item: tuple[Path, _Video | None, int]) -> Sample:
        file, video, position = item
        if video is not None:
            return video.sample(position)
        if _kind_of(Document(file)) is None:
            raise FormatError("is neither SA-1B nor SA-V", file=file)
        return _image(file, aside)

    total = None if any(_kind(file) == "video" for file in files) else len(files)
    samples = aside.samples(items(), sample_of, lambda item: (item[0], f"masklet {item[2]}" if item[1] else None))
    return Reading(_OBJECT, samples, total, notes)


def _image(file: Path, aside: Aside) -> Sample:
    document = Document(file)
    try:
        image = document.value("image")
        name, size = str(image["file_name"]), (int(image["height"]), int(image["width"]))
        rows = list(document.value("annotations"))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise FormatError(f"cannot be read ({error!r})", file=file) from None

    def segments_of(numbers: Sequence[int]) -> Segments:
        try:
            return _segments([dict(rows[number]) for number in numbers], size)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise FormatError(f"cannot be read ({error!r})", file=file) from None

    segments = aside.parts(range(len(rows)), segments_of, file, lambda number: f"annotation number {number}")
    fields = {"sa1b": {key: value for key, value in image.items() if key not in ("file_name", "height", "width")}}
    return Sample(Path(name).stem, ImageRef(str(file.parent / name), size), segments, fields=fields)


def _segments(rows: list[dict[str, Any]], size: tuple[int, int]) -> Segments:
    """Of annotations, which are taken apart."""
    masks = _masks([row.pop("segmentation") for row in rows], size)
    ids = [int(row.pop("id")) for row in rows]
    scores = [float(row.get("predicted_iou", np.nan)) for row in rows]
    extra = [{key: value for key, value in row.items() if key != "bbox"} for row in rows]
    for entry, area in zip(extra, masks.areas().tolist(), strict=True):
        if entry.get("area") == area:
            del entry["area"]
    return Segments(masks, [1] * len(rows), ids=ids, scores=scores, attributes=extra, source="model")


def _masks(found: list[Any], size: tuple[int, int]) -> Masks:
    for item in found:
        if [int(side) for side in item["size"]] != list(size):
            raise ValueError(f"a mask is {item['size']}, the image {list(size)} (height, width)")
    runs = [item["counts"] for item in found]
    if runs and all(isinstance(counts, list) for counts in runs):  # as SAM's generator has them when told so
        return Masks.from_counts(runs, size)
    return Masks.from_compressed(runs, size)


class _Video:
    """A file of SA-V. frames: the annotated ones.  movie: the file that they are of.

    Raises FormatError for a file whose head is broken.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        document = Document(file)
        try:
            self._video = str(document.value("video_id"))
            self._size = (int(document.value("video_height")), int(document.value("video_width")))
            self._identities = [int(number) + 1 for number in document.value("masklet_id")]
        except (TypeError, ValueError) as error:
            raise FormatError(f"cannot be read ({error!r})", file=file) from None
        self.movie = file.parent / f"{self._video}.mp4"
        self.frames = document.records("masklet")

    def sample(self, position: int) -> Sample:
        """Of an annotated frame."""
        file, record, identities = self._file, f"masklet {position}", self._identities
        try:
            masks = _masks(self.frames[position], self._size)
            if len(masks) != len(identities):
                raise FormatError(f"has {len(masks)} objects, not {len(identities)}", file=file, record=record)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormatError(f"cannot be read ({error!r})", file=file, record=record) from None
        there = np.flatnonzero(masks.areas())  # an object that is not in the frame has an empty mask
        segments = Segments(
            masks[there], [1] * len(there), ids=[identities[row] for row in there],
            source="model" if file.stem.endswith("_auto") else "human",
        )  # fmt: skip
        frame = _FRAMES * position
        reference = ImageRef(f"{self.movie}#page={frame}", self._size, video=self._video, frame=frame)
        return Sample(f"{file.stem}/{frame:05d}", reference, segments)
