"""Images pushed sideways; what leaves on one side comes in on the other."""

from typing import Any

import numpy as np

from maskwright.core.masks import Masks
from maskwright.core.segments import Segments


def apply(image: np.ndarray, target: Any, rng: np.random.Generator, *, share: float = 0.5) -> tuple[np.ndarray, Any]:
    """share: of the width, at most."""
    far = int(rng.integers(0, int(image.shape[1] * share) + 1))
    if isinstance(target, Segments):
        dense = np.roll(target.masks.decode(), far, axis=2)
        moved = target.with_masks(Masks.encode(dense)) if len(target) else target
    else:
        moved = np.roll(target, far, axis=1)
    return np.roll(image, far, axis=1), moved
