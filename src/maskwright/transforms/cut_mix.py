"""A rectangle of another window."""

import math

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.transforms._joined import on_top, without
from maskwright.transforms._moves import Target
from maskwright.transforms._others import Others


def apply(
    image: Array, target: Target, rng: np.random.Generator, *, others: Others | None = None,
    area: tuple[float, float] = (0.1, 0.5), chance: float = 0.5,
) -> tuple[Array, Target]:  # fmt: skip
    """The image and its target with a rectangle of another window in the place where that has it.

    image: (H, W, C) of any type.  target: (H, W) uint8 class indices, or `Segments`, which end at the rectangle.  rng:
    the same state gives the same result.  others: draws another window of the same size; without it all stays as it is.
    area: range of the rectangle's share.  chance: 0 … 1, that anything is done.

    French, Laine, Aila, Mackiewicz, Finlayson, "Semi-supervised semantic segmentation needs strong, varied
    perturbations", BMVC 2020, have it for segmentation.
    """
    if others is None or rng.random() >= chance:
        return image, target
    there, labels = others()
    height, width = image.shape[:2]
    share, ratio = rng.uniform(*area), math.exp(rng.uniform(-0.7, 0.7))
    tall = min(height, max(1, round(height * math.sqrt(share * ratio))))
    wide = min(width, max(1, round(width * math.sqrt(share / ratio))))
    top, left = int(rng.integers(height - tall + 1)), int(rng.integers(width - wide + 1))
    part = slice(top, top + tall), slice(left, left + wide)
    pixels = image.copy()
    pixels[part] = there[part]
    if not isinstance(target, Segments):
        mixed = target.copy()
        mixed[part] = labels[part]
        return pixels, mixed
    dense = np.zeros((1, height, width), np.bool_)
    dense[0][part] = True
    rectangle = Masks.encode(dense)
    return pixels, on_top(without(target, rectangle), [without(labels, ~rectangle)])
