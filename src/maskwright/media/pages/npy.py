"""Layers of a NumPy array; only those asked for are read.

Two axes are one gray image.  Three are layers, (N, H, W), unless the last one can only be channels: at most 16, and
at most a quarter of each of the others.  Four are layers with channels, (N, H, W, C).
"""

import numpy as np

from maskwright.core.arrays import Array, Size
from maskwright.errors import FormatError
from maskwright.media.descriptions import Description, channel_names
from maskwright.media.orientation import Region

SUFFIXES = (".npy",)
_MOST_CHANNELS = 16


def begins(head: bytes) -> bool:
    """Whether a file with these first bytes is a NumPy array."""
    return head[:6] == b"\x93NUMPY"


def shape(path: str) -> tuple[int, Size]:
    """(number of layers, (height, width))."""
    layers = _layers(path)
    return layers.shape[0], (layers.shape[1], layers.shape[2])


def describe(path: str, page: int) -> Description:
    """What a layer is, from the array's header."""
    layers = _layers(path)
    names = channel_names(layers.shape[3] if layers.ndim == 4 else 1)
    return Description((layers.shape[1], layers.shape[2]), names, layers.dtype.name, pages=layers.shape[0])


def read(path: str, page: int, region: Region | None = None) -> Array:
    """(H, W), or (H, W, C), of any numbers."""
    layers = _layers(path)
    left, top, right, bottom = region or (0, 0, layers.shape[2], layers.shape[1])
    return np.array(layers[page, top:bottom, left:right]).astype(layers.dtype.newbyteorder("="), copy=False)


def _layers(path: str) -> Array:
    """(N, H, W), or (N, H, W, C)."""
    array: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    if array.dtype.kind not in "iufb" or not 2 <= array.ndim <= 4 or 0 in array.shape:
        raise FormatError(f"holds {array.dtype} of shape {array.shape}", needed="numbers of two, three or four axes")
    if array.ndim == 2:
        return array[None]
    last = array.shape[-1]
    if array.ndim == 3 and last <= min(_MOST_CHANNELS, array.shape[0] // 4, array.shape[1] // 4):
        return array[None]
    return array
