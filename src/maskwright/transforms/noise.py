"""Noise of a sensor; the labels stay."""

from functools import cache
from statistics import NormalDist

import numpy as np

from maskwright.core.arrays import F32, Array
from maskwright.registry import require
from maskwright.transforms._levels import like, top
from maskwright.transforms._moves import Target


def apply(
    image: Array, target: Target, rng: np.random.Generator, *, sd: tuple[float, float] = (0.005, 0.03),
    chance: float = 0.5,
) -> tuple[Array, Target]:  # fmt: skip
    """The image with a number of its own added to each value; the target stays as it is.

    image: (H, W, C), uint8, uint16 or float32.  target: (H, W) uint8 class indices, or `Segments`.  rng: the same state
    gives the same result.  sd: range of the noise's standard deviation, where 1 is from dark to bright: 255 levels of
    bytes.  chance: 0 … 1, that anything is done.

    Of a normal distribution 256 values are drawn from, each as often as any other: a byte a value, a tenth of the time
    that exact ones take.
    """
    if rng.random() >= chance:
        return image, target
    cv2 = require("cv2", "the augmentation noise")
    spread = np.float32(rng.uniform(*sd) * top(image))
    raw = np.frombuffer(rng.bytes(image.size), np.uint8).reshape(len(image), -1)
    flat = np.ascontiguousarray(image).reshape(raw.shape)
    if image.dtype == np.uint8:
        whole = cv2.LUT(raw, (quantiles() * spread).round().astype(np.int16))
        found: Array = cv2.add(flat, whole, dtype=cv2.CV_8U)
    else:
        found = like(cv2.LUT(raw, quantiles() * spread) + flat, image)
    return found.reshape(image.shape), target


@cache
def quantiles() -> F32:
    """(256,) values of a normal distribution, equally likely, of mean 0 and standard deviation 1."""
    found = np.array([NormalDist().inv_cdf((k + 0.5) / 256) for k in range(256)])
    found /= found.std()
    found.setflags(write=False)
    return found.astype(np.float32)
