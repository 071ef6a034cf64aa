"""Images: their size without decoding, and their pixels."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import U8, Array, Size
from maskwright.core.sample import ImageRef
from maskwright.errors import FormatError
from maskwright.media import pages

#: Of files that are taken for images.
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")


@dataclass(frozen=True, eq=False)
class Image:
    """An image's pixels.

    pixels: (H, W, 3) uint8 RGB.  They belong to whoever read the image, and may be drawn on.
    """

    pixels: U8

    @property
    def size(self) -> Size:
        """(height, width) in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]

    def rgb(self) -> U8:
        """(H, W, 3) uint8 as it is displayed and as networks take it."""
        return self.pixels


def _opened(uri: str) -> Any:
    if "://" in uri:
        from maskwright.registry import require

        return require("fsspec", f"reading {uri}").open(uri, "rb").open()
    return open(uri, "rb")


def image_size(path: str | Path) -> Size:
    """(height, width) from the file's header; no pixel is decoded. EXIF rotation is not applied."""
    import PIL.Image
    from PIL import UnidentifiedImageError

    file_path, page = pages.page_of(str(path))
    if page is not None:
        return pages.shape(file_path)[1]
    try:
        with _opened(str(path)) as file, PIL.Image.open(file) as image:
            return image.height, image.width
    except FileNotFoundError:
        raise FormatError("the image is not there", file=path) from None
    except (UnidentifiedImageError, OSError, ValueError, PIL.Image.DecompressionBombError) as error:
        raise FormatError(f"not a readable image ({error})", file=path) from None


def read(image: ImageRef | str | Path, *, expected: Size | None = None) -> Image:
    """The pixels of an image, by a sample's reference, a path or any URI that fsspec opens.

    Palette, gray, alpha and deep images are converted to RGB, pages of larger files too.  expected: the size that it
    must have; a reference brings its own.
    Raises FormatError for a missing, broken or truncated file, and for one of another size.

        image = media.read(sample.image)
        image.rgb()  # (H, W, 3) uint8
    """
    import PIL.Image
    from PIL import UnidentifiedImageError

    path = image.uri if isinstance(image, ImageRef) else image
    expected = image.size if isinstance(image, ImageRef) and expected is None else expected
    file_path, page = pages.page_of(str(path))
    try:
        if page is not None:
            pixels = _in_eight_bits(pages.read(file_path, page))
        else:
            with _opened(str(path)) as file, PIL.Image.open(file) as opened:
                if opened.mode in ("I;16", "I", "I;16B", "F"):
                    pixels = _in_eight_bits(np.asarray(opened))
                else:  # converting what is RGB already would copy it once more
                    pixels = np.array(opened if opened.mode == "RGB" else opened.convert("RGB"))
    except FileNotFoundError:
        raise FormatError("the image is not there", file=path) from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError) as error:
        raise FormatError(f"not a readable image ({error})", file=path) from None
    if expected is not None and pixels.shape[:2] != tuple(expected):
        raise FormatError(
            f"the image is {pixels.shape[0]} x {pixels.shape[1]}",
            file=path,
            needed=f"its labels are for {expected[0]} x {expected[1]} (height x width)",
            todo="Was the image replaced or resized after labelling?",
        )
    return Image(pixels)


def _in_eight_bits(values: Array) -> U8:
    """(H, W) or (H, W, C) of any numbers -> (H, W, 3) uint8.

    Deep images are stretched from zero, or from their least value where that is negative, to their own maximum;
    eight bits are all a network takes.
    """
    if values.dtype != np.uint8:
        wide = np.nan_to_num(values.astype(np.float64))
        low = min(float(wide.min(initial=0)), 0.0)
        values = ((wide - low) * (255 / max(float(wide.max(initial=0)) - low, 1))).clip(0, 255).astype(np.uint8)
    if values.ndim == 3 and values.shape[2] >= 3:
        return np.ascontiguousarray(values[..., :3])
    gray = values if values.ndim == 2 else values[..., 0]
    return np.repeat(gray[..., None], 3, axis=2)
