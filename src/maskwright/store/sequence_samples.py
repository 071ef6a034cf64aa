"""Sequences of images, such as a video's frames, as samples without labels."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from maskwright.core.columns import Column
from maskwright.core.names import safe_key
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.core.sequence import Sequence
from maskwright.media.sequences import SequenceOfImages
from maskwright.store import checks

#: The field that says when an image was taken, where its sequence says it.
TIME = Column("time", "number", unit="s", description="since the first image of its sequence", declared=False)


def sequence_of(found: SequenceOfImages, name: str | None = None) -> Sequence:
    """What is known of it. name: another one than the file's or the folder's."""
    return Sequence(name or safe_key(found.name), found.axis, found.spacing, found.orientation)


def samples_of(found: SequenceOfImages, name: str | None = None, *, split: str | None = None) -> Iterator[Sample]:
    """A sample for each image, which stays where it is; its key is the sequence's name and the image's place in it.

    name: another one than the file's or the folder's.  Raises UsageError for a file whose name cannot be stored.
    """
    own = name or safe_key(found.name)
    for place, image in enumerate(found.images):
        frame = place if image.frame is None else image.frame
        checks.uri(image.uri)
        fields = {} if found.times is None else {TIME.name: float(found.times[place])}
        sample_image = replace(image, uri=_whole(image.uri), video=own, frame=frame)
        yield Sample(f"{own}/{frame:06d}", sample_image, Segments.none(image.size), split=split, fields=fields)


def _whole(uri: str) -> str:
    """A path that does not depend on where the program was started."""
    return uri if "://" in uri else str(Path(uri).absolute())
