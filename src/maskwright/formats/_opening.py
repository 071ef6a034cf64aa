"""The dataset at a place that is one already, or that holds labels or images which become one beside them, once.

    dataset = formats.open_dataset("coco128/", tell=print)
    # imported coco128 into coco128.maskwright, revision 2; used again while coco128 is unchanged

The dataset remembers how the files were (`store.origin`).  Where they have changed since and nobody edited the dataset,
what they have become is its next revision; where somebody did, the dataset stays as it is, and that is said.
"""

import difflib
import hashlib
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from maskwright.core.names import shown, shown_place
from maskwright.core.sample import Sample
from maskwright.core.sequence import Sequence
from maskwright.errors import DatasetError, FormatError
from maskwright.formats import _door
from maskwright.formats._contract import Reading
from maskwright.formats._keeping import Keep
from maskwright.formats._listing import OWN
from maskwright.formats._plausible import stop_on
from maskwright.formats._states import state
from maskwright.media import pages, sequences
from maskwright.store import Dataset, folder, mounts, sequence_samples, transfer, tray
from maskwright.store import connection as opening
from maskwright.store import origin as origins
from maskwright.store.origin import Origin
from maskwright.store.tray import unfinished

Tell = Callable[[str], None]
Follow = Callable[[str, int | None, Iterable[Any]], Iterable[Any]]


def dataset_of(place: str | Path, tell: Tell | None = None, follow: Follow | None = None) -> str | Path:
    """Where the dataset of a place is; labels and images there are imported, see `formats.open_dataset`."""
    tell, follow = tell or _untold, follow or _unseen
    if is_dataset(place):
        return place
    source = Path(place)
    if not _is_there(source):
        raise _nothing(source)
    if source.is_dir() and not any(True for _ in source.iterdir()):
        raise DatasetError("there is no dataset here", file=source, needed="a dataset, or labels or images")
    home = home_of(source)
    if _is_whole(home) and (used := _used(home, source)) is not None:
        tell(used)
        return home
    with _alone(home, lambda: tell(f"waiting for another process that imports {shown_place(place)}")):
        if not _is_whole(home):
            tell(_imported(source, home, tell, follow))
        elif (used := _used(home, source)) is not None:
            tell(used)
        else:
            tell(_renewed(source, home, tell, follow))
    return home


def _is_whole(home: Path) -> bool:
    """Whether a dataset is there, and not only what an import that was killed has kept."""
    known = unfinished(home)
    return known is None and Dataset.exists(home)


def _untold(sentence: str) -> None:
    """Nobody is told."""


def _unseen(what: str, total: int | None, samples: Iterable[Any]) -> Iterable[Any]:
    """Nobody looks."""
    return samples


def is_dataset(place: str | Path) -> bool:
    """Whether a place is opened as a dataset, whatever is in it: an address, a folder with its file, or the file."""
    if "://" in str(place) or not str(place).strip():
        return True
    try:
        file = opening.database_file(place)
        return file.is_file() and (file.suffix == ".db" or file.name == opening.FILE)
    except (OSError, ValueError):
        return True  # opening it says what is wrong with the name


def is_taken(place: str | Path) -> bool:
    """Whether labels are here, broken ones too, or a dataset was made of what is here; True where nothing is."""
    source = Path(place)
    if not _is_there(source):
        return True
    if source.is_file() and sequences.is_sequence(source):
        return False
    return Dataset.exists(home_of(source)) or _door.holds_labels(source)


def home_of(source: Path) -> Path:
    """Where the dataset of labels or images is: beside them, or else in the user's data folder."""
    whole = _whole(source)
    beside = whole.with_name(f"{whole.name}{folder.BESIDE}") if whole.name else None
    if beside is not None and (Dataset.exists(beside) or _is_writable(whole.parent)):
        inside = os.path.relpath(beside)
        return Path(inside) if not source.is_absolute() and not inside.startswith("..") else beside
    mark = hashlib.sha256(os.fsencode(whole)).hexdigest()[:8]
    return data_folder() / f"{whole.name or 'root'}-{mark}{folder.BESIDE}"


def data_folder() -> Path:
    """Where datasets lie whose labels are in a folder that nobody may write to."""
    home = os.environ.get("XDG_DATA_HOME")
    if sys.platform == "win32":
        home = home or os.environ.get("LOCALAPPDATA")
    elif sys.platform == "darwin":
        home = home or os.path.expanduser("~/Library/Application Support")  # noqa: PTH111 - where no home is, it stays
    return Path(home or os.path.expanduser("~/.local/share")) / "maskwright" / "datasets"  # noqa: PTH111


