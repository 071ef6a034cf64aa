"""Workflow: whose task an image is, how far it is, and what people say of it.

It has tables of its own, of which the newest state is kept: a change of it makes no revision of the dataset, and a
sample's own field called `state` or `assignee` is the user's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright.core.names import shown
from maskwright.errors import UsageError
from maskwright.store import checks, schema
from maskwright.store.dataset import Dataset

State = Literal["open", "labelled", "review", "approved"]
STATES: tuple[State, ...] = get_args(State)
Role = Literal["annotator", "reviewer", "owner"]
#: What became of a suggestion; open: nothing yet.
Judged = Literal["open", "accepted", "rejected"]
ROLES: tuple[Role, ...] = get_args(Role)

CHUNK = 500  # samples looked up at once


@dataclass(frozen=True)
class Workflow:
    """Of one image.  state: labelled, review or approved; None while it is open.  assignee: whose task it is.

    own_labels: who has finished labels of their own.  number: of changes so far, of what is said here, of comments and
    of what became of suggestions.
    """

    state: str | None = None
    assignee: str | None = None
    own_labels: tuple[str, ...] = ()
    number: int = 0


@dataclass(frozen=True)
class Remark:
    """What somebody says of a segment, in place of what was said of it; an empty text takes that back."""

    segment: int
    text: str


@dataclass(frozen=True)
class Verdict:
    """What became of what a run suggested for an image; open: nothing yet, or that was taken back."""

    run: str
    state: Judged


@dataclass(frozen=True)
class ObjectVerdict:
    """What became of single objects that a run suggested for an image, by their ids in the suggestion."""

    run: str
    segments: tuple[int, ...]
    state: Judged


@dataclass(frozen=True)
class Said:
    """What a gesture says of an image; None says nothing.  state: of the image, or of the author's own labels.

    suggestion: what became of all that a run suggested for it; objects: of single objects of that.
    """

    state: State | None = None
    comment: Remark | None = None
    suggestion: Verdict | None = None
    objects: ObjectVerdict | None = None


@dataclass(frozen=True)
class Comment:
    """segment: of which it speaks; None for the whole image.  created: ISO 8601, UTC."""

    number: int
    segment: int | None
    author: str
    created: str
    text: str


def read(connection: Connection, numbers: Sequence[int] | None = None) -> dict[int, Workflow]:
    """Of the samples of which anything was ever said. numbers: of these only."""
    table = schema.workflow
    columns = sql.select(table.c.sample, table.c.state, table.c.assignee, table.c.own_labels, table.c.number)
    if numbers is None:
        found = connection.execute(columns).all()
    else:
        chunks = [list(numbers[at : at + CHUNK]) for at in range(0, len(numbers), CHUNK)]
        found = [row for chunk in chunks for row in connection.execute(columns.where(table.c.sample.in_(chunk)))]
    return {row.sample: Workflow(row.state, row.assignee, tuple(row.own_labels), row.number) for row in found}


def of(dataset: Dataset, number: int) -> Workflow:
    """Of one sample, by its number."""
    with dataset.database.reading() as connection:
        return read(connection, [number]).get(number, Workflow())


def change(connection: Connection, numbers: Sequence[int], author: str, **values: Any) -> None:
    """Count a change of each of these samples. values: columns of the table that become the same for all of them."""
    table = schema.workflow
    known = read(connection, numbers)
    values |= {"author": checks.author(author), "changed": now()}
    fresh = [{"sample": number, "number": 1, **values} for number in numbers if number not in known]
    if fresh:
        connection.execute(table.insert(), fresh)
    again = [{"at": number} for number in numbers if number in known]
    if again:
        changed = table.update().where(table.c.sample == sql.bindparam("at"))
        connection.execute(changed.values(number=table.c.number + 1, **values), again)


def say(connection: Connection, number: int, said: Said, author: str, *, opinion: bool = False) -> Workflow:
    """Write what a gesture says of a sample -> what is known of it then.

    said: parts that are None stay as they are.  opinion: it speaks of the author's own labels, which any state but open
    marks as finished, and of their segments.
    Raises UsageError for a state that is not there and a text that cannot be stored.
    """
    before = read(connection, [number]).get(number, Workflow())
    values: dict[str, Any] = {}
    if said.state is not None:
        if said.state not in STATES:
            raise UsageError(f"the state is {shown(repr(said.state), 40)}", needed=f"one of {', '.join(STATES)}")
        done = said.state != "open"
        if opinion:
            values["own_labels"] = sorted({*before.own_labels, author} if done else {*before.own_labels} - {author})
        else:
            values["state"] = said.state if done else None
    if said.comment is not None:
        _comment(connection, number, said.comment, author, author if opinion else None)
    if said.suggestion is not None:
        judge(connection, said.suggestion.run, [number], said.suggestion.state, author)
    if said.objects is not None:
        for segment in said.objects.segments:
            judge(connection, _single(said.objects.run, segment), [number], said.objects.state, author)
    if values or said.comment is not None:
        change(connection, [number], author, **values)
    return read(connection, [number]).get(number, before)


def judge(
    connection: Connection,
    run: str,
    numbers: Sequence[int],
    state: Judged,
    author: str,
) -> None:
    """Remember what became of what a run suggested for samples, or with open forget it; a change of each of them."""
    table = schema.suggestions
    for at in range(0, len(numbers), CHUNK):
        chunk = list(numbers[at : at + CHUNK])
        connection.execute(table.delete().where(table.c.run == run, table.c.sample.in_(chunk)))
    rows = [
        {"run": checks.text(run, "a run's id"), "sample": number, "state": state, "author": author, "changed": now()}
        for number in numbers
    ]
    if rows:
        if state != "open":
            connection.execute(table.insert(), rows)
        change(connection, numbers, author)


def judged(dataset: Dataset) -> set[tuple[str, int]]:
    """Runs, and the samples for which a person accepted or rejected what they suggest."""
    table = schema.suggestions
    with dataset.database.reading() as connection:
        query = sql.select(table.c.run, table.c.sample).where(table.c.state.in_(("accepted", "rejected")))
        return {(row.run, row.sample) for row in connection.execute(query)}


def rejected_objects(dataset: Dataset, run: str, number: int) -> list[int]:
    """Ids of single objects that a run suggests for a sample, and that a person rejected."""
    table = schema.suggestions
    begins = _single(run, "")
    with dataset.database.reading() as connection:
        query = sql.select(table.c.run).where(
            table.c.sample == number, table.c.state == "rejected", table.c.run.startswith(begins, autoescape=True)
        )
        return sorted(int(name.removeprefix(begins)) for name in connection.execute(query).scalars())


def _single(run: str, segment: int | str) -> str:
    """The name under which the table of suggestions keeps a single object's row; no run's id has a slash."""
    return f"{run}/{segment}"


def _comment(connection: Connection, number: int, remark: Remark, author: str, opinion: str | None) -> None:
    table = schema.comments
    earlier = sql.and_(
        table.c.sample == number, table.c.segment == remark.segment, table.c.opinion.is_not_distinct_from(opinion),
        table.c.resolved.is_(None),
    )  # fmt: skip
    connection.execute(table.update().where(earlier).values(resolved=now()))
    if remark.text:
        text = checks.text(remark.text, "a comment")
        connection.execute(
            table.insert().values(
                sample=number, segment=remark.segment, opinion=opinion, author=author, created=now(), text=text
            )
        )


def comments(dataset: Dataset, number: int, *, opinion: str | None = None) -> list[Comment]:
    """What is said of a sample and of its segments and not taken back, in order.

    opinion: of the segments of this person's own labels; of the shared ones when None.
    """
    table = schema.comments
    wanted = sql.and_(
        table.c.sample == number, table.c.opinion.is_not_distinct_from(opinion), table.c.resolved.is_(None)
    )
    with dataset.database.reading() as connection:
        found = connection.execute(sql.select(table).where(wanted).order_by(table.c.row)).all()
    return [Comment(row.row, row.segment, row.author, row.created, row.text) for row in found]


def roles(dataset: Dataset) -> dict[str, str]:
    """The people who are known to work on a dataset, and what each is: annotator, reviewer or owner."""
    table = schema.people
    with dataset.database.reading() as connection:
        return {row.name: row.role for row in connection.execute(sql.select(table).order_by(table.c.name))}


def set_role(dataset: Dataset, name: str, role: Role) -> None:
    """Make somebody an annotator, a reviewer or an owner. Raises UsageError for another role and what is not a name."""
    if role not in ROLES:
        raise UsageError(f"the role is {shown(repr(role), 40)}", needed=f"one of {', '.join(ROLES)}")
    table = schema.people
    with dataset.database.writing() as connection:
        connection.execute(table.delete().where(table.c.name == checks.author(name)))
        connection.execute(table.insert().values(name=name, role=role))


def join(dataset: Dataset, names: Iterable[str]) -> None:
    """Make people who are not known yet annotators; the others stay what they are. names: may be empty."""
    fresh = sorted(set(names) - roles(dataset).keys())
    for name in fresh:
        set_role(dataset, name, "annotator")


def now() -> str:
    """ISO 8601, UTC, in one width."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
