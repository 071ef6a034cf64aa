"""Image and target seen through a projective map or a field of shifts: linear for pixels, nearest for labels.

OpenCV, not torchvision: the same arithmetic costs a quarter to an eighth of the time on one thread, and frees Python's
lock (docs/explanation/feeding.md).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from maskwright.core.arrays import F32, F64, Array
from maskwright.core.segments import Segments
from maskwright.registry import require
from maskwright.transforms import _layers
from maskwright.transforms._moves import CHANNELS, Target

#: From the corner of a pixel, where our points are, to its centre, where OpenCV's are.
HALF: F64 = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])


def warped(image: Array, target: Target, matrix: F64, *, fill: int = 255) -> tuple[Array, Target]:
    """Of the same size: each point shows what lies at another.

    matrix: (3, 3), from a point of the answer, (x, y, 1) in corner coordinates, to the one it shows.  Where that is
    beyond the image, the answer is zeros, and a label map `fill`.
    """
    cv2 = require("cv2", "augmentations that turn or bend images")
    there = np.linalg.inv(HALF) @ matrix @ HALF
    plain = bool((matrix[2] == (0, 0, 1)).all())
    call: Any = cv2.warpAffine if plain else cv2.warpPerspective
    given = there[:2] if plain else there

    def move(pixels: Array, way: int, border: float) -> Array:
        found: Array = call(
            pixels, given, pixels.shape[1::-1], flags=way | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_CONSTANT,
            borderValue=(border,) * 4,
        )  # fmt: skip
        return found

    return _both(image, target, move, fill)


def displaced(image: Array, target: Target, x: F32, y: F32, *, fill: int = 255) -> tuple[Array, Target]:
    """Of the same size: pixel (row, column) shows the point (x, y)[row, column], in corner coordinates.

    x, y: (H, W) float32.  Beyond the image as of `warped`.
    """
    cv2 = require("cv2", "augmentations that turn or bend images")
    across, down = x - np.float32(0.5), y - np.float32(0.5)

    def move(pixels: Array, way: int, border: float) -> Array:
        found: Array = cv2.remap(pixels, across, down, way, borderMode=cv2.BORDER_CONSTANT, borderValue=(border,) * 4)
        return found

    return _both(image, target, move, fill)


def _both(image: Array, target: Target, move: Callable[[Array, int, float], Array], fill: int) -> tuple[Array, Target]:
    cv2 = require("cv2", "augmentations that turn or bend images")
    pixels = by_fours(image, lambda part: move(part, cv2.INTER_LINEAR, 0))
    if isinstance(target, Segments):
        return pixels, _layers.moved(target, lambda codes: move(codes, cv2.INTER_NEAREST, 0))
    return pixels, move(target, cv2.INTER_NEAREST, fill)


def by_fours(image: Array, work: Callable[[Array], Array]) -> Array:
    """(H, W, C) -> (h, w, C) by something that OpenCV does for up to four channels at once."""
    if image.shape[2] <= CHANNELS:
        return work(np.ascontiguousarray(image)).reshape(*image.shape)
    parts = [
        work(np.ascontiguousarray(image[..., first : first + CHANNELS])).reshape(*image.shape[:2], -1)
        for first in range(0, image.shape[2], CHANNELS)
    ]
    return np.concatenate(parts, axis=2)


def about(matrix: F64, centre: tuple[float, float]) -> F64:
    """A (3, 3) map around a point (x, y) in place of the origin."""
    to, back = np.eye(3), np.eye(3)
    to[:2, 2], back[:2, 2] = centre, (-centre[0], -centre[1])
    found: F64 = to @ matrix @ back
    return found
