"""Frames of a DICOM file."""

from typing import Any

import numpy as np

from maskwright.core.arrays import Array, Size
from maskwright.registry import require

SUFFIXES = (".dcm", ".dicom")


def shape(path: str) -> tuple[int, Size]:
    """(number of frames, (height, width))."""
    header = _read(path, pixels=False)
    return int(header.get("NumberOfFrames", 1) or 1), (int(header.Rows), int(header.Columns))


def read(path: str, page: int) -> Array:
    """(H, W), or (H, W, 3) where there are colours."""
    pixels = np.asarray(_read(path, pixels=True).pixel_array)
    return pixels[page] if shape(path)[0] > 1 else pixels


def _read(path: str, *, pixels: bool) -> Any:
    return require("pydicom", f"reading {path}").dcmread(path, stop_before_pixels=not pixels)
