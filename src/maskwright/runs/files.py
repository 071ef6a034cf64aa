"""Files of runs: a folder that is known to be ours, and files that are there whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maskwright.core.names import confined
from maskwright.errors import DatasetError, UsageError
from maskwright.store import View

#: In a run's folder: the token of who made it.
MARK = ".maskwright-run"

NEEDED = "room on the disk, and the right to write there"

#: Files that sweeps and trackers keep beside the runs' folders.
BESIDE = frozenset({"sweeps.db", "mlflow.db", "mlflow-files"})


def runs_folder(view: View, folder: str | Path | None = None) -> Path:
    """What holds the folders of a dataset's runs."""
    if folder is not None:
        return Path(folder)
    return (view.database.folder or Path()) / "runs"


def folder_of(dataset: View, id: str, folder: str | Path | None = None) -> Path:
    """Where a run's files lie. Raises UsageError for what is not a run's id, but a path."""
    if not id or id in (".", "..") or set(id) & {"/", "\\"}:
        raise UsageError(f"{id!r} is not a run's id", needed="one word without slashes")
    return confined(runs_folder(dataset, folder), id)


def check_empty(folder: Path) -> None:
    """Raises UsageError where something is already, whatever it is: a folder, a file, a link to nowhere."""
    if os.path.lexists(folder):
        raise UsageError(
            "there is something here that is not a run's", file=folder, needed="a name that nothing has yet",
            todo="Choose another --name, or move it away.",
        )  # fmt: skip


def make(folder: Path, token: str) -> None:
    """A new folder with a mark in it. Raises UsageError where something is already, whatever it is."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        check_empty(folder)
        folder.mkdir()  # refuses what came between
        try:
            (folder / MARK).write_text(token)
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    except OSError as error:
        raise unwritable(folder, error) from None


def remove(folder: Path, token: str) -> bool:
    """Take away a folder that carries this token, and no other -> whether it did. Links are never followed."""
    mark = folder / MARK
    try:
        ours = not folder.is_symlink() and not mark.is_symlink() and mark.read_text() == token
    except (OSError, UnicodeDecodeError):
        return False
    if ours:
        shutil.rmtree(folder, ignore_errors=True)
    return ours


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A place beside `path` to write to, which takes its name when the block ends well, and else is gone.

    Who reads `path` finds the old file or the new.  What is not a file, such as /dev/stdout, is written to directly.
    Raises DatasetError where it cannot be written.
    """
    if path.exists() and not path.is_file():
        with writing(path):
            yield path
        return
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with writing(path):
            yield partial
            with open(partial, "rb+") as file:
                os.fsync(file.fileno())
            partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_whole(path: Path, text: str) -> None:
    with whole(path) as partial:
        partial.write_text(text, encoding="utf-8")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the system's refusal to write into a sentence."""
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from None


def unwritable(path: Path, error: OSError) -> DatasetError:
    return DatasetError(f"cannot be written ({error.strerror or error})", file=path, needed=NEEDED)
