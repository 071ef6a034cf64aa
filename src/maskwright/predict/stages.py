"""Images through three stages: read in threads, answered by a network in batches, finished in threads."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar

from maskwright.predict.batch_size import BatchSize

Item = TypeVar("Item")
Found = TypeVar("Found")
Result = TypeVar("Result")

#: Bytes of read images, and of answers, that may wait; one may always.
ROOM = 256 * 2**20
MOST_THREADS = 8


@dataclass(frozen=True)
class Loaded:
    """An image that was read.

    key: those of equal keys may enter together; None: it enters alone.  what: for the network and for what finishes.
    nbytes: it holds.  pixels: of each window that enters.  windows: how many it enters in.
    """

    key: object
    what: Any
    nbytes: int
    pixels: int
    windows: int = 1


def staged(
    items: Iterable[Item],
    read: Callable[[Item], Loaded],
    answer: Callable[[list[Any], int], list[Any]],
    finish: Callable[[Any], Result],
    batch_size: BatchSize,
    *,
    until: float | None = None,
) -> Iterator[Result | Exception]:
    """What became of each item, in order: what `finish` gave, or the error that some stage raised for it.

    items: gone through in the caller's thread, no further ahead than there is room.  read, finish: called in threads.
    answer: takes the `what` of images of one key, and how many windows may enter at once, and gives as many answers;
    called in the caller's thread.  until: on the clock of time.monotonic(), after which no further image enters; the
    first one does.
    """
    threads = _threads()
    loaded = _in_threads(_safe(read), items, threads, ahead=lambda: 2 * batch_size.now + threads, nbytes=_held)
    answered = _answered(loaded, answer, batch_size, until)
    finished = _in_threads(
        _safe(finish), answered, threads, ahead=lambda: batch_size.now + threads, nbytes=None, begin=MOST_THREADS
    )
    with closing(loaded), closing(answered), closing(finished):
        yield from finished


def _threads() -> int:
    """As many as PyTorch may use here: processes that share the machine have their share of it."""
    import torch

    return max(1, min(MOST_THREADS, torch.get_num_threads()))


def _answered(
    loaded: Iterator[Loaded | Exception],
    answer: Callable[[list[Any], int], list[Any]],
    batch_size: BatchSize,
    until: float | None,
) -> Generator[Any, None, None]:
    """Neighbours of one key enter together; errors keep their places."""
    group: list[Loaded] = []
    entered = False

    def enter() -> Iterator[Any]:
        nonlocal group, entered
        due, group = group, []
        if due:
            entered = True
            yield from batch_size.run(answer, due)

    for image in loaded:
        if (entered or group) and until is not None and time.monotonic() >= until:
            if not entered:
                yield from enter()
            return
        if isinstance(image, Exception):
            yield from enter()
            yield image
            continue
        if group and image.key != group[0].key:
            yield from enter()
        group.append(image)
        if image.key is None or len(group) >= batch_size.fitting(image.pixels):
            yield from enter()
    yield from enter()


def _safe(work: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same, but errors are handed over and handed on."""

    def call(item: Any) -> Any:
        if isinstance(item, Exception):
            return item
        try:
            return work(item)
        except Exception as error:  # noqa: BLE001  it is this item's own, whatever it is
            return error

    return call


def _held(image: Loaded | Exception) -> int:
    return image.nbytes if isinstance(image, Loaded) else 0


def _in_threads(
    work: Callable[[Any], Any],
    items: Iterable[Any],
    threads: int,
    *,
    ahead: Callable[[], int],
    nbytes: Callable[[Any], int] | None,
    begin: int = 0,
) -> Generator[Any, None, None]:
    """`work` of each item, in order, while the consumer is at those before.

    ahead: how many may be under way or wait.  nbytes: of a result; fewer are under way where results are large, and
    none before the first one is known.
    """
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Any]] = deque()
        largest = 0
        known = nbytes is None

        def first() -> Any:
            nonlocal largest, known
            found = waiting.popleft().result()
            if nbytes is not None:
                largest, known = max(largest, nbytes(found)), True
            return found

        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                room = max(0, min(ahead(), ROOM // max(1, largest) - 1)) if known else begin
                while waiting and (len(waiting) > room or waiting[0].done()):
                    yield first()
            while waiting:
                yield first()
        finally:
            for future in waiting:
                future.cancel()
