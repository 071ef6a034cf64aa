"""What merging a class into another did, read from the rows that it ended and added, so that it can be taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright.core.classes import Class, Classes
from maskwright.core.names import shown
from maskwright.errors import UsageError
from maskwright.store import schema
from maskwright.store.rows import alive

CHUNK = 500  # rows looked up at once

#: Columns that say where a row stands and not what it is.
_OF_THE_ROW = ("row", "z", "hash", "added", "removed")


@dataclass(frozen=True)
class Merged:
    """source: the class that went.  before: ids of all classes before, in order."""

    source: Class
    before: tuple[int, ...]


@dataclass(frozen=True)
class TakenBack:
    """objects: that have their class again, those of people's own labels with them.  stayed: that were changed since.

    stayed_on: keys of the samples of those, in order.
    """

    objects: int
    stayed: int
    stayed_on: tuple[str, ...] = ()


def read(connection: Connection, revision: int, place: object) -> Merged:
    """What the merging did that made this revision. Raises UsageError where it merged no class, or not only one."""
    table = schema.classes
    later = table.alias()
    again = sql.exists().where(later.c.class_id == table.c.class_id, later.c.added == revision)
    went = connection.execute(sql.select(table.c.definition).where(table.c.removed == revision, ~again)).scalars().all()
    if len(went) != 1:
        raise UsageError(f"revision {revision} merged no class", file=place, needed="one that merged a single class")
    query = sql.select(table.c.class_id).where(alive(table, revision - 1)).order_by(table.c.position)
    [source] = Classes.from_json(went)
    return Merged(source, tuple(connection.execute(query).scalars()))


def with_source(now: Classes, merged: Merged, place: object) -> Classes:
    """The classes with the merged one among them, behind what it stood behind.

    Raises UsageError where another has its id or its name by now.
    """
    for declared in now:
        if declared.id == merged.source.id or declared.name == merged.source.name:
            raise UsageError(
                f"the {'id' if declared.id == merged.source.id else 'name'} of the class {shown(merged.source.name)!r}"
                f" is that of another class by now, {shown(declared.name)!r} with id {declared.id}", file=place,
                todo="Give that one another name, or delete it.",
            )  # fmt: skip
    ahead = set(merged.before[: merged.before.index(merged.source.id)])
    at = max((k + 1 for k, declared in enumerate(now) if declared.id in ahead), default=0)
    return Classes([*list(now)[:at], merged.source, *list(now)[at:]])


def unchanged(connection: Connection, table: sql.Table, revision: int, source: int) -> list[int]:
    """Living rows of objects that the merging gave another class, and that are as it left them but for their order.

    table: of the shared labels or of people's own.
    """
    found = connection.execute(_moved(table, revision, source)).all()
    same = [row.now for row in found if row.now == row.merged]
    doubtful = [row for row in found if row.now != row.merged]
    compared = [column for column in table.c if column.name not in _OF_THE_ROW]
    for at in range(0, len(doubtful), CHUNK):
        chunk = doubtful[at : at + CHUNK]
        wanted = [number for row in chunk for number in (row.merged, row.now)]
        query = sql.select(table.c.row, *compared).where(table.c.row.in_(wanted))
        content = {row[0]: tuple(row[1:]) for row in connection.execute(query)}
        same += [row.now for row in chunk if content[row.merged] == content[row.now]]
    return same


def outcome(connection: Connection, revision: int, source: int) -> TakenBack:
    """How many objects that the merging moved have their class, and how many have not."""
    back, stayed = 0, 0
    where: set[int] = set()
    for table in (schema.segments, schema.opinions):
        for row in connection.execute(_moved(table, revision, source)):
            if row.class_id == source:
                back += 1
            else:
                stayed += 1
                where.add(row.sample)
    return TakenBack(back, stayed, tuple(_keys(connection, sorted(where))))


def _moved(table: sql.Table, revision: int, source: int) -> sql.Select[Any]:
    """Objects that the merging moved and that are still there: rows `merged`, then, and `now`."""
    ended, merged, now = table.alias(), table.alias(), table.alias()

    def same(a: Any, b: Any) -> list[Any]:
        names = ["sample", "segment", *(["author"] if "author" in table.c else [])]
        return [a.c[name] == b.c[name] for name in names]

    rows = merged.c.row.label("merged"), now.c.row.label("now"), now.c.sample, now.c.class_id
    return sql.select(*rows).where(
        ended.c.removed == revision, ended.c.class_id == source, merged.c.added == revision,
        merged.c.class_id != source, *same(ended, merged), *same(merged, now), now.c.removed == schema.ALIVE_SQL,
    )  # fmt: skip


def _keys(connection: Connection, numbers: Sequence[int]) -> list[str]:
    table = schema.samples
    found: list[str] = []
    for at in range(0, len(numbers), CHUNK):
        chunk = list(numbers[at : at + CHUNK])
        query = sql.select(table.c.key).where(table.c.sample.in_(chunk), alive(table, None)).order_by(table.c.sample)
        found += connection.execute(query).scalars()
    return found
