"""Images inside files of many, one kind of file a module: pages of a TIFF, slices of a volume, frames of a video.

Their URI is the file's with "#page=N" behind it, N from 0.  A module states SUFFIXES, in lower case, and has

    shape(path) -> (number of pages, (height, width))
    read(path, page) -> (H, W), or (H, W, 3) where there are colours; numbers as the file has them
"""

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from maskwright import registry
from maskwright.core.arrays import Array, Size
from maskwright.core.names import shown
from maskwright.errors import FormatError, MaskwrightError

Found = TypeVar("Found")

_PAGE = re.compile(r"(.+)#page=(\d+)")


def page_of(uri: str) -> tuple[str, int | None]:
    """The file, and the page or None."""
    found = _PAGE.fullmatch(uri)
    return (found[1], int(found[2])) if found else (uri, None)


def shape(path: str | Path) -> tuple[int, Size]:
    """(number of pages, (height, width)). Raises FormatError for a file that is missing or broken."""
    return _guarded(str(path), _shape)


def read(path: str | Path, page: int) -> Array:
    """One page: (H, W), or (H, W, 3) where there are colours; numbers as the file has them.

    Raises FormatError for a missing or broken file, and for a page it does not have.
    """
    return _guarded(str(path), lambda text: _read(text, page))


def _shape(path: str) -> tuple[int, Size]:
    found: tuple[int, Size] = _kind(path).shape(path)
    return found


def _read(path: str, page: int) -> Array:
    kind = _kind(path)
    if not getattr(kind, "ESTIMATED", False):
        number, _ = kind.shape(path)
        if page >= number:
            raise FormatError(f"has {number} pages, not page {page}", file=path)
    found: Array = kind.read(path, page)
    return found


def _kind(path: str) -> ModuleType:
    for name in registry.names("media.pages"):
        kind = registry.load("media.pages", name)
        if path.lower().endswith(kind.SUFFIXES):
            return kind
    raise FormatError("is not a file of several images", file=path, needed="TIFF, .npy, NIfTI, DICOM or a video")


def _guarded(path: str, work: Callable[[str], Found]) -> Found:
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
