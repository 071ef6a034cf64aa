"""Frames of a video, as OpenCV decodes them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from maskwright.core.arrays import Array, Size
from maskwright.errors import FormatError
from maskwright.registry import require

SUFFIXES = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v")
#: How many frames there are is an estimate of the container's.
ESTIMATED = True


def shape(path: str) -> tuple[int, Size]:
    """(number of frames, (height, width))."""
    with _opened(path) as (movie, cv2):
        count = int(movie.get(cv2.CAP_PROP_FRAME_COUNT))
        return count, (int(movie.get(cv2.CAP_PROP_FRAME_HEIGHT)), int(movie.get(cv2.CAP_PROP_FRAME_WIDTH)))


def read(path: str, page: int) -> Array:
    """(H, W, 3) uint8 RGB."""
    with _opened(path) as (movie, cv2):
        movie.set(cv2.CAP_PROP_POS_FRAMES, page)
        good, frame = movie.read()
        if not good:
            raise FormatError(f"has no frame {page}", file=path)
        return np.ascontiguousarray(frame[..., ::-1])


@contextmanager
def _opened(path: str) -> Iterator[tuple[Any, Any]]:
    """The video, which is closed again, and the library that reads it."""
    cv2 = require("cv2", f"reading {path}")
    movie = cv2.VideoCapture(path)
    try:
        if not movie.isOpened():
            raise FormatError("not a readable video", file=path)
        yield movie, cv2
    finally:
        movie.release()
