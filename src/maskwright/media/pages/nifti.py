"""Slices of a NIfTI volume along its last axes, with the first one running to the right; numbers scaled as it says."""

from typing import Any

import numpy as np

from maskwright.core.arrays import Array, Size
from maskwright.media.descriptions import GRAY, Description, channel_names
from maskwright.media.orientation import Region
from maskwright.registry import require

SUFFIXES = (".nii", ".nii.gz")


def volume(path: str) -> Any:
    """The file as nibabel has it, its numbers not yet read."""
    return require("nibabel", f"reading {path}").load(path)


def shape(path: str) -> tuple[int, Size]:
    """(number of slices, (height, width))."""
    extent = volume(path).shape
    return int(np.prod(extent[2:])), (extent[1], extent[0])


def describe(path: str, page: int) -> Description:
    """What a slice is, from the header."""
    data = volume(path).dataobj
    number, size = int(np.prod(data.shape[2:])), (data.shape[1], data.shape[0])
    if data.dtype.names:
        colours = data.dtype[data.dtype.names[0]].name
        return Description(size, channel_names(len(data.dtype.names)), colours, pages=number)
    if (data.slope, data.inter) == (1, 0):
        return Description(size, GRAY, data.dtype.newbyteorder("=").name, pages=number)
    note = f"numbers are scaled by {data.slope:g} and shifted by {data.inter:g}, as the file says"
    return Description(size, GRAY, "float64", pages=number, notes=(note,))


def read(path: str, page: int, region: Region | None = None) -> Array:
    """(H, W), or (H, W, C) where there are colours."""
    data = volume(path).dataobj
    extent = data.shape
    left, top, right, bottom = region or (0, 0, extent[0], extent[1])
    place = np.unravel_index(page, extent[2:], order="F") if len(extent) > 2 else ()
    layer = np.asarray(data[(slice(left, right), slice(top, bottom), *map(int, place))]).T
    if layer.dtype.names:  # NIfTI's colours are a record of bytes
        layer = np.stack([layer[name] for name in layer.dtype.names], axis=-1)
    return np.ascontiguousarray(layer).astype(layer.dtype.newbyteorder("="), copy=False)
