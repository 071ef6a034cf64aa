"""A random window at a random scale, resized to a fixed size."""

import math
from collections.abc import Callable

import numpy as np

from maskwright.core.arrays import Array, Size
from maskwright.transforms import _windows
from maskwright.transforms._moves import Target
from maskwright.transforms._windows import start


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
    return window(image, target, rng, size=size, scale=scale, stretch=stretch, fill=fill)


def window(
    image: Array, target: Target, rng: np.random.Generator, *, size: Size, scale: tuple[float, float], stretch: float,
    fill: int = 255, units: Callable[[Array], Array] | None = None,
) -> tuple[Array, Target]:  # fmt: skip
    """As `apply`, of an image (H, W, C) that need not be uint8 or float32 yet.

    target, rng, size, scale, stretch, fill: as of `apply`.  units: makes numbers what `apply` takes, pixel by pixel; it
    is given what the window shows, (h, w, C).
    """
    factor = math.exp(rng.uniform(math.log(scale[0]), math.log(scale[1])))
    ratio = math.exp(rng.uniform(-stretch, stretch) / 2)
    # The window in source pixels that becomes `size`.
    height = max(1, round(size[0] / (factor * ratio)))
    width = max(1, round(size[1] / (factor / ratio)))
    corner = start(image.shape[0], height, rng), start(image.shape[1], width, rng)
    return _windows.window(image, target, corner, (height, width), size, fill=fill, units=units)
