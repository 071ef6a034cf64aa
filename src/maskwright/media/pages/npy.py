"""Layers of a NumPy array of two or three axes; only those asked for are read."""

import numpy as np

from maskwright.core.arrays import Array, Size

SUFFIXES = (".npy",)


def shape(path: str) -> tuple[int, Size]:
    """(number of layers, (height, width))."""
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if array.ndim == 2:
        return 1, (array.shape[0], array.shape[1])
    return array.shape[0], (array.shape[1], array.shape[2])


def read(path: str, page: int) -> Array:
    """(H, W) of any dtype."""
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    return np.array(array if array.ndim == 2 else array[page])
