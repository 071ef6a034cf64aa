"""Pictures inside files of many: pages of a TIFF, slices of a volume, frames of a video.

Their URI is the file's with "#page=N" behind it, N from 0.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import Array, Size
from maskwright.core.names import shown
from maskwright.errors import FormatError, MaskwrightError

VIDEO = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v")
VOLUME = (".nii", ".nii.gz")

_PAGE = re.compile(r"(.+)#page=(\d+)")


def page_of(uri: str) -> tuple[str, int | None]:
    """The file, and the page or None."""
    found = _PAGE.fullmatch(uri)
    return (found[1], int(found[2])) if found else (uri, None)


def _kind(path: str) -> str:
    low = path.lower()
    if low.endswith((".tif", ".tiff")):
        return "tiff"
    if low.endswith(".npy"):
        return "npy"
    if low.endswith(VOLUME):
        return "nifti"
    if low.endswith((".dcm", ".dicom")):
        return "dicom"
    if low.endswith(VIDEO):
        return "video"
    raise FormatError("is no file of several pictures", file=path, needed="TIFF, .npy, NIfTI, DICOM or a video")


def shape(path: str | Path) -> tuple[int, Size]:
    """(number of pages, (height, width)). Raises FormatError for a file that is missing or broken."""
    return _guarded(str(path), _shape)  # type: ignore[no-any-return]


def read(path: str | Path, page: int) -> Array:
    """One page: (H, W), or (H, W, 3) where there are colours; numbers as the file has them.

    Volumes are cut along their last axis, with the first one running to the right.
    Raises FormatError for a missing or broken file, and for a page it does not have.
    """
    return _guarded(str(path), lambda text: _read(text, page))  # type: ignore[no-any-return]


def _guarded(path: str, work: Any) -> Any:
    if not Path(path).is_file():
        raise FormatError("the file is not there", file=path)
    try:
        return work(path)
    except (MaskwrightError, ImportError):
        raise
    except MemoryError:
        raise FormatError("cannot be read (it asks for more memory than there is)", file=path) from None
    except Exception as error:  # noqa: BLE001 - the libraries raise whatever a broken file makes them raise
        raise FormatError(f"cannot be read ({shown(error, 200)})", file=path) from None


def _shape(path: str) -> tuple[int, Size]:
    kind = _kind(path)
    if kind == "tiff":
        from PIL import Image

        with Image.open(path) as image:
            return getattr(image, "n_frames", 1), (image.height, image.width)
    if kind == "npy":
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        if array.ndim == 2:
            return 1, (array.shape[0], array.shape[1])
        return array.shape[0], (array.shape[1], array.shape[2])
    if kind == "nifti":
        extent = volume(path).shape
        return extent[2] if len(extent) > 2 else 1, (extent[1], extent[0])
    if kind == "dicom":
        header = _dicom(path, pixels=False)
        return int(header.get("NumberOfFrames", 1) or 1), (int(header.Rows), int(header.Columns))
    with _Capture(path) as (movie, cv2):
        count = int(movie.get(cv2.CAP_PROP_FRAME_COUNT))
        return count, (int(movie.get(cv2.CAP_PROP_FRAME_HEIGHT)), int(movie.get(cv2.CAP_PROP_FRAME_WIDTH)))


def _read(path: str, page: int) -> Array:
    kind = _kind(path)
    number, _ = _shape(path)
    if kind != "video" and page >= number:
        raise FormatError(f"has {number} pages, not page {page}", file=path)
    if kind == "tiff":
        from PIL import Image

        with Image.open(path) as image:
            image.seek(page)
            return np.array(image.convert("RGB") if image.mode in ("P", "RGBA", "CMYK", "YCbCr") else image)
    if kind == "npy":
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        return np.array(array if array.ndim == 2 else array[page])
    if kind == "nifti":
        data = volume(path).dataobj
        layer = np.asarray(data[..., page] if len(data.shape) > 2 else data[:]).T
        if layer.dtype.names:  # NIfTI's colours are a record of three bytes
            layer = np.stack([layer[name] for name in layer.dtype.names[:3]], axis=-1)
        return np.ascontiguousarray(layer)
    if kind == "dicom":
        pixels = np.asarray(_dicom(path, pixels=True).pixel_array)
        return pixels[page] if number > 1 else pixels
    with _Capture(path) as (movie, cv2):
        movie.set(cv2.CAP_PROP_POS_FRAMES, page)
        good, frame = movie.read()
        if not good:
            raise FormatError(f"has no frame {page}", file=path)
        return np.ascontiguousarray(frame[..., ::-1])


def volume(path: str) -> Any:
    """A NIfTI file, its numbers not yet read."""
    from maskwright.registry import require

    return require("nibabel", f"reading {path}").load(path)


def _dicom(path: str, *, pixels: bool) -> Any:
    from maskwright.registry import require

    return require("pydicom", f"reading {path}").dcmread(path, stop_before_pixels=not pixels)


class _Capture:
    """A video that is closed again, and the library that reads it."""

    def __init__(self, path: str) -> None:
        from maskwright.registry import require

        self._library = require("cv2", f"reading {path}")
        self._movie = self._library.VideoCapture(path)
        if not self._movie.isOpened():
            raise FormatError("not a readable video", file=path)

    def __enter__(self) -> tuple[Any, Any]:
        return self._movie, self._library

    def __exit__(self, *_: object) -> None:
        self._movie.release()
