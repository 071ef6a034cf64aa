"""How often values occur in an image: what a window is chosen by."""

from dataclasses import dataclass

import numpy as np

from maskwright.core.arrays import Array
from maskwright.media.images import Image

BINS = 128
#: Values at most that are counted.
COUNTED = 500_000


@dataclass(frozen=True)
class ValueCounts:
    """low, high: the least and the greatest value that is there; 0 and 1 where none is.

    counts: how often values occur, a list a channel, in bins of one width from first to last.  Those are within low and
    high, so that few outliers do not leave all others in one bin.
    """

    low: float
    high: float
    first: float
    last: float
    counts: list[list[int]]


def of(image: Image, channels: tuple[int, ...]) -> ValueCounts:
    """Of these channels of an image; what is not finite, and the number that stands for nothing, is left out.

    channels: their indices.  Whole numbers are as many in each bin.
    """
    there = [_there(image.pixels[..., index], image.nodata) for index in channels]
    known = [values for values in there if values.size]
    low = float(min((values.min() for values in known), default=0))
    high = float(max((values.max() for values in known), default=1))
    thinned = [values[:: max(1, values.size // COUNTED)] for values in there]
    filled = [values for values in thinned if values.size]
    first = float(min((np.percentile(values, 0.02, method="higher") for values in filled), default=low))
    last = float(max((np.percentile(values, 99.98, method="lower") for values in filled), default=high))
    bins = BINS
    if image.pixels.dtype.kind in "iu":
        step = -(-(last - first + 1) // BINS)
        bins = int(-(-(last - first + 1) // step))
        first, last = first - 0.5, first - 0.5 + bins * step
    elif not last > first:
        first, last = first - 0.5, last + 0.5
    counts = [np.histogram(values, bins=bins, range=(first, last))[0].tolist() for values in thinned]
    return ValueCounts(low, high, first, last, counts)


def _there(plane: Array, nodata: float | None) -> Array:
    values = plane[np.isfinite(plane)] if plane.dtype.kind == "f" else plane.ravel()
    return values if nodata is None else values[values != nodata]
