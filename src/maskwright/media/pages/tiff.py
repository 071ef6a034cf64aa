"""Pages of a TIFF file."""

import numpy as np

from maskwright.core.arrays import Array, Size

SUFFIXES = (".tif", ".tiff")


def shape(path: str) -> tuple[int, Size]:
    """(number of pages, (height, width) of the first)."""
    from PIL import Image

    with Image.open(path) as image:
        return getattr(image, "n_frames", 1), (image.height, image.width)


def read(path: str, page: int) -> Array:
    """(H, W), or (H, W, 3) where there are colours."""
    from PIL import Image

    with Image.open(path) as image:
        image.seek(page)
        return np.array(image.convert("RGB") if image.mode in ("P", "RGBA", "CMYK", "YCbCr") else image)
