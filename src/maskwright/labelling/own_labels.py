"""Second opinions: one person's own labels of a sample, beside the shared ones, which they do not see meanwhile.

They are for measuring how far people agree, and to choose from.  They are in revisions like the shared ones, and nobody
trains on them or exports them who does not ask for them.
"""

from functools import partial

import sqlalchemy as sql

from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.labelling import gestures, workflow
from maskwright.labelling.gestures import OWN, Applied, Operation
from maskwright.store import opinions, schema
from maskwright.store.dataset import Dataset
from maskwright.store.edit import Edit
from maskwright.store.rows import alive, build_segments
from maskwright.store.view import View


def apply(dataset: Dataset, number: int, operation: Operation, *, author: str) -> Applied:
    """As `gestures.apply`, to the author's own labels.

    A state that is said marks them as finished, or with `open` as not.  Fields of the sample are not taken.
    """
    with dataset.database.writing() as connection:
        done = gestures.applied(connection, number, operation)
        if done is not None:
            return done
        row = gestures.sample_row(dataset, connection, number)
        rows = opinions.rows(connection, number, author, None, dataset.place)
        table = schema.opinions
        own = sql.and_(table.c.sample == number, table.c.author == author)
        wrote = {int(drawn.segment): int(drawn.added) for drawn in rows}
        stale = gestures.newer(operation, wrote, partial(gestures.restacked, connection, table, own))
        if stale:
            now = gestures.known(connection, number).number
            return Applied(dataset.database.head(connection), stale=stale, number=now)
        edit = Edit(dataset.database, connection, author, f"{OWN}{operation.kind}: {row.key}")
        if operation.put or operation.remove:
            size = (row.height, row.width)
            drawn = gestures.changed(build_segments(rows, size), operation, size, author)
            edit.put_opinion(row.key, drawn, author=author)
        revision = edit.finish() or edit.parent
        said = workflow.say(connection, number, operation.said, author, opinion=True)
        gestures.note(connection, number, operation, f"{OWN}{operation.kind}", author, revision)
        return Applied(revision, number=said.number)


def read(dataset: Dataset, number: int, author: str, at: int | str | None = None) -> tuple[Segments, dict[int, int]]:
    """Somebody's own labels of a sample, none where they made none, and the revision that each was written in.

    at: a revision, as `Dataset.resolve` takes it; the newest when None.  Raises UsageError for a sample that is not
    there.
    """
    revision = None if at is None else dataset.resolve(at)
    table = schema.samples
    with dataset.database.reading() as connection:
        query = sql.select(table.c.height, table.c.width).where(table.c.sample == number, alive(table, revision))
        size = connection.execute(query).first()
        if size is None:
            raise UsageError(f"there is no image {number}", file=dataset.place)
        rows = opinions.rows(connection, number, author, revision, dataset.place)
    labels = build_segments(rows, (size.height, size.width))
    return labels, {int(drawn.segment): int(drawn.added) for drawn in rows}


def annotators(view: View) -> list[str]:
    """Who has labels of their own in the revision of a view, in order."""
    with view.database.reading() as connection:
        return opinions.annotators(connection, view.revision)


def view(shared: View, author: str) -> View:
    """The same view with one person's own labels in place of the shared ones: the samples on which they have any.

    It trains, exports and evaluates like any other; conditions speak of the shared labels.  Raises UsageError for
    somebody who has no labels of their own in its revision.
    """
    return opinions.OpinionView.of(shared, author)
