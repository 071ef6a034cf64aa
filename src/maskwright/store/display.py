"""The window of a dataset: how its images are displayed. It belongs to the dataset, not to a revision, and not to an
image.
"""

import json
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright.errors import DatasetError, UsageError
from maskwright.media.measured_window import LOOKED_AT, window_over
from maskwright.media.windows import Window
from maskwright.store import schema

if TYPE_CHECKING:
    from maskwright.store.view import View

_NAME = "window"


def kept(connection: Connection) -> Window | None:
    """What was set, or measured first."""
    table = schema.meta
    found = connection.execute(sql.select(table.c.value).where(table.c.name == _NAME)).scalar()
    try:
        return None if found is None else Window.from_json(json.loads(found))
    except (ValueError, TypeError, AttributeError, UsageError) as error:
        raise DatasetError(f"its window cannot be read ({error})", todo="Set another one.") from None


def keep(connection: Connection, window: Window | None) -> None:
    """In place of what was kept; None forgets it."""
    table = schema.meta
    connection.execute(table.delete().where(table.c.name == _NAME))
    if window is not None:
        connection.execute(table.insert().values(name=_NAME, value=json.dumps(window.to_json())))


def measured(view: "View", percentiles: tuple[float, float] = (0.5, 99.5)) -> Window | None:
    """A window over images drawn evenly from the view; None where all of those have eight bits, or cannot be read."""
    numbers = view.numbers()
    picked = [numbers[k] for k in np.unique(np.linspace(0, len(numbers) - 1, min(LOOKED_AT, len(numbers))).astype(int))]
    return window_over([sample.image for sample in view.read(picked)] if picked else [], percentiles)