# -- what becomes of the files ------------------------------------------------------------------------------


def _used(home: Path, source: Path) -> str | None:
    """What to say where the dataset is used as it is; None where the files' new state has to come in."""
    with Dataset.open(home, read_only=True) as dataset, dataset.database.reading() as connection:
        before = origins.kept(connection)
        head = dataset.database.head(connection)
    here, there = shown_place(source), shown_place(home)
    if before is None:
        return f"using {there}, which does not say how {here} was: changes there do not come in"
    if before.source == str(_whole(source)) and all(
        state(place, flat=place in before.flat) == known for place, known in before.states.items()
    ):
        return f"using {there}, imported from {here}, which is unchanged"
    if head > before.revision:
        return (
            f"using {there} as it was edited (revision {head}): {here} has changed since it was imported (revision "
            f"{before.revision}); to have what it is now beside the edits: maskwright import {shlex.quote(str(source))}"
            " NEW"
        )
    return None


def _imported(source: Path, home: Path, tell: Tell, follow: Follow) -> str:
    with _keep(source, home, tell, follow) as keep:
        taking = _Taking(source, tell, keep)
        reading = taking.reading
        samples = keep.read(taking.samples())
        result: dict[str, Any] = transfer.import_samples(
            home, reading.classes, follow(f"importing {shown(source.name)}", reading.total, samples),
            f"import {shown_place(source)}", about=reading.about, sequences=taking.declared, origin=taking.origin,
            tray=keep.tray,
        )  # fmt: skip
    _tell_notes(tell, reading, result)
    here = shown_place(source)
    return (
        f"imported {here} into {shown_place(home)}, revision {result['revision']}; used again while {here} is unchanged"
    )


def _keep(source: Path, home: Path, tell: Tell, follow: Follow) -> Keep:
    """Where what is read is kept meanwhile; what an import of other files has left there is taken back."""
    call, here = {"opened": str(_whole(source))}, shown_place(source)

    def states() -> dict[str, str]:
        return {str(_whole(source)): state(source)}

    def reading(what: str, total: int | None, done: int, samples: Iterable[Any]) -> Iterable[Any]:
        if done:
            tell(f"going on with the import of {here}: {done:,} samples are there")
        return follow(what, None if total is None else total - done, samples)

    known = unfinished(home)
    if known is not None and not known.is_going_on and (known.call != call or known.states != states()):
        tray.take_back(home)
        tell(f"took back an unfinished import of {known.source}, whose files have changed since")
    command = f"maskwright show {shlex.quote(str(source))}"
    return Keep(home, source=here, command=command, call=call, states=states, follow=reading, tell=tell)


def _renewed(source: Path, home: Path, tell: Tell, follow: Follow) -> str:
    taking = _Taking(source, tell)
    reading = taking.reading
    with Dataset.open(home, read_only=True) as dataset:
        before = dataset.resolve("head")
    result = transfer.renew_samples(
        home, reading.classes, follow(f"importing {shown(source.name)}", reading.total, taking.samples()),
        f"import {shown_place(source)} again", taking.origin, about=reading.about, sequences=taking.declared,
    )  # fmt: skip
    _tell_notes(tell, reading, result)
    here = shown_place(source)
    if result["revision"] == before:
        return f"using {shown_place(home)}, imported from {here}: its files have changed, and nothing that is in them"
    return f"{here} has changed: imported again into {shown_place(home)}, revision {result['revision']}"


def _tell_notes(tell: Tell, reading: Reading, result: dict[str, Any]) -> None:
    for note in (*reading.notes, *result["notes"]):
        tell(f"note: {note}")


