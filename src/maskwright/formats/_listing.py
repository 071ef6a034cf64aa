"""What lies in folders: each is listed once while somebody looks for what a set is, and links are followed once."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple

from maskwright.core.archive import LITTER

#: Folders that Maskwright made beside files: what archives held, and datasets of videos.
OWN = (".unpacked", ".maskwright")


def is_passed_over(name: str) -> bool:
    """Whether a file or folder is hidden, or is what a system keeps there for itself, such as __MACOSX."""
    return name.startswith(".") or name.lower() in LITTER


class Inner(NamedTuple):
    """Names in a folder, sorted. links: to folders; those to files are among the files."""

    folders: tuple[str, ...]
    files: tuple[str, ...]
    links: tuple[str, ...]


class Listing:
    """Folders as they were when they were first asked for.

    What is hidden, what systems lay beside files, and what Maskwright itself made beside them are left out.

    A folder that cannot be listed is empty.  A link to a folder is followed where it leads out of the folder that is
    walked, once for each place it leads to.
    """

    def __init__(self) -> None:
        self._listed: dict[str, Inner] = {}
        self._stems: dict[str, dict[str, list[str]]] = {}
        self._walks: dict[str, list[Path]] = {}
        self._linked: set[str] = set()
        self._kinds: dict[str, dict[str, list[Path]]] = {}

    def inside(self, folder: str | Path) -> tuple[list[str], list[str]]:
        """Names of the folders and of the files in a folder, sorted."""
        folders, files, links = self.scan(str(folder))
        return sorted([*folders, *links]), list(files)

    def scan(self, folder: str) -> Inner:
        """What a folder holds, by name."""
        folder = folder.removeprefix("./")
        if folder not in self._listed:
            folders: list[str] = []
            files: list[str] = []
            links: list[str] = []
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if is_passed_over(entry.name) or (entry.name.endswith(OWN) and entry.is_dir()):
                            continue
                        if not entry.is_symlink():
                            (folders if entry.is_dir() else files).append(entry.name)
                        elif entry.is_dir():
                            links.append(entry.name)
                        elif entry.is_file():
                            files.append(entry.name)
            except OSError:
                pass
            self._listed[folder] = Inner(tuple(sorted(folders)), tuple(sorted(files)), tuple(sorted(links)))
        return self._listed[folder]

    def folders(self, top: str | Path) -> Iterator[tuple[str, list[str], list[str]]]:
        """Each folder from `top` down, with the names of its folders and files; those near the top come first."""
        root = os.path.realpath(top)
        been, waiting = {root}, [str(top)]
        while waiting:
            further = []
            for folder in waiting:
                inner = self._inner(folder, root, been)
                yield folder, inner, list(self.scan(folder).files)
                further += [f"{folder}/{name}" for name in inner]
            waiting = further

    def _inner(self, folder: str, root: str, been: set[str]) -> list[str]:
        """Names of the folders in a folder that are walked into. been: where links led, which is added to."""
        inner, _, links = self.scan(folder)
        for name in links:
            target = os.path.realpath(f"{folder}/{name}")
            self._linked.add(f"{folder}/{name}")
            if target not in been and not f"{target}/".startswith(f"{root}/"):
                been.add(target)
                inner = (*inner, name)
        return sorted(inner)

    def files(self, top: str | Path) -> list[Path]:
        """All files below a folder, sorted."""
        place = str(top)
        above = next((walk for walk in self._walks if place.startswith(f"{walk}/")), None)
        inside = above is not None and "/../" not in f"{place}/" and place not in self._linked
        if place not in self._walks and above is not None and inside:
            self._walks[place] = [file for file in self._walks[above] if str(file).startswith(f"{place}/")]
        elif place not in self._walks:
            root = os.path.realpath(place)
            self._walks[place] = list(self._below(Path(top), place, root, {root}))
        return self._walks[place]

    def _below(self, home: Path, folder: str, root: str, been: set[str]) -> Iterator[Path]:
        inner = set(self._inner(folder, root, been))
        for name in sorted([*inner, *self.scan(folder).files]):
            if name in inner:
                yield from self._below(home / name, f"{folder}/{name}", root, been)
            else:
                yield home / name

    def of_kind(self, top: str | Path, suffix: str) -> list[Path]:
        """All files below a folder whose names end with this suffix, in capitals or not, sorted; "" for none."""
        return self.kinds(top).get(suffix, [])

    def kinds(self, top: str | Path) -> dict[str, list[Path]]:
        """All files below a folder by the ends of their names in small letters, such as ".jpg"."""
        place = str(top)
        if place not in self._kinds:
            kinds: dict[str, list[Path]] = {}
            for file in self.files(top):
                kinds.setdefault(file.suffix.lower(), []).append(file)
            self._kinds[place] = kinds
        return self._kinds[place]

    def of_stem(self, folder: str | Path, stem: str) -> list[str]:
        """Names of the files in a folder that are called `stem` and a suffix."""
        place = str(folder)
        if place not in self._stems:
            stems: dict[str, list[str]] = {}
            for name in self.scan(place).files:
                for end in {name.find("."), name.rfind(".")} - {-1, 0}:
                    stems.setdefault(name[:end], []).append(name)
            self._stems[place] = stems
        return self._stems[place].get(stem, [])


_CURRENT: ContextVar[Listing | None] = ContextVar("listing", default=None)


def kept() -> Listing | None:
    """The listing that is kept meanwhile, if one is."""
    return _CURRENT.get()


def current() -> Listing:
    """The listing that is kept meanwhile, or a new one."""
    return _CURRENT.get() or Listing()


@contextmanager
def listing() -> Iterator[Listing]:
    """What is listed meanwhile is listed once; files that come and go are not seen."""
    found = _CURRENT.get() or Listing()
    token = _CURRENT.set(found)
    try:
        yield found
    finally:
        _CURRENT.reset(token)
