"""Segments, pixels and crowd regions of each class, without counting millions of rows: what every revision changed.

A revision's sums are those of all changes up to it.
"""

from typing import NamedTuple

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright.store import schema


class Sum(NamedTuple):
    """Of one class. pixels: the areas of its segments together."""

    segments: int
    pixels: int
    crowds: int


def at(connection: Connection, revision: int | None) -> dict[int, Sum]:
    """By class id, of those classes that have segments. revision: None for the newest."""
    table = schema.class_sums
    query = sql.select(table.c.class_id, *(sql.func.sum(table.c[name]) for name in Sum._fields))
    query = query.group_by(table.c.class_id)
    if revision is not None:
        query = query.where(table.c.revision <= revision)
    found = {row[0]: Sum(*(int(number) for number in row[1:])) for row in connection.execute(query)}
    return {class_id: own for class_id, own in found.items() if own.segments}


def counted(connection: Connection) -> dict[int, Sum]:
    """What `at` says of the newest revision, counted row by row, by no index that finds living rows."""
    table = schema.segments
    columns = sql.select(table.c.class_id, sql.func.count(), sql.func.sum(table.c.area), sql.func.sum(_crowd(table)))
    query = columns.where(sql.literal_column("removed + 0") == schema.ALIVE).group_by(table.c.class_id)
    return {row[0]: Sum(*(int(number) for number in row[1:])) for row in connection.execute(query)}


def write(connection: Connection, revision: int | None = None) -> None:
    """Say what a revision changed, from the rows that it added and ended; of every revision anew when None."""
    table, sums = schema.segments, schema.class_sums
    sides = []
    for column, sign in ((table.c.added, 1), (table.c.removed, -1)):
        side = sql.select(
            column.label("revision"), table.c.class_id, sql.literal(sign).label("segments"),
            (sign * table.c.area).label("pixels"), (sign * _crowd(table)).label("crowds"),
        )  # fmt: skip
        if column is table.c.removed:
            side = side.where(column < schema.ALIVE_SQL)  # by which it has an index
        sides.append(side if revision is None else side.where(column == revision))
    changes = sql.union_all(*sides).subquery()
    totals = [sql.func.sum(changes.c[name]) for name in Sum._fields]
    query = sql.select(changes.c.revision, changes.c.class_id, *totals)
    query = query.group_by(changes.c.revision, changes.c.class_id)
    query = query.having(sql.or_(*(total != 0 for total in totals)))
    if revision is None:
        connection.execute(sums.delete())
    connection.execute(sums.insert().from_select(["revision", "class_id", *Sum._fields], query))


def _crowd(table: sql.Table) -> sql.ColumnElement[int]:
    return sql.cast(table.c.is_crowd, sql.Integer)
