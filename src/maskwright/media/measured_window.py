"""A window measured over many images together."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.sample import ImageRef
from maskwright.errors import MaskwrightError, UsageError
from maskwright.media import windows
from maskwright.media.images import describe, read
from maskwright.media.windows import Window

LOOKED_AT = 200  # images at most whose headers are read
DECODED = 64  # of them decoded

Item = TypeVar("Item")
Images = Sequence[ImageRef | str | Path]


def window_over(images: Images) -> Window | None:
    """The window of images that have none yet: percentiles over many of them, drawn evenly.

    None where those looked at have eight bits, or cannot be read.  images: references or paths.
    """
    deep = deep_ones(evenly(images, LOOKED_AT))
    try:
        return replace(windows.measured(arrays(deep)), eight_bits=False) if deep else None
    except UsageError:
        return None


def windows_over(images: Images) -> dict[str, Window]:
    """As `window_over`, of images that have nothing in common: one for each type of numbers that they have.

    images: references or paths.  Types of eight bits have none.
    """
    by_type: dict[str, list[ImageRef | str | Path]] = {}
    for image in images:
        with suppress(MaskwrightError):
            by_type.setdefault(describe(image).dtype, []).append(image)
    found = {dtype: window_over(own) for dtype, own in by_type.items() if dtype != "uint8"}
    return {dtype: window for dtype, window in found.items() if window is not None}


def deep_ones(images: Images) -> list[ImageRef | str | Path]:
    """Those of more than eight bits, as far as they can be read."""
    return [image for image in images if _is_deep(image)]


def arrays(images: Images) -> Iterator[tuple[Array, tuple[str, ...]]]:
    """(H, W, C) and the channels' names of some of these images, drawn evenly; of those that can be read."""
    for image in evenly(images, DECODED):
        try:
            found = read(image)
        except MaskwrightError:
            continue
        yield found.known, found.channels


def evenly(items: Sequence[Item], most: int) -> list[Item]:
    """At most so many of them, in order, with the first and the last."""
    places = np.linspace(0, max(len(items) - 1, 0), min(most, len(items))).astype(int)
    return [items[place] for place in np.unique(places)]


def _is_deep(image: ImageRef | str | Path) -> bool:
    try:
        return describe(image).dtype != "uint8"
    except MaskwrightError:
        return False
