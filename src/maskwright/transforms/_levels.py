"""How numbers of an image are meant, whatever their type."""

import numpy as np

from maskwright.core.arrays import Array


def top(image: Array) -> float:
    """What the bright end is: 255 of bytes, 65,535 of 16 bits, 1 of fractions."""
    return float(np.iinfo(image.dtype).max) if image.dtype.kind == "u" else 1.0


def like(pixels: Array, image: Array) -> Array:
    """Numbers in the type of an image; whole ones are rounded and cut to what the type holds."""
    if image.dtype.kind == "u":
        return pixels.round().clip(0, top(image)).astype(image.dtype)
    return pixels.astype(image.dtype, copy=False)
