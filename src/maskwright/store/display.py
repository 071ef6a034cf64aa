"""The window of a dataset: how its images are displayed. It belongs to the dataset, not to a revision, and not to an
image.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright import media
from maskwright.core.arrays import Array
from maskwright.core.sample import ImageRef
from maskwright.errors import DatasetError, MaskwrightError, UsageError
from maskwright.media import windows
from maskwright.media.windows import Window
from maskwright.store import schema

if TYPE_CHECKING:
    from maskwright.store.view import View

_NAME = "window"
LOOKED_AT = 200  # images at most whose headers are read
DECODED = 64  # of them decoded
PERCENTILES = (0.5, 99.5)


@dataclass(frozen=True)
class Measured:
    """What was found by looking at a dataset's images, and what it was found at.

    revision: the newest one known to have the same images.  images: how many, and the revision of the newest change.
    window: None where those looked at have eight bits, or cannot be read.
    """

    revision: int
    images: tuple[int, int]
    window: Window | None


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


def remeasured(view: "View", before: Measured | None) -> Measured:
    """What looking at the images says: `before` until an image comes, goes or changes.

    view: of all samples of the newest revision.
    """
    table = schema.samples
    with view.database.reading() as connection:
        head = view.database.head(connection)
        if before is not None and before.revision == head:
            return before
        query = sql.select(sql.func.count(), sql.func.max(table.c.added)).where(table.c.removed == schema.ALIVE_SQL)
        number, newest = connection.execute(query).one()
    images = int(number), int(newest or 0)
    if before is not None and before.images == images:
        return replace(before, revision=head)
    return Measured(head, images, measured(view))


def measured(
    view: "View", percentiles: tuple[float, float] = PERCENTILES, channels: tuple[int, ...] = ()
) -> Window | None:
    """A window over images drawn evenly from the view; None where all of those have eight bits, or cannot be read.

    channels: as `windows.measured`; where they are given, images of eight bits are measured as well, if there are no
    others.  Raises UsageError for percentiles and channels that are not there.
    """
    images = _drawn(view, LOOKED_AT)
    deep = [image for image in images if _is_deep(image)]
    if not deep and not channels:
        return None
    drawn = _evenly(deep or images, DECODED)

    def arrays() -> Iterator[tuple[Array, tuple[str, ...]]]:
        for image in drawn:
            try:
                found = media.read(image)
            except MaskwrightError:
                continue
            yield found.pixels, found.channels

    if channels or percentiles != PERCENTILES:
        return replace(windows.measured(arrays(), percentiles, channels), eight_bits=not deep)
    try:
        return replace(windows.measured(arrays(), percentiles), eight_bits=False)
    except UsageError:
        return None


def has_deep(view: "View") -> bool:
    """Whether an image of the view has more than eight bits, as far as the headers of 200 of them tell."""
    return any(_is_deep(image) for image in _drawn(view, LOOKED_AT))


def _is_deep(image: ImageRef) -> bool:
    try:
        return media.describe(image).dtype != "uint8"
    except MaskwrightError:
        return False


def _drawn(view: "View", most: int) -> list[ImageRef]:
    picked = _evenly(view.numbers(), most)
    return [sample.image for sample in view.read(picked)] if picked else []


def _evenly(items: list[Any], most: int) -> list[Any]:
    return [items[k] for k in np.unique(np.linspace(0, len(items) - 1, min(most, len(items))).astype(int))]
