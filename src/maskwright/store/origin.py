"""The files that a dataset was made from by itself, and how they were then.

It belongs to the dataset, not to a revision, and lies in the same table as what its files say of the whole set.
"""

import json
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy.engine import Connection

from maskwright.errors import DatasetError
from maskwright.store import schema

_NAME = "origin"


@dataclass(frozen=True, slots=True)
class Origin:
    """source: its whole path.  states: of it, and of what was read outside of it: whole path, and what tells its files
    from other states of them.  flat: those of these folders of which only the files directly inside count.
    revision: that they became; a later one is somebody's own.
    """

    source: str
    states: dict[str, str]
    flat: tuple[str, ...] = ()
    revision: int = 0

    @classmethod
    def from_json(cls, content: Any) -> Self:
        """Raises ValueError for what is not an origin."""
        try:
            source, states = content["source"], content["states"]
            flat, revision = tuple(content["flat"]), content["revision"]
        except (KeyError, TypeError):
            raise ValueError("not an origin") from None
        texts = [source, *states, *states.values(), *flat] if isinstance(states, dict) else [None]
        if not all(isinstance(text, str) for text in texts) or type(revision) is not int:
            raise ValueError("not an origin")
        return cls(source, states, flat, revision)

    def to_json(self) -> dict[str, Any]:
        return {"source": self.source, "states": self.states, "flat": list(self.flat), "revision": self.revision}


def kept(connection: Connection) -> Origin | None:
    """None for a dataset that was not made so. Raises DatasetError for what cannot be read."""
    table = schema.meta
    found = connection.execute(table.select().where(table.c.name == _NAME)).first()
    try:
        return None if found is None else Origin.from_json(json.loads(found.value))
    except ValueError:
        raise DatasetError("what it was made from cannot be read") from None


def keep(connection: Connection, origin: Origin) -> None:
    """In place of what was kept before."""
    table = schema.meta
    connection.execute(table.delete().where(table.c.name == _NAME))
    connection.execute(table.insert().values(name=_NAME, value=json.dumps(origin.to_json())))
