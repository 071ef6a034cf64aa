"""Columns: a typed value that every sample, segment or sequence has.

`SAMPLE`, `SEGMENT` and `SEQUENCE` are those built in: an entry here is all that one takes to be stored, hashed, written
to Parquet, sent to the page, asked for in conditions and named in reports of losses.  Users declare their own with
`dataset.columns.add`.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self, get_args

from maskwright.core.kinds import KINDS, is_number
from maskwright.core.names import shown
from maskwright.errors import UsageError

Owner = Literal["sample", "segment", "sequence"]
OWNERS: tuple[Owner, ...] = get_args(Owner)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


@dataclass(frozen=True)
class Column:
    """One value of every sample, segment or sequence.

    kind: one of `core.kinds.KINDS`: number, integer, text, category, bool, time, box, points, vector, reference, json.
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
    kind: str
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
        for part in ("unit", "display", "expression"):
            if not isinstance(getattr(self, part), str | None):
                raise self._wrong(f"the {part} is {shown(repr(getattr(self, part)), 40)}", "text")
        if not isinstance(self.description, str):
            raise self._wrong(f"the description is {shown(repr(self.description), 40)}", "text")
        values: object = self.values
        if not isinstance(values, list | tuple) or not all(isinstance(word, str) for word in values):
            raise self._wrong(f"the values are {shown(repr(values), 80)}", "a list of words")
        object.__setattr__(self, "values", tuple(self.values))
        for part in ("low", "high"):
            limit = getattr(self, part)
            if limit is not None and not (is_number(limit) and math.isfinite(limit)):
                raise self._wrong(f"the {part} is {shown(repr(limit), 40)}", "a finite number")
            if limit is not None and self.kind == "integer" and limit != int(limit):
                raise self._wrong(f"the {part} is {limit}", "a whole number, as the column's values are")
        if self.length is not None and (not isinstance(self.length, int) or isinstance(self.length, bool)):
            raise self._wrong(f"the length is {shown(repr(self.length), 40)}", "a whole number")
        if self.kind == "category" and not self.values:
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
        try:
            return KINDS[self.kind].check(self, value)
        except ValueError as error:
            raise self._wrong(f"the value is {shown(repr(value), 80)}", str(error)) from None

    def read(self, text: str) -> Any:
        """A value as people write it, checked; nothing where nothing is written.

        text: numbers as they are, yes or no, a box as x0,y0,x1,y1, points and values of kind json as JSON.  Raises
        UsageError, naming the column, for what is not a value of its kind.
        """
        if not text:
            return self.check(None)
        try:
            value = KINDS[self.kind].split(text)
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
        kind = "number" if {self.kind, other.kind} == {"number", "integer"} else "json"
        return replace(self, kind=kind)


def _built(owner: Owner, name: str, kind: str, path: str | None, description: str, **more: Any) -> Column:
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
    _built("segment", "geometry", "json", None, "the points or shape that drew the mask, while it is what they draw"),
    _built("segment", "box", "box", None, "a box that was given, not the mask's own", unit="px"),
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
