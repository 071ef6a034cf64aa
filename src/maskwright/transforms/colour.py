"""Brightness, contrast and saturation; the labels stay."""

import numpy as np

from maskwright.core.arrays import Array
from maskwright.transforms._moves import Target


def apply(
    image: Array, target: Target, rng: np.random.Generator, *, brightness: float = 30.0, contrast: float = 0.3,
    saturation: float = 0.5,
) -> tuple[Array, Target]:  # fmt: skip
    """Other brightness, contrast and saturation; the target stays as it is.

    image: (H, W, C), uint8, or float32 about 0 to 1, of which 1 is 255 levels.  target: (H, W) uint8 class indices, or
    `Segments`.  rng: the same state gives the same result.  brightness: largest shift in levels.  contrast, saturation:
    largest change of their factors; saturation is how far the channels are from their mean.
    """
    factor, shift = rng.uniform(1 - contrast, 1 + contrast), rng.uniform(-brightness, brightness)
    colour = rng.uniform(1 - saturation, 1 + saturation)
    pixels = image.astype(np.float32)
    if image.dtype != np.uint8:
        pixels *= 255
    gray = pixels.mean(axis=2, keepdims=True)
    pixels = ((pixels - gray) * colour + gray - 128) * factor + 128 + shift
    if image.dtype != np.uint8:
        return (pixels / 255).astype(np.float32), target
    return pixels.clip(0, 255).astype(np.uint8), target
