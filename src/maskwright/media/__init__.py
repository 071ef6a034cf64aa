"""Images: what they hold, how large they are, and files of many (videos, volumes, TIFF).

image = media.read(sample.image)
image.rgb()  # (H, W, 3) uint8
"""

from maskwright.media.frames import Frames
from maskwright.media.images import IMAGE_SUFFIXES, Image, image_size, read

__all__ = ["IMAGE_SUFFIXES", "Frames", "Image", "image_size", "read"]
