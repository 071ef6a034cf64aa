"""A random window at a random scale, resized to a fixed size."""

import math
from typing import Any

import numpy as np

from maskwright.core.arrays import Array, Size
from maskwright.registry import require
from maskwright.transforms._moves import Target, resized, window


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
    cv2 = require("cv2", "the augmentation scale-crop")
    factor = math.exp(rng.uniform(math.log(scale[0]), math.log(scale[1])))
    ratio = math.exp(rng.uniform(-stretch, stretch) / 2)
    # The window in source pixels that becomes `size`: cropping first touches the fewest pixels.
    height = max(1, round(size[0] / (factor * ratio)))
    width = max(1, round(size[1] / (factor / ratio)))
    top = _start(image.shape[0], height, rng)
    left = _start(image.shape[1], width, rng)
    y0, x0 = max(top, 0), max(left, 0)
    y1, x1 = min(top + height, image.shape[0]), min(left + width, image.shape[1])
    pixels = image[y0:y1, x0:x1]
    if pixels.shape[:2] != (height, width):
        border = (y0 - top, top + height - y1, x0 - left, left + width - x1)
        if 1 < pixels.shape[2] <= _CHANNELS:
            pixels = cv2.copyMakeBorder(pixels, *border, cv2.BORDER_CONSTANT, value=(0, 0, 0))
        else:
            pixels = np.pad(pixels, (border[:2], border[2:], (0, 0)))
    shrink = height * width > size[0] * size[1]
    way = cv2.INTER_AREA if shrink else cv2.INTER_LINEAR
    pixels = _resampled(cv2, pixels, size, way)
    return pixels, resized(window(target, top, left, (height, width), fill), size)


_CHANNELS = 4  # OpenCV's averages and borders are made for so many


def _resampled(cv2: Any, pixels: Array, size: Size, way: int) -> Array:
    """(h, w, C) -> (*size, C)."""
    number = pixels.shape[2]
    if number <= _CHANNELS:
        found: Array = cv2.resize(pixels, size[::-1], interpolation=way)
        return found if number > 1 else found[..., None]
    parts = [pixels[..., first : first + _CHANNELS] for first in range(0, number, _CHANNELS)]
    return np.concatenate([_resampled(cv2, np.ascontiguousarray(part), size, way) for part in parts], axis=2)


def _start(length: int, window: int, rng: np.random.Generator) -> int:
    """Anywhere inside; a window larger than the image is centred, give or take."""
    free = length - window
    return int(rng.integers(min(free, 0), max(free, 0) + 1))
