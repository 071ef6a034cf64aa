"""Everything Maskwright raises on purpose, and how text from elsewhere stands in a message.

    MaskwrightError
    ├── FormatError        the file's move: a label file is broken or holds what its format cannot say
    │   └── LossError      the user's move: a write would lose something and was not allowed to
    ├── DatasetError       the store's move: no dataset here, a newer version, a full disk, a busy writer
    │   └── ConflictError  the user's move: somebody else changed the segments since they were read
    ├── ModelError         weights and shapes do not fit
    └── UsageError         the call's move: a wrong option, an unknown name
        └── MissingExtraError   an optional dependency is not installed

A programming slip stays TypeError or ValueError.  Inner code raises the fact; the frame that knows the
file and the record adds the place with `at`.
"""

import errno
import re
from typing import Any, Self

__all__ = [
    "ConflictError", "DatasetError", "FormatError", "LossError", "MaskwrightError", "MissingExtraError", "ModelError",
    "UsageError",
]  # fmt: skip

#: What the system says when there is no room for what is written, whoever wrote it.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

# A database's or an object store's address: the driver takes everything up to the "@" as the password, slashes too.
# After a web address's first slash comes a path, in which "@" means nothing.  A path made of an address has one slash.
_LENIENT = re.compile(
    r"\b((?!https?:|file:)[a-z][a-z0-9+.\-]{1,30}://?[^\s:/@?]*):(?:[^\s?]*@|\S*@|[^@\n]*@)", re.IGNORECASE
)
_STRICT = re.compile(r"\b((?:https?|file)://?[^\s:/@]*):[^\s/@]*@", re.IGNORECASE)
_NAMED = re.compile(r"\b((?:ssl)?password\s*=\s*)('[^']*'|[^\s&'\";,]+)", re.IGNORECASE)


def redacted(text: str) -> str:
    """Text with "***" in place of the passwords of the addresses in it."""
    if ":/" in text:
        text = _STRICT.sub(r"\1:***@", _LENIENT.sub(r"\1:***@", text))
    return _NAMED.sub(r"\1***", text) if "=" in text else text


#: Controls, halves of surrogate pairs, separators of lines, and marks that turn the direction of text.
CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]")


def plain(text: object) -> str:
    """Text from elsewhere as a terminal may have it: one line, without control characters, without passwords."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", redacted(str(text)))


class MaskwrightError(Exception):
    """One sentence a user can act on: where, what was found, what is needed, what to do.

    No part shows a password or a control character, whatever it was made from.
    """

    def __init__(
        self,
        found: str,
        *,
        file: object = None,
        record: str | None = None,
        needed: str | None = None,
        todo: str | None = None,
    ) -> None:
        super().__init__(redacted(found))
        self.found = redacted(found)
        self.file = _place(file)
        self.record = record
        self.needed = None if needed is None else redacted(needed)
        self.todo = None if todo is None else redacted(todo)

    def at(self, *, file: object = None, record: str | None = None) -> Self:
        """Fill in the place where it is not known yet; returns the error, to be raised again."""
        self.file = self.file if self.file is not None else _place(file)
        self.record = self.record if self.record is not None else record
        return self

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only fields would be lost when the error crosses a process border.
        return _rebuild, (type(self), self.found, self.__dict__)

    def __str__(self) -> str:
        place = ": ".join(plain(part) for part in (self.file, self.record) if part is not None)
        text = f"{place}: {_line(self.found)}" if place else _line(self.found)
        if self.needed:
            text += f"; {_line(self.needed)}"
        text = text if text.endswith(".") else text + "."
        return f"{text}\n  {_line(self.todo)}" if self.todo else text


def _place(file: object) -> object:
    return file if file is None or redacted(str(file)) == str(file) else redacted(str(file))


def _line(text: str) -> str:
    """Other programs' messages of several lines become one."""
    return plain(re.sub(r"\s*[\r\n\t]\s*", " ", text))


def _rebuild(kind: type[MaskwrightError], found: str, fields: dict[str, object]) -> MaskwrightError:
    error = kind(found)
    error.__dict__.update(fields)
    return error


class FormatError(MaskwrightError):
    """A label file is broken, or holds what its format cannot say.

    others: lines on further records that are broken, the first of which says how many.
    """

    others: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.others:
            return super().__str__()
        first, *rest = super().__str__().split("\n")
        head, *lines = map(_line, self.others)
        return "\n".join([first, f"  {head}", *(f"    {line}" for line in lines), *rest])


class LossError(FormatError):
    """Writing would lose something; the report says what, and --allow-loss accepts it.

    losses: all that was counted, as `formats.Loss`.
    """

    losses: tuple[Any, ...] = ()


class DatasetError(MaskwrightError):
    """The store cannot do it: no dataset, a newer version, no room, no right to write, another writer."""


class ConflictError(DatasetError):
    """Somebody else changed the segments since they were read; nothing was written.

    base: the revision that was seen.  yours: the Segments to be written.  theirs: the Segments that are there.
    """

    def __init__(self, found: str, *, base: int = 0, yours: object = None, theirs: object = None, **place: Any) -> None:
        place.setdefault("todo", "Read it again and decide; this error holds both versions, yours and theirs.")
        super().__init__(found, **place)
        self.base = base
        self.yours = yours
        self.theirs = theirs


class ModelError(MaskwrightError):
    """Weights, shapes or settings of a model do not fit together."""


class UsageError(MaskwrightError):
    """The call itself is wrong: an unknown name, options that exclude each other."""


class MissingExtraError(UsageError):
    """An optional dependency is not installed. extra: the one that brings it; package: where none does, its name."""

    def __init__(self, found: str, *, extra: str = "all", package: str | None = None) -> None:
        wanted = package or f"'maskwright[{extra}]'"
        super().__init__(found, todo=f"Install it with: pip install {wanted}")
        self.extra = extra
