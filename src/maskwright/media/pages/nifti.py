"""Slices of a NIfTI volume along its last axis, with the first one running to the right."""

from typing import Any

import numpy as np

from maskwright.core.arrays import Array, Size
from maskwright.registry import require

SUFFIXES = (".nii", ".nii.gz")


def volume(path: str) -> Any:
    """The file as nibabel has it, its numbers not yet read."""
    return require("nibabel", f"reading {path}").load(path)


def shape(path: str) -> tuple[int, Size]:
    """(number of slices, (height, width))."""
    extent = volume(path).shape
    return extent[2] if len(extent) > 2 else 1, (extent[1], extent[0])


def read(path: str, page: int) -> Array:
    """(H, W), or (H, W, 3) where there are colours."""
    data = volume(path).dataobj
    layer = np.asarray(data[..., page] if len(data.shape) > 2 else data[:]).T
    if layer.dtype.names:  # NIfTI's colours are a record of three bytes
        layer = np.stack([layer[name] for name in layer.dtype.names[:3]], axis=-1)
    return np.ascontiguousarray(layer)
