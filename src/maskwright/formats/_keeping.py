"""An import that keeps what it has read in the dataset, so that the same import goes on there after a kill.

    keep = Keep("street", source="photos/", command="maskwright import photos/ street", call=…, states=…)
    with keep:
        reading = formats.read("photos/", keep=keep)
        samples = keep.read(reading.samples)          # all is read here; what comes now is what was kept
        transfer.import_samples("street", reading.classes, samples, "…", tray=keep.tray)

What takes less than a batch is held in memory, and nothing is ever seen of it.  Whatever is said of the set as a whole,
such as the report of what is implausible, is said of the samples as they come back, all of them in one process.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from maskwright.core.sample import Sample
from maskwright.errors import FormatError, UsageError
from maskwright.formats._fitting import Fitted
from maskwright.media.checksums import Hashing
from maskwright.store import Dataset
from maskwright.store.tray import Tray, Unfinished, unfinished

#: A batch is put when it has so many samples, so many bytes of run lengths, or so many seconds have gone by.
SAMPLES, BYTES, SECONDS = 500, 8 << 20, 5.0

#: Given what is done, how many come and how many of them are done, goes through the others.
Follow = Callable[[str, int | None, int, Iterable[Any]], Iterable[Any]]


class Reader(Protocol):
    """What reads samples and can tell how far it is."""

    def mark(self, samples: int) -> Any: ...

    def go_on(self, mark: Any, keys: Iterable[tuple[str, str]]) -> bool: ...


def unseen(what: str, total: int | None, done: int, samples: Iterable[Any]) -> Iterable[Any]:
    """Nobody looks."""
    return samples


class Keep:
    """source, command: what is imported and how that is gone on with, for people.  call: what has to be the same then.

    states: says how the files that are read are.  follow: shows how far reading is.  hash_images: as of
    `import_samples`.  tell: is given a sentence where an error leaves something that can be gone on with.
    Raises UsageError, which says what can be done, where an import is unfinished in the dataset and is another one, or
    its files have changed, or another process is at it.
    """

    def __init__(
        self, place: str | Path, *, source: str, command: str, call: dict[str, Any],
        states: Callable[[], dict[str, str]], follow: Follow = unseen, hash_images: bool = True,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self._place, self._follow, self._hash, self._tell = place, follow, hash_images, tell
        self._states = states
        self._known = Unfinished(source, command, call, {}, new=True)
        self.tray: Tray | None = None
        #: How many samples an earlier process has read.
        self.before = 0
        self.total: int | None = None
        if (found := unfinished(place)) is not None:
            self._take_up(found)

    def _take_up(self, found: Unfinished) -> None:
        told, todo = found.told(self._place), found.todo(self._place)
        if found.is_going_on:
            raise UsageError(told, file=self._place, todo=todo)
        if found.call != self._known.call:
            raise UsageError(f"{told}, and this is another import", file=self._place, todo=todo)
        if self._states() != found.states:
            todo = f"Take it back with: {todo.rpartition('take it back with: ')[2]}; then import it again."
            raise UsageError(f"{told}, and its files have changed since", file=self._place, todo=todo)
        self.tray = Tray.take_up(self._place)
        self.before = found.samples

    @property
    def mark(self) -> Any:
        """How far the reader was whose samples are kept; None where nothing is."""
        return None if self.tray is None or not self.before else self.tray.known.mark

    def through(self, what: str, fitted: Iterable[Fitted], reader: Reader) -> Iterator[Fitted]:
        """All of them are read before the first comes back. what: is done, in a few words."""
        again = 0
        if self.tray is not None and self.before:
            pairs = ((key, original) for key, original, *_ in self.tray.read_as())
            again = 0 if reader.go_on(self.mark, pairs) else self.before
        batch: list[Fitted] = []
        for item, mark in self._read(what, fitted, reader, again):
            batch.append(item)
            if mark is not None:
                self._put(batch, mark)
                batch.clear()
        if self.tray is None:
            yield from batch
            return
        if not self.tray.known.complete:
            self._put(batch, reader.mark(self.tray.known.samples + len(batch)), complete=True)
        del batch
        for sample, (_, original, is_there, fits) in zip(self.tray.samples(), self.tray.read_as(), strict=True):
            yield Fitted(sample, original, is_there, fits)

    def _read(
        self, what: str, fitted: Iterable[Fitted], reader: Reader, again: int
    ) -> Iterator[tuple[Fitted, Any]]:  # fmt: skip
        """New samples with checksums; with the last of a batch, how far the reader was. again: so many come again."""
        waiting: deque[tuple[Fitted, Any]] = deque()
        number = self.before

        def samples() -> Iterator[Sample]:
            nonlocal number
            held, size, begun = 0, 0, time.monotonic()
            followed = self._follow(what, self.total, number - again, fitted)
            for item in self._new(followed, again):
                number += 1
                held, size = held + 1, size + item.sample.segments.masks.counts.nbytes
                due = held >= SAMPLES or size >= BYTES or time.monotonic() - begun >= SECONDS
                waiting.append((item, reader.mark(number) if due else None))
                yield item.sample
                if due:
                    held, size, begun = 0, 0, time.monotonic()

        hashed = Hashing().follow(samples()) if self._hash else samples()
        for sample in hashed:
            item, mark = waiting.popleft()
            yield item._replace(sample=sample), mark

    def _new(self, fitted: Iterable[Fitted], again: int) -> Iterator[Fitted]:
        """Without those that were read before."""
        coming = iter(fitted)
        if again and self.tray is not None:
            for key, *_ in self.tray.read_as():
                item = next(coming, None)
                if item is None or item.sample.key != key:
                    raise FormatError(
                        "does not hold the samples that it held when its import began",
                        record=f"sample {key!r}", todo="Import it again.",
                    )  # fmt: skip
        yield from coming

    def _put(self, batch: list[Fitted], mark: Any, *, complete: bool = False) -> None:
        if self.tray is None:
            known = replace(self._known, new=not Dataset.exists(self._place), states=self._states(), total=self.total)
            self.tray = Tray.begin(self._place, known)
        keys = [[item.sample.key, item.original, item.is_there, item.fits] for item in batch]
        self.tray.put([item.sample for item in batch], keys, mark, complete=complete)

    def read(self, samples: Iterator[Sample]) -> Iterator[Sample]:
        """The same samples, once all of them are read."""
        for first in samples:
            return chain([first], samples)
        return iter(())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What is wrong with the files or the call takes back what was kept; whatever else happens leaves it."""
        if self.tray is None:
            return
        known = self.tray.known
        if isinstance(error, FormatError | UsageError):
            self.tray.take_back()
        elif error is None:
            self.tray.close()
        else:
            self.tray.close()
            number = f"{known.samples:,}" + (f" of {known.total:,}" if known.total else "")
            said = f"{number} samples are kept, and in no revision. {known.todo(self._place)}"
            if isinstance(error, KeyboardInterrupt):
                raise KeyboardInterrupt(f"interrupted; {said}") from None
            self._tell(said)
