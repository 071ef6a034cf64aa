"""A window for images that no dataset has one for, taken over all of them together."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.sample import ImageRef
from maskwright.errors import FormatError, UsageError
from maskwright.media import windows
from maskwright.media.images import describe, read
from maskwright.media.windows import Window

LOOKED_AT = 200  # images at most whose headers are read
DECODED = 64  # of them decoded


def window_over(
    images: Sequence[ImageRef | str | Path], percentiles: tuple[float, float] = (0.5, 99.5)
) -> Window | None:
    """Percentiles over images drawn evenly from these; None where all of those have eight bits, or cannot be read.

    images: references or paths.  percentiles: of all their values, for black and for white.
    """
    deep = []
    for image in _drawn(images, LOOKED_AT):
        try:
            if describe(image).dtype != "uint8":
                deep.append(image)
        except FormatError:
            continue
    try:
        return windows.measured(_arrays(_drawn(deep, DECODED)), percentiles) if deep else None
    except UsageError:
        return None


def _drawn(images: Sequence[ImageRef | str | Path], most: int) -> list[ImageRef | str | Path]:
    places = np.linspace(0, max(len(images) - 1, 0), min(most, len(images))).astype(int)
    return [images[place] for place in np.unique(places)]


def _arrays(images: Sequence[ImageRef | str | Path]) -> Iterator[tuple[Array, tuple[str, ...]]]:
    for image in images:
        try:
            found = read(image)
        except FormatError:
            continue
        yield found.pixels, found.channels
