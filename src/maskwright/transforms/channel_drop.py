"""A channel that says nothing; the labels stay."""

import numpy as np

from maskwright.core.arrays import Array
from maskwright.transforms._levels import like
from maskwright.transforms._moves import Target


def apply(
    image: Array, target: Target, rng: np.random.Generator, *, most: int = 1, chance: float = 0.5
) -> tuple[Array, Target]:
    """The image with some channels at their own mean throughout; the target stays as it is.

    image: (H, W, C), uint8, uint16 or float32.  target: (H, W) uint8 class indices, or `Segments`.  rng: the same state
    gives the same result.  most: how many channels at most; one always stays, so an image of one channel is as it was.
    chance: 0 … 1, that anything is done.
    """
    if rng.random() >= chance:
        return image, target
    channels = image.shape[2]
    number = int(rng.integers(1, max(1, most) + 1))
    chosen = rng.permutation(channels)[: min(number, channels - 1)]
    if not chosen.size:
        return image, target
    out = image.copy()
    out[..., chosen] = like(image[..., chosen].mean(axis=(0, 1), dtype=np.float64), image)
    return out, target
