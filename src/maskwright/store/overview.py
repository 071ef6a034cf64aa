"""Many samples at a glance, by columns: a million of them are a few arrays and lists, and no objects of their own."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sql

from maskwright.core.arrays import I64
from maskwright.store import schema
from maskwright.store.rows import alive

if TYPE_CHECKING:
    from maskwright.store.view import View

#: Rows taken at once: fewer than Python's collector waits for, so that it does not go through those that are kept.
BATCH = 500

#: What is given as the driver reads it; other kinds of columns would have to be converted.
_PLAIN = (sql.Integer, sql.Text, sql.Float)


@dataclass(frozen=True)
class Overview:
    """Samples of a view in their order.

    samples: (n,) int64 numbers.  segments: (n,) int64, how many each has.
    columns: by name, a list of n values each.
    """

    samples: I64
    segments: I64
    columns: dict[str, list[Any]]

    def __len__(self) -> int:
        return len(self.samples)


def overview(
    view: "View", names: Iterable[str] = ("key", "split"), *, start: int = 0, limit: int | None = None
) -> Overview:
    """The samples of a view, or some of them: `limit` from place `start` on. No mask is read.

    names: built-in columns of samples that hold text or numbers.  Rows' hashes are not looked at: reading a sample does
    that.  Raises ValueError for another column.
    """
    table, digests = schema.samples, schema.digests
    wanted = list(names)
    if strange := [name for name in wanted if name not in table.c or not isinstance(table.c[name].type, _PLAIN)]:
        raise ValueError(f"an overview has no column {strange[0]!r}")
    with view.database.reading() as connection:
        where, order = view._chosen(connection)
        newest = view._revision is None or view._revision == view.database.head(connection)
        query = sql.select(table.c.sample, *(table.c[name] for name in wanted))
        if newest:
            query = query.add_columns(digests.c.segments).join_from(table, digests, digests.c.sample == table.c.sample)
        else:
            own = schema.segments
            counted = sql.select(sql.func.count()).where(own.c.sample == table.c.sample, alive(own, view._revision))
            query = query.add_columns(counted.correlate(table).scalar_subquery())
        query = query.where(where).order_by(*order).offset(start or None).limit(limit)
        numbers: list[int] = []
        counts: list[int] = []
        columns: list[list[Any]] = [[] for _ in wanted]
        cursor = connection.execute(query).cursor  # rows as the driver makes them: several times as fast
        while rows := cursor.fetchmany(BATCH):
            first, *middle, last = zip(*rows, strict=True)
            numbers += first
            counts += last
            for values, more in zip(columns, middle, strict=True):
                values.extend(more)
    return Overview(
        np.array(numbers, np.int64), np.array(counts, np.int64), dict(zip(wanted, columns, strict=True))
    )  # fmt: skip
