"""Large images in windows: predicted alone, blended where they overlap."""

from collections.abc import Callable

import numpy as np

from maskwright.core.arrays import F32, Array

OVERLAP = 0.25


def starts(length: int, tile: int) -> list[int]:
    """Where windows begin: evenly, the first at 0 and the last at the end, overlapping by a quarter or more."""
    if length <= tile:
        return [0]
    number = int(np.ceil((length - tile) / (tile * (1 - OVERLAP)))) + 1
    return [int(each) for each in np.linspace(0, length - tile, number).round()]


def blended(predict: Callable[[Array], F32], image: Array, tile: int) -> F32:
    """predict: (h, w, C) -> (K, h, w).  -> (K, H, W), weighted so that a window's middle counts more than its rim.

    An image no larger than the tile is taken whole.
    """
    height, width = image.shape[:2]
    if height <= tile and width <= tile:
        return predict(image)
    total: F32 | None = None
    weights = np.zeros((height, width), np.float32)
    for top in starts(height, tile):
        for left in starts(width, tile):
            part = predict(image[top : top + tile, left : left + tile])
            if total is None:
                total = np.zeros((part.shape[0], height, width), np.float32)
            share = np.outer(_ramp(part.shape[1]), _ramp(part.shape[2]))
            total[:, top : top + tile, left : left + tile] += part * share
            weights[top : top + tile, left : left + tile] += share
    assert total is not None
    total /= weights
    return total


def _ramp(length: int) -> F32:
    """1 in the middle, falling to a little above 0 at both ends."""
    place = np.abs((np.arange(length) + 0.5) / length * 2 - 1)
    ramp: F32 = np.maximum(1 - place, 1e-3).astype(np.float32)
    return ramp
