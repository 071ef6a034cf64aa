"""What members of other distributions raise while they work: a sentence that says whose fault it is."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from maskwright.errors import NO_ROOM, MaskwrightError
from maskwright.registry.members import brought_by, canonical
from maskwright.registry.protocols import FAMILIES

Item = TypeVar("Item")


class naming:  # noqa: N801 - used as a function
    """A block in which a member works: what one of another distribution raises becomes a sentence that names it.

    That is a MaskwrightError, caused by what was raised.  What is a sentence already stays what it is, as do errors
    that nobody made: no memory, no room on the disk.  Around a member of ours nothing changes.  passing: further
    errors that stay what they are, because the caller has words for them.
    """

    __slots__ = ("_family", "_name", "_passing")

    def __init__(self, family: str, name: str, *, passing: tuple[type[Exception], ...] = ()) -> None:
        self._family, self._name, self._passing = family, name, passing

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, Exception) or isinstance(error, (MaskwrightError, MemoryError, *self._passing)):
            return
        package = brought_by(self._family, self._name)
        full = isinstance(error, OSError) and error.errno in NO_ROOM
        if package is None or full or type(error).__name__ == "OutOfMemoryError":  # PyTorch's is of no other kind
            return
        raise MaskwrightError(
            f"the {FAMILIES[self._family].what} {canonical(self._name)!r} of the package {package} {ended(error)}",
            todo="Tell those who make that package, or do without it.",
        ) from error


def named(items: Iterable[Item], family: str, name: str) -> Iterator[Item]:
    """What a member yields, item by item, each of them made inside `naming`."""
    with naming(family, name):
        rest = iter(items)
    block = naming(family, name)
    while True:
        with block:
            try:
                item = next(rest)
            except StopIteration:
                return
        yield item


def ended(error: Exception) -> str:
    """The end of a sentence about somebody else's work that raised this."""
    reason = " ".join(str(error).split())[:200]
    return f"ends in {type(error).__name__}" + (f" ({reason})" if reason else "")
