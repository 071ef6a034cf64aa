"""A random window at a random scale, resized to a fixed size."""

import math

import numpy as np

from maskwright.core.arrays import Array
from maskwright.transforms._moves import Target
from maskwright.transforms._windows import start, window


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
    factor = math.exp(rng.uniform(math.log(scale[0]), math.log(scale[1])))
    ratio = math.exp(rng.uniform(-stretch, stretch) / 2)
    # The window in source pixels that becomes `size`.
    height = max(1, round(size[0] / (factor * ratio)))
    width = max(1, round(size[1] / (factor / ratio)))
    corner = start(image.shape[0], height, rng), start(image.shape[1], width, rng)
    return window(image, target, corner, (height, width), size, fill=fill)
