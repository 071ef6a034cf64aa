"""Out of focus; the labels stay."""

import numpy as np

from maskwright.core.arrays import Array
from maskwright.registry import require
from maskwright.transforms._moves import Target
from maskwright.transforms._warp import by_fours


def apply(
    image: Array, target: Target, rng: np.random.Generator, *, sigma: tuple[float, float] = (0.3, 1.5),
    chance: float = 0.5,
) -> tuple[Array, Target]:  # fmt: skip
    """The image, each channel blurred by the same Gaussian; the target stays as it is.

    image: (H, W, C), uint8, uint16 or float32.  target: (H, W) uint8 class indices, or `Segments`.  rng: the same state
    gives the same result.  sigma: range of the standard deviation in pixels.  chance: 0 … 1, that anything is done.
    """
    if rng.random() >= chance:
        return image, target
    cv2 = require("cv2", "the augmentation blur")
    spread = rng.uniform(*sigma)
    side = 2 * max(1, round(3 * spread)) + 1

    def blurred(part: Array) -> Array:
        found: Array = cv2.GaussianBlur(part, (side, side), spread, borderType=cv2.BORDER_REFLECT_101)
        return found

    return by_fours(image, blurred), target
