"""What may come into a dataset: every value is checked here, once, and stored as what it is.

NumPy's numbers become numbers; what has no place in a database or in JSON is one sentence.
"""

import re
from collections.abc import Mapping
from datetime import date
from numbers import Integral, Real
from typing import Any

import numpy as np

from maskwright.core import columns
from maskwright.core.names import check_name, key_problem, safe_key, shown
from maskwright.core.sample import Sample
from maskwright.core.segments import SOURCES, Segments, Source
from maskwright.errors import UsageError

_INT32 = 2**31 - 1
_INT64 = 2**63 - 1
LONGEST_TEXT = 4000  # characters of an address, a split, a message
_DEEPEST = 60
_LARGEST = 10**300
_CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff]")
_UNSTORABLE = re.compile("[\\x00\\ud800-\\udfff]")


def key(value: object) -> str:
    """Raises UsageError for a key that could lead elsewhere."""
    wrong = key_problem(value)
    if wrong is not None:
        todo = f"Such as {safe_key(value)!r}." if isinstance(value, str) else None
        raise UsageError(
            f"the key {shown(value)!r} {wrong}", needed='a relative path without "..", such as train/0001', todo=todo
        )
    return str(value)


def author(value: str) -> str:
    return check_name(value, "an author's name")


def message(value: object) -> str:
    """On one line, without control characters."""
    return shown(value, LONGEST_TEXT)


def _is(value: object, kind: type) -> bool:
    """A number of this kind; True and False are not numbers here."""
    return isinstance(value, kind) and not isinstance(value, bool | np.bool_)


def integer(value: object, what: str, *, least: int = -_INT32 - 1, most: int = _INT32) -> int:
    """Whole numbers of any kind, but no bool. Raises UsageError."""
    if _is(value, Integral) and least <= int(value) <= most:  # type: ignore[call-overload]
        return int(value)  # type: ignore[call-overload,no-any-return]
    raise UsageError(f"{what} is {shown(repr(value))}", needed=f"a whole number from {least} to {most}")


def identity(value: object) -> int:
    """A segment's id."""
    return integer(value, "a segment's id", least=-_INT64 - 1, most=_INT64)


def score(value: object) -> float | None:
    """None, and None for NaN. Raises UsageError for what is not between 0 and 1."""
    if value is None or (isinstance(value, float | np.floating) and value != value):
        return None
    if _is(value, Real) and 0 <= float(value) <= 1:  # type: ignore[arg-type]
        return float(value)  # type: ignore[arg-type]
    raise UsageError(f"a score is {shown(repr(value))}", needed="a number from 0 to 1, or None")


def weight(value: object) -> float:
    """Raises UsageError for what is not finite or below 0."""
    if _is(value, Real) and 0 <= float(value) < float("inf"):  # type: ignore[arg-type]
        return float(value)  # type: ignore[arg-type]
    raise UsageError(f"a weight is {shown(repr(value))}", needed="a finite number, 0 or more")


def text(value: object, what: str) -> str:
    """Raises UsageError for what is not text, holds control characters, or does not end."""
    if not isinstance(value, str):
        raise UsageError(f"{what} is {shown(repr(value))}", needed="text")
    if len(value) > LONGEST_TEXT:
        raise UsageError(f"{what} has {len(value)} characters", needed=f"at most {LONGEST_TEXT}")
    if _CONTROL.search(value):
        raise UsageError(f"{what} {shown(value)!r} holds control characters")
    return str(value)


def storable(value: str, what: str) -> str:
    """Text of several lines, of any length. Raises UsageError for what no database holds."""
    plain = str(value)
    if _UNSTORABLE.search(plain):
        raise UsageError(f"{what} holds {shown(repr(plain))}", needed="text without NUL or halves of characters")
    return plain


def optional(value: object, what: str) -> str | None:
    return None if value is None else text(value, what)


def split(value: object) -> str | None:
    """None, or text that is not empty."""
    if value == "":
        raise UsageError("a split is empty", needed="text, or None for undecided")
    return optional(value, "a split")


