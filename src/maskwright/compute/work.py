"""What a worker is, and one sample's way through it."""

import abc
import pickle
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from maskwright.core.foreign import sentence
from maskwright.core.names import shown
from maskwright.errors import DatasetError, MaskwrightError, UsageError
from maskwright.store import Dataset, View
from maskwright.store.opinions import view_of

Rows = TypeVar("Rows")

#: What is not a sample's fault: the call is wrong, or the dataset cannot be read.
_OF_THE_CALL = (UsageError, DatasetError)


class Worker(abc.ABC, Generic[Rows]):
    """A function from a sample to rows, which may run in other processes: what it holds before `open` can be pickled.

    batch: samples that are read together; more than 1 where reading one takes longer than working on it.
    """

    batch = 1

    def open(self) -> None:
        """Once in every process, before its first sample: what is dear, such as loading a model.

        What it raises ends the whole call.
        """

    def read(self, view: View, numbers: Sequence[int]) -> Sequence[Any]:
        """What `__call__` gets of each of these samples, in their order; the samples themselves."""
        return view.read(numbers)

    @abc.abstractmethod
    def __call__(self, number: int, sample: Any) -> Rows:
        """number: the sample's, in the view; its position in an iterable of samples.  sample: what `read` gave.

        A UsageError or a DatasetError ends the whole call; whatever else it raises sets this sample aside.
        """

    def each(self, numbers: Sequence[int], samples: Sequence[Any]) -> Iterator[Rows | Exception]:
        """For samples that were read together, in their order: the rows of each, or what it raised.

        Another one is for a worker that is faster with several samples at hand; what it raises itself ends the call.
        """
        for number, sample in zip(numbers, samples, strict=True):
            try:
                yield self(number, sample)
            except Exception as error:  # noqa: BLE001  whatever it is, other samples go on
                yield error


@dataclass(frozen=True)
class Result:
    """What became of one sample. reason: why it is set aside, in one sentence; None when `rows` are there."""

    number: int
    rows: Any = None
    reason: str | None = None


@dataclass(frozen=True)
class Job:
    """view: where the samples are read; None when they are handed over.  strict: a worker's error ends the call."""

    worker: Worker[Any]
    view: View | None
    strict: bool = False

    def pack(self) -> bytes:
        """For another process. Raises UsageError for a worker that cannot go there."""
        view = None
        if self.view is not None:
            view = _absolute(self.view), self.view.revision, self.view.conditions, self.view.annotator
        try:
            return pickle.dumps((self.worker, view, self.strict))
        except (pickle.PicklingError, AttributeError, TypeError, RuntimeError) as error:
            raise UsageError(
                f"this work cannot be handed to another process ({shown(error, 200)})",
                todo="Do it in this process: without --workers.",
            ) from error


@dataclass
class Opened:
    """A job that was unpacked in another process; its dataset is open for reading until `close`."""

    job: Job
    _stack: ExitStack = field(default_factory=ExitStack)

    @classmethod
    def unpack(cls, packed: bytes) -> "Opened":
        """Raises what unpickling and opening the dataset raise."""
        worker, view, strict = pickle.loads(packed)  # noqa: S301  from the process that started this one
        stack = ExitStack()
        if view is None:
            return cls(Job(worker, None, strict), stack)
        place, revision, conditions, annotator = view
        dataset = stack.enter_context(Dataset.open(place, read_only=True))
        return cls(Job(worker, view_of(dataset.database, revision, conditions, annotator), strict), stack)

    def close(self) -> None:
        self._stack.close()


def _absolute(view: View) -> str:
    place = view.database.place
    return str(place) if "://" in str(place) else str(Path(place).absolute())


def results(job: Job, numbers: Sequence[int], samples: Sequence[Any] | None) -> Iterator[Result]:
    """Each sample's, in order, one by one as they are worked on. samples: read here when not given."""
    if samples is None:
        assert job.view is not None
        try:
            samples = job.worker.read(job.view, numbers)
        except Exception as error:  # noqa: BLE001  whatever it is, other samples go on
            if len(numbers) > 1 and not _ends_all(error, job):
                for number in numbers:
                    yield from results(job, [number], None)
                return
            yield _failed(numbers[0], error, job)
            return
    for number, found in zip(numbers, job.worker.each(numbers, samples), strict=True):
        yield _failed(number, found, job) if isinstance(found, Exception) else Result(number, found)


def _ends_all(error: Exception, job: Job) -> bool:
    return job.strict or isinstance(error, _OF_THE_CALL)


def _failed(number: int, error: Exception, job: Job) -> Result:
    """Raises the error again when it ends the call."""
    if _ends_all(error, job):
        raise error
    if isinstance(error, MaskwrightError):
        text = str(error)
    elif isinstance(error, MemoryError | OSError):
        text = sentence(error)
    else:
        text = f"{type(error).__name__}: {error}"
    return Result(number, reason=shown(" ".join(text.split()), 300))
