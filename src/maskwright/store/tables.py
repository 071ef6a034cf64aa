"""A view as a table in memory, without masks: for notebooks, pandas, Polars, DuckDB."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sql

from maskwright.core.columns import BUILT_IN, Column, Owner
from maskwright.core.names import shown
from maskwright.errors import UsageError
from maskwright.store import hashes, schema
from maskwright.store.declarations import columns_of
from maskwright.store.rows import alive, damaged
from maskwright.store.snapshot import arrow_type

if TYPE_CHECKING:
    import pyarrow as pa

    from maskwright.store.view import View

CHUNK = 500  # samples asked for at once

#: What a segment's row has beside its own columns.
_BESIDE = (Column("key", "text", "segment"), Column("class", "text", "segment"))


def table(view: "View", owner: Owner = "sample", names: Sequence[str] | None = None) -> "pa.Table":
    """One row a sample in the view's order, or one a segment, those of a sample from the lowest to the topmost.

    owner: sample or segment.  names: of columns, built-in or users', in the order wanted; all that have values of one
    kind when None.  A segment has `key` and `class` besides, of its sample and by name.  A user's column that is called
    as a built-in one is fields.NAME or attributes.NAME.  Raises UsageError for a name that is not there, DatasetError
    for a damaged row.
    """
    import pyarrow as pa

    view = view.frozen()
    part = "fields" if owner == "sample" else "attributes"
    named = {column.name: column for column in (*(_BESIDE if owner == "segment" else ()), *BUILT_IN[owner])}
    for column in columns_of(view):
        if column.owner == owner and column.kind != "vector" and not column.virtual:
            named[f"{part}.{column.name}" if column.name in named else column.name] = column
    wanted = [name for name in named if named[name].kind != "json"] if names is None else list(names)
    absent = next((name for name in wanted if name not in named), None)
    if absent is not None:
        raise UsageError(f"there is no column {shown(absent)!r}", file=view.place, needed=f"of {', '.join(named)}")
    built = {column.name for column in (*_BESIDE, *BUILT_IN[owner])}
    parts: dict[str, list[Any]] = {name: [] for name in wanted}
    for row in _samples(view) if owner == "sample" else _segments(view):
        for name, values in parts.items():
            values.append(row[name] if name in built else row[part].get(named[name].name))
    arrays = [pa.array(parts[name], arrow_type(named[name])) for name in wanted]
    return pa.table(dict(zip(wanted, arrays, strict=True)))


def _samples(view: "View") -> Iterator[dict[str, Any]]:
    table = schema.samples
    for chunk in _chunks(view.numbers()):
        query = sql.select(table).where(table.c.sample.in_(chunk), alive(table, view.revision))
        with view.database.reading() as connection:
            found = {row["sample"]: dict(row) for row in connection.execute(query).mappings()}
        for number in chunk:
            row = found[number]
            if hashes.of_sample(row) != row["hash"]:
                raise damaged(view.database.place, f"sample {shown(row['key'])!r}")
            yield row


def _segments(view: "View") -> Iterator[dict[str, Any]]:
    table, classes = schema.segments, {declared.id: declared.name for declared in view.classes}
    keys = dict(zip(view.numbers(), view.keys(), strict=True))
    for chunk in _chunks(list(keys)):
        query = sql.select(table).where(table.c.sample.in_(chunk), alive(table, view.revision)).order_by(table.c.z)
        found: dict[int, list[Any]] = {number: [] for number in chunk}
        with view.database.reading() as connection:
            for row in connection.execute(query).mappings():
                found[row["sample"]].append(dict(row))
        for number in chunk:
            for row in found[number]:
                if hashes.of_segment(row) != row["hash"]:
                    raise damaged(view.database.place, f"segment {row['segment']} of sample {shown(keys[number])!r}")
                yield {**row, "key": keys[number], "class": classes.get(row["class_id"])}


def _chunks(numbers: list[int]) -> Iterator[list[int]]:
    for at in range(0, len(numbers), CHUNK):
        yield numbers[at : at + CHUNK]
