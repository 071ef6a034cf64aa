"""Seen from another side: each corner elsewhere."""

import numpy as np

from maskwright.core.arrays import F64, Array
from maskwright.transforms._moves import Target
from maskwright.transforms._warp import warped


def apply(
    image: Array, target: Target, rng: np.random.Generator, *, shift: float = 0.1, chance: float = 0.5,
    fill: int = 255,
) -> tuple[Array, Target]:  # fmt: skip
    """The image and its target seen from another side; the size stays.

    image: (H, W, C), uint8, uint16 or float32.  target: (H, W) uint8 class indices, or `Segments`.  rng: the same state
    gives the same result.  shift: how far a corner moves at most, in shares of the sides, below 0.25.  chance: 0 … 1,
    that anything is done.

    Where there was no image are zeros and `fill` (ignored).
    """
    if rng.random() >= chance:
        return image, target
    height, width = image.shape[:2]
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    shown = corners + rng.uniform(-shift, shift, (4, 2)) * (width, height)
    return warped(image, target, homography(corners, shown), fill=fill)


def homography(points: F64, there: F64) -> F64:
    """The (3, 3) map that takes four points to four others.

    points, there: (4, 2), (x, y).  No three of either lie on a line.
    """
    rows, right = [], []
    for (x, y), (u, v) in zip(points, there, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    found = np.linalg.solve(np.array(rows, np.float64), np.array(right, np.float64))
    return np.append(found, 1.0).reshape(3, 3)
