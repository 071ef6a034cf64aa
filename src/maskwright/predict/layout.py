"""Which images a network takes: channels, the kind of their numbers, and how these become what it was taught with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from maskwright.core.arrays import Array
from maskwright.errors import FormatError, UsageError
from maskwright.media import Image

COLOURS = ("red", "green", "blue")
#: Channels of eight bits that are taken for colours.
COLOURED = (("gray",), ("gray", "alpha"), COLOURS, (*COLOURS, "alpha"))
#: Numbers further outside than so many times the distance of low and high are cut there: a hot pixel drowns nothing.
REACH = 4.0


@dataclass(frozen=True)
class Layout:
    """What enters a network.

    channels: their names, in order.  dtype: "uint8", or NumPy's name of the deeper numbers that it was taught with.
    low, high: by channel, the numbers that become 0 and 1.  mean, std: by channel, of what they have become.
    Red, green and blue of eight bits are special: gray is taken for each of them, and behind alpha is white.
    """

    channels: tuple[str, ...]
    dtype: str
    low: tuple[float, ...]
    high: tuple[float, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def eight_bit_colours(self) -> bool:
        """Red, green and blue of eight bits, which stay as they are until they are tensors."""
        return self.channels == COLOURS and self.dtype == "uint8"

    @property
    def words(self) -> str:
        """Such as "gray of uint16"."""
        return f"{', '.join(self.channels)} of {self.dtype}"

    def of_units(self) -> "Layout":
        """For images that `units` has been at already."""
        if self.eight_bit_colours:
            return self
        number = len(self.channels)
        return replace(self, dtype="float32", low=(0.0,) * number, high=(1.0,) * number)

    def pick(self, image: Image, place: object = None) -> Array:
        """(H, W, C) in native numbers: the channels that the network takes; NaN where the image has nothing.

        place: the image's, for messages.  Gray is taken for each of red, green and blue; channels that have no names
        are taken in order.  Raises FormatError for an image that has other channels, or numbers of another kind.
        """
        if not self._takes(image.pixels.dtype):
            raise self._unfit(image, place)
        if self.eight_bit_colours:
            if image.channels not in COLOURED:
                raise self._unfit(image, place)
            return image.display()
        if by_place(image.channels, self.channels):
            return image.known
        try:
            return image.take(self.channels).known
        except UsageError:
            raise self._unfit(image, place) from None

    def checked(self, pixels: Array) -> Array:
        """(H, W, C) in native numbers, of which (H, W) is one channel. Raises UsageError for another array.

        pixels: what a caller gave.
        """
        number = len(self.channels)
        if number == 1 and pixels.ndim == 2:
            pixels = pixels[..., None]
        if pixels.ndim != 3 or pixels.shape[2] != number or not self._takes(pixels.dtype):
            raise UsageError(
                f"the image is an array {pixels.shape} of {pixels.dtype}",
                needed=f"(H, W, {number}), {self.words}, which the network was taught with",
            )
        return pixels

    def units(self, pixels: Array) -> Array:
        """(H, W, C) in native numbers -> float32, low is 0 and high is 1; uint8 as it is for colours of eight bits.

        pixels: as `pick` and `checked` give them.  What lies more than REACH beyond is cut, and what is not a number
        becomes the mean.
        """
        if self.eight_bit_colours:
            return pixels
        wide = pixels.dtype.itemsize > 4 or (pixels.dtype.kind in "iu" and pixels.dtype.itemsize == 4)
        exact = np.float64 if wide else np.float32
        low, high = np.array(self.low), np.array(self.high)
        with np.errstate(invalid="ignore", over="ignore"):
            values: Array = pixels.astype(exact)
            np.subtract(values, low.astype(exact), out=values)
            np.multiply(values, (1 / (high - low)).astype(exact), out=values)
            np.clip(values, -REACH, 1 + REACH, out=values)
        found = values.astype(np.float32, copy=False)
        if pixels.dtype.kind == "f":
            np.copyto(found, np.array(self.mean, np.float32), where=np.isnan(found))
        return found

    def _takes(self, dtype: "np.dtype[np.generic]") -> bool:
        """Numbers of this kind: bytes are another scale than deeper ones, and fractions may be another than whole ones.

        Who learned from fractions has met whole ones as well.
        """
        if self.dtype == "uint8" or dtype == np.uint8:
            return bool(dtype == self.dtype)
        return dtype.kind in ("iuf" if np.dtype(self.dtype).kind == "f" else "iu")

    def _unfit(self, image: Image, place: object) -> FormatError:
        return FormatError(
            f"the image has {', '.join(image.channels)} of {image.pixels.dtype}",
            file=place,
            needed=f"{self.words}, which the network was taught with",
        )


def by_place(names: Sequence[str], others: Sequence[str]) -> bool:
    """Are these the same channels, though one of the two does not say what they are called?"""
    if len(names) != len(others):
        return False
    return any(_counted(a) and (_counted(b) or not _numbers(b)) for a, b in ((names, others), (others, names)))


def _counted(names: Sequence[str]) -> bool:
    """All channels of an image that gives them no names."""
    return tuple(names) in (("gray",), tuple(str(index) for index in range(len(names))))


def _numbers(names: Sequence[str]) -> bool:
    return all(name.isdecimal() for name in names)
