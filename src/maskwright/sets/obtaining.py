"""A public set into a folder: fetched, checked, unpacked; the folder appears when all of it is there."""

import gzip
import shutil
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from maskwright.core.archive import is_archive
from maskwright.core.names import confined
from maskwright.core.progress import Progress, silent
from maskwright.core.staging import check_place, staged
from maskwright.core.unpacking import SPARE, room, unpack
from maskwright.errors import FormatError, UsageError
from maskwright.sets.catalogue import load
from maskwright.sets.downloading import download
from maskwright.sets.entry import PublicSet, SetFile

#: Behind the folder's name, where files lie until all of them are there.
BESIDE = ".download"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What `get` did. folder: where the set lies.  files: how many lie there.  commands: that import it.  notes: what
    the user should know.
    """

    name: str
    folder: str
    files: int
    commands: tuple[str, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {**asdict(self), "commands": list(self.commands), "notes": list(self.notes)}


def get(
    name: str | PublicSet, folder: str | Path | None = None, *, parts: Sequence[str] = (), progress: Progress = silent
) -> Fetched:
    """Fetch a set, or some of its parts, into a new folder; of its name in the current folder when not given.

    parts: of `PublicSet.parts`; all when none is named.  progress: given what is done and how many steps it has, a
    context whose value follows an iterable of steps.  Files are fetched into FOLDER.download first.  A call that was
    interrupted goes on there, with half files too; it is removed once the folder is there.  Raises UsageError for a set
    that takes a person to get, saying what to do, and for a folder that holds something; FormatError for an address
    that gives no file, a file that is not the published one, an archive that is not sound, and a disk without room.
    """
    found = load(name) if isinstance(name, str) else name
    place = Path(folder if folder is not None else found.name)
    if not found.files:
        commands = found.import_commands(str(place))
        then = f" Then: {commands[0]}" if commands else f" {found.unread}"
        raise UsageError(
            f"{found.title} has no plain download (licence: {found.licence})", todo=f"{found.obtain}{then}"
        )
    files, _ = found.chosen(tuple(parts))
    check_place(place)
    beside = place.with_name(f"{place.name}{BESIDE}")
    notes = [f"licence: {found.licence} ({found.use}); see {found.home}"]
    _check_room(found, files, beside)
    fetched = [(file, download(file, beside, home=found.home, progress=progress)) for file in files]
    unchecked = [file.name for file in files if not file.checksum]
    if unchecked:
        notes.append(f"no checksum is published of {', '.join(unchecked)}: its length and its archive were checked")
    if found.unread:
        notes.append(found.unread)
    number = left_out = 0
    with staged(place) as stage:
        for file, path in fetched:
            laid, left = _lay(file, path, stage, progress)
            number, left_out = number + laid, left_out + left
    if left_out:
        notes.append(f"{left_out} files that macOS packs beside others (._NAME and such) were left out")
    for _, path in fetched:
        path.unlink(missing_ok=True)
    with suppress(OSError):
        beside.rmdir()
    return Fetched(found.name, str(place), number, tuple(found.import_commands(str(place), tuple(parts))), tuple(notes))


def _lay(file: SetFile, path: Path, stage: Path, progress: Progress) -> tuple[int, int]:
    """A fetched file to where it belongs in the new folder -> how many files that are, and how many were left out."""
    if is_archive(file.name):
        home = confined(stage, file.to) if file.to else stage
        home.mkdir(parents=True, exist_ok=True)
        came = unpack(path, home, progress=progress)
        number, left_out = came.files, came.left_out
        for packed in sorted(inner for inner in home.rglob("*") if inner.is_file()) if file.inner else ():
            if is_archive(packed.name):
                came = unpack(packed, packed.parent, progress=progress)
                number, left_out = number + came.files - 1, left_out + came.left_out
            elif packed.suffix == ".gz":
                _gunzip(packed, packed.with_suffix(""), path)
            else:
                continue
            packed.unlink()
        for before, after in file.moves:
            _move(confined(home, before), confined(home, after), path)
        return number, left_out
    target = confined(stage, file.to or file.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    if file.name.endswith(".gz") and not target.name.endswith(".gz"):
        _gunzip(path, target, path)
    else:
        shutil.copyfile(path, target)
    return 1, 0


def _move(before: Path, after: Path, came: Path) -> None:
    """came: the archive, for messages."""
    if not before.is_file():
        raise FormatError(
            f"the archive holds no {before.name}", file=came, needed="the layout that this catalogue describes"
        )
    after.parent.mkdir(parents=True, exist_ok=True)
    before.rename(after)


def _gunzip(packed: Path, target: Path, came: Path) -> None:
    """came: the file that was fetched, for messages."""
    try:
        with gzip.open(packed, "rb") as source, target.open("xb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
    except (gzip.BadGzipFile, zlib.error, EOFError, FileExistsError) as error:
        raise FormatError(
            f"{packed.name} cannot be unpacked ({error})", file=came, todo="Remove it to fetch it anew."
        ) from None


def _check_room(found: PublicSet, files: Sequence[SetFile], beside: Path) -> None:
    """Room for what is still to be fetched, and for as much again, unpacked. Raises FormatError where there is not."""
    came = beside.iterdir() if beside.is_dir() else ()
    there = {path.name.removesuffix(".part"): path.stat().st_size for path in came}
    sizes = {file.name: file.size or 0 for file in files}
    known = sum(sizes.values()) if all(sizes.values()) or len(files) < len(found.files) else found.size or 0
    missing = max(0, known - sum(min(size, there.get(name, 0)) for name, size in sizes.items()))
    home = next(parent for parent in beside.absolute().parents if parent.is_dir())
    needed, free = missing + known, room(home)
    if needed > free:
        raise FormatError(
            f"{found.title} needs {needed / 1e9:,.1f} GB, and {(free + SPARE) / 1e9:,.1f} GB are free on the disk of "
            f"{home}",
            needed="room for the files and, until they are unpacked, for as much again",
            todo="Make room, choose another disk, or fetch parts of it." if found.parts else "Make room, or choose "
            "another disk.",
        )  # fmt: skip
