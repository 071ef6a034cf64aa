"""A sample: an image and everything known about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from maskwright.core import columns
from maskwright.core.arrays import Size, checked_size
from maskwright.core.names import shown
from maskwright.core.segments import Segments
from maskwright.core.values import is_number, optional_text, own_mapping, text, whole
from maskwright.errors import UsageError


@dataclass(frozen=True)
class ImageRef:
    """Where an image is and what is known of it without decoding it; `media.read` has its pixels.

    uri: a path, or any URI that fsspec opens; "#page=N" behind a file of many images (`media.pages`).
    size: (height, width).  checksum: "sha256:…" or None.
    video, frame: the video this is a frame of, and its index from 0.
    Raises ValueError, naming the field, for values of another kind and a size that is not two whole numbers above 0.
    """

    uri: str
    size: Size
    checksum: str | None = None
    video: str | None = None
    frame: int | None = None

    def __post_init__(self) -> None:
        text(self.uri, "an image's uri")
        try:
            object.__setattr__(self, "size", checked_size(self.size))
        except ValueError as error:
            raise ValueError(f"the image {shown(self.uri)!r}: {error}") from None
        optional_text(self.checksum, "an image's checksum")
        optional_text(self.video, "an image's video")
        if self.frame is not None:
            object.__setattr__(self, "frame", whole(self.frame, "an image's frame"))


@dataclass(frozen=True)
class Sample:
    """One row of a dataset.

    key: its name, unique in the dataset; a path without suffix, such as "train/0001".
    split: train, val, test or any other word; None when undecided.  weight: relative chance of being drawn
    in training, 0 excludes.  fields: anything else, JSON-safe; a copy of what was given.
    more: values of further built-in columns (`core.columns.SAMPLE`) by name.
    own_labels: labels of the same image by other people, as files of several observers have them, by who drew them: a
    dataset that it is added to keeps them beside the shared ones, and does not give them back here.
    Raises ValueError, naming the field, for values of another kind and parts that do not fit together.
    """

    key: str
    image: ImageRef
    segments: Segments
    split: str | None = None
    weight: float = 1.0
    fields: Mapping[str, Any] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    own_labels: Mapping[str, Segments] = field(default_factory=dict)

    def __post_init__(self) -> None:
        name = shown(text(self.key, "a sample's key"))
        if not isinstance(self.image, ImageRef):
            raise ValueError(f"{name}: image is a {type(self.image).__name__}, not an ImageRef")  # noqa: TRY004 - one kind of error for wrong values
        if not isinstance(self.segments, Segments):
            raise ValueError(f"{name}: segments is a {type(self.segments).__name__}, not Segments")  # noqa: TRY004
        if self.segments.size != self.image.size:
            raise ValueError(f"{name}: segments of size {self.segments.size} over an image of {self.image.size}")
        optional_text(self.split, f"{name}: split")
        if not is_number(self.weight) or not 0 <= self.weight < float("inf"):
            raise ValueError(f"{name}: weight is {shown(repr(self.weight), 40)}; it is a finite number, 0 or more")
        object.__setattr__(self, "weight", float(self.weight))
        object.__setattr__(self, "fields", own_mapping(self.fields, f"{name}: fields"))
        object.__setattr__(self, "more", self._further())
        for who, drawn in self.own_labels.items():
            if drawn.size != self.image.size:
                wrong = f"{shown(who)}'s segments of size {drawn.size}"
                raise ValueError(f"{name}: {wrong} over an image of {self.image.size}")
        object.__setattr__(self, "own_labels", dict(self.own_labels))

    def _further(self) -> dict[str, Any]:
        out = {}
        for name, value in self.more.items():
            found = columns.built_in("sample", name)
            if found is None or found.path is not None:
                raise ValueError(f"{shown(self.key)}: samples have no column {shown(repr(name), 40)}")
            try:
                checked = found.check(value)
            except UsageError as error:
                raise ValueError(f"{shown(self.key)}: {error}") from None
            if checked != found.default:
                out[name] = checked
        return out

    def with_segments(self, segments: Segments) -> "Sample":
        """The same sample with other segments. Raises ValueError where their size is not the image's."""
        return replace(self, segments=segments)

    def changed(self, change: Callable[[Segments], Segments]) -> "Sample":
        """The same sample with its segments, and other people's, as `change` makes them; itself where all stay.

        Raises ValueError where their size is not the image's.
        """
        segments = change(self.segments)
        own = {who: change(drawn) for who, drawn in self.own_labels.items()}
        if segments is self.segments and all(own[who] is drawn for who, drawn in self.own_labels.items()):
            return self
        return replace(self, segments=segments, own_labels=own)
