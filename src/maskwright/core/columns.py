"""Columns: a typed value that every sample, segment or sequence has.

`SAMPLE`, `SEGMENT` and `SEQUENCE` are those built in: an entry here is all that one takes to be stored, hashed, written
to Parquet, sent to the page, asked for in conditions and named in reports of losses.  Users declare their own with
`dataset.columns.add`.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from numbers import Real
from typing import Any, Literal, Self, get_args

from maskwright.core.names import shown
from maskwright.errors import UsageError

Kind = Literal[
    "number", "integer", "text", "category", "bool", "time", "box", "vector", "reference", "json"
]  # fmt: skip
Owner = Literal["sample", "segment", "sequence"]
KINDS: tuple[Kind, ...] = get_args(Kind)
OWNERS: tuple[Owner, ...] = get_args(Owner)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


@dataclass(frozen=True)
class Column:
    """One value of every sample, segment or sequence.

    kind: number (finite float), integer (64 bits), text, category (one of `values`), bool, time (ISO 8601; kept in UTC
    where it has an offset), box (x0, y0, x1, y1 in pixels), vector (`length` numbers of `dtype`), reference (a sample's
    key or an address), json (what JSON holds; only built in, or taken from values of several kinds).
    owner: what has it.  unit: as it is shown, "°C".  low, high: the least and largest number that is taken.
    values: of a category.  length, dtype: of a vector, in numbers; "float16" or "float32".
    display: how a page shows it, a word such as "bar" or "date"; nothing depends on it.  description: one sentence.
    expression: of a virtual column, which is computed from others when it is read, see `where`.
    declared: False for one whose kind was taken from the values that came in.

    Of columns that are built in: path, the attribute of a Sample, or of Segments, that holds it; None for one that is
    kept under its name in `Sample.more` or `Segments.more`.  default: where nothing else is said, which is then neither
    hashed nor lost.  required: never nothing.  settable: by `edit.set` and `edit.set_segment`.

    Raises UsageError, naming the column, for parts that do not fit together.
    """

    name: str
    kind: Kind
    owner: Owner = "sample"
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()
    length: int | None = None
    dtype: Literal["float16", "float32"] = "float32"
    display: str | None = None
    description: str = ""
    expression: str | None = None
    declared: bool = True
    path: str | None = None
    default: Any = None
    required: bool = False
    settable: bool = True

    def __post_init__(self) -> None:
        if self.declared and not (isinstance(self.name, str) and _NAME.fullmatch(self.name)):
            raise UsageError(
                f"{shown(repr(self.name), 80)} cannot be a column's name",
                needed="a letter, then letters, digits and underscores, 63 at most",
            )
        if self.kind not in KINDS:
            raise self._wrong(f"the kind is {shown(repr(self.kind), 40)}", f"one of {', '.join(KINDS)}")
        if self.owner not in OWNERS:
            raise self._wrong(f"the owner is {shown(repr(self.owner), 40)}", f"one of {', '.join(OWNERS)}")
        object.__setattr__(self, "values", tuple(self.values))
        if self.kind == "category" and (not self.values or not all(isinstance(word, str) for word in self.values)):
            raise self._wrong("a category has no values", "the words that it can be")
        if len(set(self.values)) != len(self.values):
            raise self._wrong("a value is given twice", "every word once")
        if self.values and self.kind != "category":
            raise self._wrong(f"a {self.kind} has values", "kind category")
        if (self.low is not None or self.high is not None) and self.kind not in ("number", "integer", "vector"):
            raise self._wrong(f"a {self.kind} has a range", "kind number or integer")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise self._wrong(f"the range is from {self.low} to {self.high}", "the least number first")
        if (self.kind == "vector") != (self.length is not None):
            raise self._wrong("the length belongs to a vector", "kind vector with a length")
        if self.length is not None and not 1 <= self.length <= 65536:
            raise self._wrong(f"the length is {self.length}", "from 1 to 65536")
        if self.dtype not in ("float16", "float32"):
            raise self._wrong(f"the dtype is {shown(repr(self.dtype), 40)}", "float16 or float32")

    def _wrong(self, found: str, needed: str) -> UsageError:
        return UsageError(f"the column {shown(repr(self.name), 80)}: {found}", needed=needed)

    def __repr__(self) -> str:
        said = {name: value for name, value in self.to_json().items() if name not in ("name", "kind")}
        more = "".join(f", {name}={value!r}" for name, value in said.items() if (name, value) != ("owner", "sample"))
        return f"Column({self.name!r}, {self.kind!r}{more})"

    @property
    def virtual(self) -> bool:
        """Whether it is computed when it is read."""
        return self.expression is not None

    def check(self, value: Any) -> Any:
        """The value as it is stored; None stays None. Raises UsageError, naming the column, for one of another kind."""
        if value is None:
            if self.required:
                raise self._wrong("it has no value", f"a value of kind {self.kind}")
            return None
        return _CHECKS[self.kind](self, value)

    def read(self, text: str) -> Any:
        """A value as people write it, checked; nothing where nothing is written.

        text: numbers as they are, yes or no, a box as x0,y0,x1,y1, anything else of kind json as JSON.  Raises
        UsageError, naming the column, for what is not a value of its kind.
        """
        if not text:
            return self.check(None)
        value: Any = text
        try:
            if self.kind in ("number", "integer"):
                value = float(text) if self.kind == "number" else int(text)
            elif self.kind == "bool":
                value = _WORDS.get(text.lower(), text)
            elif self.kind in ("box", "vector"):
                value = [float(part) for part in text.strip("[]()").split(",")]
            elif self.kind == "json":
                value = json.loads(text)
        except ValueError:
            raise self._wrong(f"the value is {shown(repr(text), 80)}", f"a value of kind {self.kind}") from None
        return self.check(value)

    def to_json(self) -> dict[str, Any]:
        """What differs from an empty definition, JSON-safe."""
        written = {}
        for part in fields(self):
            value = getattr(self, part.name)
            if part.name in ("name", "kind", "owner") or (
                part.name not in ("path", "default", "required", "settable") and value != part.default
            ):
                written[part.name] = list(value) if isinstance(value, tuple) else value
        return written

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> Self:
        """Raises UsageError for what `to_json` does not write."""
        known = {part.name for part in fields(cls)} - {"path", "default", "required", "settable"}
        unknown = sorted(set(written) - known)
        if unknown:
            raise UsageError(f"a column has no part {shown(unknown[0])!r}", needed=f"of {', '.join(sorted(known))}")
        return cls(**written)

    def widened(self, other: "Column") -> "Column":
        """The column that holds the values of both; of kind json where nothing narrower does."""
        if self.kind == other.kind:
            return self
        kind: Kind = "number" if {self.kind, other.kind} == {"number", "integer"} else "json"
        return replace(self, kind=kind)


_WORDS = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


def kind_of(value: Any) -> Kind | None:
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


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _within(column: Column, value: float) -> None:
    if (column.low is not None and value < column.low) or (column.high is not None and value > column.high):
        low = "" if column.low is None else f" from {column.low:g}"
        high = "" if column.high is None else f" to {column.high:g}"
        raise column._wrong(f"the value is {value:g}", f"a number{low}{high}")


def _number(column: Column, value: Any) -> float:
    if not _is_number(value) or not math.isfinite(float(value)):
        raise column._wrong(f"the value is {shown(repr(value), 80)}", "a finite number")
    _within(column, float(value))
    return float(value)


def _integer(column: Column, value: Any) -> int:
    if not _is_number(value) or float(value) != int(value) or not -(2**63) <= int(value) < 2**63:
        raise column._wrong(f"the value is {shown(repr(value), 80)}", "a whole number of up to 64 bits")
    _within(column, int(value))
    return int(value)


def _text(column: Column, value: Any) -> str:
    if not isinstance(value, str) or re.search("[\\x00\\ud800-\\udfff]", value):
        raise column._wrong(f"the value is {shown(repr(value), 80)}", "text without NUL or halves of characters")
    return str(value)


def _category(column: Column, value: Any) -> str:
    if value not in column.values:
        raise column._wrong(f"the value is {shown(repr(value), 80)}", f"one of {', '.join(column.values)}")
    return str(value)


def _bool(column: Column, value: Any) -> bool:
    if isinstance(value, bool) or type(value).__name__ == "bool" or (_is_number(value) and value in (0, 1)):
        return bool(value)
    raise column._wrong(f"the value is {shown(repr(value), 80)}", "True or False")


def _time(column: Column, value: Any) -> str:
    """In one width, so that times are in the order of their texts: with an offset in UTC, without one as it is."""
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        known = found if found.tzinfo is None else found.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise column._wrong(
            f"the value is {shown(repr(value), 80)}", "a time such as 2024-05-01T12:30:00+02:00"
        ) from None
    return known.isoformat(timespec="microseconds")


def _box(column: Column, value: Any) -> list[float]:
    try:
        box = [_number(column, part) for part in value]
    except TypeError:
        box = []
    if len(box) != 4 or box[0] > box[2] or box[1] > box[3]:
        raise column._wrong(f"the value is {shown(repr(value), 80)}", "x0, y0, x1, y1 in pixels, x0 <= x1, y0 <= y1")
    return box


def _vector(column: Column, value: Any) -> Any:
    import numpy as np

    try:
        found = np.asarray(value, column.dtype)
    except (TypeError, ValueError):
        found = np.zeros(0, column.dtype)
    if found.shape != (column.length,) or not np.isfinite(found).all():
        raise column._wrong(f"the value is {shown(repr(value), 80)}", f"{column.length} finite {column.dtype} numbers")
    return found


def _json(column: Column, value: Any) -> Any:
    return value


_CHECKS = {
    "number": _number, "integer": _integer, "text": _text, "category": _category, "bool": _bool, "time": _time,
    "box": _box, "vector": _vector, "reference": _text, "json": _json,
}  # fmt: skip


def _built(owner: Owner, name: str, kind: Kind, path: str | None, description: str, **more: Any) -> Column:
    return Column(name, kind, owner, path=path, description=description, **more)


#: The columns of every sample, in the order in which they are stored.
SAMPLE: tuple[Column, ...] = (
    _built("sample", "key", "text", "key", "its name, unique in the dataset", required=True, settable=False),
    _built("sample", "uri", "reference", "image.uri", "where the image is", required=True),
    _built("sample", "height", "integer", "image.height", "of the image", unit="px", required=True, settable=False),
    _built("sample", "width", "integer", "image.width", "of the image", unit="px", required=True, settable=False),
    _built("sample", "checksum", "text", "image.checksum", "of the image's content"),
    _built("sample", "video", "text", "image.video", "the sequence it belongs to", settable=False),
    _built("sample", "frame", "integer", "image.frame", "its place in the sequence, from 0", settable=False),
    _built("sample", "split", "text", "split", "the split"),
    _built("sample", "weight", "number", "weight", "the sampling weight", default=1.0, low=0, required=True),
    _built("sample", "fields", "json", "fields", "the sample's own fields", default={}, required=True),
)

#: The columns of every segment, in the order in which they are stored. Its mask and its place in the stack are not
#: columns.
SEGMENT: tuple[Column, ...] = (
    _built("segment", "segment", "integer", "ids", "its id, unique in the image", required=True, settable=False),
    _built("segment", "class_id", "integer", "class_ids", "of its class", required=True),
    _built("segment", "area", "integer", "areas", "its pixels", unit="px", required=True, settable=False),
    _built("segment", "is_crowd", "bool", "is_crowd", "the crowd flag", default=False, required=True),
    _built("segment", "score", "number", "scores", "the score", low=0, high=1),
    _built("segment", "source", "category", "source", "who made the segment",
           values=("human", "import", "model"), default="import", required=True),
    _built("segment", "attributes", "json", "attributes", "attributes of the segment", default={}, required=True),
    _built("segment", "annotator", "text", None, "the person who drew it last"),
    _built("segment", "parent", "integer", None, "the id of the segment that it is a part of"),
    _built("segment", "geometry", "json", None, "what a person drew, as long as the mask is what it draws"),
)  # fmt: skip

#: The columns of every sequence: a video's frames or a volume's slices.
SEQUENCE: tuple[Column, ...] = (
    _built("sequence", "name", "text", "name", "its name, unique in the dataset", required=True, settable=False),
    _built("sequence", "axis", "category", "axis", "what orders its samples", values=("time", "space"), required=True),
    _built("sequence", "spacing", "json", "spacing", "from one sample, row and column to the next", unit="mm or s"),
    _built("sequence", "orientation", "text", "orientation", "of a volume's axes, such as RAS"),
    _built("sequence", "fields", "json", "fields", "the sequence's own fields", default={}, required=True),
)

BUILT_IN: dict[Owner, tuple[Column, ...]] = {"sample": SAMPLE, "segment": SEGMENT, "sequence": SEQUENCE}


def built_in(owner: Owner, name: str) -> Column | None:
    """The built-in column of this name, if there is one."""
    return next((column for column in BUILT_IN[owner] if column.name == name), None)
