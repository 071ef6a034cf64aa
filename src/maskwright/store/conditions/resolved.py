"""Conditions whose names are known: what SQL is made of, and what plain Python reckons with.

The meaning of a node is in docs/reference/conditions.md: a missing value is None, and a condition holds or does not.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

from maskwright.core.columns import Column


@dataclass(frozen=True, slots=True)
class Constant:
    """What the text itself says."""

    value: int | float | str | bool
    kind: str


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A column of samples or segments that is built in."""

    column: Column
    kind: str


@dataclass(frozen=True, slots=True)
class Field:
    """A user's own value.  path: the keys that lead to it in `fields` or `attributes`.

    kind: other than the column's where one of its several kinds is asked for; values of other kinds are missing then.
    """

    column: Column
    path: tuple[str, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class ClassName:
    """The name of a segment's class."""

    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Work:
    """How far a sample is, or who works on it."""

    name: Literal["state", "assignee"]
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class RunValue:
    """What a run measured.  by_segment: of the segment, not of the sample.  kind: number, or bool."""

    run: str
    name: str
    by_segment: bool
    kind: str = "number"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """operator: one of + - * /"""

    operator: str
    left: "Typed"
    right: "Typed"
    kind: str = "number"


@dataclass(frozen=True, slots=True)
class Function:
    """name: of `grammar.FUNCTIONS`."""

    name: str
    arguments: "tuple[Typed, ...]"
    kind: str


@dataclass(frozen=True, slots=True)
class Compare:
    """Both sides are of one kind, or one is a whole number and the other a number."""

    operator: str
    left: "Typed"
    right: "Typed"
    kind: str = "bool"


@dataclass(frozen=True, slots=True)
class OneOf:
    """values: of the kind of `inner`."""

    inner: "Typed"
    values: tuple[int | float | str | bool, ...]
    negative: bool
    kind: str = "bool"


@dataclass(frozen=True, slots=True)
class Like:
    """Text of a pattern, or, when negative, other text."""

    inner: "Typed"
    pattern: str
    negative: bool
    kind: str = "bool"


@dataclass(frozen=True, slots=True)
class Missing:
    """A missing value, or, when negative, one that is there."""

    inner: "Typed"
    negative: bool
    kind: str = "bool"


@dataclass(frozen=True, slots=True)
class Not:
    """What holds where `inner` does not."""

    inner: "Typed"
    kind: str = "bool"


@dataclass(frozen=True, slots=True)
class Joined:
    """every: joined by and; otherwise by or."""

    every: bool
    parts: "tuple[Typed, ...]"
    kind: str = "bool"


@dataclass(frozen=True, slots=True)
class AnyOver:
    """Whether one of the sample's segments fulfils `inner`; whether there is one at all without it."""

    inner: "Typed | None"
    kind: str = "bool"


@dataclass(frozen=True, slots=True)
class CountOver:
    """How many of the sample's segments fulfil `inner`; how many there are without it."""

    inner: "Typed | None"
    kind: str = "integer"


@dataclass(frozen=True, slots=True)
class Member:
    """Whether a saved view has the sample."""

    name: str
    queries: "tuple[Resolved, ...]"
    kind: str = "bool"


Typed = (
    Constant | BuiltIn | Field | ClassName | Work | RunValue | Arithmetic | Function | Compare | OneOf | Like | Missing
    | Not | Joined | AnyOver | CountOver | Member
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """A key, and its alternatives where the key is of several kinds: samples with a value of the first come first."""

    keys: tuple[Typed, ...]
    descending: bool


@dataclass(frozen=True, slots=True)
class Resolved:
    """One condition's text: which samples, in what order, how many at most; condition: None for all."""

    condition: Typed | None
    order: tuple[Order, ...]
    limit: int | None


def nodes(node: Any) -> Iterator[Any]:
    """A node and all that stand in it."""
    if isinstance(node, tuple):
        for part in node:
            yield from nodes(part)
    elif is_dataclass(node) and not isinstance(node, type | Column):
        yield node
        for part in fields(node):
            yield from nodes(getattr(node, part.name))


def asks_samples(node: Typed) -> bool:
    """Whether a condition on a segment asks for something of its sample."""
    return any(
        isinstance(inner, Work | RunValue | AnyOver | CountOver | Member)
        or (isinstance(inner, BuiltIn | Field) and inner.column.owner != "segment")
        for inner in nodes(node)
    )
