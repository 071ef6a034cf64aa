"""Files that are elsewhere: fetched once into a folder of this machine, which holds no more than it may.

`local(uri)` is the one door.  A file is known by its address and by what the store says of its content (length, mark,
time of change): one that has changed is fetched again, and what it was is removed.  Where there is no room, what was
used longest ago goes first, but nothing of the last minute.  Several processes may share the folder: a file appears
in it whole or not at all.

    MASKWRIGHT_CACHE         the folder; ~/.cache/maskwright/files without it
    MASKWRIGHT_CACHE_BYTES   how many bytes it holds; 10 GB without it
"""

import hashlib
import os
import re
import shutil
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from maskwright.core.names import shown
from maskwright.errors import NO_ROOM, FormatError, MaskwrightError, MissingExtraError, UsageError
from maskwright.registry import require

MOST_BYTES = 10_000_000_000
#: Seconds for which whoever was given a file may take to open it.
GRACE = 60.0
#: Seconds after which what a killed process had begun to fetch is removed.
_ABANDONED = 86_400.0
#: What stores say of a file's content.
_MARKS = (
    "size", "ETag", "etag", "md5Hash", "md5", "checksum", "Content-MD5", "Digest", "generation", "version_id",
    "VersionId", "LastModified", "last_modified", "Last-Modified", "updated", "mtime", "modified", "created",
)  # fmt: skip
_BLOCK = 2**20


def is_remote(uri: str) -> bool:
    """Whether it is an address such as s3://bucket/a.png, and not a path."""
    return "://" in uri and not uri.startswith("file://")


def local(uri: str | Path) -> Path:
    """Where a file is on this machine: a path as it is, a file:// address as a path, anything else when it is fetched.

    Raises FormatError for an object that is not there or cannot be fetched, MissingExtraError for a package that is
    not installed, UsageError for an address that nobody speaks.
    """
    text = str(uri)
    if not is_remote(text):
        return Path(unquote(urlsplit(text).path)) if text.startswith("file://") else Path(text)
    system, path, about = _looked_at(text)
    place = _place(text, about)
    try:
        os.utime(place)
    except FileNotFoundError:
        _fetch(text, system, path, about.get("size"), place)
    return place


