"""Sums over the pixels of each class."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.core.kernels.jit import kernel

Array = NDArray[Any]


@kernel
def by_label(labels: Array, values: Array, number: int) -> Array:
    """(P,) labels below `number`, (P,) float32 -> (number,) float64."""
    sums = np.zeros(number, np.float64)
    for k in range(labels.size):
        sums[labels[k]] += values[k]
    return sums
