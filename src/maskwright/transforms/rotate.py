"""Turning by any angle, about the middle."""

import math

import numpy as np

from maskwright.core.arrays import Array
from maskwright.transforms._moves import Target
from maskwright.transforms._warp import about, warped


def apply(
    image: Array, target: Target, rng: np.random.Generator, *, degrees: float = 15.0, chance: float = 0.5,
    fill: int = 255,
) -> tuple[Array, Target]:  # fmt: skip
    """The image and its target turned about the middle; the size stays.

    image: (H, W, C), uint8, uint16 or float32.  target: (H, W) uint8 class indices, or `Segments`.  rng: the same state
    gives the same result.  degrees: the largest angle, either way.  chance: 0 … 1, that anything is done.

    Corners that were not in the image are zeros and `fill` (ignored).
    """
    if rng.random() >= chance:
        return image, target
    angle = math.radians(rng.uniform(-degrees, degrees))
    turn = np.array([
        [math.cos(angle), -math.sin(angle), 0.0], [math.sin(angle), math.cos(angle), 0.0], [0.0, 0.0, 1.0],
    ])  # fmt: skip
    height, width = image.shape[:2]
    return warped(image, target, about(turn, (width / 2, height / 2)), fill=fill)
