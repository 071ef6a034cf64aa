"""What befalls a writer in its own process, between two edits or inside one."""

import gc
import multiprocessing
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from maskwright.core.classes import Classes
from maskwright.store import Dataset, transfer
from torturing import values
from torturing.journal import described
from torturing.readers import PATIENCE, look, newest_of, opened
from torturing.writers import ENOUGH, Writer, patiently

AFTER = 4  # edits that come after it, at least


class Trouble:
    """Nothing. place: of the store, as the others call it."""

    def __init__(self, place: str, writer: Writer) -> None:
        self.place, self.writer, self.rng = place, writer, writer.rng

    def suffer(self, pause: float) -> None:
        """Some edits, the trouble, some more edits; then the round's event is over."""
        writer = self.writer
        dataset = patiently(writer.journal, lambda: Dataset.open(self.place))
        if dataset is None:
            writer.board.over = True
            return
        with dataset:
            self._edits(dataset, self.rng.randrange(1, 3), pause)
            kept = self.befall(dataset)
            self._edits(kept, max(AFTER, ENOUGH - writer.acknowledged), pause)
            self.end(kept)
            writer.board.over = True
            self._edits(kept, 2, pause)  # the others have gone, perhaps
            if kept is not dataset:
                kept.close()

    def befall(self, dataset: Dataset) -> Dataset:
        """-> the dataset that is edited from here on."""
        return dataset

    def end(self, dataset: Dataset) -> None:
        """What is left to do when some edits have been made since."""

    def look(self, call: Any, what: str) -> None:
        look(self.writer.journal, self.writer.board, self.writer.last, call, what)

    def note(self, what: str) -> None:
        self.writer.journal.note("event", what=what)

    def _edits(self, dataset: Dataset, number: int, pause: float) -> None:
        for _ in range(number):
            while not self.writer.edit(dataset) and not self.writer.board.stop:
                if self.rng.random() < 0.1:
                    break
                time.sleep(pause)
            time.sleep(self.rng.uniform(0.2, 1.8) * pause)

    def other_way(self) -> tuple[str, str]:
        """-> a name for it, and another path or URL of the store."""
        if "://" in self.place:
            rest = self.place.split("://", 1)[1]
            scheme = self.rng.choice(["postgres", "postgresql+psycopg"])
            return scheme, f"{scheme}://{rest}"
        folder = Path(self.place)
        way = self.rng.choice(["relative path", "link to the folder", "path with ..", "file", "link to the file"])
        if way == "relative path":
            os.chdir(folder.parent)
            return way, folder.name
        if way == "path with ..":
            (folder.parent / "beside").mkdir(exist_ok=True)
            return way, f"{folder.parent}/beside/../{folder.name}"
        if way == "file":
            return way, f"{folder}/maskwright.db"
        link = folder.parent / f"link-{self.writer.mark}{'.db' if way == 'link to the file' else ''}"
        link.symlink_to(folder if way == "link to the folder" else folder / "maskwright.db")
        return way, str(link)


class SecondOpening(Trouble):
    """The dataset is opened again by another name."""

    def befall(self, dataset: Dataset) -> Dataset:
        way, other = self.other_way()
        use = self.rng.choice(["kept open", "closed", "forgotten", "edited instead", "edited in turns"])
        self.note(f"second opening by {way}, {use}")
        read_only = use in ("kept open", "closed", "forgotten") and self.rng.random() < 0.3
        second = patiently(self.writer.journal, lambda: Dataset.open(other, read_only=read_only))
        if second is None:
            return dataset
        self.look(lambda: newest_of(second), f"second opening by {way}")
        if use == "closed":
            second.close()
        elif use == "forgotten":
            del second
            gc.collect()
        elif use == "edited instead":
            dataset.close()
            return second
        elif use == "edited in turns":
            for _ in range(2):
                self.writer.edit(second)
                self.writer.edit(dataset)
            self.look(lambda: newest_of(second), "second opening after edits by the first")
            self.look(lambda: newest_of(dataset), "first opening after edits by the second")
        return dataset


