"""The work of labelling: who is to do what, how far it is, and what suggestions saved."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sql

from maskwright.errors import UsageError
from maskwright.labelling import workflow
from maskwright.labelling.gestures import OWN, overview
from maskwright.store import schema
from maskwright.store.dataset import Dataset
from maskwright.store.rows import alive

FINISHED = ("labelled", "review", "approved")
#: Gestures that say how far an image is; before they had names of their own all were called "state".
_STATES = ("state", "finish", "review", "approve", "reopen")
#: Gestures that say something of an image, and draw nothing.
_SAYS = (*_STATES, "comment")


@dataclass(frozen=True)
class Person:
    """role: annotator, reviewer or owner; None where none was given.  finished: images whose last word was theirs.

    seconds: active ones, pauses of more than ten left out.
    """

    name: str
    role: str | None
    gestures: int
    seconds: float
    clicks: int
    finished: int
    assigned: int


@dataclass(frozen=True)
class ClassUse:
    """objects, images: that a class is used on."""

    class_id: int
    objects: int
    images: int


@dataclass(frozen=True)
class Day:
    """What somebody did on a day.  day: its date in UTC.  finished, seconds: as of a `Person`."""

    day: str
    name: str
    finished: int
    gestures: int
    seconds: float


@dataclass(frozen=True)
class Progress:
    """days: (date in UTC, images finished on it).  effort: of each day what each person did, in order.  drawn: objects
    made by hand, and seconds_each of them.

    saved: seconds that drawing the objects accepted untouched would have taken, less those that accepting took; None
    until both kinds are there.
    """

    states: dict[str, int]
    people: list[Person]
    classes: list[ClassUse]
    days: list[tuple[str, int]]
    effort: list[Day]
    drawn: int
    seconds_each: float | None
    suggested: int
    untouched: int
    saved: float | None


def assign(
    dataset: Dataset, name: str | None, *, numbers: Sequence[int] = (), count: int | None = None, author: str
) -> list[int]:
    """Give images to somebody, or to nobody with None -> their numbers.

    numbers: these.  count: so many of those that are open and nobody's, in order; frames of one video stay together as
    far as the count reaches.  Raises UsageError for images that are not there.
    """
    rows = {row.number: row for row in overview(dataset)}
    chosen = list(numbers)
    for item in chosen:
        if item not in rows:
            raise UsageError(f"there is no image {item}", file=dataset.place)
    if count is not None:
        free = [row for row in rows.values() if row.workflow.state is None and row.workflow.assignee is None]
        free.sort(key=lambda row: (row.video or "", row.frame or 0, row.number))
        chosen += [row.number for row in free[:count]]
    with dataset.database.writing() as connection:
        workflow.change(connection, list(dict.fromkeys(chosen)), author, assignee=name)
    return chosen


def finished_keys(dataset: Dataset) -> list[str]:
    """Keys of images that somebody has finished, in order.

    These are to be learned from: one that is still worked on would teach that the rest of it is background.
    """
    return [row.key for row in overview(dataset) if row.workflow.state in FINISHED]


def unlabelled(dataset: Dataset) -> list[int]:
    """Numbers of images that are open and have no object, in order."""
    return [row.number for row in overview(dataset) if row.workflow.state is None and not row.segments]


def finished_use(dataset: Dataset) -> tuple[int, set[int]]:
    """Of the finished images: how many have objects, and the classes of those."""
    numbers = [row.number for row in overview(dataset) if row.workflow.state in FINISHED and row.segments]
    table = schema.segments
    found: set[int] = set()
    with dataset.database.reading() as connection:
        for at in range(0, len(numbers), workflow.CHUNK):
            chunk = numbers[at : at + workflow.CHUNK]
            query = sql.select(table.c.class_id).distinct().where(alive(table, None), table.c.sample.in_(chunk))
            found |= {int(class_id) for class_id in connection.execute(query).scalars()}
    return len(numbers), found


def class_use(dataset: Dataset) -> list[ClassUse]:
    """Of every declared class, in order."""
    table = schema.segments
    with dataset.database.reading() as connection:
        query = (
            sql.select(table.c.class_id, sql.func.count(), sql.func.count(sql.distinct(table.c.sample)))
            .where(alive(table, None))
            .group_by(table.c.class_id)
        )
        found = {row[0]: (int(row[1]), int(row[2])) for row in connection.execute(query)}
    return [ClassUse(class_.id, *found.get(class_.id, (0, 0))) for class_ in dataset.classes]


def progress(dataset: Dataset) -> Progress:
    """Of all images and everybody."""
    rows = overview(dataset)
    done = {row.number for row in rows if row.workflow.state in FINISHED}
    people: dict[str, dict[str, Any]] = {}
    last: dict[int, tuple[str, str]] = {}
    daily: dict[tuple[str, str], tuple[int, float]] = {}
    drawing = accepting = 0.0
    table = schema.operations
    with dataset.database.reading() as connection:
        for row in connection.execute(sql.select(table).order_by(table.c.created)):
            own = people.setdefault(row.author, {"gestures": 0, "seconds": 0.0, "clicks": 0})
            seconds = float(row.effort.get("seconds", 0))
            own["gestures"] += 1
            own["seconds"] += seconds
            own["clicks"] += int(row.effort.get("clicks", 0))
            before = daily.get((row.created[:10], row.author), (0, 0.0))
            daily[row.created[:10], row.author] = (before[0] + 1, before[1] + seconds)
            if row.kind in ("accept", "accept one", "reject"):
                accepting += seconds
            elif row.kind not in _SAYS and not row.kind.startswith(OWN):
                drawing += seconds
            if row.kind in ("accept", *_STATES) and row.sample in done:
                last[row.sample] = (row.author, row.created[:10])
    finished = Counter(name for name, _ in last.values())
    finished_on = Counter((day, name) for name, day in last.values())
    assigned = Counter(row.workflow.assignee for row in rows if row.workflow.assignee is not None)
    roles = workflow.roles(dataset)
    suggested, untouched = (sum(getattr(row, name) for row in rows) for name in ("suggested", "untouched"))
    drawn = _drawn(dataset)
    each = drawing / drawn if drawn and drawing else None
    nothing = {"gestures": 0, "seconds": 0.0, "clicks": 0}
    return Progress(
        states=dict(Counter(row.workflow.state or "open" for row in rows)),
        people=[
            Person(
                name, roles.get(name), **people.get(name, nothing), finished=finished[name], assigned=assigned[name]
            )
            for name in sorted({*people, *assigned})
        ],
        classes=class_use(dataset), days=sorted(Counter(day for _, day in last.values()).items()),
        effort=[Day(*when, finished_on[when], *daily[when]) for when in sorted(daily)], drawn=drawn,
        seconds_each=each, suggested=suggested, untouched=untouched,
        saved=untouched * each - accepting if each is not None and untouched else None,
    )  # fmt: skip


def _drawn(dataset: Dataset) -> int:
    """Objects that a person made without a suggestion."""
    table = schema.segments
    with dataset.database.reading() as connection:
        text = sql.cast(table.c.attributes, sql.Text)
        query = sql.select(sql.func.count()).where(
            alive(table, None), table.c.source == "human", text.not_like('%"suggested_by":%')
        )
        return int(connection.execute(query).scalar() or 0)
