"""The segments that the conditions of a view are about, each for itself."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sql

from maskwright.core.arrays import I64
from maskwright.store import schema
from maskwright.store.conditions import resolved
from maskwright.store.conditions.resolve import read
from maskwright.store.conditions.surroundings import Stored
from maskwright.store.conditions.to_sql import Writer
from maskwright.store.rows import alive

if TYPE_CHECKING:
    from maskwright.store.view import View


def chosen_segments(view: "View") -> I64:
    """(K, 2) sample number and segment id of those segments of a view's samples that its conditions speak of.

    Where a condition asks for a segment, "class = 'car' and area < 400" or "any(class = 'car')", the segment itself is
    like that; of several conditions, like each of them.  What stands below `not`, `or`, `none` and `count` is about the
    sample alone.  Samples come in ascending order, segments from the one at the back to the one in front.
    """
    view = view.frozen()
    table, segments = schema.samples, schema.segments
    with view.database.reading() as connection:
        where, _ = view._chosen(connection)
        known = Stored(connection, view.revision)
        writer = Writer(view.revision)
        conditions = [found.condition for text in view.conditions if (found := read(text, known)).condition is not None]
        about = [writer.truth(inner, segments) for condition in conditions for inner in _of_one(condition)]
        query = (
            sql.select(segments.c.sample, segments.c.segment)
            .join_from(segments, table, segments.c.sample == table.c.sample)
            .where(where, alive(segments, view.revision), *about)
            .order_by(segments.c.sample, segments.c.z)
        )
        rows = connection.execute(query).cursor.fetchall()  # as the driver makes them: several times as fast
        return np.array(rows, np.int64).reshape(-1, 2)


def _of_one(condition: resolved.Typed | None) -> Iterator[resolved.Typed]:
    """What it says of one segment that has to be there."""
    match condition:
        case resolved.AnyOver():
            if condition.inner is not None:
                yield condition.inner
        case resolved.Joined(every=True):
            for part in condition.parts:
                yield from _of_one(part)
        case resolved.Member():
            for query in condition.queries:
                yield from _of_one(query.condition)