class Copy(Trouble):
    """The dataset's folder is copied, file by file, by a program that knows nothing of it."""

    def befall(self, dataset: Dataset) -> Dataset:
        how = self.rng.choice(["between edits", "inside an edit", "in a thread"])
        self.note(f"copytree {how}")
        self._thread = threading.Thread(target=self._copy)
        if how == "between edits":
            self._copy()
        elif how == "inside an edit":
            self.writer.edit(dataset, inside=self._copy)
        else:
            self._thread.start()
        return dataset

    def end(self, dataset: Dataset) -> None:
        if self._thread.ident is not None:
            self._thread.join()

    def _copy(self) -> None:
        for k in range(3):
            target = Path(self.place).with_name(f"copy-{self.writer.mark}-{k}")
            with suppress(OSError, shutil.Error):  # of a dataset at work; nobody promises that the copy is whole
                shutil.copytree(self.place, target)
            shutil.rmtree(target, ignore_errors=True)
            time.sleep(0.01)


class Fork(Trouble):
    """The process forks while the dataset is open; children read, and end in their own ways."""

    def befall(self, dataset: Dataset) -> Dataset:
        self._how = self.rng.choice(["os._exit", "sys.exit", "pool"])
        self._children: list[int] = []
        self.note(f"fork, {self._how}")
        if self._how == "pool":
            _INHERITED.update(dataset=dataset, trouble=self)
            self._pool = multiprocessing.get_context("fork").Pool(2)
            self._reads = self._pool.map_async(_read_in_pool, range(6), chunksize=1)
            return dataset
        for _ in range(2):
            pid = os.fork()
            if pid == 0:
                self.child_reads(dataset)
                if self._how == "os._exit":
                    os._exit(0)
                sys.exit(0)
            self._children.append(pid)
        return dataset

    def child_reads(self, dataset: Dataset) -> None:
        writer = self.writer
        notes = writer.journal.beside(str(os.getpid()))
        for call, what in (
            (lambda: newest_of(dataset), "the inherited dataset"), (lambda: opened(self.place), "opened in a child"),
        ):  # fmt: skip
            look(notes, writer.board, writer.last, call, f"{what}, {self._how}")

    def end(self, dataset: Dataset) -> None:
        if self._how == "pool":
            try:
                self._reads.get(timeout=PATIENCE)
            except multiprocessing.TimeoutError:
                self.writer.journal.note("hang", what="a forked pool does not answer")
                self._pool.terminate()
            else:
                self._pool.close()
            self._pool.join()
            return
        until = time.monotonic() + PATIENCE
        for pid in self._children:
            while not (ended := os.waitpid(pid, os.WNOHANG))[0] and time.monotonic() < until:
                time.sleep(0.005)
            if not ended[0]:
                self.writer.journal.note("hang", what=f"a forked child does not end, {self._how}")
                os.kill(pid, 9)
                os.waitpid(pid, 0)
            elif code := os.waitstatus_to_exitcode(ended[1]):
                self.writer.journal.note("crash", what=f"a forked child ended with {code}, {self._how}")


_INHERITED: dict[str, Any] = {}


def _read_in_pool(_: int) -> None:
    _INHERITED["trouble"].child_reads(_INHERITED["dataset"])


class Import(Trouble):
    """Samples are imported into the dataset by the process that has it open."""

    def befall(self, dataset: Dataset) -> Dataset:
        writer = self.writer
        way, place = self.other_way() if self.rng.random() < 0.5 else ("its own path", self.place)
        self.note(f"import by {way}")
        stamp = f"{writer.mark}.import"
        held = {
            f"imported/{stamp}.{k}": values.sample_on_paper(self.rng, **{"import": stamp})
            for k in range(values.IMPORTED)
        }
        samples = [values.sample_of(key, sample, writer.image) for key, sample in held.items()]
        steps = [["add", key, sample] for key, sample in held.items()]
        writer.journal.note("try", message=f"import {stamp}", stamp=None, steps=steps)
        try:
            done = transfer.import_samples(
                place, Classes.from_json(values.classes()), samples, f"import {stamp}", author=writer.who
            )
            writer.journal.acknowledge("done", message=f"import {stamp}", revision=done["revision"])
        except Exception as error:  # noqa: BLE001
            writer.journal.note("refused", message=f"import {stamp}", **described(error))
        return dataset


TROUBLES: dict[str, Callable[[str, Writer], Trouble]] = {
    "second-opening": SecondOpening, "copytree": Copy, "fork": Fork, "import": Import,
}  # fmt: skip
