"""Everything Maskwright raises on purpose.

    MaskwrightError
    ├── FormatError        the file's move: a label file is broken or holds what its format cannot say
    │   └── LossError      the user's move: a write would lose something and was not allowed to
    ├── DatasetError       the store's move: no dataset here, a newer one, a full disk, a busy writer
    ├── ModelError         weights and shapes do not fit
    └── UsageError         the call's move: a wrong option, an unknown name
        └── MissingExtraError   an optional dependency is not installed

A programming slip stays TypeError or ValueError.  Inner code raises the fact; the frame that knows the
file and the record adds the place with `at`.
"""

from typing import Self


class MaskwrightError(Exception):
    """One sentence a user can act on: where, what was found, what is needed, what to do."""

    def __init__(
        self,
        found: str,
        *,
        file: object = None,
        record: str | None = None,
        needed: str | None = None,
        todo: str | None = None,
    ) -> None:
        super().__init__(found)
        self.found = found
        self.file = file
        self.record = record
        self.needed = needed
        self.todo = todo

    def at(self, *, file: object = None, record: str | None = None) -> Self:
        """Fill in the place where it is not known yet; returns the error, to be raised again."""
        self.file = self.file if self.file is not None else file
        self.record = self.record if self.record is not None else record
        return self

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only fields would be lost when the error crosses a process border.
        return _rebuild, (type(self), self.found, self.__dict__)

    def __str__(self) -> str:
        place = ": ".join(str(part) for part in (self.file, self.record) if part is not None)
        text = f"{place}: {self.found}" if place else self.found
        if self.needed:
            text += f"; {self.needed}"
        text = text if text.endswith(".") else text + "."
        return f"{text}\n  {self.todo}" if self.todo else text


def _rebuild(kind: type[MaskwrightError], found: str, fields: dict[str, object]) -> MaskwrightError:
    error = kind(found)
    error.__dict__.update(fields)
    return error


class FormatError(MaskwrightError):
    """A label file is broken, or holds what its format cannot say."""


class LossError(FormatError):
    """Writing would lose something; the report says what, and --allow-loss accepts it."""


class DatasetError(MaskwrightError):
    """The store cannot do it: no dataset, a newer one, no room, no right to write, another writer."""


class ModelError(MaskwrightError):
    """Weights, shapes or settings of a model do not fit together."""


class UsageError(MaskwrightError):
    """The call itself is wrong: an unknown name, options that exclude each other."""


class MissingExtraError(UsageError):
    """An optional dependency is not installed."""

    def __init__(self, found: str, *, extra: str = "all") -> None:
        super().__init__(found, todo=f"Install it with: pip install 'maskwright[{extra}]'")
        self.extra = extra
