"""SA-1B and SA-V, read only: the JSON files of the Segment Anything data, masks without classes.

SA-1B: a JSON for each image, {"image": …, "annotations": [run lengths with predicted_iou, stability_score, …]}.
SA-V: a JSON a video, masklets[annotated frame][object]; every fourth frame of the 24 a second is annotated.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats._contract import Reading, unique_keys
from maskwright.formats._json import Document

LOSES: frozenset[str] = frozenset()

_FRAMES = 4
_OBJECT = Classes([Class(1, "object")])


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: JSON files of SA-1B or SA-V."""
    files = _files(path)
    return 0.95 if files and all(_kind(file) for file in files[:3]) else 0.0


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".json" else []
    return sorted(path.glob("sa_*.json")) or sorted(path.glob("sav_*.json"))


def _kind(file: Path) -> str | None:
    try:
        keys = set(Document(file).keys())
    except FormatError:
        return None
    return "image" if {"image", "annotations"} <= keys else "video" if {"video_id", "masklet"} <= keys else None


def read(path: Path, *, manual: bool | None = None) -> Reading:
    """manual: of videos, read the hand-made files only (true) or the automatic ones only (false)."""
    files = _files(path)
    if manual is not None:
        files = [file for file in files if file.stem.endswith("_manual" if manual else "_auto")]
    if not files:
        raise FormatError("no sa_*.json or sav_*.json here", file=path)

    def samples() -> Iterator[Sample]:
        for file in files:
            kind = _kind(file)
            if kind is None:
                raise FormatError("is neither SA-1B nor SA-V", file=file)
            yield from [_image(file)] if kind == "image" else _video(file)

    total = None if any(_kind(file) == "video" for file in files) else len(files)
    notes = ["the masks have no class; all are called object"]
    return Reading(_OBJECT, unique_keys(samples()), total, notes)


def _image(file: Path) -> Sample:
    document = Document(file)
    try:
        image = document.value("image")
        name, size = str(image["file_name"]), (int(image["height"]), int(image["width"]))
        rows = [dict(each) for each in document.value("annotations")]
        masks = _masks([row.pop("segmentation") for row in rows], size)
        ids = [int(row.pop("id")) for row in rows]
        scores = [float(row.get("predicted_iou", np.nan)) for row in rows]
        extra = [{key: value for key, value in row.items() if key != "bbox"} for row in rows]
        for entry, area in zip(extra, masks.areas().tolist(), strict=True):
            if entry.get("area") == area:
                del entry["area"]
        segments = Segments(masks, [1] * len(rows), ids=ids, scores=scores, attributes=extra, source="model")
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise FormatError(f"cannot be read ({error!r})", file=file) from None
    fields = {"sa1b": {key: value for key, value in image.items() if key not in ("file_name", "height", "width")}}
    return Sample(Path(name).stem, ImageRef(str(file.parent / name), size), segments, fields=fields)


def _masks(found: list[Any], size: tuple[int, int]) -> Masks:
    for item in found:
        if [int(side) for side in item["size"]] != list(size):
            raise ValueError(f"a mask is {item['size']}, the image {list(size)} (height, width)")
    return Masks.from_compressed([item["counts"] for item in found], size)


def _video(file: Path) -> Iterator[Sample]:
    document = Document(file)
    try:
        video = str(document.value("video_id"))
        size = (int(document.value("video_height")), int(document.value("video_width")))
        identities = [int(each) + 1 for each in document.value("masklet_id")]
        source = "model" if file.stem.endswith("_auto") else "human"
    except (TypeError, ValueError) as error:
        raise FormatError(f"cannot be read ({error!r})", file=file) from None
    movie = file.parent / f"{video}.mp4"
    for position, found in enumerate(document.records("masklet")):
        record = f"masklet {position}"
        try:
            masks = _masks(found, size)
            if len(masks) != len(identities):
                raise FormatError(f"has {len(masks)} objects, not {len(identities)}", file=file, record=record)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormatError(f"cannot be read ({error!r})", file=file, record=record) from None
        there = np.flatnonzero(masks.areas())  # an object that is not in the frame has an empty mask
        segments = Segments(
            masks[there], [1] * len(there), ids=[identities[row] for row in there],
            source="model" if source == "model" else "human",
        )  # fmt: skip
        frame = _FRAMES * position
        reference = ImageRef(f"{movie}#page={frame}", size, video=video, frame=frame)
        yield Sample(f"{file.stem}/{frame:05d}", reference, segments)
