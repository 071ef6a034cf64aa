"""A random window at a random scale, resized to a fixed size."""

import math
from collections.abc import Callable

import numpy as np

from maskwright.core.arrays import Array, Size
from maskwright.registry import require
from maskwright.transforms._moves import CHANNELS, Border, Target, placed


def apply(
    image: Array,
    target: Target,
    rng: np.random.Generator,
    *,
    size: tuple[int, int] = (256, 256),
    scale: tuple[float, float] = (0.5, 1.1),
    stretch: float = 0.1,
    fill: int = 255,
) -> tuple[Array, Target]:
    """A random window of the image and its target, scaled to `size`, (height, width).

    image: (H, W, C), uint8 or float32.  target: (H, W) uint8 class indices, or `Segments`.  rng: the same state gives
    the same result.  scale: range of the factor by which the image shrinks or grows, drawn evenly in its logarithm.
    stretch: how far height and width may differ in it, in logarithm.

    Where the image is smaller than the window, it is padded with zeros and `fill` (ignored).
    """
    return window(image, target, rng, size=size, scale=scale, stretch=stretch, fill=fill)


def window(
    image: Array, target: Target, rng: np.random.Generator, *, size: Size, scale: tuple[float, float], stretch: float,
    fill: int = 255, units: Callable[[Array], Array] | None = None,
) -> tuple[Array, Target]:  # fmt: skip
    """As `apply`, of an image (H, W, C) that need not be uint8 or float32 yet.

    target, rng, size, scale, stretch, fill: as of `apply`.  units: makes numbers what `apply` takes, pixel by pixel; it
    is given what the window shows, (h, w, C).
    """
    factor = math.exp(rng.uniform(math.log(scale[0]), math.log(scale[1])))
    ratio = math.exp(rng.uniform(-stretch, stretch) / 2)
    # The window in source pixels that becomes `size`; of it only what lies in the image is touched.
    height = max(1, round(size[0] / (factor * ratio)))
    width = max(1, round(size[1] / (factor / ratio)))
    top = _start(image.shape[0], height, rng)
    left = _start(image.shape[1], width, rng)
    y0, y1, above, inner_height = _inside(top, height, image.shape[0], size[0])
    x0, x1, before, inner_width = _inside(left, width, image.shape[1], size[1])
    inner = (inner_height, inner_width)
    border = (above, size[0] - above - inner_height, before, size[1] - before - inner_width)
    shrink = height * width > size[0] * size[1]
    shown = image[y0:y1, x0:x1]
    pixels = _resampled(shown if units is None else units(shown), inner, shrink=shrink)
    if any(border):
        pixels = _bordered(pixels, border)
    return pixels, placed(target, (y0, y1, x0, x1), inner, border, fill)


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


def _start(length: int, window: int, rng: np.random.Generator) -> int:
    """Anywhere inside; a window larger than the image is centred, give or take."""
    free = length - window
    return int(rng.integers(min(free, 0), max(free, 0) + 1))
