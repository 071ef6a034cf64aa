"""The folders of a set and the names of the files in them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from maskwright.formats import _listing

#: Folders below the root are looked into so far.
_DEEP = 10


@dataclass(frozen=True)
class Folder:
    """A folder. parts: its path below the root.  files: the names of its files, sorted."""

    path: Path
    parts: tuple[str, ...]
    files: tuple[str, ...]

    @cached_property
    def name(self) -> str:
        """Its path below the root as text, "." for the root itself."""
        return "/".join(self.parts) or "."


def walk(root: Path) -> list[Folder]:
    """Every folder from the root down that holds a file, sorted by path; a folder that is linked twice is there once.

    Folders that may not be read, and what a `Listing` leaves out, are passed over.
    """
    listing = _listing.current()
    out: list[Folder] = []
    seen: set[tuple[int, int]] = set()
    waiting: list[tuple[Path, tuple[str, ...]]] = [(root, ())]
    links: list[tuple[Path, tuple[str, ...]]] = []
    while waiting or links:
        path, parts = waiting.pop() if waiting else links.pop()
        try:
            about = path.stat()
        except OSError:
            continue
        if (about.st_dev, about.st_ino) in seen:
            continue
        seen.add((about.st_dev, about.st_ino))
        inner = listing.scan(str(path))
        if inner.files:
            out.append(Folder(path, parts, inner.files))
        if len(parts) < _DEEP:
            waiting += [(path / name, (*parts, name)) for name in inner.folders]
            links += [(path / name, (*parts, name)) for name in inner.links]
    return sorted(out, key=lambda folder: folder.parts)
