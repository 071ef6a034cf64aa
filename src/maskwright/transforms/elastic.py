"""Bent as rubber is: shifts that change smoothly from place to place."""

import numpy as np

from maskwright.core.arrays import F32, Array
from maskwright.registry import require
from maskwright.transforms._moves import Target
from maskwright.transforms._warp import displaced


def apply(
    image: Array, target: Target, rng: np.random.Generator, *, shift: float = 0.02, knots: int = 5,
    chance: float = 0.5, fill: int = 255,
) -> tuple[Array, Target]:  # fmt: skip
    """The image and its target bent; the size stays.

    image: (H, W, C), uint8, uint16 or float32.  target: (H, W) uint8 class indices, or `Segments`.  rng: the same state
    gives the same result.  shift: standard deviation of the shifts, in shares of the longer side.  knots: how many
    shifts are drawn along each side, 4 or more; a cubic runs between them.  chance: 0 … 1, that anything is done.

    Shifts are drawn on a coarse grid and enlarged (Ronneberger, Fischer, Brox, "U-Net", MICCAI 2015, section 3.1, there
    with three by three), which costs a fraction of smoothing one of each pixel.  Where there was no image are zeros and
    `fill` (ignored).
    """
    if rng.random() >= chance:
        return image, target
    cv2 = require("cv2", "the augmentation elastic")
    height, width = image.shape[:2]
    coarse = rng.normal(0.0, shift * max(height, width), (2, knots, knots)).astype(np.float32)
    across, down = (cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) for grid in coarse)
    x: F32 = across + np.arange(width, dtype=np.float32) + np.float32(0.5)
    y: F32 = down + (np.arange(height, dtype=np.float32) + np.float32(0.5))[:, None]
    return displaced(image, target, x, y, fill=fill)
