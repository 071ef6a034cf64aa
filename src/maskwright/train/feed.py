"""Batches for a training, made by threads ahead of the network and brought to its device.

    with Feed(source, settings, device) as feed:
        for pixels, truth in feed.epoch(order, 0):
            ...

Threads, not processes: what takes long (JPEG, scaling, colours, run lengths) is compiled and frees Python's lock, the
cache of decoded images is one for all, nothing is pickled, and a process that uses a GPU cannot be forked.
docs/explanation/feeding.md has the figures.
"""

import math
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from maskwright.compute.processors import processors
from maskwright.core.sample import Sample
from maskwright.errors import MaskwrightError
from maskwright.train import data
from maskwright.train.entering import Entry, Memory
from maskwright.train.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor

    from maskwright.models import Objects

AHEAD = 3  # batches at least that are made while the network works
MOST = 16  # threads by themselves: more would wait for Python's lock
#: How many processes of the training this machine has, as torchrun says it.
HERE = "LOCAL_WORLD_SIZE"


def workers_of(settings: Settings, device: Any, world: int) -> int:
    """Threads that make batches, where `workers` says nothing.

    Of this process's share of the processors a GPU's network leaves all but one, a CPU's those that PyTorch does not
    compute with, and at least one.
    """
    import torch

    if settings.workers is not None:
        return settings.workers
    here = os.environ.get(HERE, "")
    share = processors() // max(1, int(here) if here.isdecimal() else world)
    return max(1, min(MOST, share - (1 if device.type == "cuda" else torch.get_num_threads())))


@dataclass
class _Batch:
    """One in the making: `left` rows are missing, and `done` says when none is, or what went wrong."""

    places: Sequence[int]
    memory: Memory
    left: int
    rows: Mapping[int, Sample] = field(default_factory=dict)
    done: "Future[None]" = field(default_factory=Future)
    stopped: bool = False
    lock: Lock = field(default_factory=Lock)

    def count(self) -> bool:
        """One row is there; whether all are."""
        with self.lock:
            self.left -= 1
            return self.left == 0

    def fail(self, error: BaseException) -> None:
        with self.lock:
            self.stopped = True
            if not self.done.done():
                self.done.set_exception(error)


class _Epoch:
    """The batches of one epoch that are being made, and those that are not begun."""

    def __init__(self, order: Sequence[int], number: int, firsts: Sequence[int]) -> None:
        self.order, self.number = order, number
        self.firsts = deque(firsts)
        self.begun: deque[_Batch] = deque()

    def stop(self) -> None:
        self.firsts.clear()
        for batch in self.begun:
            batch.stopped = True
        self.begun.clear()


