"""Mirroring, and quarter turns where up means nothing."""

import numpy as np

from maskwright.core.arrays import U8
from maskwright.transforms._moves import Target, mirrored, turned


def apply(
    image: U8, target: Target, rng: np.random.Generator, *, horizontal: float = 0.5, vertical: float = 0.0,
    turn: bool = False,
) -> tuple[U8, Target]:  # fmt: skip
    """horizontal, vertical: chances.  turn: also a random quarter turn, which swaps the sides of an oblong image."""
    if rng.random() < horizontal:
        image, target = image[:, ::-1], mirrored(target, horizontal=True)
    if rng.random() < vertical:
        image, target = image[::-1], mirrored(target, horizontal=False)
    if turn:
        quarters = int(rng.integers(4))
        image, target = np.rot90(image, quarters), turned(target, quarters)
    return np.ascontiguousarray(image), target
