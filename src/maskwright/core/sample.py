"""A sample: an image and everything known about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from maskwright.core.arrays import Size
from maskwright.core.segments import Segments


@dataclass(frozen=True)
class ImageRef:
    """Where an image is and what is known of it without decoding it; `media.read` has its pixels.

    uri: a path, or any URI that fsspec opens; "#page=N" behind a file of many pictures (`media.pages`).
    size: (height, width).  checksum: "sha256:…" or None.
    video, frame: the video this is a frame of, and its index from 0.
    """

    uri: str
    size: Size
    checksum: str | None = None
    video: str | None = None
    frame: int | None = None


@dataclass(frozen=True)
class Sample:
    """One row of a dataset.

    key: its name, unique in the dataset; a path without suffix, such as "train/0001".
    split: train, val, test or any other word; None when undecided.  weight: relative chance of being drawn
    in training, 0 excludes.  fields: anything else, JSON-safe.  Raises ValueError for parts that do not fit together.
    """

    key: str
    image: ImageRef
    segments: Segments
    split: str | None = None
    weight: float = 1.0
    fields: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.segments.size != self.image.size:
            raise ValueError(f"{self.key}: segments of size {self.segments.size} over an image of {self.image.size}")
        if not isinstance(self.fields, Mapping):
            raise ValueError(f"{self.key}: its fields are no mapping")  # noqa: TRY004 - a reader passes on what a file has
        if not isinstance(self.split, str | None):
            raise ValueError(f"{self.key}: its split is no word")  # noqa: TRY004

    def with_segments(self, segments: Segments) -> "Sample":
        return replace(self, segments=segments)
