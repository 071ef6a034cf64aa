"""A rectangle of an image and its target, scaled to where it lies in a window."""

from collections.abc import Callable

import numpy as np

from maskwright.core.arrays import Array, Size
from maskwright.registry import require
from maskwright.transforms._moves import CHANNELS, Border, Target, placed


def window(
    image: Array, target: Target, corner: tuple[int, int], shown: tuple[int, int], size: Size, *, fill: int = 255,
    units: Callable[[Array], Array] | None = None,
) -> tuple[Array, Target]:  # fmt: skip
    """What a window over the image shows, scaled to `size`: averages of areas where it shrinks, else linear.

    corner: (top, left) of the window in the image; it may lie outside.  shown: its (height, width) there.  What is
    beyond the image is zeros, and in a label map `fill`; only what lies in the image is touched.
    units: makes its numbers what is scaled, pixel by pixel.
    """
    top, left = corner
    height, width = shown
    y0, y1, above, inner_height = _inside(top, height, image.shape[0], size[0])
    x0, x1, before, inner_width = _inside(left, width, image.shape[1], size[1])
    inner = (inner_height, inner_width)
    border = (above, size[0] - above - inner_height, before, size[1] - before - inner_width)
    seen = image[y0:y1, x0:x1]
    pixels = _resampled(seen if units is None else units(seen), inner, shrink=height * width > size[0] * size[1])
    if any(border):
        pixels = _bordered(pixels, border)
    return pixels, placed(target, (y0, y1, x0, x1), inner, border, fill)


def start(length: int, window_length: int, rng: np.random.Generator) -> int:
    """Anywhere inside; a window larger than the image is centred, give or take."""
    free = length - window_length
    return int(rng.integers(min(free, 0), max(free, 0) + 1))


def _inside(start: int, length: int, whole: int, wanted: int) -> tuple[int, int, int, int]:
    """Of a window along one axis: where it enters and leaves the image, and in the answer its begin and its length."""
    first, last = max(start, 0), min(start + length, whole)
    begin = round((first - start) * wanted / length)
    end = round((last - start) * wanted / length)
    begin = min(begin, wanted - 1)
    return first, last, begin, max(1, end - begin)


def _resampled(pixels: Array, size: Size, *, shrink: bool) -> Array:
    """(h, w, C) -> (*size, C): averages of areas where it shrinks, else linear."""
    cv2 = require("cv2", "the augmentation scale-crop")
    number = pixels.shape[2]
    if number <= CHANNELS:
        way = cv2.INTER_AREA if shrink else cv2.INTER_LINEAR
        found: Array = cv2.resize(pixels, size[::-1], interpolation=way)
        return found if number > 1 else found[..., None]
    parts = [pixels[..., first : first + CHANNELS] for first in range(0, number, CHANNELS)]
    return np.concatenate([_resampled(np.ascontiguousarray(part), size, shrink=shrink) for part in parts], axis=2)


def _bordered(pixels: Array, border: Border) -> Array:
    """With zeros around it."""
    if 1 < pixels.shape[2] <= CHANNELS:
        cv2 = require("cv2", "the augmentation scale-crop")
        found: Array = cv2.copyMakeBorder(pixels, *border, cv2.BORDER_CONSTANT, value=(0, 0, 0))
        return found
    return np.pad(pixels, (border[:2], border[2:], (0, 0)))
