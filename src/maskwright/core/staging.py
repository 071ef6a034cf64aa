"""Writing a folder: it is there whole or not at all, and nothing that stood there before is lost on the way.

The new folder grows inside a hidden folder beside its place and takes the place by a rename.  The hidden folder
carries a token that names the process it belongs to, so that the next write beside it can clear away what a killed
process left, or take it up where it is the same work for the same place: `left` finds what was written there.
"""

import errno
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from maskwright.core.names import confined, shown
from maskwright.core.owner import Owner
from maskwright.errors import FormatError, MaskwrightError, UsageError, plain

#: The file that makes a folder a dataset; such a folder is never overwritten.
DATABASE = "maskwright.db"

#: With one slash too: a path that was made of an address has lost the other.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+:/")

_HIDDEN = ".maskwright-writing-"
_TOKEN = "owner.json"  # noqa: S105 - a file's name
_NEW, _OLD = "new", "old"
_LEFT = "left-"  # with a number behind: what killed writers of the same work had in the new folder


@contextmanager
def staged(
    folder: Path, *, overwrite: bool = False, keep: Iterable[str | Path] = (), work: str | None = None
) -> Iterator[Path]:
    """A new folder that takes the place of `folder` when the block ends well, and vanishes otherwise.

    overwrite: what the folder holds is replaced; it stays when anything fails.  keep: files and folders that are still
    needed and must not lie in it.  work: what is written, as one word: the same work for the same place finds what a
    killed process left of it, by `left`, and other files in the folder around the new one.  Raises UsageError for a
    place that may not be written to, before anything is made; FormatError when the system refuses, as with a full
    disk.
    """
    kept = list(keep)
    check_place(folder, overwrite=overwrite, keep=kept)
    place = Path(os.path.abspath(folder))  # noqa: PTH100 - links stay
    missing = [parent for parent in place.parents if not parent.exists()]
    holder: Path | None = None
    placed = False
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        token = {**Owner.me().to_json(), "target": place.name, **({} if work is None else {"work": work})}
        holder = sweep(place.parent, token)
        if holder is None:
            holder = Path(tempfile.mkdtemp(prefix=_HIDDEN, dir=place.parent))
            (holder / _TOKEN).write_text(json.dumps(token))
        (holder / _NEW).mkdir()
        yield holder / _NEW
        check_place(folder, overwrite=overwrite, keep=kept)  # others may have been here meanwhile
        _exchange(holder, place)
        placed = True
    except OSError as error:
        raise _refusal(error, folder, place, holder) from error
    except MaskwrightError as error:
        raise error.at(file=folder) from error.__cause__
    finally:
        if holder is not None:
            _clear(holder, place)
        for parent in missing if not placed else []:
            with suppress(OSError):
                parent.rmdir()


def check_place(folder: Path, *, overwrite: bool = False, keep: Iterable[str | Path] = ()) -> None:
    """Whether a folder may be written: it is new or empty, or it may be overwritten. Raises UsageError where not.
    keep: places that must stay as they are.
    """
    check_local(folder)
    try:
        if not os.path.lexists(folder):
            return
        is_folder = folder.is_dir() and not folder.is_symlink()
        place = folder.resolve()
        if is_folder and not any(folder.iterdir()):
            _check_not_here(folder, place)
            return
        if not overwrite:
            raise UsageError(
                "the place to write to is not empty", file=folder,
                todo="Choose a new folder, or replace what it holds with --overwrite.",
            )  # fmt: skip
        if not is_folder:
            raise UsageError("is a link or a file, which are not overwritten", file=folder, needed="a folder")
        _check_not_here(folder, place)
        inner = next((home for home in place.parents if (home / DATABASE).exists()), None)
        if inner is not None:
            raise UsageError(f"lies in the dataset {inner} and is not overwritten", file=folder, needed="another place")
        for home, _, files in os.walk(place, onerror=_raise):
            if DATABASE in files:
                raise UsageError("holds a dataset and is not overwritten", file=folder, record=home)
        for path in keep:
            if Path(path).resolve().is_relative_to(place):
                raise UsageError(
                    "is not overwritten: what it holds is still needed", file=folder, record=str(path),
                    todo="Choose another folder.",
                )  # fmt: skip
    except OSError as error:
        raise _refusal(error, folder, folder, None) from error


