"""Content from elsewhere: errors that a file's values cause, told from slips of our own code, and said in one sentence.

Readers check what they know to be fragile and name the record.  What remains, such as a number where a list is needed,
is caught once, at the door of each family of files, where the place is known.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from maskwright.core.names import shown
from maskwright.core.sample import Sample
from maskwright.errors import FormatError, MaskwrightError

_CAUSED = (
    ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, MemoryError, OSError, EOFError,
    SyntaxError, struct.error, zlib.error,
)  # fmt: skip

#: What JSON, YAML, XML's attributes and tables of text are made of.
_PLAIN = (dict, list, tuple, str, bytes, int, float, bool, type(None))

_WRONG_CALL = re.compile(r"\S\(\) (got an unexpected|got multiple|got some|takes|missing) ")


def caused_by_content(error: BaseException) -> bool:
    """Can a file's content alone have raised this?

    A call with the wrong arguments, an attribute that one of our own objects lacks, an unknown name and a failed
    assertion are slips of the code; they stay what they are.
    """
    if isinstance(error, AttributeError):
        return type(error.obj) in _PLAIN
    if isinstance(error, TypeError):
        return _WRONG_CALL.search(str(error)) is None
    return isinstance(error, _CAUSED)


def sentence(error: BaseException) -> str:
    """The error as part of a message: bounded, on one line."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, MemoryError):
        return "it asks for more memory than there is"
    if isinstance(error, KeyError):
        return f"it lacks {shown(error.args[0] if error.args else '')!r}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = shown(error, 200)
    return f"a value is of the wrong kind: {text}" if isinstance(error, TypeError | AttributeError) else text


def in_place_of(
    error: BaseException, file: object, record: str | None = None, kind: type[MaskwrightError] = FormatError
) -> BaseException:
    """What is raised in place of an error: one of `kind`, naming file and record, where the content caused it; else
    the error itself.  The first error stays the cause.
    """
    if isinstance(error, MaskwrightError):
        error.found = shown(error.found, 500)
        if isinstance(error, kind) and error.file is None:
            error.at(file=file, record=record)
        return error
    if not isinstance(error, Exception) or not caused_by_content(error):
        return error
    found = kind(f"cannot be read ({sentence(error)})", file=file, record=record)
    found.__cause__ = error
    return found


class explained:  # noqa: N801 - used as a function
    """A block whose errors become those that `in_place_of` gives.

    A class, since every sample goes through several of them and a generator takes four times as long.
    """

    __slots__ = ("_file", "_kind", "_record")

    def __init__(self, file: object, record: str | None = None, kind: type[MaskwrightError] = FormatError) -> None:
        self._file, self._record, self._kind = file, record, kind

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            found = in_place_of(error, self._file, self._record, self._kind)
            if found is not error:
                raise found


def guarded(samples: Iterator[Sample], file: object) -> Iterator[Sample]:
    """The same samples; what the content makes their reader raise names the file and how far it came."""
    last: Any = None
    while True:
        record = "the first sample" if last is None else f"after sample {shown(last)!r}"
        with explained(file, record):
            sample = next(samples, None)
        if sample is None:
            return
        yield sample
        last = sample.key
