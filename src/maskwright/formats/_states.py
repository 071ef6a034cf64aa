"""What tells files from other states of them without reading any: their names, sizes and times of change."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from maskwright.formats._listing import OWN


def state(place: str | Path, *, flat: bool = False, without: str | None = None) -> str:
    """Of a file, or of all files below a folder; flat: directly inside of it. "gone" where nothing is.

    without: the beginning of the paths of files that do not count.

    Links are followed, a folder once; hidden files and what Maskwright made beside files are left out.
    """
    root = str(place)
    if os.path.isdir(root):  # noqa: PTH112 - a name that no file can have is not there
        code = hashlib.sha256()
        for name, about in _walk(root, "", set(), flat):
            if without is None or not f"{root.rstrip('/')}/{name}".startswith(without):
                code.update(_told(name, about))
        return code.hexdigest()
    try:
        about = os.stat(root)  # noqa: PTH116
    except (OSError, ValueError):
        return "gone"
    return hashlib.sha256(_told(os.path.basename(root), about)).hexdigest()  # noqa: PTH119


def states(places: Iterable[str | Path], dataset: str | Path) -> dict[str, str]:
    """What tells the files at each place from other states of them, without reading one; by whole path.

    dataset: which may lie among them, and does not count.
    """
    from maskwright.store.connection import database_file, is_url

    without = None if is_url(dataset) else str(database_file(dataset).absolute())
    wholes = dict.fromkeys(str(Path(place).absolute()) for place in places)
    return {whole: state(whole, without=without) for whole in wholes}


def _told(name: str, about: os.stat_result | None) -> bytes:
    told = "gone" if about is None else f"{about.st_size}\0{about.st_mtime_ns}"
    return f"{name}\0{told}\n".encode("utf-8", "surrogateescape")


def _walk(
    folder: str, prefix: str, been: set[tuple[int, int]], flat: bool
) -> Iterator[tuple[str, os.stat_result | None]]:
    """Files with their paths below the root, in an order of their own; None for a link that leads nowhere."""
    inner = []
    try:
        about = os.stat(folder)  # noqa: PTH116
        if (about.st_dev, about.st_ino) in been:
            return
        been.add((about.st_dev, about.st_ino))
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError:  # it may not be read
        return
    for entry in listed:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            if not flat and not entry.name.endswith(OWN):
                inner.append(entry.name)
            continue
        found: os.stat_result | None = None
        with suppress(OSError):
            found = entry.stat()
        yield f"{prefix}{entry.name}", found
    for name in inner:
        yield from _walk(f"{folder}/{name}", f"{prefix}{name}/", been, flat)
