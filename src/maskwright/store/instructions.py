"""What annotators are told, in Markdown: rows of the table `instructions`, in the revisions of a dataset."""

from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright.errors import UsageError
from maskwright.store import checks, hashes, schema
from maskwright.store.rows import alive, damaged

LONGEST = 20_000  # characters

#: Those of the whole dataset, which speak of no single class.
WHOLE = schema.instructions.c.class_id.is_(None)


def told(connection: Connection, revision: int | None, place: object) -> str:
    """What the dataset's annotators are told in a revision, None for the newest; empty where they are told nothing.

    Raises DatasetError for a text that is not what was written.  place: where the dataset is, for that.
    """
    table = schema.instructions
    found = connection.execute(sql.select(table).where(WHOLE, alive(table, revision))).first()
    if found is None:
        return ""
    if hashes.of_instruction(found._asdict()) != found.hash:
        raise damaged(place, "instructions")
    return str(found.text)


def row_of(text: object) -> dict[str, Any]:
    """The row that says this. Raises UsageError for what is not text, is too long or cannot be stored."""
    if not isinstance(text, str):
        raise UsageError(f"the instructions are of type {type(text).__name__}", needed="text, as Markdown")
    if len(text) > LONGEST:
        raise UsageError(f"the instructions have {len(text)} characters", needed=f"at most {LONGEST}")
    row = {"class_id": None, "text": checks.storable(text, "the instructions")}
    return {**row, "hash": hashes.of_instruction(row)}
