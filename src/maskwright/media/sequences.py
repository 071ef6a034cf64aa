"""Sequences of images where they lie: frames of a video, slices of a volume, pages of a file, images of a folder.

found = sequences.find("clip.mp4", every=5)
found.images[1].uri     # "clip.mp4#page=5"
found.images[1].frame   # 5, as in the source
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from maskwright.core.sample import ImageRef
from maskwright.errors import FormatError, MaskwrightError
from maskwright.media import pages
from maskwright.media.images import IMAGE_SUFFIXES, image_size
from maskwright.media.pages import video

Axis = Literal["time", "space"]


@dataclass(frozen=True)
class SequenceOfImages:
    """Images in their order, and what is known of the order.

    name: the file's or the folder's, without suffix.  axis: "time" or "space", what orders them.
    images: of each its address and size, with `video`, the name, and `frame`, its index from 0 in the source.
    times: seconds of each image since the first one of the source, or None.
    spacing: mm from one image, row and column to the next, or seconds from one image to the next; None where it is not
    known or not even.  orientation: of a volume's axes, such as "RAS", or None.
    notes: what was found and is worth knowing, in words.
    """

    name: str
    axis: Axis
    images: list[ImageRef]
    times: tuple[float, ...] | None = None
    spacing: tuple[float, ...] | None = None
    orientation: str | None = None
    notes: tuple[str, ...] = ()


def is_sequence(path: str | Path) -> bool:
    """Whether a file is a video, or holds more than one image; False for folders and for what cannot be read."""
    path = Path(path)
    if not path.is_file():
        return False
    if path.name.lower().endswith(video.SUFFIXES):
        return True
    try:
        return pages.shape(path)[0] > 1
    except MaskwrightError:
        return False


def find(place: str | Path, *, every: int = 1) -> SequenceOfImages:
    """The sequence in a file of many images, or in a folder of one image a frame, in natural order.

    every: keep each n-th; frames are numbered as in the source.
    Raises FormatError where there is nothing to read.
    """
    path = Path(place)
    if path.is_dir():
        files = natural(file for file in path.iterdir() if file.name.lower().endswith(IMAGE_SUFFIXES))
        if not files:
            raise FormatError("the folder holds no image", file=path, needed=", ".join(IMAGE_SUFFIXES))
        name = path.resolve().name
        images = [
            ImageRef(str(files[number]), image_size(files[number]), video=name, frame=number)
            for number in range(0, len(files), every)
        ]
        return SequenceOfImages(name, "time", images)
    number, size = pages.shape(path)
    axis: Axis = "time" if path.name.lower().endswith(video.SUFFIXES) else "space"
    name = path.name.removesuffix(".gz").rpartition(".")[0] if path.name.endswith(".gz") else path.stem
    images = [ImageRef(f"{path}#page={page}", size, video=name, frame=page) for page in range(0, number, every)]
    return SequenceOfImages(name, axis, images)


def natural(files: Iterable[Path]) -> list[Path]:
    """Paths in the order people read their names: frame2 before frame10."""
    return sorted(
        files,
        key=lambda file: [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", file.name)],
    )
