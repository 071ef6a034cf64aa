"""Four windows in one."""

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.segments import Segments
from maskwright.transforms._joined import on_top
from maskwright.transforms._moves import Target
from maskwright.transforms._others import Others


def apply(
    image: Array, target: Target, rng: np.random.Generator, *, others: Others | None = None, chance: float = 0.5
) -> tuple[Array, Target]:
    """Parts of four windows around a random point, at their own scale; this one's is one of them.

    image: (H, W, C) of any type.  target: (H, W) uint8 class indices, or `Segments`.  rng: the same state gives the
    same result.  others: draws another window of the same size; without it all stays as it is.  chance: 0 … 1, that
    anything is done.
    """
    if others is None or rng.random() >= chance:
        return image, target
    height, width = image.shape[:2]
    row, column = (int(rng.integers(length // 4, length - length // 4 + 1)) for length in (height, width))
    own = int(rng.integers(4))
    pixels = np.empty_like(image)
    labels = None if isinstance(target, Segments) else np.empty_like(target)
    parts = []
    quarters = [(0, 0, row, column), (0, column, row, width), (row, 0, height, column), (row, column, height, width)]
    for number, (top, left, bottom, right) in enumerate(quarters):
        shown, there = (image, target) if number == own else others()
        y = int(rng.integers(height - (bottom - top) + 1))
        x = int(rng.integers(width - (right - left) + 1))
        inside = slice(y, y + bottom - top), slice(x, x + right - left)
        pixels[top:bottom, left:right] = shown[inside]
        if labels is not None:
            labels[top:bottom, left:right] = there[inside]
            continue
        masks = there.masks.crop((x, y, x + right - left, y + bottom - top)).paste((height, width), left=left, top=top)
        parts.append(there.moved(masks)[masks.areas() > 0])
    return pixels, on_top(parts[0], parts[1:]) if labels is None else labels
