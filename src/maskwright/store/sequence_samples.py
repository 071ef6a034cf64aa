"""Sequences of images, such as a video's frames, as samples without labels; what files say of samples' sequences."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from maskwright.core.columns import Column
from maskwright.core.names import safe_key
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.core.sequence import Sequence
from maskwright.errors import MaskwrightError
from maskwright.media import pages, sequences
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


class Files:
    """Follows samples that are pages of files, and says afterwards what the files say of their sequences."""

    def __init__(self) -> None:
        self._files: dict[str, str | None] = {}
        self._frames: dict[str, set[int]] = {}

    def follow(self, sample: Sample) -> None:
        """Remember where the sample's sequence is; nothing is opened."""
        image = sample.image
        if not image.video:
            return
        file, page = pages.page_of(image.uri)
        own = None if page is None or page != image.frame or "://" in file else file
        if self._files.setdefault(image.video, own) != own:
            self._files[image.video] = None  # of several files
        if own is not None:
            self._frames.setdefault(image.video, set()).add(page or 0)

    def sequences(self) -> Iterator[Sequence]:
        """Of each sequence whose samples are pages of one file, its axis, spacing and orientation.

        A file that does not say them, or cannot be read, is left out.
        """
        for name, file in self._files.items():
            if file is None:
                continue
            try:
                found = sequences.find(file)
            except (MaskwrightError, ImportError):
                continue
            steps = np.diff(sorted(self._frames[name]))
            step = int(steps[0]) if len(steps) and (steps == steps[0]).all() else None
            spacing = None if found.spacing is None or step is None else (found.spacing[0] * step, *found.spacing[1:])
            yield Sequence(name, found.axis, spacing, found.orientation)
