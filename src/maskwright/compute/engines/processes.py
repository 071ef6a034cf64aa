"""In several processes of this machine, each with a model of its own.

The processes begin anew (spawn): none inherits threads, open files or a GPU's state.  A sample that ends its process,
or takes longer than it may, costs that process and nothing else: a new one takes over what the old one had not done.
"""

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any

from maskwright.compute.engines import Results
from maskwright.compute.parcels import Parcel, Parcels
from maskwright.compute.processors import processors
from maskwright.compute.work import Job, Opened, Result
from maskwright.compute.work import results as results_of
from maskwright.errors import MaskwrightError

#: Processes that a sample may end before it is set aside, and that may end before they are ready.
TRIES = 2
#: Seconds between two looks at processes that say nothing, and that an asked process has to end.
LOOK, GRACE = 1.0, 3.0
#: Seconds that the first sample of a process may take beyond the time limit: it loads compiled code and libraries.
WARM_UP = 60.0
#: Libraries that start threads of their own; the processes share the machine's processors.
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")

_READY = "ready"
_starting = threading.Lock()


def results(job: Job, parcels: Parcels, *, workers: int, timeout: float | None) -> Results:
    """Raises UsageError for a worker that cannot be pickled, MaskwrightError where its processes do not start."""
    crew = _Crew(job, parcels, workers, timeout)
    try:
        yield from crew.results()
    finally:
        crew.end()


class _Crew:
    def __init__(self, job: Job, parcels: Parcels, workers: int, timeout: float | None) -> None:
        packed = job.pack()
        self._parcels = parcels
        self._timeout = timeout
        self._places = [_Place(packed, workers) for _ in range(workers)]
        # A process that holds samples cannot be sent more: both sides would wait for the other to receive.
        self._depth = 1 if job.view is None else 2
        self._again: deque[int] = deque()
        self._ended: Counter[int] = Counter()
        self._not_ready = 0

    def results(self) -> Iterator[Result]:
        while True:
            self._fill()
            busy = [place for place in self._places if place.waiting]
            if not busy:
                return
            wait([place.pipe for place in busy], self._patience(busy))
            for place in busy:
                gone = place.has_ended()  # asked first: what it said before it ended is all there afterwards
                for message in place.messages():
                    if isinstance(message, Result):
                        yield message
                    elif message == _READY:
                        self._not_ready = 0
                    else:
                        raise message
                if (gone or place.closed) and place.waiting:
                    yield from self._lost(place)
                elif place.waiting and place.ready and self._timeout is not None and place.left(self._timeout) <= 0:
                    number = place.waiting.popleft()
                    self._again.extend(place.waiting)
                    place.end(at_once=True)
                    yield Result(number, reason=f"it took longer than {self._timeout:g} s")

    def _fill(self) -> None:
        """Parcels for who has nothing to do; then a second one each, so that nobody waits for the sink."""
        for depth in range(1, self._depth + 1):
            for place in self._places:
                if place.parcels < depth and (parcel := self._next()) is not None:
                    place.send(parcel)

    def _next(self) -> Parcel | None:
        # One by one: a second process that ends here ends of this sample.
        return self._parcels.parcel([self._again.popleft()]) if self._again else self._parcels.take()

    def _patience(self, busy: list["_Place"]) -> float:
        if self._timeout is None:
            return LOOK
        left = [place.left(self._timeout) for place in busy if place.ready]
        return max(0.0, min([LOOK, *left]))

    def _lost(self, place: "_Place") -> Iterator[Result]:
        """What a process had that ended; its first sample not done is the one that it ended of."""
        waiting, ready, how = list(place.waiting), place.ready, place.how_it_ended()
        place.end(at_once=True)
        if not ready:
            self._not_ready += 1
            if self._not_ready >= TRIES:
                raise MaskwrightError(
                    f"a process of the work ended before it was ready ({how})",
                    needed="enough memory for one model in each process; in a script, work under"
                    " `if __name__ == '__main__':`",
                    todo="Use fewer processes, or none: without --workers.",
                )
            self._again.extend(waiting)
            return
        first = waiting[0]
        self._ended[first] += 1
        self._again.extend(waiting[1:])
        if self._ended[first] < TRIES:
            self._again.appendleft(first)
        else:
            yield Result(first, reason=f"it ended the process that worked on it, {TRIES} times ({how})")

    def end(self) -> None:
        for place in self._places:
            place.ask_to_end()
        for place in self._places:
            place.end()


