"""Merging classes, and taking that back: each is one revision, applied once however often it is sent."""

from datetime import UTC, datetime

import sqlalchemy as sql

from maskwright.core.names import shown
from maskwright.errors import UsageError
from maskwright.labelling import gestures
from maskwright.store import checks, merged_classes, schema
from maskwright.store.dataset import Dataset
from maskwright.store.edit import Edit
from maskwright.store.merged_classes import TakenBack

#: What the table of operations has in place of a sample's number.
_ALL = 0


def merge(dataset: Dataset, source: int, target: int, *, id: str, author: str) -> None:
    """Give all objects of one class to another; the emptied class goes.

    Raises UsageError as `Edit.merge_class` does.
    source, target: ids of declared classes.  id: made by who wishes it; a second time nothing is done.
    """
    with dataset.database.writing() as connection:
        if gestures.revision_of(connection, id) is not None:
            return
        names = {declared.id: declared.name for declared in dataset.classes}
        edit = Edit(dataset.database, connection, author, f"class {names.get(source)} into {names.get(target)}")
        edit.merge_class(source, target)
        _note(connection, id, "merge classes", author, edit.finish() or edit.parent)


def take_back(dataset: Dataset, merging: str, *, id: str, author: str) -> TakenBack:
    """Take a merging back; see `Edit.take_back_merge`.

    Raises UsageError for a merging that was never done, and as `Edit.take_back_merge` does.
    merging: the id that it was given.  id: of this; a second time nothing is done, and what became of it is told again.
    """
    with dataset.database.writing() as connection:
        merged = gestures.revision_of(connection, merging)
        if merged is None:
            raise UsageError("these classes were not merged", file=dataset.place)
        source = merged_classes.read(connection, merged, dataset.place).source
        if gestures.revision_of(connection, id) is not None:
            return merged_classes.outcome(connection, merged, source.id)
        edit = Edit(dataset.database, connection, author, f"class {shown(source.name)} as it was before it was merged")
        done = edit.take_back_merge(merged)
        _note(connection, id, "undo", author, edit.finish() or edit.parent)
        return done


def _note(connection: sql.Connection, id: str, kind: str, author: str, revision: int) -> None:
    connection.execute(
        schema.operations.insert().values(
            id=checks.text(id, "an operation's id"), sample=_ALL, revision=revision, author=checks.author(author),
            kind=kind, created=datetime.now(UTC).isoformat(timespec="milliseconds"), effort={},
        )
    )  # fmt: skip
