"""Images inside files of many, one kind of file a module: pages of a TIFF, slices of a volume, frames of a video.

Their URI is the file's with "#page=N" behind it, N from 0; the file's own URI means its first page.  A module states
SUFFIXES, in lower case, and has

    shape(path) -> (number of pages, (height, width))
    read(path, page) -> (H, W), or (H, W, C) where there are channels; numbers as the file has them

and where it can

    describe(path, page) -> Description, of the header alone; for a page beyond the last, of any
    read(path, page, region=None), which reads no more than the region (left, top, right, bottom) needs
    begins(head) -> whether a file with these first 132 bytes is of the kind, whatever its name
    PAGE, what its images are called in messages, such as "frame"

`shape` and `read` speak of the raster as it is stored; where `describe` states an orientation, it is turned here.
"""

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import numpy as np

from maskwright import registry
from maskwright.core.arrays import Array, Size
from maskwright.core.names import shown
from maskwright.errors import FormatError, MaskwrightError
from maskwright.media import orientation, remote
from maskwright.media.descriptions import Description, channel_names
from maskwright.media.orientation import Region

Found = TypeVar("Found")

#: How much of a file's beginning `begins` gets.
HEAD = 132
_PAGE = re.compile(r"(.+)#page=(\d+)")


def page_of(uri: str) -> tuple[str, int | None]:
    """The file, and the page or None."""
    found = _PAGE.fullmatch(uri)
    return (found[1], int(found[2])) if found else (uri, None)


def shape(path: str | Path) -> tuple[int, Size]:
    """(number of pages, (height, width) as shown). Raises FormatError for a file that is missing or broken."""

    def work(local: str) -> tuple[int, Size]:
        kind = _kind(local)
        number, size = kind.shape(local)
        return number, kind.describe(local, 0).size if hasattr(kind, "describe") else size

    return _guarded(str(path), work)


def describe(path: str | Path, page: int = 0) -> Description:
    """What a page is; nothing is decoded where its kind has a header that says it.

    Raises FormatError for a missing or broken file, and for a page it does not have.
    """
    return _guarded(str(path), lambda local: _described(_kind(local), local, page))


def read(path: str | Path, page: int, region: Region | None = None) -> Array:
    """One page as shown, or a region of it: (H, W), or (H, W, C) where there are channels; the file's own numbers.

    Raises FormatError for a missing or broken file, and for a page it does not have.
    """

    def work(local: str) -> Array:
        kind = _kind(local)
        if not hasattr(kind, "describe"):
            _has(kind, local, page)
            return _part(kind, local, page, region)
        about = _described(kind, local, page)
        stored = region and orientation.stored_region(region, about.stored_size, about.orientation)
        return np.ascontiguousarray(orientation.apply(_part(kind, local, page, stored), about.orientation))

    return _guarded(str(path), work)


def stored(path: str | Path, page: int, region: Region | None = None) -> Array:
    """As `read` of a page that is there, but (H, W) or (H, W, C) as the file has the raster; region: of that."""
    return _guarded(str(path), lambda local: _part(_kind(local), local, page, region))


def holds(path: str, head: bytes) -> bool:
    """Whether a file that begins with these bytes is read as pages; by its name where they do not tell its kind."""
    return _by_content(head) is not None or _by_name(path, told_by_content=False) is not None


def _by_content(head: bytes) -> ModuleType | None:
    kinds = (registry.load("media.pages", name) for name in registry.names("media.pages"))
    return next((kind for kind in kinds if hasattr(kind, "begins") and kind.begins(head)), None)


def _by_name(path: str, *, told_by_content: bool) -> ModuleType | None:
    kinds = (registry.load("media.pages", name) for name in registry.names("media.pages"))
    for kind in kinds:
        if path.lower().endswith(kind.SUFFIXES) and (told_by_content or not hasattr(kind, "begins")):
            return kind
    return None


def _kind(path: str) -> ModuleType:
    with open(path, "rb") as file:
        kind = _by_content(file.read(HEAD)) or _by_name(path, told_by_content=True)
    if kind is None:
        raise FormatError("is not a file of several images", file=path, needed="TIFF, .npy, NIfTI, DICOM or a video")
    return kind


def _has(kind: ModuleType, path: str, page: int) -> None:
    if page:
        _within(kind, path, page, kind.shape(path)[0])


def _within(kind: ModuleType, path: str, page: int, number: int) -> None:
    if page >= number:
        raise FormatError(f"has no {getattr(kind, 'PAGE', 'page')} {page}", file=path, needed=f"0 to {number - 1}")


def _described(kind: ModuleType, path: str, page: int) -> Description:
    if hasattr(kind, "describe"):
        found: Description = kind.describe(path, page)
        _within(kind, path, page, found.pages)
        return found
    _has(kind, path, page)
    number, size = kind.shape(path)
    plane: Array = kind.read(path, page)
    return Description(size, channel_names(plane.shape[2] if plane.ndim == 3 else 1), plane.dtype.name, pages=number)


def _part(kind: ModuleType, path: str, page: int, region: Region | None) -> Array:
    if region is not None and registry.takes(kind.read, "region"):
        part: Array = kind.read(path, page, region=region)
        return part
    whole: Array = kind.read(path, page)
    return whole if region is None else np.ascontiguousarray(whole[region[1] : region[3], region[0] : region[2]])


def _guarded(path: str, work: Callable[[str], Found]) -> Found:
    local = str(remote.local(path))
    if not Path(local).is_file():
        raise FormatError("the file is not there", file=path)
    try:
        return work(local)
    except MaskwrightError as error:
        if local != path and error.file in (None, local):
            error.file = path
        raise error.at(file=path) from None
    except ImportError:
        raise
    except MemoryError:
        raise FormatError("cannot be read (it asks for more memory than there is)", file=path) from None
    except Exception as error:  # noqa: BLE001 - the libraries raise whatever a broken file makes them raise
        raise FormatError(f"cannot be read ({shown(error, 200)})", file=path) from None
