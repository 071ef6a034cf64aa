"""Darker or brighter along a curve; the labels stay."""

import math

import numpy as np

from maskwright.core.arrays import Array
from maskwright.registry import require
from maskwright.transforms._levels import like, top
from maskwright.transforms._moves import Target


def apply(
    image: Array, target: Target, rng: np.random.Generator, *, most: float = 1.4, chance: float = 0.5
) -> tuple[Array, Target]:
    """The image with each value, from 0 to 1, to a random power; the target stays as it is.

    image: (H, W, C), uint8, uint16 or float32.  target: (H, W) uint8 class indices, or `Segments`.  rng: the same state
    gives the same result.  most: the largest power; the smallest is one over it, and between them it is drawn evenly in
    its logarithm.  chance: 0 … 1, that anything is done.

    Values below 0 are bent as those above it are, and stay below.
    """
    if rng.random() >= chance:
        return image, target
    power = math.exp(rng.uniform(-math.log(most), math.log(most)))
    if image.dtype == np.uint8:
        table = like(255 * (np.arange(256) / 255) ** power, image)
        found: Array = require("cv2", "the augmentation gamma").LUT(np.ascontiguousarray(image), table)
        return found.reshape(image.shape), target
    whole = np.float32(top(image))
    shares = image.astype(np.float32) / whole
    return like(np.copysign(np.abs(shares) ** np.float32(power), shares) * whole, image), target
