"""Kinds of values that a column can hold: an entry of `KINDS` is all that one takes to be declared, checked, stored,
written to Parquet and sent to the page.
"""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from maskwright.core.columns import Column

#: What a database keeps of a value.
Stored = Literal["real", "integer", "text", "bool", "json", "blob"]


@dataclass(frozen=True)
class Kind:
    """check: a value for a column -> it as it is stored; raises ValueError, saying what is needed.

    stored: as what; segments' and samples' own values are inside JSON whatever their kind.  wire: its type between the
    program and the page.  split: what people write -> a value for `check`; raises ValueError.  arrow: its type in Arrow
    and Parquet, from the module pyarrow and the column; None for one that is a JSON text there.
    """

    check: Callable[["Column", Any], Any]
    stored: Stored
    wire: Any
    split: Callable[[str], Any] = str
    arrow: Callable[[Any, "Column"], Any] | None = lambda arrow, _: arrow.string()


def kind_of(value: Any) -> str | None:
    """The narrowest kind of a value as JSON holds it; None of None."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "integer" if -(2**63) <= value < 2**63 else "json"
    if isinstance(value, float):
        return "number"
    return "text" if isinstance(value, str) else "json"


def is_number(value: Any) -> bool:
    """Whether it is a real number; True and False are not."""
    return isinstance(value, Real) and not isinstance(value, bool)


def _within(column: "Column", value: float) -> None:
    if (column.low is not None and value < column.low) or (column.high is not None and value > column.high):
        low = "" if column.low is None else f" from {column.low:g}"
        high = "" if column.high is None else f" to {column.high:g}"
        raise ValueError(f"a number{low}{high}")


def _number(column: "Column", value: Any) -> float:
    if not is_number(value) or not math.isfinite(float(value)):
        raise ValueError("a finite number")
    _within(column, float(value))
    return float(value)


def _integer(column: "Column", value: Any) -> int:
    whole = isinstance(value, Integral) or (is_number(value) and math.isfinite(value) and float(value).is_integer())
    if not is_number(value) or not whole or not -(2**63) <= int(value) < 2**63:
        raise ValueError("a whole number of up to 64 bits")
    _within(column, int(value))
    return int(value)


def _text(_: "Column", value: Any) -> str:
    if not isinstance(value, str) or re.search("[\\x00\ud800-\udfff]", value):
        raise ValueError("text without NUL or halves of characters")
    return str(value)


def _category(column: "Column", value: Any) -> str:
    if value not in column.values:
        raise ValueError(f"one of {', '.join(column.values)}")
    return str(value)


def _bool(_: "Column", value: Any) -> bool:
    if isinstance(value, bool) or type(value).__name__ == "bool" or (is_number(value) and value in (0, 1)):
        return bool(value)
    raise ValueError("True or False, or yes or no")


def _time(_: "Column", value: Any) -> str:
    """In one width, so that times are in the order of their texts: with an offset in UTC, without one as it is."""
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        known = found if found.tzinfo is None else found.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("a time such as 2024-05-01T12:30:00+02:00") from None
    return known.isoformat(timespec="microseconds")


def _finite(values: Any, number: int) -> list[float]:
    """Raises ValueError for what is not so many finite numbers."""
    try:
        found = [float(part) if is_number(part) else math.nan for part in values]
    except TypeError:
        found = []
    if len(found) != number or not all(map(math.isfinite, found)):
        raise ValueError
    return found


def _box(_: "Column", value: Any) -> list[float]:
    try:
        box = _finite(value, 4)
        if box[0] > box[2] or box[1] > box[3]:
            raise ValueError
    except ValueError:
        raise ValueError("x0, y0, x1, y1 in pixels, x0 <= x1, y0 <= y1") from None
    return box


def _points(_: "Column", value: Any) -> list[list[float]]:
    """Rows of x, y in pixels and visibility: 0 not labelled, 1 hidden, 2 seen."""
    try:
        points = [_finite(point, 3) for point in value]
        if any(point[2] not in (0, 1, 2) for point in points):
            raise ValueError
    except (TypeError, ValueError):
        raise ValueError("points of x, y in pixels and visibility, which is 0, 1 or 2") from None
    return points


def _vector(column: "Column", value: Any) -> Any:
    import numpy as np

    try:
        found = np.asarray(value, column.dtype)
    except (TypeError, ValueError):
        found = np.zeros(0, column.dtype)
    if found.shape != (column.length,) or not np.isfinite(found).all():
        raise ValueError(f"{column.length} finite {column.dtype} numbers")
    return found


def _json(_: "Column", value: Any) -> Any:
    """A copy of its own, so that changing what was given changes nothing here."""
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        raise ValueError("what JSON holds: text, finite numbers, True, False, None, lists and mappings") from None


_WORDS = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


def is_word(text: str) -> bool:
    """Whether people write yes or no so."""
    return text.lower() in _WORDS


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.strip("[]()").split(",")]


#: Lists are of any length to Arrow: its readers do not agree on what a missing one of fixed length is.
#: number: finite.  integer: of up to 64 bits.  category: one of the column's words.  time: ISO 8601, kept in UTC where
#: it has an offset.  box: x0, y0, x1, y1 in pixels.  points: x, y, visibility of each, such as keypoints.  vector: of
#: the column's length and dtype, in a table of its own.  reference: a sample's key, or an address.  json: what JSON
#: holds; only built in, or taken from values of several kinds.
KINDS: dict[str, Kind] = {
    "number": Kind(_number, "real", float, float, lambda arrow, _: arrow.float64()),
    "integer": Kind(_integer, "integer", int, int, lambda arrow, _: arrow.int64()),
    "text": Kind(_text, "text", str),
    "category": Kind(_category, "text", str),
    "bool": Kind(_bool, "bool", bool, lambda text: _WORDS.get(text.lower(), text), lambda arrow, _: arrow.bool_()),
    "time": Kind(_time, "text", str),
    "box": Kind(_box, "json", list[float], _numbers, lambda arrow, _: arrow.list_(arrow.float64())),
    "points": Kind(
        _points, "json", list[list[float]], json.loads, lambda arrow, _: arrow.list_(arrow.list_(arrow.float64()))
    ),
    "vector": Kind(
        _vector,
        "blob",
        list[float],
        _numbers,
        lambda arrow, column: arrow.list_(getattr(arrow, column.dtype)()),
    ),
    "reference": Kind(_text, "text", str),
    "json": Kind(_json, "json", Any, json.loads, None),
}
