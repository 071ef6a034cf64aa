"""A part of the window, enlarged to all of it."""

import math

import numpy as np

from maskwright.core.arrays import Array
from maskwright.transforms._moves import Target
from maskwright.transforms._windows import start, window


def apply(
    image: Array, target: Target, rng: np.random.Generator, *, area: tuple[float, float] = (0.5, 1.0),
    stretch: float = 0.2, chance: float = 0.5,
) -> tuple[Array, Target]:  # fmt: skip
    """A random part of the image and its target, scaled to the size that they had.

    image: (H, W, C), uint8, uint16 or float32.  target: (H, W) uint8 class indices, or `Segments`.  rng: the same state
    gives the same result.  area: range of the part's share of the image, up to 1.  stretch: how far the part's
    proportions may differ from the image's, in logarithm.  chance: 0 … 1, that anything is done.
    """
    if rng.random() >= chance:
        return image, target
    side = math.sqrt(rng.uniform(*area))
    ratio = math.exp(rng.uniform(-stretch, stretch) / 2)
    height, width = image.shape[:2]
    shown = (
        min(height, max(1, round(height * side * ratio))),
        min(width, max(1, round(width * side / ratio))),
    )
    corner = start(height, shown[0], rng), start(width, shown[1], rng)
    return window(image, target, corner, shown, (height, width))
