"""The same values for many samples at once, and what that changes."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from maskwright.core.columns import SAMPLE, Column, Owner
from maskwright.core.names import shown
from maskwright.errors import UsageError
from maskwright.store import checks
from maskwright.store.declarations import MEANT

#: Samples that a preview shows.
SHOWN = 10

#: Built-in columns that many samples can share.
_SETTABLE: dict[str, Callable[[Any], Any]] = {
    "split": checks.split, "weight": checks.weight,
    **{column.name: column.check for column in SAMPLE if column.path is None and column.settable},
}  # fmt: skip


def settable(column: Column) -> bool:
    """Whether many samples can be given values of this column at once."""
    if column.owner != "sample" or column.virtual or column.kind == "vector":
        return False
    return column.name in _SETTABLE or (column.path is None and column.name not in MEANT)


@dataclass(frozen=True)
class Changed:
    """A sample's values, by column, before and after. None: it has none."""

    key: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True)
class BulkChange:
    """matched: samples that fulfil the condition.  changed: of them, those that have other values than before.

    first: up to ten of those.
    """

    matched: int
    changed: int
    first: tuple[Changed, ...]


def texts(pairs: Iterable[str]) -> dict[str, str]:
    """Values as texts by column. pairs: COLUMN=VALUE.

    Raises UsageError for what is not such a pair, and for a column that is given twice.
    """
    out: dict[str, str] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise UsageError(f"{shown(repr(pair), 80)} is not a value", needed="COLUMN=VALUE")
        if name in out:
            raise UsageError(f"{shown(name)} is given twice", needed="one value")
        out[name] = text
    return out


def read_values(columns: Iterable[Column], pairs: Iterable[str]) -> dict[str, Any]:
    """Values as people write them, COLUMN=VALUE, by column.

    columns: users' own.  Raises UsageError for what is not such a pair, a column that is not there or given twice, and
    a value of another kind.
    """
    own = {column.name: column for column in columns if column.owner == "sample"}
    built = {column.name: column for column in SAMPLE if column.name in _SETTABLE}
    out: dict[str, Any] = {}
    for name, text in texts(pairs).items():
        column = built.get(name) or own.get(name.removeprefix("fields."))
        if column is None or name in MEANT - built.keys():
            raise _unsettable(name, sorted({*built, *(known for known, item in own.items() if not item.virtual)}))
        out[name] = column.read(text)
    return out


def _unsettable(name: str, settable: list[str]) -> UsageError:
    if name in ("state", "assignee"):
        return UsageError(
            f"{name!r} is the workflow's, which people change in the studio", todo=f"A field of yours is fields.{name}."
        )  # fmt: skip
    near = difflib.get_close_matches(name, settable, 3)
    more = f"; near it: {', '.join(near)}" if near else ""
    return UsageError(
        f"samples have no column {shown(repr(name), 80)} that can be set{more}",
        needed=f"one of {', '.join(settable)}",
        todo="A column of your own is declared with: maskwright columns DATASET add NAME KIND",
    )  # fmt: skip


def change_of(
    columns: Mapping[tuple[Owner, str], Column], values: Mapping[str, Any]
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What makes the row of a sample anew with these values.

    columns: users' own, by owner and name.  Raises UsageError for a column that is not there or cannot be set, and for
    a value that it does not take.
    """
    own: dict[str, Any] = {}
    built: dict[str, Any] = {}
    for name, value in values.items():
        if name in _SETTABLE:
            built[name] = _SETTABLE[name](value)
            continue
        plain = name.removeprefix("fields.")
        column = columns.get(("sample", plain))
        if column is None or name in MEANT:
            own_names = (known for (owner, known), item in columns.items() if owner == "sample" and not item.virtual)
            settable = sorted({*_SETTABLE, *own_names})
            raise _unsettable(name, settable)
        if column.virtual or column.kind == "vector":
            raise UsageError(
                f"the column {plain!r} is not set by hand: it is {'computed' if column.virtual else 'a vector'}"
            )
        own[plain] = column.check(checks.fields({plain: value})[plain])

    def change(row: dict[str, Any]) -> dict[str, Any]:
        fields = {**row["fields"], **own}
        return {
            **row,
            **built,
            "fields": {name: value for name, value in fields.items() if name not in own or value is not None},
        }

    return change


def compared(before: Mapping[str, Any], after: Mapping[str, Any], values: Mapping[str, Any]) -> Changed:
    """The values of one sample, by the names that were given."""

    def of(row: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: row[name] if name in _SETTABLE else row["fields"].get(name.removeprefix("fields.")) for name in values
        }

    return Changed(str(before["key"]), of(before), of(after))
