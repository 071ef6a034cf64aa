"""Mirroring, and quarter turns where up means nothing."""

import numpy as np

from maskwright.core.arrays import U8


def apply(
    image: U8, target: U8, rng: np.random.Generator, *, horizontal: float = 0.5, vertical: float = 0.0,
    turn: bool = False,
) -> tuple[U8, U8]:  # fmt: skip
    """horizontal, vertical: chances.  turn: also a random quarter turn, which swaps the sides of an oblong image."""
    if rng.random() < horizontal:
        image, target = image[:, ::-1], target[:, ::-1]
    if rng.random() < vertical:
        image, target = image[::-1], target[::-1]
    if turn:
        quarter = int(rng.integers(4))
        image, target = np.rot90(image, quarter), np.rot90(target, quarter)
    return np.ascontiguousarray(image), np.ascontiguousarray(target)
