"""Datasets and views as they go to other processes: where they are and what they show, never what they hold.

A password goes only to a process that is being started, such as a loader's worker, and into nothing that could be kept:
elsewhere the address arrives without it, and is completed where that process had asked the same server before.
"""

import multiprocessing.context
from typing import TYPE_CHECKING, Any

from maskwright.store import database as opening
from maskwright.store.connection import FILE
from maskwright.store.places import with_password, without_password

if TYPE_CHECKING:
    from maskwright.store.database import Database
    from maskwright.store.view import View


def sent(view: "View", revision: int | None) -> tuple[Any, ...]:
    """What `reopened` makes the view of again, showing `revision`. Raises DatasetError when it was closed."""
    view.database.check_open()
    return type(view), _place(view.database), not view.database.writable, revision, view.conditions


def reopened(
    kind: type["View"], place: str, read_only: bool, revision: int | None, conditions: tuple[str, ...]
) -> "View":
    """A view with a database of its own, which is closed with it. Raises DatasetError where there is none any more."""
    return kind(opening.open_(with_password(place), read_only=read_only), revision, conditions)


def _place(database: "Database") -> str:
    """The address that another process can use, whatever its current folder is."""
    if database.folder is not None:
        assert database.file is not None
        return str(database.folder if database.file.name == FILE else database.folder / database.file.name)
    starting = multiprocessing.context.get_spawning_popen() is not None
    return str(database.place) if starting else without_password(str(database.place))