def check_file(file: str | Path, *, overwrite: bool = False, begins: bytes = b"") -> None:
    """Whether a file may be written: it is new, its folder is there, or it may be overwritten.

    begins: how a file begins that may be replaced.  Raises UsageError where not; a dataset never is.
    """
    check_local(file)
    place = Path(file)
    try:
        if place.is_dir():
            raise UsageError("is a folder", file=place, needed="a file")
        if not os.path.lexists(place):
            if not place.parent.is_dir():
                raise UsageError("its folder is not there", file=place, todo="Make the folder first.")
            return
        if not overwrite:
            way = "Choose another file, or replace it with --overwrite." if begins else "Choose another file."
            raise UsageError("there is something already", file=place, todo=way)
        if place.is_symlink() or place.name == DATABASE or place.suffix == ".db":
            raise UsageError("is a link or a database, which are not overwritten", file=place)
        with open(place, "rb") as raw:
            if raw.read(len(begins)) != begins:
                raise UsageError("holds something else and is not overwritten", file=place, todo="Choose another file.")
    except OSError as error:
        raise _refusal(error, place, place, None) from error


def check_local(place: str | Path) -> None:
    """Raises UsageError for an address: what is written goes into folders of this machine."""
    if _ADDRESS.match(str(place)):
        raise UsageError("is an address, and only folders can be written to", file=plain(place), needed="a local path")


def _check_not_here(folder: Path, place: Path) -> None:
    # Where nothing says which folder is home, "~" stays as it is and Path's own way would raise.
    for home, what in ((Path.cwd(), "the current folder"), (Path(os.path.expanduser("~")), "your home folder")):  # noqa: PTH111
        if home.resolve().is_relative_to(place):
            raise UsageError(f"is {what} or holds it, and is not replaced", file=folder, needed="another folder")


def _raise(error: OSError) -> None:
    raise error


def sweep(folder: Path, token: dict[str, Any] | None = None) -> Path | None:
    """Clear away what killed writers left in `folder`; only what carries a token of a process that has ended.

    token: of a new write.  Where one of them was at the same work for the same place, its hidden folder is answered in
    place of being cleared, and is the new write's own.
    """
    found = None
    for holder in folder.glob(f"{_HIDDEN}*"):
        try:
            if holder.is_symlink():
                continue
            with _claimed(holder / _TOKEN) as (raw, content):
                target = confined(folder, str(content["target"]))
                if found is None and _taken_up(holder, target, raw, content, token):
                    found = holder
                else:
                    _clear(holder, target)
        except (OSError, ValueError, KeyError, TypeError, RecursionError, UsageError):
            continue  # not ours to judge
    return found


@contextmanager
def _claimed(file: Path) -> Iterator[tuple[IO[bytes], dict[str, Any]]]:
    """A token whose process has surely ended, and that no other process looks at meanwhile. Raises OSError for others.

    The lock ends with the block, or with this process.
    """
    if sys.platform == "win32":  # where nobody knows who has ended
        raise BlockingIOError
    import fcntl

    with os.fdopen(os.open(file, os.O_RDWR | os.O_NOFOLLOW), "r+b") as raw:
        fcntl.flock(raw, fcntl.LOCK_EX | fcntl.LOCK_NB)
        content = json.loads(raw.read())
        owner = Owner.from_json(content)
        if owner is None or not owner.is_gone():
            raise BlockingIOError
        yield raw, content


