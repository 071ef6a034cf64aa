"""Archives of labelled sets: unpacked once, beside themselves, so that images stay where samples say they are."""

import hashlib
import json
from pathlib import Path
from typing import Any

from maskwright.core.archive import is_archive, names, without_ending
from maskwright.core.staging import staged
from maskwright.core.unpacking import Limits, in_bytes, unpack
from maskwright.errors import FormatError, UsageError
from maskwright.formats._listing import Listing

#: Behind the name of an archive: the folder it is unpacked into.
BEHIND = ".unpacked"
_MARKER = ".maskwright-unpacked.json"

MOST_FILES = 5_000_000
#: So many times its own size an archive may hold, where that is more than so many bytes.
MOST_RATIO, RATIO_FROM = 200, 2**30


def opened(place: Path) -> tuple[Path, list[str]]:
    """An archive's folder, and what is to be said of it; any other place as it is."""
    if not (place.is_file() and is_archive(place.name)):
        return place, []
    return _unpacked([place], place.with_name(place.name + BEHIND))


def inside(place: Path, listing: Listing) -> list[Path]:
    """The archives that a folder holds at its top."""
    if not place.is_dir():
        return []
    return [place / name for name in listing.inside(place)[1] if is_archive(name)]


def opened_all(place: Path, archives: list[Path]) -> tuple[Path, list[str]]:
    """The folder of what all these archives hold together, as their own folders where each has one.

    The other files of `place` are linked beside it.
    """
    target = place / f"{place.resolve().name or 'archives'}{BEHIND}"
    return _unpacked(archives, target, [file for file in place.iterdir() if file not in archives and file != target])


def _unpacked(archives: list[Path], target: Path, beside: list[Path] | None = None) -> tuple[Path, list[str]]:
    known = _known(target)
    own = {archive.name: _print_of(archive) for archive in archives}
    called = ", ".join(archive.name for archive in archives[:4]) + (" …" if len(archives) > 4 else "")
    if known is not None and set(known) == set(own) and all(_same(known[a.name], own[a.name], a) for a in archives):
        return target, [f"{called} was unpacked before, into {target}"]
    if target.exists() and known is None:
        raise FormatError(
            "is where the archive would be unpacked, and is something else", file=target,
            todo="Move it away, or unpack the archive yourself and give its folder.",
        )  # fmt: skip
    try:
        with staged(target, overwrite=known is not None) as stage:  # of archives that have changed since
            number = total = 0
            seen: set[str] = set()
            limits = Limits(files=MOST_FILES, ratio=MOST_RATIO, ratio_from=RATIO_FROM)
            for archive in archives:
                home = stage
                if len(archives) > 1:
                    paths = names(archive)
                    if _in_one_folder(paths) and seen.isdisjoint(paths):
                        seen |= paths
                    else:
                        home = stage / without_ending(archive.name)
                came = unpack(archive, home, limits=limits)
                number, total = number + came.files, total + came.size
            for place in beside or ():
                if not place.name.startswith(".") and not (stage / place.name).exists():
                    (stage / place.name).symlink_to(place.absolute())
            marks = {archive.name: {**own[archive.name], "sha256": _checksum(archive)} for archive in archives}
            (stage / _MARKER).write_text(json.dumps(marks))
    except (UsageError, FormatError) as error:
        raise error if isinstance(error, FormatError) else _as_format(error) from None
    return target, [f"{called} was unpacked into {target} ({number} files, {in_bytes(total)})"]


def _as_format(error: UsageError) -> FormatError:
    return FormatError(error.found, file=error.file, needed=error.needed, todo=error.todo)


def _known(target: Path) -> dict[str, Any] | None:
    """What was unpacked there; None where nothing was."""
    try:
        content = json.loads((target / _MARKER).read_text())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _print_of(archive: Path) -> dict[str, Any]:
    told = archive.stat()
    return {"size": told.st_size, "mtime_ns": told.st_mtime_ns}


def _same(known: Any, own: dict[str, Any], archive: Path) -> bool:
    """Whether an archive is what was unpacked: of the same time and size, or, where only the time differs, content."""
    if not isinstance(known, dict) or known.get("size") != own["size"]:
        return False
    return known.get("mtime_ns") == own["mtime_ns"] or known.get("sha256") == _checksum(archive)


def _checksum(file: Path) -> str:
    with file.open("rb") as opened_file:
        return hashlib.file_digest(opened_file, "sha256").hexdigest()


def _in_one_folder(paths: set[str]) -> bool:
    return len({path.partition("/")[0] for path in paths}) == 1 and all("/" in path for path in paths)
