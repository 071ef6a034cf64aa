"""Larger or smaller, at the same size of window."""

import math

import numpy as np

from maskwright.core.arrays import Array
from maskwright.transforms._moves import Target
from maskwright.transforms._windows import start, window


def apply(
    image: Array, target: Target, rng: np.random.Generator, *, scale: tuple[float, float] = (0.8, 1.25),
    chance: float = 0.5, fill: int = 255,
) -> tuple[Array, Target]:  # fmt: skip
    """The image and its target larger or smaller; the size of the window stays.

    image: (H, W, C), uint8, uint16 or float32.  target: (H, W) uint8 class indices, or `Segments`.  rng: the same state
    gives the same result.  scale: range of the factor, drawn evenly in its logarithm.  chance: 0 … 1, that anything is
    done.

    What is enlarged is cut at a random place; what is made smaller lies at one, amid zeros and `fill` (ignored).
    """
    if rng.random() >= chance:
        return image, target
    factor = math.exp(rng.uniform(math.log(scale[0]), math.log(scale[1])))
    height, width = image.shape[:2]
    shown = max(1, round(height / factor)), max(1, round(width / factor))
    corner = start(height, shown[0], rng), start(width, shown[1], rng)
    return window(image, target, corner, shown, (height, width), fill=fill)
