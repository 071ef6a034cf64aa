"""Rectangles that nothing is known of."""

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.transforms._joined import without
from maskwright.transforms._moves import Target


def apply(
    image: Array, target: Target, rng: np.random.Generator, *, most: int = 3,
    side: tuple[float, float] = (0.05, 0.2), chance: float = 0.5, fill: int = 255,
) -> tuple[Array, Target]:  # fmt: skip
    """The image with some rectangles painted over, of which no label is known.

    image: (H, W, C) of any type.  target: (H, W) uint8 class indices, or `Segments`.  rng: the same state gives the
    same result.  most: how many rectangles at most.  side: range of their height and width in shares of the image's.
    chance: 0 … 1, that anything is done.

    A rectangle is zeros, and `fill` (ignored) in a label map; segments end at it, and those inside vanish (DeVries,
    Taylor, arXiv 1708.04552, there for whole images, whose label stays).
    """
    if rng.random() >= chance:
        return image, target
    height, width = image.shape[:2]
    hidden = np.zeros((height, width), np.bool_)
    for _ in range(int(rng.integers(1, most + 1))):
        tall, wide = (max(1, round(length * rng.uniform(*side))) for length in (height, width))
        top, left = int(rng.integers(max(0, height - tall) + 1)), int(rng.integers(max(0, width - wide) + 1))
        hidden[top : top + tall, left : left + wide] = True
    pixels = image.copy()
    pixels[hidden] = 0
    if isinstance(target, Segments):
        return pixels, without(target, Masks.encode(hidden[None]))
    labels = target.copy()
    labels[hidden] = fill
    return pixels, labels
