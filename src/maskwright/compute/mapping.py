"""`map`: samples to a worker, its rows to a sink, and what became of each."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

from maskwright.compute import engines
from maskwright.compute.parcels import Parcels
from maskwright.compute.work import Job, Result, Worker
from maskwright.core.names import shown
from maskwright.core.sample import Sample
from maskwright.errors import MaskwrightError, UsageError
from maskwright.store import View

Rows = TypeVar("Rows")
Taken_contra = TypeVar("Taken_contra", contravariant=True)

#: When so many samples were set aside and none was done, the fault is not theirs.
HOPELESS = 20


class Sink(Protocol[Taken_contra]):
    """Where rows go; only ever called in the process and thread of `map`. What it raises ends the whole call."""

    def done(self, numbers: Sequence[int]) -> Collection[int]:
        """Those of these samples whose rows it has already; they are left out."""

    def write(self, number: int, rows: Taken_contra) -> None:
        """Keep a sample's rows. What it holds when the work is cut off is not asked for again."""


@dataclass(frozen=True)
class SetAside:
    """A sample that could not be worked on. reason: one sentence."""

    number: int
    key: str
    reason: str


@dataclass(frozen=True)
class Outcome:
    """done: samples whose rows the sink got.  before: samples that it had already.  seconds: this took."""

    done: int
    before: int
    set_aside: tuple[SetAside, ...]
    seconds: float

    @property
    def rate(self) -> float:
        """Samples a second, those set aside among them; 0 where there were none."""
        return (self.done + len(self.set_aside)) / self.seconds if self.seconds > 0 else 0.0


def map(  # noqa: A001  it is Python's map for samples
    samples: View | Iterable[Sample],
    worker: Worker[Rows],
    sink: Sink[Rows],
    *,
    engine: str | None = None,
    workers: int = 1,
    numbers: Sequence[int] | None = None,
    ordered: bool = False,
    strict: bool = False,
    timeout: float | None = None,
    progress: Callable[[Iterable[int]], Iterable[int]] = lambda numbers: numbers,
) -> Outcome:
    """Work on every sample -> how many were done, and which were set aside and why.

    samples: a view, at the revision it shows when this begins, or samples one by one, which are then counted from 0 and
    all worked on.  numbers: of the view's samples, these only.
    engine: `here`, in this process, or `processes`; the latter by default for more than one worker or a time limit.
    workers: processes; 0 and 1 mean the same.  ordered: the sink gets the rows in the order of the samples, otherwise
    as they come.  Either way a few samples for each worker are under way, and never more.
    strict: the first sample that fails ends the call with its error.  Otherwise it is set aside: what its worker
    raises, but for UsageError and DatasetError, which end the call; more than `timeout` seconds of work; the end of two
    processes.  progress: goes through the numbers of samples as they come back, before each is written;
    `operator.length_hint` says how many.

    Raises UsageError for an engine or worker that will not do, what the sink raises, and MaskwrightError when all of
    the samples failed, or the first 20.  However it ends, what the sink has written stays, and no process is left.
    """
    if not isinstance(worker, Worker):
        raise UsageError(
            f"the worker is a {type(worker).__name__}", needed="a compute.Worker: a class with __call__(number, sample)"
        )
    for name in ("done", "write"):
        if not callable(getattr(sink, name, None)):
            raise UsageError(f"the sink has no {name}", needed="an object with done(numbers) and write(number, rows)")
    if workers < 0:
        raise UsageError(f"{workers} workers cannot work", needed="0 or more")
    if timeout is not None and not timeout > 0:
        raise UsageError(f"a sample cannot be worked on in {timeout:g} seconds", needed="a time limit above 0")
    chosen = engines.load(engine or ("processes" if workers > 1 or timeout is not None else "here"))
    begun = time.perf_counter()
    view: View | None = None
    source: Iterator[tuple[int, Sample | None]]
    before, batch, total = 0, worker.batch, None
    if isinstance(samples, View):
        view = samples.frozen()
        wanted = view.numbers() if numbers is None else list(dict.fromkeys(numbers))
        there = set(sink.done(wanted))
        todo = [number for number in wanted if number not in there]
        source = ((number, None) for number in todo)
        before, total = len(wanted) - len(todo), len(todo)
        if workers > 1:  # every process gets its part
            batch = max(1, min(batch, len(todo) // (4 * workers)))
    else:
        source = enumerate(samples)
    workers = max(1, workers)
    parcels = Parcels(source, batch=batch, ahead=3 * workers * batch)
    results = chosen.results(Job(worker, view, strict), parcels, workers=workers, timeout=timeout)
    done = 0
    aside: list[SetAside] = []

    def arriving() -> Iterator[int]:
        nonlocal done
        for result in _in_order(results, parcels) if ordered else results:
            yield result.number
            if result.reason is None:
                sink.write(result.number, result.rows)
                done += 1
            else:
                aside.append(SetAside(result.number, _key(view, parcels, result.number), result.reason))
            parcels.finish(result.number)
            if len(aside) == HOPELESS and not done and not before:
                return

    with closing(results):
        for _ in progress(_Arriving(arriving(), total)):
            pass
    if aside and not done and not before:
        first = f"the first, {shown(aside[0].key)!r}: {aside[0].reason}"
        raise MaskwrightError(
            f"none of the {len(aside)} samples tried could be worked on; {first}",
            needed="at least one that can",
        )
    return Outcome(done, before, tuple(aside), time.perf_counter() - begun)


class _Arriving(Iterable[int]):
    """Numbers of samples as they come back; how many there will be is known by `operator.length_hint`."""

    def __init__(self, numbers: Iterator[int], total: int | None) -> None:
        self._numbers = numbers
        self._total = total

    def __iter__(self) -> Iterator[int]:
        return self._numbers

    def __length_hint__(self) -> int:
        return NotImplemented if self._total is None else self._total


def _in_order(results: Iterator[Result], parcels: Parcels) -> Iterator[Result]:
    """In the order in which samples were taken; those that came early are kept, as many as can be under way."""
    early: dict[int, Result] = {}
    for result in results:
        early[result.number] = result
        while parcels.taken and (due := next(iter(parcels.taken))) in early:
            yield early.pop(due)  # and is finished when this goes on


def _key(view: View | None, parcels: Parcels, number: int) -> str:
    if view is None:
        sample = parcels.taken[number]
        return "" if sample is None else sample.key
    with suppress(MaskwrightError):
        return view.read([number])[0].key
    return f"number {number}"
