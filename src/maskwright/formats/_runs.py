"""Run lengths along rows, which several tools use; ours go along columns."""

import numpy as np

from maskwright.core.arrays import I64, Array
from maskwright.core.mask import Mask


def from_row_major(counts: object, size: tuple[int, int]) -> Mask:
    """counts: run lengths along rows, zeros first -> the mask. Raises ValueError for a wrong sum."""
    height, width = size
    turned = Mask.from_counts(counts, (width, height))  # along rows is along the columns of the transposed mask
    return Mask.encode(np.ascontiguousarray(turned.decode().T))


def to_row_major(mask: Mask) -> I64:
    """The other way; the last run may be of zeros or of ones."""
    turned = Mask.encode(np.ascontiguousarray(mask.decode().T))
    return turned.counts.astype(np.int64)


def paste_row_major(counts: Array, box: tuple[int, int, int, int], size: tuple[int, int]) -> Mask:
    """Row-major runs of a crop, xyxy with the far edge excluded, on the whole image. Raises ValueError."""
    left, top, right, bottom = box
    if not (0 <= left < right <= size[1] and 0 <= top < bottom <= size[0]):
        raise ValueError(f"its box {left} {top} {right} {bottom} leaves the image of {size[0]} x {size[1]}")
    return from_row_major(counts, (bottom - top, right - left)).paste(size, left=left, top=top)
