"""Values that runs gave to samples and segments: columns, of which `run_columns` says what they are."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

import sqlalchemy as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from maskwright.core.columns import Column, Owner
from maskwright.core.names import shown
from maskwright.errors import UsageError
from maskwright.store import schema

BATCH = 5000


def columns_of(connection: Connection, run: str | None = None) -> list[tuple[str, Column]]:
    """(run, column) for every column that a run gave values to, by run, owner and name. run: only this one's."""
    table = schema.run_columns
    query = sql.select(table).order_by(table.c.run, table.c.owner, table.c.name)
    if run is not None:
        query = query.where(table.c.run == run)
    return [(row.run, Column.from_json(row.definition)) for row in connection.execute(query)]


def note(connection: Connection, run: str, column: Column) -> None:
    """Remember that a run has values of this column. Raises UsageError where the name has values of another kind."""
    for _, there in columns_of(connection, run):
        if (there.owner, there.name) == (column.owner, column.name) and there.kind != column.kind:
            raise UsageError(
                f"the run {run!r} has the values {shown(column.name)!r} of kind {there.kind}, not {column.kind}",
                needed="another name",
            )
    row = {"run": run, "owner": column.owner, "name": column.name, "definition": column.to_json()}
    write(connection, schema.run_columns, [row], "definition")


def number(name: str, owner: Owner) -> Column:
    """The column of a metric: numbers, under whatever name the metric has."""
    return Column(name, "number", owner, declared=False)


def write(connection: Connection, table: sql.Table, rows: Iterable[dict[str, Any]], value: str = "value") -> None:
    """Rows by their primary key; of one that is there the value is replaced. Memory does not grow with their number."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    new = insert(table)
    keys = [column.name for column in table.primary_key]
    statement = new.on_conflict_do_update(index_elements=keys, set_={value: new.excluded[value]})
    waiting = iter(rows)
    while batch := list(islice(waiting, BATCH)):
        connection.execute(statement, batch)


def forget(connection: Connection, run: str, owner: Owner | None = None, name: str | None = None) -> None:
    """Take away all values of a run, or those of one owner and name."""
    tables = {"sample": schema.run_samples, "segment": schema.run_segments}
    for kind, table in tables.items():
        if owner in (None, kind):
            own = table.c.run == run
            connection.execute(table.delete().where(own if name is None else sql.and_(own, table.c.name == name)))


def write_columns(connection: Connection) -> None:
    """Say anew what columns the values of runs are; what was said of them, and those by vectors, are left."""
    told = {(run, column.owner, column.name) for run, column in columns_of(connection)}
    for owner, table in (("sample", schema.run_samples), ("segment", schema.run_segments)):
        for run, name in connection.execute(sql.select(table.c.run, table.c.name).distinct()).all():
            if (run, owner, name) not in told:
                note(connection, run, number(name, owner))  # type: ignore[arg-type]