def opened(uri: str) -> Any:
    """A remote file for reading its beginning; no more than that is fetched where the store gives parts.

    Raises errors as `local`.
    """
    system, path, about = _looked_at(uri)
    place = _place(uri, about)
    if place.is_file():
        return place.open("rb")
    try:
        return system.open(path, "rb", block_size=_BLOCK // 16)
    except Exception as error:  # noqa: BLE001 - each store has its own errors
        raise _said(error, uri) from None


def folder() -> Path:
    """Where fetched files are."""
    given = os.environ.get("MASKWRIGHT_CACHE")
    if given:
        return Path(given)
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "maskwright" / "files"


def most_bytes() -> int:
    """How many bytes the folder may hold. Raises UsageError for a setting that is not a whole number."""
    given = os.environ.get("MASKWRIGHT_CACHE_BYTES", "").replace("_", "")
    if given and not given.isdecimal():
        raise UsageError(f"MASKWRIGHT_CACHE_BYTES is {shown(given, 40)!r}", needed="a whole number of bytes")
    return int(given) if given else MOST_BYTES


def _looked_at(uri: str) -> tuple[Any, str, dict[str, Any]]:
    """The file system, the path in it, and what it says of the file."""
    fsspec = require("fsspec", f"reading {uri}")
    try:
        system, path = fsspec.core.url_to_fs(uri)
        about = system.info(path)
    except Exception as error:  # noqa: BLE001 - each store has its own errors
        raise _said(error, uri) from None
    if about.get("type") == "directory":
        raise FormatError("is a folder", file=uri, needed="a file")
    return system, path, dict(about)


def _said(error: BaseException, uri: str) -> MaskwrightError:
    """What went wrong, in a sentence."""
    if isinstance(error, MaskwrightError):
        return error
    text = shown(error, 200)
    if isinstance(error, ImportError):
        found = re.search(r"[Ii]nstall ['\"]?([A-Za-z0-9_-]+)|No module named ['\"]([A-Za-z0-9_]+)", str(error))
        package = next((name for name in found.groups() if name), "fsspec") if found else "fsspec"
        return MissingExtraError(f"reading {uri} needs a package that is not installed ({text})", package=package)
    cause = error.__cause__
    status = getattr(cause, "status", None)
    unanswered = isinstance(cause, OSError) and not isinstance(cause, FileNotFoundError)
    if cause is not None and isinstance(error, FileNotFoundError) and (status not in (None, 404, 410) or unanswered):
        error, text = cause, shown(cause, 200)  # whatever happens on the web is said to be a missing file
    if isinstance(error, FileNotFoundError):
        return FormatError("the image is not there", file=uri)
    if isinstance(error, PermissionError) or status in (401, 403):
        return FormatError(
            f"may not be read ({text})", file=uri, todo="Sign in to the store, or ask for the right to read."
        )
    if isinstance(error, ValueError) and "rotocol" in str(error):
        return UsageError(f"{shown(uri, 200)}: nobody speaks this kind of address", needed="one that fsspec knows")
    return FormatError(f"cannot be fetched ({type(error).__name__}: {text})", file=uri)


def _place(uri: str, about: dict[str, Any]) -> Path:
    """Its name in the folder, of the address and of the content; with the suffixes, by which kinds are known."""
    mark = repr([(name, str(about[name])) for name in _MARKS if about.get(name) is not None])
    name = Path(urlsplit(uri).path or uri).name
    suffix = re.search(r"(?:\.ome)?\.[A-Za-z0-9]{1,8}(?:\.gz)?$", name)
    own = f"{_digest(uri)}-{_digest(mark)}{suffix[0] if suffix else ''}"
    return folder() / own


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _fetch(uri: str, system: Any, path: str, size: int | None, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.parent / f"part-{os.getpid()}-{uuid.uuid4().hex}"
    most = most_bytes()
    if size is not None and size > most:
        raise FormatError(
            f"has {size:,} bytes", file=uri, needed=f"at most {most:,}, what is kept of remote files",
            todo="Set MASKWRIGHT_CACHE_BYTES to more, or copy the file to this machine.",
        )  # fmt: skip
    _make_room(place.parent, most - (size or 0))
    try:
        with system.open(path, "rb") as source, part.open("wb") as target:
            shutil.copyfileobj(source, target, _BLOCK)
        length = part.stat().st_size
        if size is not None and length != size:
            raise FormatError(f"the transfer broke off after {length:,} of {size:,} bytes", file=uri, todo="Try again.")
        part.replace(place)
    except OSError as error:
        if error.errno in NO_ROOM:
            raise FormatError(f"there is no room for it in {place.parent}", file=uri) from None
        raise _said(error, uri) from None
    except Exception as error:  # noqa: BLE001 - each store has its own errors
        raise _said(error, uri) from None
    finally:
        part.unlink(missing_ok=True)
    for former in place.parent.glob(f"{_digest(uri)}-*"):
        if former != place:
            former.unlink(missing_ok=True)
    if size is None:
        _make_room(place.parent, most)


def _make_room(home: Path, most: int) -> None:
    """Remove what was used longest ago until there are at most so many bytes, and what was given up half-fetched."""
    files = []
    moment = time.time()
    with os.scandir(home) as entries:
        for entry in entries:
            try:
                about = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if entry.name.startswith("part-"):
                if moment - about.st_mtime > _ABANDONED:
                    Path(entry.path).unlink(missing_ok=True)
            elif re.fullmatch(r"[0-9a-f]{24}-[0-9a-f]{24}(\..*)?", entry.name):
                files.append((about.st_mtime, about.st_size, entry.path))
    held = sum(size for _, size, _ in files)
    for used, size, path in sorted(files):
        if held <= most or moment - used < GRACE:
            return
        Path(path).unlink(missing_ok=True)
        held -= size
