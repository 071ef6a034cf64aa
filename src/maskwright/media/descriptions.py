"""What an image is, without its pixels."""

from dataclasses import dataclass

from maskwright.core.arrays import Size
from maskwright.media import orientation

#: Names of the channels of images whose files name none, by their number.
GRAY, RGB, RGBA = ("gray",), ("red", "green", "blue"), ("red", "green", "blue", "alpha")


@dataclass(frozen=True)
class Description:
    """What an image is, without its pixels.

    size: (height, width) as shown.  channels: their names, "gray", or "red", "green", "blue", or as the file calls
    them, with "alpha" behind; "0", "1", … where it does not.  dtype: NumPy's name of the numbers, such as "uint16".
    orientation: 1 to 8, see `media.orientation`; how the stored raster was turned.  pages: images in the file.
    notes: what reading converts and what it leaves as it is, in words, such as "CMYK becomes red, green and blue".
    inverted: whether low values are shown bright, which `Image.display` does and `Image.pixels` does not.
    nodata: the number that stands for nothing, where the file states one; pixels keep it.
    """

    size: Size
    channels: tuple[str, ...]
    dtype: str
    orientation: int = 1
    pages: int = 1
    notes: tuple[str, ...] = ()
    inverted: bool = False
    nodata: float | None = None

    @property
    def stored_size(self) -> Size:
        """(height, width) of the raster in the file, before it is turned."""
        return orientation.shown_size(self.size, self.orientation)


def channel_names(number: int, named: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Names of a number of channels: as the file has them, else gray, red to blue, alpha, else "0", "1", ….

    named: what the file says of the first ones; names that are empty or not unique count as none.
    """
    if len(named) == number and all(named) and len(set(named)) == number:
        return named
    usual = {1: GRAY, 3: RGB, 4: RGBA}
    return usual.get(number) or tuple(str(index) for index in range(number))
