"""What lies in folders: each is listed once while somebody looks for what a set is, and links are followed once."""

import os
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple, TypeVar, cast

from maskwright.core.archive import LITTER

Made = TypeVar("Made")

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


class Run(NamedTuple):
    """Names of files in a folder that no other folder's come between, sorted."""

    folder: Path
    names: tuple[str, ...]


def suffix_of(name: str) -> str:
    """The end of a file's name in small letters, such as ".jpg"; "" where it has none, as of `Path.suffix`."""
    at = name.rfind(".")
    return name[at:].lower() if 0 < at < len(name) - 1 else ""


class Listing:
    """Folders as they were when they were first asked for.

    What is hidden, what systems lay beside files, and what Maskwright itself made beside them are left out.

    A folder that cannot be listed is empty.  A link to a folder is followed where it leads out of the folder that is
    walked, once for each place it leads to.
    """

    def __init__(self) -> None:
        self._listed: dict[str, Inner] = {}
        self._stems: dict[str, dict[str, list[str]]] = {}
        self._walks: dict[str, list[Run]] = {}
        self._linked: set[str] = set()
        self._kinds: dict[str, Counter[str]] = {}
        self._made: dict[tuple[str, str], object] = {}

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
        return [home / name for home, names in self._runs(top) for name in names]

    def where(self, top: str | Path, fits: Callable[[str], bool]) -> list[Path]:
        """All files below a folder whose names fit, sorted; a path is made of those alone."""
        return [home / name for home, names in self._runs(top) for name in names if fits(name)]

    def of_kind(self, top: str | Path, suffix: str) -> list[Path]:
        """All files below a folder whose names end with this suffix, in capitals or not, sorted; "" for none."""
        if suffix not in self.kinds(top):
            return []
        return self.where(top, lambda name: suffix_of(name) == suffix)

    def kinds(self, top: str | Path) -> Counter[str]:
        """How many files below a folder have names with these ends, in small letters, such as ".jpg"."""
        place = str(top)
        if place not in self._kinds:
            self._kinds[place] = Counter(suffix_of(name) for _, names in self._runs(top) for name in names)
        return self._kinds[place]

    def _runs(self, top: str | Path) -> list[Run]:
        """The names of all files below a folder, those of a folder that follow one another together."""
        place = str(top)
        if place not in self._walks:
            above = next((walk for walk in self._walks if place.startswith(f"{walk}/")), None)
            inside = above is not None and "/../" not in f"{place}/" and place not in self._linked
            if above is not None and inside:
                runs = self._walks[above]
                self._walks[place] = [run for run in runs if f"{run.folder}/".startswith(f"{place}/")]
            else:
                root = os.path.realpath(place)
                self._walks[place] = list(self._below(Path(top), place, root, {root}))
        return self._walks[place]

    def _below(self, home: Path, folder: str, root: str, been: set[str]) -> Iterator[Run]:
        inner, files = self._inner(folder, root, been), self.scan(folder).files
        begin = 0
        for name in inner:
            end = bisect_left(files, name, begin)
            if end > begin:
                yield Run(home, files[begin:end])
            begin = end
            yield from self._below(home / name, f"{folder}/{name}", root, been)
        if begin < len(files):
            yield Run(home, files[begin:])

    def once(self, what: tuple[str, str], make: Callable[[], Made]) -> Made:
        """What `make` makes of folders, made once. what: its name, and the folder that it is made of."""
        if what not in self._made:
            self._made[what] = make()
        return cast("Made", self._made[what])

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
