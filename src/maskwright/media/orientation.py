"""How the rows and columns of a stored raster become the image as it is shown: the eight orientations of EXIF and TIFF.

1 is as stored, 3 half a turn, 6 a quarter turn clockwise, 8 one counter-clockwise; 2, 4, 5 and 7 are mirrored.
"""

import struct
from typing import Any

import numpy as np

from maskwright.core.arrays import Array, Size

#: (left, top, right, bottom) in pixels; right and bottom are the first that are not in it.
Region = tuple[int, int, int, int]

#: The note of an image whose flag is not one of the eight.
UNKNOWN = "its flag of orientation is none of the eight, and is passed over"

#: The tag's number in EXIF and TIFF.
TAG = 0x0112

#: Per orientation: whether rows and columns swap, then whether the rows, then whether the columns are reversed.
_MOVES = {
    1: (False, False, False), 2: (False, False, True), 3: (False, True, True), 4: (False, True, False),
    5: (True, False, False), 6: (True, False, True), 7: (True, True, True), 8: (True, True, False),
}  # fmt: skip


def of(opened: Any) -> int:
    """1 to 8, of an image as Pillow opens it, from its header; 1 where nothing, or nothing sensible, is said."""
    found = stated(opened)
    return found if found in _MOVES else 1


def stated(opened: Any) -> int:
    """The flag as it stands there, such as 9; 1 where there is none that can be read."""
    if opened.format in ("TIFF", "MPO_TIFF"):
        return 1  # Pillow turns these itself
    raw = opened.info.get("exif")
    if not raw:
        return 1
    from PIL import Image

    exif = Image.Exif()
    try:
        exif.load(raw)
        found = exif.get(TAG, 1)
    except (SyntaxError, ValueError, OSError, KeyError, struct.error):
        return 1
    return found if isinstance(found, int) else 1


def moves(orientation: int) -> tuple[bool, bool, bool]:
    """What makes the stored raster the shown one: rows and columns swap, then rows, then columns are reversed."""
    return _MOVES[orientation]


def shown_size(stored: Size, orientation: int) -> Size:
    """(height, width) as shown, of a raster stored as (height, width); and the other way round."""
    return (stored[1], stored[0]) if moves(orientation)[0] else stored


def apply(stored: Array, orientation: int) -> Array:
    """(H, W) or (H, W, C) as stored -> as shown; a view where that does."""
    swap, rows, columns = _MOVES[orientation]
    shown = np.swapaxes(stored, 0, 1) if swap else stored
    return shown[:: -1 if rows else 1, :: -1 if columns else 1]


def back(orientation: int) -> int:
    """The orientation that undoes this one."""
    return {6: 8, 8: 6}.get(orientation, orientation)


def stored_region(region: Region, stored: Size, orientation: int) -> Region:
    """(left, top, right, bottom) on the image as shown -> on the raster as stored, whose (height, width) is given."""
    left, top, right, bottom = region
    swap, rows, columns = _MOVES[orientation]
    height, width = shown_size(stored, orientation)
    if columns:
        left, right = width - right, width - left
    if rows:
        top, bottom = height - bottom, height - top
    return (top, left, bottom, right) if swap else (left, top, right, bottom)
