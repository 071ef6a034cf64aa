"""Images: what they hold, how large they are, how they are displayed, and files of many (videos, volumes, TIFF).

image = media.read(sample.image)
image.pixels     # (H, W, C), the file's own numbers
image.display()  # (H, W, 3) uint8 for people
"""

from maskwright.media.descriptions import Description
from maskwright.media.frames import Frames
from maskwright.media.images import IMAGE_SUFFIXES, Image, describe, image_size, is_image_file, read
from maskwright.media.measured_window import window_over, windows_over
from maskwright.media.windows import Window

__all__ = [
    "IMAGE_SUFFIXES", "Description", "Frames", "Image", "Window", "describe", "image_size", "is_image_file",
    "read", "window_over", "windows_over",
]  # fmt: skip
