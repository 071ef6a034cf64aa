"""The window of a dataset: how its images are displayed. It belongs to the dataset, not to a revision, and not to an
image.
"""

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright import media
from maskwright.core.names import shown
from maskwright.core.sample import ImageRef
from maskwright.errors import DatasetError, MaskwrightError, UsageError
from maskwright.media import windows
from maskwright.media.measured_window import LOOKED_AT, arrays, deep_ones, evenly, window_over
from maskwright.media.windows import Window
from maskwright.store import schema

if TYPE_CHECKING:
    from maskwright.store.view import View

_NAME = "window"
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


def measured(view: "View") -> Window | None:
    """A window over images drawn evenly from the view; None where all of those have eight bits, or cannot be read."""
    return window_over(_drawn(view))


def over(view: "View", percentiles: tuple[float, float] = PERCENTILES, channels: tuple[int, ...] = ()) -> Window:
    """A window over images drawn evenly from the view: those of more than eight bits, or all where there are none.

    percentiles, channels: as `windows.measured`.  Raises UsageError as that.
    """
    images = _drawn(view)
    deep = deep_ones(images)
    return replace(windows.measured(arrays(deep or images), percentiles, channels), eight_bits=not deep)


def wished(
    view: "View",
    numbers: tuple[float, float] | None = None,
    percentiles: tuple[float, float] | None = None,
    preset: str | None = None,
    *,
    full: bool = False,
    channels: tuple[int, ...] = (),
) -> Window:
    """A window as people say it: black and white, percentiles of all images, a preset's name, or the whole range.

    channels: indices of those that are displayed; () leaves them as they are.  Where nothing else is said they are
    measured.  Raises UsageError for what is not a window, and where there is nothing to measure.
    """
    picked = channels
    with suppress(DatasetError):  # one that cannot be read is replaced
        picked = channels or (() if view.window is None else view.window.channels)
    if full:
        return whole(view, picked)
    if numbers is not None:
        found = Window((numbers[0],), (numbers[1],), picked, "given")
    elif preset is not None:
        found = replace(Window.preset(preset), channels=picked)
    else:
        return over(view, percentiles or PERCENTILES, picked)
    return replace(found, eight_bits=not has_deep(view))


def whole(view: "View", channels: tuple[int, ...] = ()) -> Window:
    """The whole range of the type of the view's images.

    Raises UsageError where there are none, and where they have several types.
    """
    types = {np.dtype(found.dtype) for found in _described(view)}
    deep = types - {np.dtype(np.uint8)} or types
    if len(deep) != 1:
        found = ", ".join(sorted(kind.name for kind in deep)) or "no image that can be read"
        raise UsageError(f"the images are of {found}", needed="one type of numbers", todo="Give two numbers.")
    kind = next(iter(deep))
    low, high = windows.full_range(kind)
    return Window((low,), (high,), channels, f"all of {kind.name}", eight_bits=kind == np.uint8)


def channels_of(view: "View") -> tuple[str, ...]:
    """Names of the channels of the view's images; those of the image that has most, () where there are none."""
    return max((found.channels for found in _described(view)), key=len, default=())


def read_channels(view: "View", text: str) -> tuple[int, ...]:
    """Names or numbers from 0, with commas, one or three -> indices. Raises UsageError for others."""
    names = channels_of(view)
    parts = [part.strip() for part in text.split(",")]
    out = []
    for part in parts:
        if part not in names and not (part.isdecimal() and int(part) < len(names)):
            known = ", ".join(f"{index} {name}" if name != str(index) else name for index, name in enumerate(names))
            raise UsageError(f"there is no channel {shown(part)}", needed=f"names or numbers of {known or 'an image'}")
        out.append(names.index(part) if part in names else int(part))
    if len(out) not in (1, 3):
        raise UsageError(f"{len(out)} channels are given", needed="one, or three for red, green and blue")
    return tuple(out)


def has_deep(view: "View") -> bool:
    """Whether an image of the view has more than eight bits, as far as the headers of 200 of them tell."""
    return bool(deep_ones(_drawn(view)))


def _described(view: "View") -> list[media.Description]:
    found = []
    for image in _drawn(view):
        with suppress(MaskwrightError):
            found.append(media.describe(image))
    return found


def _drawn(view: "View") -> list[ImageRef]:
    """Images of the view, evenly."""
    picked = evenly(view.numbers(), LOOKED_AT)
    return [sample.image for sample in view.read(picked)] if picked else []
