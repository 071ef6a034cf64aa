"""A view as a table in memory, without masks: for notebooks, pandas, Polars, DuckDB."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright.core.columns import BUILT_IN, Column, Owner
from maskwright.core.names import shown
from maskwright.errors import UsageError
from maskwright.store import hashes, schema
from maskwright.store.conditions.resolve import expression
from maskwright.store.conditions.surroundings import Stored
from maskwright.store.conditions.to_sql import Writer
from maskwright.store.declarations import MEANT, columns_of
from maskwright.store.rows import alive, damaged
from maskwright.store.snapshot import arrow_type

if TYPE_CHECKING:
    import pyarrow as pa

    from maskwright.store.view import View

CHUNK = 500  # samples asked for at once

#: What a segment's row has beside its own columns.
_BESIDE = (Column("key", "text", "segment"), Column("class", "text", "segment"))


def table(view: "View", owner: Owner = "sample", columns: Sequence[str] | None = None) -> "pa.Table":
    """One row a sample in the view's order, or one a segment, those of a sample from the lowest to the topmost.

    owner: sample or segment.  columns: names of columns, built-in or users', or expressions such as "last.iou", in the
    order wanted; every column but those of kind json and vector when None.  A segment has `key` and `class` besides, of
    its sample and by name.  A user's column that is called as a built-in one, or as `state` or another word of
    conditions, is fields.NAME or attributes.NAME.
    Raises UsageError for what is neither a column nor an expression, DatasetError for a damaged row.
    """
    import pyarrow as pa

    if owner not in ("sample", "segment"):
        raise UsageError(f"there is no table of {shown(owner)!r}", needed="sample or segment")
    if isinstance(columns, str):
        raise UsageError(f"the columns are a text, {shown(columns, 80)!r}", needed="a list of names")
    view = view.frozen()
    part = "fields" if owner == "sample" else "attributes"
    built = {column.name: column for column in (*(_BESIDE if owner == "segment" else ()), *BUILT_IN[owner])}
    named = dict(built)
    for column in columns_of(view):
        if column.owner == owner and column.kind != "vector":
            named[f"{part}.{column.name}" if column.name in built or column.name in MEANT else column.name] = column
    wanted = list(columns) if columns is not None else [name for name in named if named[name].kind != "json"]
    computed: dict[str, Column] = {}
    with view.database.reading() as connection:
        known = Stored(connection, view.revision)
        for name in wanted:
            column = named.get(name, Column(name, "json", owner, expression=name, declared=False))
            if column.virtual:
                found = expression(column, known)
                kind = column.kind if name in named else "text" if found.kind == "category" else found.kind
                computed[name], named[name] = column, replace(column, kind=kind)
    parts: dict[str, list[Any]] = {name: [] for name in wanted}
    for row in (_samples if owner == "sample" else _segments)(view, list(computed.values())):
        for name, values in parts.items():
            if name in computed:
                values.append(row[f"={named[name].name}"])
            else:
                values.append(row[name] if name in built else row[part].get(named[name].name))
    for name in wanted:
        if named[name].kind == "json":
            parts[name] = [None if value is None else json.dumps(value, ensure_ascii=False) for value in parts[name]]
    arrays = [pa.array(parts[name], arrow_type(named[name])) for name in wanted]
    return pa.table(dict(zip(wanted, arrays, strict=True)))


def _values(connection: Connection, view: "View", computed: Sequence[Column], scope: Any) -> list[Any]:
    """What SQL is asked for virtual columns, each called by its name behind a "="."""
    known, writer = Stored(connection, view.revision), Writer(view.revision)
    return [writer.value(expression(column, known), scope).label(f"={column.name}") for column in computed]


def _samples(view: "View", computed: Sequence[Column]) -> Iterator[dict[str, Any]]:
    table = schema.samples
    for chunk in _chunks(view.numbers()):
        with view.database.reading() as connection:
            query = sql.select(table, *_values(connection, view, computed, None))
            query = query.where(table.c.sample.in_(chunk), alive(table, view.revision))
            found = {row["sample"]: dict(row) for row in connection.execute(query).mappings()}
        for number in chunk:
            row = found[number]
            if hashes.of_sample(row) != row["hash"]:
                raise damaged(view.database.place, f"sample {shown(row['key'])!r}")
            yield row


def _segments(view: "View", computed: Sequence[Column]) -> Iterator[dict[str, Any]]:
    table, samples = schema.segments, schema.samples
    classes = {declared.id: declared.name for declared in view.classes}
    keys = dict(zip(view.numbers(), view.keys(), strict=True))
    for chunk in _chunks(list(keys)):
        found: dict[int, list[Any]] = {number: [] for number in chunk}
        with view.database.reading() as connection:
            query = sql.select(table, *_values(connection, view, computed, table))
            query = query.join_from(table, samples, table.c.sample == samples.c.sample).where(
                table.c.sample.in_(chunk), alive(table, view.revision), alive(samples, view.revision)
            )
            for row in connection.execute(query.order_by(table.c.z)).mappings():
                found[row["sample"]].append(dict(row))
        for number in chunk:
            for row in found[number]:
                if hashes.of_segment(row) != row["hash"]:
                    raise damaged(view.database.place, f"segment {row['segment']} of sample {shown(keys[number])!r}")
                yield {**row, "key": keys[number], "class": classes.get(row["class_id"])}


def _chunks(numbers: list[int]) -> Iterator[list[int]]:
    for at in range(0, len(numbers), CHUNK):
        yield numbers[at : at + CHUNK]
