"""What the files that a dataset came from say of the whole set, by format, such as COCO's info and licenses.

It belongs to the dataset, not to a revision, and is given back to formats that can say it.
"""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy.engine import Connection

from maskwright.core.names import shown
from maskwright.errors import DatasetError
from maskwright.store import schema

_NAME = "about"
#: A format, a file or split, a key: down to there what is new is added.
_DEPTH = 3


def kept(connection: Connection) -> dict[str, Any]:
    """What was kept; empty where nothing was."""
    table = schema.meta
    found = connection.execute(table.select().where(table.c.name == _NAME)).first()
    try:
        said = {} if found is None else json.loads(found.value)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise DatasetError("what its files say of the whole set cannot be read")
    return said


def meet(connection: Connection, said: Mapping[str, Any]) -> list[str]:
    """Keep what is new -> notes on what differs from what is kept, which stays.

    said: by format; each a mapping from files or splits to mappings.
    """
    before = kept(connection)
    differ: list[str] = []
    together = _merged(before, said, (), differ)
    if together != before:
        table = schema.meta
        connection.execute(table.delete().where(table.c.name == _NAME))
        connection.execute(table.insert().values(name=_NAME, value=json.dumps(together)))
    return [f"the dataset keeps another {place} than these files say" for place in differ]


def _merged(old: Mapping[str, Any], new: Mapping[str, Any], path: tuple[str, ...], differ: list[str]) -> dict[str, Any]:
    out = dict(old)
    for name, value in new.items():
        here = (*path, str(name))
        if name not in out:
            out[name] = value
        elif len(here) < _DEPTH and isinstance(value, Mapping) and isinstance(out[name], dict):
            out[name] = _merged(out[name], value, here, differ)
        elif out[name] != value:
            differ.append(f"{shown(here[-1], 60)!r} ({', '.join(shown(word, 60) for word in here[:-1])})")
    return out
