"""How work that takes a while is followed by whoever shows it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

#: Given what is done and how many steps it has, a context whose value follows the steps.
Progress = Callable[[str, int | None], AbstractContextManager[Callable[[Iterable[Any]], Iterator[Any]]]]


@contextmanager
def silent(what: str, total: int | None) -> Iterator[Callable[[Iterable[Any]], Iterator[Any]]]:
    """Progress that nobody sees."""
    yield iter
