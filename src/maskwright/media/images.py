"""Images: what they are without decoding them, and their pixels as they are."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import U8, Array, Size
from maskwright.core.sample import ImageRef
from maskwright.errors import FormatError, UsageError
from maskwright.media import orientation, pages, windows

#: Of files that are taken for images.
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")


@dataclass(frozen=True)
class Description:
    """What an image is, without its pixels.

    size: (height, width) as shown.  channels: their names, "gray", or "red", "green", "blue", or as the file calls
    them, with "alpha" behind; "0", "1", … where it does not.  dtype: NumPy's name of the numbers, such as "uint16".
    orientation: 1 to 8, see `media.orientation`; how the stored raster was turned.  pages: images in the file.
    notes: what reading converts, in words, such as "CMYK becomes red, green and blue".
    """

    size: Size
    channels: tuple[str, ...]
    dtype: str
    orientation: int = 1
    pages: int = 1
    notes: tuple[str, ...] = ()

    @property
    def stored_size(self) -> Size:
        """(height, width) of the raster in the file, before it is turned."""
        return orientation.shown_size(self.size, self.orientation)


@dataclass(frozen=True, eq=False)
class Image:
    """An image as it is.

    pixels: (H, W, C) in the file's own numbers, of any type, turned as the image is shown.  They belong to whoever read
    the image, and may be drawn on.
    channels: the name of each.
    """

    pixels: Array
    channels: tuple[str, ...]

    @property
    def size(self) -> Size:
        """(height, width) in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]

    def display(self, window: windows.Window | None = None) -> U8:
        """(H, W, 3) uint8 for people, and for networks that know nothing else.

        window: the dataset's, `dataset.window`.  Without one eight bits are as they are, and other numbers are shown
        over the whole range of their type; what shows through alpha is white.
        """
        if self.pixels.dtype == np.uint8 and self.channels == ("red", "green", "blue") and window is None:
            return self.pixels
        colours = windows.apply(self.pixels, self.channels, window)
        if self.channels[-1] == "alpha":
            alpha = self.pixels[..., -1]
            if int(alpha.min(initial=0)) < windows.full_range(alpha.dtype)[1]:
                return windows.over_white(colours, alpha)
        return colours

    def take(self, channels: tuple[str, ...]) -> "Image":
        """The image with these channels, in this order; gray is taken for each of red, green and blue where asked for.

        Raises UsageError for a channel that it does not have.
        """
        if channels == self.channels:
            return self
        spread = self.channels[0] == "gray" and "gray" not in channels
        places = []
        for name in channels:
            wanted = "gray" if spread and name in ("red", "green", "blue") else name
            if wanted not in self.channels:
                raise UsageError(f"the image has channels {', '.join(self.channels)}", needed=f"channel {name}")
            places.append(self.channels.index(wanted))
        return Image(np.ascontiguousarray(self.pixels[..., places]), channels)


def describe(image: ImageRef | str | Path) -> Description:
    """What an image is, from its header; no pixel is decoded.

    Raises FormatError for a missing file and for one that is not an image.
    """
    path = image.uri if isinstance(image, ImageRef) else str(image)
    file_path, page = pages.page_of(path)
    if page is not None:
        number, size = pages.shape(file_path)
        plane = pages.read(file_path, page)
        return Description(size, _names(plane), plane.dtype.name, pages=number)
    found: Description = _guarded(path, _described)
    return found


def image_size(path: str | Path) -> Size:
    """(height, width) as shown, from the file's header. Raises FormatError as `describe`."""
    file_path, page = pages.page_of(str(path))
    return pages.shape(file_path)[1] if page is not None else _guarded(str(path), _described).size


