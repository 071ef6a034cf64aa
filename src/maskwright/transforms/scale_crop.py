"""A random window at a random scale, resized to a fixed size."""

import math

import numpy as np

from maskwright.core.arrays import U8
from maskwright.registry import require
from maskwright.transforms._moves import Target, resized, window


def apply(
    image: U8,
    target: Target,
    rng: np.random.Generator,
    *,
    size: tuple[int, int] = (256, 256),
    scale: tuple[float, float] = (0.5, 1.1),
    stretch: float = 0.1,
    fill: int = 255,
) -> tuple[U8, Target]:
    """A random window of the image and its target, scaled to `size`, (height, width).

    image: (H, W, 3) uint8 RGB.  target: (H, W) uint8 class indices, or `Segments`.  rng: the same state gives the same
    result.  scale: range of the factor by which the image shrinks or grows, drawn evenly in its logarithm.  stretch:
    how far height and width may differ in it, in logarithm.

    Where the image is smaller than the window, it is padded with black and `fill` (ignored).
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
        pixels = cv2.copyMakeBorder(pixels, *border, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    shrink = height * width > size[0] * size[1]
    way = cv2.INTER_AREA if shrink else cv2.INTER_LINEAR
    pixels = cv2.resize(pixels, size[::-1], interpolation=way)
    return pixels, resized(window(target, top, left, (height, width), fill), size)


def _start(length: int, window: int, rng: np.random.Generator) -> int:
    """Anywhere inside; a window larger than the image is centred, give or take."""
    free = length - window
    return int(rng.integers(min(free, 0), max(free, 0) + 1))