class _Place:
    """One process at a time, and what it was given and has not answered yet, in order."""

    def __init__(self, packed: bytes, workers: int) -> None:
        self._packed = packed
        self._workers = workers
        self._process: Any = None
        self._lasts: deque[int] = deque()  # the last number of each parcel
        self.pipe: Connection[Any, Any] = None  # type: ignore[assignment]  # with the process
        self.waiting: deque[int] = deque()
        self.ready = self.closed = self._warm = False
        self.since = 0.0

    @property
    def parcels(self) -> int:
        return len(self._lasts)

    def send(self, parcel: Parcel) -> None:
        if self._process is None:
            self._start()
        if not self.waiting:
            self.since = time.monotonic()
        self.waiting.extend(parcel.numbers)
        self._lasts.append(parcel.numbers[-1])
        with suppress(OSError):  # it has ended, which is seen when it is looked at
            self.pipe.send(parcel)

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, self._packed), daemon=True)
        try:
            with _starting, ExitStack() as stack:
                stack.enter_context(_threads_of(self._workers))
                stack.enter_context(_deaf_to_interrupts())
                self._process.start()
        except BaseException:
            self._process = None
            self.pipe.close()
            raise
        finally:
            other.close()
        self.ready = self.closed = self._warm = False

    def messages(self) -> Iterator[Any]:
        """What it has said by now."""
        try:
            while self.pipe.poll():
                message = self.pipe.recv()
                self.since = time.monotonic()
                if isinstance(message, Result):
                    self._warm = True
                    self.waiting.remove(message.number)
                    if self._lasts and message.number == self._lasts[0]:
                        self._lasts.popleft()
                elif message == _READY:
                    self.ready = True
                yield message
        except (EOFError, OSError):
            self.closed = True  # it ends or has ended, perhaps in the middle of a message

    def has_ended(self) -> bool:
        return self._process.exitcode is not None

    def left(self, timeout: float) -> float:
        """Seconds that the sample which is worked on has; its first one loads what the others use."""
        return self.since + timeout + (0.0 if self._warm else WARM_UP) - time.monotonic()

    def how_it_ended(self) -> str:
        self._process.join(GRACE)
        code = self._process.exitcode
        if code is None or code >= 0:
            return f"exit code {code}"
        with suppress(ValueError):
            name = signal.Signals(-code).name
            return f"{name}, as when memory runs out" if name == "SIGKILL" else name
        return f"signal {-code}"

    def ask_to_end(self) -> None:
        if self._process is not None:
            self.pipe.close()  # a process that waits for work ends by this
            if self.waiting:
                self._process.terminate()

    def end(self, *, at_once: bool = False) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        self.waiting.clear()
        self._lasts.clear()
        if at_once:
            process.kill()
        process.join(GRACE)
        if process.exitcode is None:
            process.kill()
            process.join()
        process.close()
        self.pipe.close()


@contextmanager
def _threads_of(workers: int) -> Iterator[None]:
    """Of a process that starts in this block: a fair share of the processors, where nobody chose a number."""
    share = str(max(1, processors() // workers))
    added = [name for name in _THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(added, share))
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """A process that starts in this block does not hear Ctrl-C: this one does, and ends it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # which would let interrupts through again when the first process starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# -- in the other process ------------------------------------------------------------------------------------------


class _NobodyListensError(Exception):
    pass


def _serve(pipe: "Connection[Any, Any]", packed: bytes) -> None:
    """Take parcels, answer results, until the other side closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that a dataset's private copy is taken away
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        opened = Opened.unpack(packed)
        try:
            opened.job.worker.open()
            _send(pipe, _READY)
            while (parcel := _received(pipe)) is not None:
                for result in results_of(opened.job, parcel.numbers, parcel.samples):
                    _send(pipe, result)
        finally:
            opened.close()
    except _NobodyListensError:
        pass
    except Exception as error:  # noqa: BLE001  it is raised in the process that asked
        with suppress(_NobodyListensError):
            _send(pipe, _sendable(error))


def _send(pipe: "Connection[Any, Any]", message: Any) -> None:
    packed = pickle.dumps(message)
    try:
        pipe.send_bytes(packed)
    except OSError:
        raise _NobodyListensError from None


def _received(pipe: "Connection[Any, Any]") -> Parcel | None:
    try:
        found: Parcel = pipe.recv()
    except (EOFError, OSError):
        return None
    return found


def _sendable(error: Exception) -> Exception:
    """The error as another process can have it, with what a programmer wants to see of a slip."""
    if not isinstance(error, MaskwrightError):
        error.add_note(f"In a process of the work:\n{traceback.format_exc()}")
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  made in this line
    except Exception:  # noqa: BLE001  an error may hold anything
        return MaskwrightError(f"{type(error).__name__}: {error}")
    return error


def _end_with_parent() -> None:
    """However the process that asked ends, nothing works on for nobody."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
