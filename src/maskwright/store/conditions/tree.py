"""What a condition's text says, before it is known what its names mean."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Value:
    """A number, a text, true or false.  at: its place in the text, as of every node."""

    at: int
    value: int | float | str | bool


@dataclass(frozen=True, slots=True)
class Name:
    """A column by the parts of its name: ("fields", "temp")."""

    at: int
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunName:
    """A value of a run.  run: its id or the beginning of it; None for the newest, of one kind where `kind` is given."""

    at: int
    run: str | None
    kind: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function of values."""

    at: int
    name: str
    arguments: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """operator: one of + - * /"""

    at: int
    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Comparison:
    """operator: one of = != < <= > >="""

    at: int
    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class In:
    """One of some values, or, when negative, another one."""

    at: int
    inner: "Node"
    values: tuple[Value, ...]
    negative: bool


@dataclass(frozen=True, slots=True)
class Like:
    """Text of a pattern, or, when negative, other text."""

    at: int
    inner: "Node"
    pattern: Value
    negative: bool


@dataclass(frozen=True, slots=True)
class IsNull:
    """A missing value, or, when negative, one that is there."""

    at: int
    inner: "Node"
    negative: bool


@dataclass(frozen=True, slots=True)
class Not:
    """What holds where `inner` does not."""

    at: int
    inner: "Node"


@dataclass(frozen=True, slots=True)
class Joined:
    """Two or more conditions. every: joined by and; otherwise by or."""

    at: int
    every: bool
    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Over:
    """Segments that fulfil `inner`; all of them without it: whether there is one, none, or how many."""

    at: int
    how: Literal["any", "none", "count"]
    inner: "Node | None"


@dataclass(frozen=True, slots=True)
class InView:
    """Whether a saved view has the sample."""

    at: int
    name: str


Node = Value | Name | RunName | Call | Arithmetic | Comparison | In | Like | IsNull | Not | Joined | Over | InView


@dataclass(frozen=True, slots=True)
class Order:
    """A key that samples are ordered by."""

    key: Node
    descending: bool


@dataclass(frozen=True, slots=True)
class Query:
    """All that a text says: which samples, in what order, how many at most."""

    text: str
    condition: Node | None
    order: tuple[Order, ...]
    limit: int | None
