"""Conditions that were given a name. They belong to the dataset, not to a revision."""

from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright.core.names import check_name, shown
from maskwright.errors import UsageError
from maskwright.store import schema
from maskwright.store.conditions.resolve import read
from maskwright.store.conditions.surroundings import Stored


def save(connection: Connection, name: str, conditions: Sequence[str], author: str) -> None:
    """Keep conditions under a name, in place of those it had.

    Raises UsageError for a name that is not a plain word or words, for conditions that cannot be read, and where the
    view would be a part of itself.
    """
    name = check_name(name, "a view's name")
    if not conditions:
        raise UsageError(
            f"the view {shown(name)!r} has no conditions", needed="at least one, such as \"split = 'val'\""
        )
    _remove(connection, name)
    row = {"name": name, "conditions": list(conditions), "author": author}
    connection.execute(schema.views.insert().values(**row, created=datetime.now(UTC).isoformat(timespec="seconds")))
    quoted = name.replace("'", "''")
    read(f"view('{quoted}')", Stored(connection, None))


def listed(connection: Connection) -> dict[str, tuple[str, ...]]:
    """The conditions of every saved view by its name, in the names' order."""
    table = schema.views
    query = sql.select(table.c.name, table.c.conditions)
    return {name: tuple(conditions) for name, conditions in sorted(map(tuple, connection.execute(query)))}


def one(connection: Connection, name: str) -> tuple[str, ...]:
    """The conditions of a saved view. Raises UsageError where there is none of this name."""
    found = listed(connection)
    if name not in found:
        raise _absent(name, list(found))
    return found[name]


def drop(connection: Connection, name: str) -> None:
    """Forget a saved view. Raises UsageError where there is none of this name."""
    if not _remove(connection, name):
        raise _absent(name, list(listed(connection)))


def _remove(connection: Connection, name: str) -> int:
    return connection.execute(schema.views.delete().where(schema.views.c.name == name)).rowcount


def _absent(name: str, names: Sequence[str]) -> UsageError:
    known = ", ".join(shown(known) for known in names)
    return UsageError(f"there is no saved view {shown(name)!r}", needed=f"one of {known}" if known else None)
