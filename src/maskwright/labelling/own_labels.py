"""Second opinions: one person's own labels of a sample, beside the shared ones, which they do not see meanwhile.

They are for measuring how far people agree, and to choose from; they are not part of a revision until somebody takes
them over.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sql

from maskwright.core.segments import Segments
from maskwright.errors import DatasetError
from maskwright.labelling import gestures
from maskwright.labelling.gestures import OWN, Applied, Operation
from maskwright.store import checks, hashes, schema
from maskwright.store.dataset import Dataset
from maskwright.store.edit import Edit
from maskwright.store.rows import build_segments, damaged, segment_rows

#: Field of a sample: who has finished an opinion on it.
#: The name that datasets store it under.
FIELD = "opinions"


def apply(dataset: Dataset, number: int, operation: Operation, *, author: str) -> Applied:
    """As `gestures.apply`, to the author's own labels; the revision of the answer counts the author's gestures.

    The field `state` marks the opinion as finished, or as open again with None; no other field is taken.
    """
    table = schema.opinions
    with dataset.database.writing() as connection:
        done = gestures.revision_of(connection, operation)
        if done is not None:
            return Applied(done, again=True)
        row = gestures.sample_row(dataset, connection, number)
        own = sql.and_(table.c.sample == number, table.c.author == author)
        rows = _sound(dataset, connection.execute(sql.select(table).where(own).order_by(table.c.z)).all())
        past = schema.operations
        count = connection.execute(
            sql.select(sql.func.max(past.c.revision)).where(
                past.c.sample == number, past.c.author == author, past.c.kind.like(f"{OWN}%")
            )
        ).scalar()
        number_of = int(count or 0) + 1
        stale = gestures.newer(operation, {int(each_row.segment): int(each_row.changed) for each_row in rows})
        if stale:
            return Applied(number_of - 1, stale=stale)
        if operation.put or operation.remove:
            size = (row.height, row.width)
            segments = gestures.changed(build_segments(rows, size), operation, size)
            declared = {class_.id for class_ in dataset.classes}
            unknown = {int(class_id) for class_id in segments.class_ids} - declared
            if unknown:
                raise DatasetError(
                    f"the class id {min(unknown)} is not declared", file=dataset.place, record=f"image {number}"
                )
            written = {piece.segment for piece in operation.put}
            before = {int(each_row.segment): int(each_row.changed) for each_row in rows}
            connection.execute(table.delete().where(own))
            fresh = [
                {
                    **drawn, "author": checks.author(author),
                    "changed": number_of if drawn["segment"] in written else before[drawn["segment"]],
                }
                for drawn in segment_rows(segments, number)
            ]  # fmt: skip
            for drawn in fresh:
                drawn["hash"] = hashes.of_opinion(drawn)
            if fresh:
                connection.execute(table.insert(), fresh)
        if "state" in operation.fields:
            people = {str(each) for each in row.fields.get(FIELD, [])} - {author}
            if operation.fields["state"] is not None:
                people.add(author)
            edit = Edit(dataset.database, connection, author, f"opinion: {row.key}")
            edit.set_fields(row.key, {FIELD: sorted(people) or None})
            edit.finish()
        gestures.note(connection, number, operation, f"{OWN}{operation.kind}", author, number_of)
        return Applied(number_of)


def read(dataset: Dataset, number: int, author: str) -> tuple[Segments, dict[int, int]]:
    """Somebody's own labels of a sample, and the gesture that wrote each."""
    table = schema.opinions
    with dataset.database.reading() as connection:
        row: Any = gestures.sample_row(dataset, connection, number)
        query = sql.select(table).where(table.c.sample == number, table.c.author == author).order_by(table.c.z)
        rows = connection.execute(query).all()
    _sound(dataset, rows)
    return build_segments(rows, (row.height, row.width)), {
        int(each_row.segment): int(each_row.changed) for each_row in rows
    }


def _sound(dataset: Dataset, rows: Sequence[Any]) -> Sequence[Any]:
    """The rows. Raises DatasetError for one that is not what was written."""
    for drawn in rows:
        if hashes.of_opinion(drawn._mapping) != drawn.hash:
            raise damaged(dataset.place, f"{drawn.author}'s segment {drawn.segment} of image {drawn.sample}")
    return rows
