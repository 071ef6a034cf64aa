"""The window of a dataset: how its images are displayed. It belongs to the dataset, not to a revision, and not to an
image.
"""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright import media
from maskwright.core.arrays import Array
from maskwright.errors import DatasetError, FormatError, UsageError
from maskwright.media import windows
from maskwright.media.windows import Window
from maskwright.store import schema

if TYPE_CHECKING:
    from maskwright.store.view import View

_NAME = "window"
LOOKED_AT = 200  # images at most whose headers are read
DECODED = 64  # of them decoded


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
    images = [sample.image for sample in view.read(picked)] if picked else []
    deep = []
    for image in images:
        try:
            if media.describe(image).dtype != "uint8":
                deep.append(image)
        except FormatError:
            continue
    if not deep:
        return None
    drawn = [deep[k] for k in np.unique(np.linspace(0, len(deep) - 1, min(DECODED, len(deep))).astype(int))]

    def arrays() -> Iterator[tuple[Array, tuple[str, ...]]]:
        for image in drawn:
            try:
                found = media.read(image)
            except FormatError:
                continue
            yield found.pixels, found.channels

    try:
        return windows.measured(arrays(), percentiles)
    except UsageError:
        return None