class Feed:
    """Batches of a training on its device, normalised, made ahead by threads.

    source: where images come from.  device: a torch.device.  rank, world: of the training's processes, each of which
    gets its rows of every batch.  further: functions of (image, target, rng) after all other augmentations.  waited:
    seconds that `epoch` has kept its caller waiting.  batches: how many it gave.
    At the end of the block, however it ends, the threads have ended too.
    """

    def __init__(
        self, source: data.Source, settings: Settings, device: Any, rank: int = 0, world: int = 1, *,
        entry: Entry | None = None, further: Sequence[Callable[..., Any]] = (),
    ) -> None:  # fmt: skip
        self.waited = 0.0
        self.batches = 0
        self.workers = workers_of(settings, device, world)
        self._source, self._settings = source, settings
        self._rank, self._world = rank, world
        self._entry = entry or Entry(source.layout, device)
        # Random colours come before further transforms, which see whole windows: then they cannot wait for the batch.
        self._further = further
        self._late_colours = settings.colour and not data.in_order(settings, further)
        share = settings.batch_size // world
        self._ahead = max(AHEAD, 1 + math.ceil(2 * self.workers / share)) if self.workers else 1
        self._pool = ThreadPoolExecutor(self.workers, "maskwright-feed") if self.workers else None
        self._following: _Epoch | None = None
        self._running: list[_Epoch] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the threads; what is being made is finished and forgotten."""
        for epoch in self._running:
            epoch.stop()
        if self._following is not None:
            self._following.stop()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def epoch(
        self, order: Sequence[int], number: int, *, start: int = 0, then: Callable[[], Sequence[int]] | None = None
    ) -> "Iterator[tuple[Tensor, Tensor | list[Objects]]]":
        """Images (B / world, C, h, w) float32 and truth of this process, batch by batch: (B / world, h, w), or Objects.

        order: sample numbers, whole batches.  number: of the epoch.  start: so many batches are left out.  then: gives
        the next epoch's order, whose first batches are made while the network is busy with this one's last.

        The randomness of an item depends on seed, epoch and place alone: any number of threads and of processes, and a
        run that was interrupted, see the same images.  What goes wrong with a sample is raised here, and names it.
        """
        mine = self._begun(order, number, start)
        self._running.append(mine)
        try:
            self._fill(mine, self._ahead)
            while mine.begun:
                batch = mine.begun.popleft()
                began = time.perf_counter()
                if self._pool is None:
                    self._read(mine, batch)
                batch.done.result()
                self.waited += time.perf_counter() - began
                self.batches += 1
                self._fill(mine, self._ahead)
                if then is not None and not mine.firsts and len(mine.begun) < self._ahead and self._pool:
                    if self._following is None:
                        self._following = self._begun(then(), number + 1, 0)
                    self._fill(self._following, self._ahead - len(mine.begun))
                yield batch.memory.take()
        finally:
            mine.stop()
            self._running.remove(mine)

    def _begun(self, order: Sequence[int], number: int, start: int) -> _Epoch:
        """An epoch, which may have begun while the last one ended."""
        known, self._following = self._following, None
        if known is not None:
            if start == 0 and known.number == number and list(known.order) == list(order):
                return known
            known.stop()
        size = self._settings.batch_size
        return _Epoch(order, number, range(start * size, len(order), size))

    def _fill(self, epoch: _Epoch, number: int) -> None:
        """Begin batches until so many are begun."""
        settings = self._settings
        while epoch.firsts and len(epoch.begun) < number:
            first = epoch.firsts.popleft()
            places = range(first + self._rank, first + settings.batch_size, self._world)
            memory = Memory(self._entry, len(places), settings.size, objects=self._source.task.objects)
            batch = _Batch(places, memory, len(places))
            epoch.begun.append(batch)
            if self._pool is not None:
                self._pool.submit(self._read, epoch, batch)

    # -- in the threads

    def _read(self, epoch: _Epoch, batch: _Batch) -> None:
        """First the dataset's rows of the whole batch, then each of its windows."""
        try:
            if not batch.stopped:
                batch.rows = self._source.rows(epoch.order[place] for place in batch.places)
            for row in range(len(batch.places)):
                if self._pool is None:
                    self._make(epoch, batch, row)
                elif not batch.stopped:
                    self._pool.submit(self._make, epoch, batch, row)
        except BaseException as error:  # noqa: BLE001 - it is raised where the batch is waited for
            batch.fail(error)

    def _make(self, epoch: _Epoch, batch: _Batch, row: int) -> None:
        if batch.stopped:
            return
        try:
            self._put(epoch, batch, row)
            if batch.count():
                batch.memory.send()
                batch.done.set_result(None)
        except BaseException as error:  # noqa: BLE001 - as above
            batch.fail(self._naming(error, epoch.order[batch.places[row]], batch))

    def _put(self, epoch: _Epoch, batch: _Batch, row: int) -> None:
        settings, place = self._settings, batch.places[row]
        rng = np.random.default_rng([settings.seed, epoch.number, place])
        image, truth = self._source.kept(epoch.order[place], batch.rows)
        change = None
        if self._late_colours:
            image, truth = data.moved(image, truth, rng, settings, self._source.units)
            change = data.colours(image, rng)
        else:
            image, truth = data.augmented(
                image, truth, rng, settings, units=self._source.units, another=partial(self._another, epoch, rng),
                further=self._further,
            )  # fmt: skip
        if self._source.task.objects:
            truth = self._source.task.targets(truth)
        batch.memory.put(row, image, change, truth)

    def _another(self, epoch: _Epoch, rng: np.random.Generator) -> tuple[Any, Any]:
        """A sample of the epoch, drawn as often as the epoch has it.

        Segments of ignored classes count as crowds, which no transform takes for objects.
        """
        number = epoch.order[int(rng.integers(len(epoch.order)))]
        task = self._source.task
        try:
            image, truth = self._source.kept(number)
            if task.objects:
                ignored = [task.classes[int(class_id)].role == "ignore" for class_id in truth.class_ids]
                if any(ignored):
                    truth = truth.replace(is_crowd=truth.is_crowd | np.array(ignored, bool))
            return image, truth
        except MaskwrightError as error:
            raise error.at(record=f"sample {self._source.key_of(number)!r}")  # noqa: B904 - the same error

    def _naming(self, error: BaseException, number: int, batch: _Batch) -> BaseException:
        """The error, which says whose it is."""
        try:
            sample = batch.rows.get(number)
            record = f"sample {(self._source.key_of(number) if sample is None else sample.key)!r}"
        except Exception:  # noqa: BLE001 - the dataset may be what is wrong
            record = f"sample number {number}"
        if isinstance(error, MaskwrightError):
            return error.at(record=record)
        error.add_note(f"in {record}, as it was prepared for training")
        return error
