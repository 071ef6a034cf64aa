"""Mirroring, and quarter turns where up means nothing."""

import numpy as np

from maskwright.core.arrays import Array
from maskwright.transforms._moves import Target, flipped, mirrored, rotated, turned


def apply(
    image: Array, target: Target, rng: np.random.Generator, *, horizontal: float = 0.5, vertical: float = 0.0,
    turn: bool = False,
) -> tuple[Array, Target]:  # fmt: skip
    """The image and its target mirrored by chance.

    image: (H, W, C) of any type.  target: (H, W) uint8 class indices, or `Segments`.  rng: the same state gives the
    same result.  horizontal, vertical: chances, 0 … 1.  turn: also a random quarter turn, which swaps the sides of an
    oblong image.
    """
    if rng.random() < horizontal:
        image, target = flipped(image, horizontal=True), mirrored(target, horizontal=True)
    if rng.random() < vertical:
        image, target = flipped(image, horizontal=False), mirrored(target, horizontal=False)
    if turn:
        quarters = int(rng.integers(4))
        image, target = rotated(image, quarters), turned(target, quarters)
    return np.ascontiguousarray(image), target