class _Taking:
    """What is read of a place once, and how its files are. keep: where it is kept meanwhile.

    reading: labels or images, by `formats.read`; of a video or a stack its images.  declared: the sequence of these.
    """

    def __init__(self, source: Path, tell: Tell, keep: Keep | None = None) -> None:
        from maskwright import formats

        self._source = str(_whole(source))
        self._states = {self._source: state(self._source)}
        self._folders: set[str] = set()
        self.declared: list[Sequence] = []
        if source.is_file() and sequences.is_sequence(source):
            self.reading = _images(source, self.declared)
            return
        chosen = formats.choose(source)
        for place in (chosen.path, *chosen.parts):  # a set that the source is a part of, or what an archive held
            whole = str(_whole(place))
            if not _lies_in(whole, self._source):
                self._states[whole] = state(whole)
        tell(f"read as {chosen.format} in {shown_place(chosen.path)}: {'; '.join(chosen.reasons)}")
        self.reading = formats.read(chosen, keep=keep)

    def samples(self) -> Iterator[Sample]:
        """Raises FormatError behind the last one where something grave is implausible."""
        for sample in self.reading.samples:
            place, _ = pages.page_of(sample.image.uri)
            if "://" not in place:
                self._folders.add(os.path.dirname(place))  # noqa: PTH120 - of every image
            yield sample
        if (found := stop_on(self.reading.findings)) is not None:
            todo = f"If it is meant so: maskwright import {shlex.quote(self._source)} NEW --force, and work on NEW."
            raise FormatError(found, file=self._source, todo=todo)

    def origin(self) -> Origin:
        """Whole after the last sample; folders of images and labels outside of the source are looked at as well."""
        outside = {str(_whole(place)) for place in (*map(Path, self._folders), *self.reading.elsewhere)}
        flat = sorted(place for place in outside if not any(_lies_in(place, known) for known in self._states))
        return Origin(self._source, self._states | {place: state(place, flat=True) for place in flat}, tuple(flat))


def _images(source: Path, declared: list[Sequence]) -> Reading:
    """Those of a video or a stack. declared: what is known of their order is appended."""
    found = sequences.find(source)
    declared.append(sequence_samples.sequence_of(found))
    samples = sequence_samples.samples_of(found)
    return Reading(folder.named_classes(None), samples, len(found.images), list(found.notes))


# -- places -------------------------------------------------------------------------------------------------


def _is_there(source: Path) -> bool:
    try:
        return source.exists()
    except (OSError, ValueError):
        return False


def _whole(source: Path) -> Path:
    return Path(os.path.abspath(source))  # noqa: PTH100 - links stay


def _lies_in(place: str, home: str) -> bool:
    """Whether a path is the other one or below it, where what Maskwright made beside files is not left out."""
    if not f"{place}/".startswith(f"{home.rstrip('/')}/"):
        return False
    return not any(part.endswith(OWN) for part in place[len(home) :].split("/"))


def _is_writable(home: Path) -> bool:
    return os.access(home, os.W_OK) and mounts.network(home) is None


def _nothing(source: Path) -> DatasetError:
    """What is said of a place where nothing is: the nearest one that is there."""
    near = _nearest(source)
    todo = f"Make one from labels: maskwright import LABELS {shown_place(source)}"
    return DatasetError(
        "there is no dataset here", file=source, needed="a dataset, or a folder, file or archive of labels or images",
        todo=todo if near is None else f"Did you mean {shown_place(near)}?",
    )  # fmt: skip


def _nearest(source: Path) -> Path | None:
    """What is there under a name much like it, in the folder nearest to it."""
    with suppress(OSError, ValueError):
        parts = source.parts
        here = Path(source.anchor) if source.anchor else Path()
        for place, part in enumerate(parts[1:] if source.anchor else parts):
            there = here / part
            if not there.exists():
                names = {path.name.lower(): path.name for path in sorted(here.iterdir(), reverse=True)}
                close = difflib.get_close_matches(part.lower(), names, n=1, cutoff=0.7)
                rest = parts[place + (2 if source.anchor else 1) :]
                found = here / names[close[0]] if close else None
                whole = None if found is None else found.joinpath(*rest)
                return whole if whole is not None and whole.exists() else found
            here = there
    return None


@contextmanager
def _alone(home: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """One process at a time makes or renews this dataset; others wait. waiting: is called once where this one does.

    The lock is a hidden file beside the dataset, which ends with its process, and is removed behind the block.
    """
    if sys.platform == "win32":  # the dataset's own transaction keeps two apart there
        yield
        return
    import fcntl

    home.parent.mkdir(parents=True, exist_ok=True)
    file = home.with_name(f".{home.name}.lock")
    told = False
    while True:
        with open(file, "ab") as raw:
            try:
                fcntl.flock(raw, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not told:
                    waiting()
                    told = True
                fcntl.flock(raw, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):
                here, there = os.fstat(raw.fileno()), file.stat()
                if (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino):
                    try:
                        yield
                    finally:
                        file.unlink(missing_ok=True)
                    return
