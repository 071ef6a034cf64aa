"""Long work beside the answers: one at a time, with progress, and stopped between steps when asked."""

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from operator import length_hint
from typing import Any

from maskwright.errors import MaskwrightError


class Stopped(Exception):  # noqa: N818  not an error
    """The person asked for it."""


class Work:
    """One job.  follow: wrap what is gone through; it counts, and stops when asked."""

    def __init__(self, kind: str) -> None:
        self.id = secrets.token_hex(8)
        self.kind = kind
        self.status = "running"
        self.done = 0
        self.total: int | None = None
        self.words = ""
        self.result: dict[str, Any] = {}
        self._stop = threading.Event()
        self._ended = False

    def follow(self, items: Iterable[int]) -> Iterator[int]:
        self.total, self.done = length_hint(items) or None, 0
        for item in items:
            if self._stop.is_set():
                raise Stopped
            yield item
            self.done += 1

    def while_wanted(self, items: Iterable[int]) -> Iterator[int]:
        """As `follow`, but it ends early where it is stopped, so that the work can say what it did until then."""
        try:
            yield from self.follow(items)
        except Stopped:
            self._ended = True

    def stop(self) -> None:
        self._stop.set()

    def run(self, what: Callable[["Work"], dict[str, Any]]) -> None:
        try:
            self.result = what(self)
            self.status = "cancelled" if self._ended else "done"
        except Stopped:
            self.status, self.words = "cancelled", "Stopped. What was suggested until then is there."
        except MaskwrightError as error:
            self.status, self.words = "failed", str(error)
        except Exception as error:  # noqa: BLE001  the page must hear of it, whatever it was
            self.status, self.words = "failed", f"{type(error).__name__}: {error}"


class Jobs:
    """The jobs of a studio; at most 1 runs at a time."""

    def __init__(self) -> None:
        self._all: dict[str, Work] = {}
        self._lock = threading.Lock()

    def start(self, kind: str, what: Callable[[Work], dict[str, Any]]) -> Work | None:
        """None while another job runs."""
        with self._lock:
            if any(job.status == "running" for job in self._all.values()):
                return None
            work = Work(kind)
            self._all[work.id] = work
        threading.Thread(target=work.run, args=(what,), name=f"studio-{kind}", daemon=True).start()
        return work

    def newest(self) -> Work | None:
        """The job that was begun last: a page that is loaded anew goes on showing it."""
        return next(reversed(self._all.values()), None)

    def get(self, id: str) -> Work | None:
        return self._all.get(id)