def read(image: ImageRef | str | Path, *, expected: Size | None = None) -> Image:
    """An image as it is, by a sample's reference, a path or any URI that fsspec opens.

    Palettes and colours other than red, green and blue become these; nothing else is converted.  expected: the size
    that it must have; a reference brings its own.  A reference of the stored raster's size gets that raster, as its
    labels lie on it.
    Raises FormatError for a missing, broken or truncated file, and for one of another size.

        image = media.read(sample.image)
        image.pixels     # (H, W, C) as the file has them
        image.display()  # (H, W, 3) uint8
    """
    path = image.uri if isinstance(image, ImageRef) else str(image)
    expected = image.size if isinstance(image, ImageRef) and expected is None else expected
    file_path, page = pages.page_of(path)
    if page is not None:
        plane = pages.read(file_path, page)
        pixels, names, turned = plane if plane.ndim == 3 else plane[..., None], _names(plane), 1
    else:
        pixels, names, turned = _guarded(path, _decoded)
    shown = orientation.apply(pixels, turned)
    if expected is not None and shown.shape[:2] != tuple(expected):
        if pixels.shape[:2] != tuple(expected):
            raise FormatError(
                f"the image is {shown.shape[0]} x {shown.shape[1]}", file=path,
                needed=f"its labels are for {expected[0]} x {expected[1]} (height x width)",
                todo="Was the image replaced or resized after labelling?",
            )  # fmt: skip
        shown = pixels
    return Image(np.ascontiguousarray(shown), names)


def _names(plane: Array) -> tuple[str, ...]:
    number = plane.shape[2] if plane.ndim == 3 else 1
    usual = {1: ("gray",), 3: ("red", "green", "blue"), 4: ("red", "green", "blue", "alpha")}
    return usual.get(number) or tuple(str(index) for index in range(number))


def _opened(uri: str) -> Any:
    if "://" in uri:
        from maskwright.registry import require

        return require("fsspec", f"reading {uri}").open(uri, "rb").open()
    return open(uri, "rb")


def _guarded(path: str, work: Any) -> Any:
    """What `work` makes of the image as Pillow opens it."""
    import PIL.Image
    from PIL import UnidentifiedImageError

    try:
        with _opened(path) as file, PIL.Image.open(file) as opened:
            return work(opened)
    except FileNotFoundError:
        raise FormatError("the image is not there", file=path) from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError) as error:
        raise FormatError(f"not a readable image ({error})", file=path) from None


#: Pillow's modes: channels, numbers, and the mode that is read instead.
_RGB, _RGBA = ("red", "green", "blue"), ("red", "green", "blue", "alpha")
_MODES: dict[str, tuple[tuple[str, ...], str, str]] = {
    "1": (("gray",), "uint8", "L"), "L": (("gray",), "uint8", ""), "LA": (("gray", "alpha"), "uint8", ""),
    "La": (("gray", "alpha"), "uint8", "LA"), "RGB": (_RGB, "uint8", ""), "RGBA": (_RGBA, "uint8", ""),
    "RGBa": (_RGBA, "uint8", "RGBA"), "RGBX": (_RGB, "uint8", "RGB"), "P": (_RGB, "uint8", "RGB"),
    "PA": (_RGBA, "uint8", "RGBA"), "CMYK": (_RGB, "uint8", "RGB"), "YCbCr": (_RGB, "uint8", "RGB"),
    "HSV": (_RGB, "uint8", "RGB"), "LAB": (_RGB, "uint8", "RGB"),
    "I;16": (("gray",), "uint16", ""), "I;16B": (("gray",), "uint16", ""), "I": (("gray",), "int32", ""),
    "F": (("gray",), "float32", ""),
}  # fmt: skip


def _mode(opened: Any) -> tuple[tuple[str, ...], str, str]:
    channels, dtype, other = _MODES.get(opened.mode, (_RGB, "uint8", "RGB"))
    if "transparency" in opened.info and opened.mode in ("1", "L", "RGB", "P"):
        return (("gray", "alpha"), dtype, "LA") if channels == ("gray",) else (_RGBA, dtype, "RGBA")
    return channels, dtype, other


def _described(opened: Any) -> Description:
    channels, dtype, other = _mode(opened)
    turned = orientation.of(opened)
    notes = (f"{opened.mode} becomes {', '.join(channels)}",) if other and opened.mode != "1" else ()
    size = orientation.shown_size((opened.height, opened.width), turned)
    return Description(size, channels, dtype, turned, getattr(opened, "n_frames", 1), notes)


def _decoded(opened: Any) -> tuple[Array, tuple[str, ...], int]:
    channels, dtype, other = _mode(opened)
    turned = orientation.of(opened)
    pixels = np.array(opened.convert(other) if other else opened).astype(dtype, copy=False)
    return pixels if pixels.ndim == 3 else pixels[..., None], channels, turned
