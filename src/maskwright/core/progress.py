"""How work that takes a while is followed by whoever shows it."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

#: Given what is done and how many steps it has, a context whose value follows the steps.
Progress = Callable[[str, int | None], AbstractContextManager[Callable[[Iterable[Any]], Iterator[Any]]]]


@contextmanager
def silent(what: str, total: int | None) -> Iterator[Callable[[Iterable[Any]], Iterator[Any]]]:
    """Progress that nobody sees."""
    yield iter


#: Seconds between two lines.
EVERY = 10.0


class Pace:
    """A line of text from time to time: how many of how many, how many a second, and how long the rest takes.

    what: is done, in a few words.  total: None where it is not known.  done: that were done before.
    """

    def __init__(self, what: str, total: int | None, done: int = 0) -> None:
        self._what, self._total, self._done = what, total, done
        self._began = self._told = time.monotonic()
        self._number = 0

    def line(self) -> str | None:
        """After each step; None where it is not time for a line."""
        self._number += 1
        now = time.monotonic()
        if now - self._told < EVERY:
            return None
        self._told = now
        rate = self._number / (now - self._began)
        done = self._done + self._number
        number = f"{done:,}" + (f" of {self._total:,}" if self._total else "")
        said = f"{self._what}: {number}, {rate:{',.0f' if rate >= 10 else '.1f'}} a second"
        if not self._total or done > self._total:
            return said
        left = round((self._total - done) / rate)
        hours, minutes, seconds = left // 3600, left // 60 % 60, left % 60
        return f"{said}, " + (f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}") + " left"
