"""Large images in windows: predicted alone, blended where they overlap."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from maskwright.core.arrays import F32, Size

if TYPE_CHECKING:
    from torch import Tensor

OVERLAP = 0.25

#: Rows and columns of a window.
Window = tuple[slice, slice]


def starts(length: int, tile: int) -> list[int]:
    """Where windows begin: evenly, the first at 0 and the last at the end, overlapping by a quarter or more."""
    if length <= tile:
        return [0]
    number = int(np.ceil((length - tile) / (tile * (1 - OVERLAP)))) + 1
    return [int(each) for each in np.linspace(0, length - tile, number).round()]


def number(size: Size, tile: int) -> int:
    """Of windows."""
    return len(starts(size[0], tile)) * len(starts(size[1], tile))


def strips(
    predict: "Callable[[list[Window]], Tensor]", size: Size, tile: int, at_once: int = 1
) -> "Iterator[tuple[int, Tensor]]":
    """The image from top to bottom, as (top, (K, h, W)): weighted so that a window's middle counts more than its rim.

    predict: n windows, all of one size, to (n, K, h, w).  at_once: n, at most.  Only what windows still come to is
    kept: a row of them, never the whole image.
    """
    import torch

    height, width = size
    rows, columns = starts(height, tile), starts(width, tile)
    tall, wide = min(tile, height), min(tile, width)
    places = [(slice(y, y + tall), slice(x, x + wide)) for y, x in product(rows, columns)]
    parts = _each(predict, places, at_once)
    share, total, weights = None, None, None
    for row, top in enumerate(rows):
        for left in columns:
            part = next(parts)
            if share is None or total is None or weights is None:
                share = torch.from_numpy(np.outer(_ramp(tall), _ramp(wide))).to(part.device)
                total = part.new_zeros((part.shape[0], tall, width))
                weights = part.new_zeros((tall, width))
            total[:, :, left : left + wide] += part * share
            weights[:, left : left + wide] += share
        assert total is not None
        assert weights is not None
        done = (rows[row + 1] if row + 1 < len(rows) else height) - top
        yield top, total[:, :done] / weights[:done]
        total = torch.cat([total[:, done:], torch.zeros_like(total[:, :done])], 1)
        weights = torch.cat([weights[done:], torch.zeros_like(weights[:done])])


def _each(predict: "Callable[[list[Window]], Tensor]", places: list[Window], at_once: int) -> "Iterator[Tensor]":
    for first in range(0, len(places), at_once):
        yield from predict(places[first : first + at_once])


def _ramp(length: int) -> F32:
    """1 in the middle, falling to a little above 0 at both ends."""
    place = np.abs((np.arange(length) + 0.5) / length * 2 - 1)
    ramp: F32 = np.maximum(1 - place, 1e-3).astype(np.float32)
    return ramp