def uri(value: object) -> str:
    """Where an image is: any text without NUL that can be stored; paths may hold what people's paths hold."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise UsageError(f"an image's place is {shown(repr(value))}", needed="a path, or an address")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UsageError(
            f"an image's place is {shown(repr(value))}",
            needed="a name in Unicode",
            todo="Rename the file or its folder.",
        ) from None
    return value


def source(value: object) -> Source:
    if isinstance(value, str) and value in SOURCES:
        return value  # type: ignore[return-value]
    raise UsageError(f"a segment's source is {shown(repr(value))}", needed=f"one of {', '.join(sorted(SOURCES))}")


def flag(value: object, what: str) -> bool:
    if isinstance(value, bool | np.bool_) or (isinstance(value, Integral) and int(value) in (0, 1)):
        return bool(value)
    raise UsageError(f"{what} is {shown(repr(value))}", needed="True or False")


def fields(value: object, what: str = "fields") -> dict[str, Any]:
    """A mapping as JSON has it. Raises UsageError, naming the field."""
    if not isinstance(value, Mapping):
        raise UsageError(f"{what} is {shown(repr(value))}", needed="a mapping from names to values")
    if not value:
        return {}
    return _safe(value, what, 0)  # type: ignore[no-any-return]


def _safe(value: Any, where: str, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return storable(value, where)
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, date | np.datetime64):  # times of Python are dates, too
        if value != value:  # pandas' and NumPy's mark of no time
            raise UsageError(f"{where} is {value}", needed="a time, or None")
        return value.isoformat() if isinstance(value, date) else str(value)
    if isinstance(value, Integral):
        if abs(int(value)) > _LARGEST:
            raise UsageError(f"{where} is a whole number of more than 300 digits")
        return int(value)
    if isinstance(value, Real):
        number = float(value)
        if number - number != 0:
            raise UsageError(f"{where} is {number}", needed="a finite number, or None")
        return number
    if depth > _DEEPEST:
        raise UsageError(f"{where} is nested more than {_DEEPEST} deep")
    if isinstance(value, Mapping):
        out = {}
        for name, inner in value.items():
            if not isinstance(name, str):
                raise UsageError(f"{where} has the name {shown(repr(name))}", needed="names that are text")
            out[_safe(name, where, depth)] = _safe(inner, f"{where}.{shown(name, 40)}", depth + 1)
        return out
    if isinstance(value, list | tuple):
        return [_safe(inner, f"{where}[{place}]", depth + 1) for place, inner in enumerate(value)]
    if isinstance(value, np.ndarray):
        return _safe(value.tolist(), where, depth + 1)
    raise UsageError(
        f"{where} is a {type(value).__name__}, {shown(repr(value), 40)}",
        needed="what JSON holds: text, numbers, True, False, None, lists and mappings",
    )


def further(more: Mapping[str, Any]) -> dict[str, Any]:
    """The built-in columns that `Sample.more` holds; their defaults where it says nothing."""
    return {
        column.name: more.get(column.name, column.default) for column in columns.SAMPLE if column.path is None
    }  # fmt: skip


def sample(value: Sample) -> dict[str, Any]:
    """The columns of a sample's row but for its number, checked. Raises UsageError, naming the sample."""
    name = key(value.key)
    try:
        image = value.image
        height, width = image.size
        return {
            "key": name, "uri": uri(image.uri), "height": integer(height, "a height", least=0),
            "width": integer(width, "a width", least=0), "checksum": optional(image.checksum, "a checksum"),
            "video": optional(image.video, "a video's name"),
            "frame": None if image.frame is None else integer(image.frame, "a frame's number"),
            "split": split(value.split), "weight": weight(value.weight), "fields": fields(value.fields),
            **further(value.more),
        }  # fmt: skip
    except UsageError as error:
        raise error.at(record=f"sample {shown(name)!r}") from None


def segments(value: Segments) -> list[dict[str, Any]]:
    """Score, source and attributes of each segment as they are stored; the other columns are arrays of one type.

    Raises UsageError, naming the segment, for what cannot be.
    """
    scores = value.scores
    known = ~np.isnan(scores)
    if not ((scores[known] >= 0) & (scores[known] <= 1)).all():
        row = int(np.flatnonzero(known & ~((scores >= 0) & (scores <= 1)))[0])
        raise UsageError(
            f"a score is {scores[row]}", record=f"segment {value.ids[row]}", needed="a number from 0 to 1, or none"
        )
    listed = [None if number != number else number for number in scores.tolist()]
    out = []
    for row, (name, about, said) in enumerate(zip(value.source, value.attributes, listed, strict=True)):
        try:
            if name not in SOURCES:
                source(name)
            out.append({"score": said, "source": name, "attributes": fields(about, "attributes") if about else {}})
        except UsageError as error:
            raise error.at(record=f"segment {value.ids[row]}") from None
    if len(value) and (int(value.class_ids.min()) < -_INT32 - 1 or int(value.class_ids.max()) > _INT32):
        raise UsageError("a class id is beyond 32 bits", needed=f"a whole number up to {_INT32}")
    return out


def definition(value: dict[str, Any]) -> dict[str, Any]:
    """One class as `Classes.to_json` writes it. Raises UsageError."""
    integer(value["id"], "a class id")
    if not str(value["name"]).strip():
        raise UsageError(f"the class {value['id']} has no name")
    text(value["name"], "a class name")
    return {**value, "extra": fields(value["extra"], f"class {shown(value['name'])!r}: extra")}
