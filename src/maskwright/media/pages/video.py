"""Frames of a video, in the order they are shown and turned as they are shown."""

from maskwright.core.arrays import Array, Size
from maskwright.media import video_file
from maskwright.media.descriptions import Description

SUFFIXES = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v")
PAGE = "frame"


def shape(path: str) -> tuple[int, Size]:
    """(number of frames, (height, width) as shown)."""
    clip = video_file.opened(path)
    return len(clip), clip.size


def describe(path: str, page: int) -> Description:
    """What a frame is; no more than the first one is decoded where packets tell how many there are."""
    clip = video_file.opened(path)
    return Description(clip.size, clip.channels, clip.dtype, pages=len(clip), notes=clip.notes)


def read(path: str, page: int) -> Array:
    """(H, W, 3) uint8 RGB; gray (H, W), deeper numbers and alpha where the video has them."""
    return video_file.opened(path).read(page)