def _taken_up(
    holder: Path, target: Path, raw: IO[bytes], content: dict[str, Any], token: dict[str, Any] | None
) -> bool:
    """Make a killed writer's hidden folder the new write's own, where the work is the same."""
    if token is None or "work" not in token or any(content.get(name) != token[name] for name in ("work", "target")):
        return False
    if not _put_back(holder, target) or (holder / _OLD).exists() or not (holder / _NEW).is_dir():
        return False
    raw.seek(0)
    raw.truncate()
    raw.write(json.dumps(token).encode())
    raw.flush()
    number = sum(1 for _ in holder.glob(f"{_LEFT}*"))
    (holder / _NEW).rename(holder / f"{_LEFT}{number}")
    if _boot(content) != _boot(token):  # the machine went down: files may have their sizes and not their content
        for part in holder.glob(f"{_LEFT}*"):
            shutil.rmtree(part, ignore_errors=True)
    return True


def _boot(token: dict[str, Any]) -> str:
    return str(token["started"]).rpartition("/")[0]


def left(stage: Path, relative: str | Path) -> Path | None:
    """The file that a killed process at the same work had written at this place in the new folder; None where none is.

    Of several killed processes', the last one's.
    stage: what `staged` gave.  It may be half of what it was to be: who takes it has to look.
    """
    holder = stage.parent
    if stage.name != _NEW or not holder.name.startswith(_HIDDEN):
        return None
    for part in sorted(holder.glob(f"{_LEFT}*"), key=lambda part: int(part.name.removeprefix(_LEFT)), reverse=True):
        found = confined(part, str(relative))
        if found.is_file() and not found.is_symlink():
            return found
    return None


def _exchange(holder: Path, place: Path) -> None:
    """The new folder takes its place; what it replaces is in the hidden one then, until `_clear`."""
    if place.exists() and any(place.iterdir()):
        place.rename(holder / _OLD)
    elif place.exists() and os.name == "nt":
        place.rmdir()  # elsewhere a rename replaces an empty folder
    (holder / _NEW).rename(place)


def _put_back(holder: Path, place: Path) -> bool:
    """Where the new folder did not come to its place, the old one does; whether none is left in the hidden one."""
    if not (holder / _NEW).exists() or not (holder / _OLD).exists():
        return True
    if os.path.lexists(place):
        return False
    try:
        (holder / _OLD).rename(place)
    except OSError:
        return False
    return True


def _clear(holder: Path, place: Path) -> None:
    """Remove a hidden folder, its token last: what cannot be removed is found again by the next write."""
    if not _put_back(holder, place):
        return
    for part in (holder / _OLD, holder / _NEW, *holder.glob(f"{_LEFT}*")):
        shutil.rmtree(part, ignore_errors=True)
    if not (holder / _OLD).exists() and not (holder / _NEW).exists():
        shutil.rmtree(holder, ignore_errors=True)


def _refusal(error: OSError, folder: Path, place: Path, holder: Path | None) -> FormatError:
    """What the system said, in a sentence; files of the hidden folder are called by where they would have been."""
    if _is_full(error, place):
        return FormatError(
            "the disk is full", file=folder, todo="Nothing was left behind. Make room, or choose another disk."
        )
    file = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else folder
    if holder is not None and file.is_relative_to(holder / _NEW):
        file = folder / file.relative_to(holder / _NEW)
    todo = None
    if holder is not None and (holder / _OLD).exists() and os.path.lexists(place):
        todo = f"Somebody else wrote there meanwhile; what was there before is in {holder / _OLD}."
    return FormatError(f"cannot be written ({error.strerror or error})", file=shown(file, 300), todo=todo)


def _is_full(error: OSError, place: Path) -> bool:
    if error.errno is not None:
        return error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
    try:  # Pillow does not always say why it could not write
        return shutil.disk_usage(next(home for home in place.parents if home.exists())).free < 1 << 12
    except (OSError, StopIteration):
        return False
