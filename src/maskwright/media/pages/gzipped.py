"""An image packed by gzip, such as the PPM files of STARE: unpacked while it is read."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from maskwright.core.arrays import Array, Size
from maskwright.media import plain_images
from maskwright.media.descriptions import Description

SUFFIXES = (".ppm.gz", ".pgm.gz", ".pbm.gz", ".pnm.gz")


def shape(path: str) -> tuple[int, Size]:
    """(1, (height, width))."""
    return 1, describe(path, 0).stored_size


def describe(path: str, page: int) -> Description:
    """What the image is; no more than its header is unpacked."""
    with _opened(path) as (image, file):
        return plain_images.describe(image, file)


def read(path: str, page: int) -> Array:
    """(H, W), or (H, W, C) where there are channels."""
    with _opened(path) as (image, file):
        found, _, _ = plain_images.decode(image, file)
    return found[..., 0] if found.shape[-1] == 1 else found


@contextmanager
def _opened(path: str) -> Iterator[tuple[Any, Any]]:
    """The image as Pillow opens it, and its unpacked content."""
    from PIL import Image

    content: Any
    with gzip.open(path) as content, Image.open(content) as image:
        yield image, content
