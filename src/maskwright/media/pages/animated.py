"""Frames of an animated image: GIF, WebP, APNG, AVIF."""

import numpy as np

from maskwright.core.arrays import Array, Size
from maskwright.media import plain_images
from maskwright.media.descriptions import GRAY, RGB, RGBA, Description

SUFFIXES = (".gif", ".webp", ".apng", ".avif")
#: Pillow's modes of frames with these channels.
_MODES = {GRAY: "L", ("gray", "alpha"): "LA", RGB: "RGB", RGBA: "RGBA"}


def begins(head: bytes) -> bool:
    """Never: a file without #page is read as a plain image, its first frame."""
    return False


def shape(path: str) -> tuple[int, Size]:
    """(number of frames, (height, width))."""
    about = describe(path, 0)
    return about.pages, about.stored_size


def describe(path: str, page: int) -> Description:
    """What the frames are: what the first one is."""
    from PIL import Image

    with open(path, "rb") as file, Image.open(file) as opened:
        return plain_images.describe(opened, file)


def read(path: str, page: int) -> Array:
    """(H, W), or (H, W, C) where there are channels, those of the first frame."""
    from PIL import Image

    with open(path, "rb") as file, Image.open(file) as opened:
        if page:
            channels = plain_images.describe(opened, file).channels
            opened.seek(page)
            return np.array(opened.convert(_MODES[channels]))
        found, _, _ = plain_images.decode(opened, file)
    return found[..., 0] if found.shape[-1] == 1 else found
