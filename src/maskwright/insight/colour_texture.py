"""What an image looks like as 84 numbers that nothing was taught for: its colours and its texture.

All is counted on the image as it is displayed, shrunk by means over pixels until its longer side has at most 160.

1. 56 numbers, colours in hue, saturation and value (HSV, each 0 … 255).  Pixels of a saturation below 32, or a value
   below 24, are gray: 8 steps of value.  The others: 12 steps of hue x 2 of saturation x 2 of value.
2. 20 numbers, texture: rotation-invariant uniform local binary patterns of the gray values, 8 neighbours at a distance
   of 1, 10 kinds; then the same of the image at half the size.
3. 8 numbers, edges: directions of the gray values' gradient, modulo half a turn, each weighted by its length.

Each of these four counts is divided by its sum; 1 has half of the weight, each part of 2 an eighth, and 3 a quarter.
Of all that the square root is taken, so that their product is Bhattacharyya's coefficient, and the length made 1.
"""

import numpy as np
from PIL import Image

from maskwright.core.arrays import U8, Array, Bool

#: How many numbers there are, and pixels of the longer side on which they are counted.
LENGTH = 84
SIDE = 160
_COLOURS, _PATTERNS, _DIRECTIONS = 56, 10, 8
_GRAY_STEPS = 8

#: The eight neighbours, in the order around a pixel: rows and columns.
_AROUND = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))


def colour_texture(pixels: U8, inside: Bool | None = None) -> Array:
    """(H, W, 3) uint8, H and W at least 1 -> (84,) float32 of length 1.

    inside: (H, W), which pixels count; all when None, and where none does.
    """
    small, counted = _shrunk(pixels, inside)
    gray = np.asarray(Image.fromarray(small).convert("L"), np.float32)
    parts = [
        (0.5, _colours(small, counted)),
        (0.125, _patterns(gray, counted)),
        (0.125, _patterns(*_half(gray, counted))),
        (0.25, _directions(gray, counted)),
    ]
    vector = np.concatenate([np.sqrt(weight * part / max(float(part.sum()), 1e-12)) for weight, part in parts])
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def _shrunk(pixels: U8, inside: Bool | None) -> tuple[U8, Bool]:
    height, width = pixels.shape[:2]
    counted: Bool = np.ones((height, width), bool)
    if inside is not None and inside.any():
        counted = inside
    scale = SIDE / max(height, width)
    if scale >= 1:
        return np.ascontiguousarray(pixels), counted
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))
    share = np.asarray(Image.fromarray(counted.astype(np.uint8) * 255).resize(size, Image.Resampling.BOX))
    return small, share >= min(128, int(share.max()))


def _half(gray: Array, counted: Bool) -> tuple[Array, Bool]:
    height, width = gray.shape[0] // 2 * 2, gray.shape[1] // 2 * 2
    if not height or not width:
        return gray, counted
    blocks = gray[:height, :width].reshape(height // 2, 2, width // 2, 2).mean((1, 3))
    there = counted[:height, :width].reshape(height // 2, 2, width // 2, 2).any((1, 3))
    return blocks, np.asarray(there)


def _colours(pixels: U8, counted: Bool) -> Array:
    hsv = np.asarray(Image.fromarray(pixels).convert("HSV"), np.int64)[counted]
    hue, saturation, value = hsv.T
    gray = (saturation < 32) | (value < 24)
    coloured = _GRAY_STEPS + (hue * 12 // 256) * 4 + (saturation >= 128) * 2 + (value >= 128)
    return np.bincount(np.where(gray, value * _GRAY_STEPS // 256, coloured), minlength=_COLOURS).astype(np.float64)


def _patterns(gray: Array, counted: Bool) -> Array:
    """How often each kind of pattern occurs: by its neighbours that are not darker where these lie together, else 9."""
    height, width = gray.shape
    around = np.pad(gray, 1, mode="edge")
    signs = np.stack([
        around[1 + row : 1 + row + height, 1 + column : 1 + column + width] >= gray for row, column in _AROUND
    ])  # fmt: skip
    changes = (signs != np.roll(signs, 1, axis=0)).sum(0)
    kinds = np.where(changes <= 2, signs.sum(0), _PATTERNS - 1)
    return np.bincount(kinds[counted], minlength=_PATTERNS).astype(np.float64)


def _directions(gray: Array, counted: Bool) -> Array:
    if min(gray.shape) < 2:
        return np.zeros(_DIRECTIONS)
    down, right = np.gradient(gray)
    lengths = np.hypot(down, right)[counted]
    turned = np.arctan2(down, right)[counted] % np.pi
    places = np.minimum((turned * (_DIRECTIONS / np.pi)).astype(np.int64), _DIRECTIONS - 1)
    return np.bincount(places, weights=lengths, minlength=_DIRECTIONS)
