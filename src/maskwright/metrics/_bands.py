"""Outlines of dense masks, and what lies near them."""

import numpy as np

from maskwright.core.arrays import Array
from maskwright.registry import require


def outline(mask: Array) -> Array:
    """(H, W) bool of the mask's pixels that have one of their four neighbours outside it, or outside the image."""
    padded = np.pad(mask, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    edge: Array = mask & ~inner
    return edge


def seam(mask: Array) -> Array:
    """(H, W) bool: where a pixel differs from its right, lower or lower right neighbour; never along the rim.

    The outline of the DAVIS benchmark: between two regions it is one pixel wide and the same from either side.
    """
    mask = np.asarray(mask, bool)
    out = np.zeros(mask.shape, bool)
    out[:, :-1] |= mask[:, :-1] ^ mask[:, 1:]
    out[:-1] |= mask[:-1] ^ mask[1:]
    out[:-1, :-1] |= mask[:-1, :-1] ^ mask[1:, 1:]
    return out


def near(marks: Array, reach: float) -> Array:
    """(H, W) bool of the pixels within a disk of radius `reach` around a mark."""
    if not marks.any():
        return np.zeros(marks.shape, bool)
    away = require("scipy.ndimage", "distances between outlines").distance_transform_edt(~marks)
    found: Array = away <= reach
    return found
