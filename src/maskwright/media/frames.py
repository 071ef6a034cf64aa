"""The frames of a video: a video file, a folder of images, or images of a dataset."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from maskwright.core.arrays import U8, Size
from maskwright.core.sample import ImageRef
from maskwright.errors import FormatError
from maskwright.media import pages, sequences
from maskwright.media.images import read
from maskwright.media.measured_window import window_over
from maskwright.media.windows import Window


class Frames:
    """Frames by index, read from where they lie when asked for; no more than one is in memory.

    images: of each frame its address and size.  name: the video's.  size: (height, width) of the first, and so of all.
    window: the one that frames are displayed with, as `Image.display` takes it.
    """

    def __init__(self, images: Sequence[ImageRef], *, name: str, window: Window | None = None) -> None:
        self.images = list(images)
        self.name = name
        self.window = window
        self.size: Size = self.images[0].size

    @classmethod
    def open(cls, place: str | Path, *, every: int = 1) -> Self:
        """place: a folder of images, in natural order, or a video file.  every: take each n-th frame.

        Deep frames are displayed by one window over all of them.  Raises FormatError when there is nothing to read.
        """
        found = sequences.find(place, every=every)
        return cls(found.images, name=found.name, window=window_over(found.images))

    @property
    def names(self) -> list[str]:
        """Of each frame: its file's without suffix, or its number in the video, such as "000017"."""
        return [_name(image.uri) for image in self.images]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> U8:
        """(H, W, 3) uint8 RGB. Raises FormatError for a frame that is broken or of another size than the first."""
        image = self.images[index]
        if image.size != self.size:
            raise FormatError(
                f"the frame is {image.size[0]} x {image.size[1]}", file=image.uri,
                needed=f"{self.size[0]} x {self.size[1]} (height x width), as the first one",
            )  # fmt: skip
        return read(image).display(self.window)

    def __iter__(self) -> Iterator[U8]:
        return (self[index] for index in range(len(self)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def _name(uri: str) -> str:
    file, page = pages.page_of(uri)
    return Path(file).stem if page is None else f"{page:06d}"
