"""Brightness, contrast and saturation; the labels stay."""

from typing import TYPE_CHECKING

import numpy as np

from maskwright.core.arrays import Array
from maskwright.registry import require
from maskwright.transforms._moves import CHANNELS, Target

if TYPE_CHECKING:
    from torch import Tensor

#: What becomes of a value: own · value + mean · the mean of its pixel's channels + shift, in levels of 255.
Change = tuple[float, float, float]
SAME: Change = (1.0, 0.0, 0.0)


def apply(
    image: Array, target: Target, rng: np.random.Generator, *, brightness: float = 30.0, contrast: float = 0.3,
    saturation: float = 0.5,
) -> tuple[Array, Target]:  # fmt: skip
    """Other brightness, contrast and saturation; the target stays as it is.

    image: (H, W, C), uint8, or float32 about 0 to 1, of which 1 is 255 levels.  target: (H, W) uint8 class indices, or
    `Segments`.  rng: the same state gives the same result.  brightness: largest shift in levels.  contrast, saturation:
    largest change of their factors; saturation is how far the channels are from their mean.
    """
    change = drawn(rng, brightness=brightness, contrast=contrast, saturation=saturation)
    return changed(image, change), target


def drawn(
    rng: np.random.Generator, *, brightness: float = 30.0, contrast: float = 0.3, saturation: float = 0.5
) -> Change:
    """One image's random change, as `apply` draws it.

    rng, brightness, contrast, saturation: as of `apply`.
    """
    factor, shift = rng.uniform(1 - contrast, 1 + contrast), rng.uniform(-brightness, brightness)
    colour = rng.uniform(1 - saturation, 1 + saturation)
    # Values move around their pixel's mean by saturation, then around 128 by contrast.
    return factor * colour, factor * (1 - colour), 128 * (1 - factor) + shift


def changed(image: Array, change: Change) -> Array:
    """Of (H, W, C) another: uint8 is rounded to whole levels and cut to 0 … 255, float32 is neither.

    image: as of `apply`.  change: of all its pixels.
    """
    own, mean, shift = change
    number = image.shape[2]
    if image.dtype == np.uint8 and number <= CHANNELS:
        matrix = np.full((number, number + 1), mean / number, np.float32)
        matrix[:, :number] += own * np.eye(number, dtype=np.float32)
        matrix[:, number] = shift
        found: Array = require("cv2", "the augmentation colour").transform(image, matrix)
        return found.reshape(image.shape)
    pixels = image.astype(np.float32)
    gray = pixels.mean(axis=2, keepdims=True)
    gray *= np.float32(mean)
    gray += np.float32(shift if image.dtype == np.uint8 else shift / 255)
    pixels *= np.float32(own)
    pixels += gray
    return pixels.round().clip(0, 255).astype(np.uint8) if image.dtype == np.uint8 else pixels


def changed_batch(pixels: "Tensor", changes: "Tensor", *, levels: bool) -> "Tensor":
    """Each image with its own change, not rounded.

    pixels: (N, C, H, W) float32 on any device.  changes: (N, 3) float32, a `Change` a row.  levels: values are 0 to
    255, and are cut there; else 1 is 255 levels.
    """
    own, mean, shift = changes[:, :, None, None, None].unbind(1)
    gray = pixels.mean(1, keepdim=True).mul_(mean).add_(shift if levels else shift / 255)
    found = (pixels * own).add_(gray)
    return found.clamp_(0, 255) if levels else found
