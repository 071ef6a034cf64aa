"""Gestures: small changes of one sample that a person makes, each applied once however often it is sent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple, overload

import sqlalchemy as sql

from maskwright.core import columns
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments, Source, without_area
from maskwright.errors import UsageError
from maskwright.labelling import workflow
from maskwright.labelling.workflow import Said, Workflow
from maskwright.store import checks, schema
from maskwright.store.dataset import Dataset
from maskwright.store.edit import Edit
from maskwright.store.overview import Overview
from maskwright.store.overview import overview as samples_overview
from maskwright.store.rows import alive
from maskwright.store.view import View


@dataclass(frozen=True)
class Piece:
    """An object as it is to be.  counts: COCO's compressed run lengths of the sample's size.  z: place in the stack."""

    segment: int
    class_id: int
    counts: str
    z: int | None = None
    is_crowd: bool = False
    source: Source = "human"
    score: float | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """id: made by who made the gesture.  base: of each segment touched, the revision that was seen; none for new ones.

    put: segments as they are to be.  remove: segments to take out.  fields: of the sample, merged into what is there;
    None takes one out.  said: of the image's workflow.  effort: seconds, clicks and the like.
    """

    id: str
    kind: str
    put: Sequence[Piece] = ()
    remove: Sequence[int] = ()
    base: Mapping[int, int] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    said: Said = field(default_factory=Said)
    effort: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Applied:
    """revision: that holds the gesture, or in which it was made.  again: it had been applied before.  stale: segments
    that somebody else changed since they were seen; then nothing was done.  number: of changes of the image's workflow.
    before: the last revision that changed the image before the gesture, by which a page knows whether it has seen all.
    """

    revision: int
    again: bool = False
    stale: tuple[int, ...] = ()
    number: int = 0
    before: int = 0


#: Kinds of gestures on somebody's own labels begin with this.
OWN = "own "

#: Columns of a segment's row that say where it stands and not what it is.
_OF_THE_ROW = ("row", "z", "hash", "added", "removed")

#: Further columns of segments, which a gesture does not name.
_FURTHER = tuple(column for column in columns.SEGMENT if column.path is None)


def apply(dataset: Dataset, number: int, operation: Operation, *, author: str) -> Applied:
    """One gesture, one transaction, one revision, or none where it only says something: durable when this returns.

    Raises UsageError for a sample that is not there and masks of another size, DatasetError for classes that are not
    declared.
    operation: the gesture; sent again, it is answered again and not applied.
    """
    with dataset.database.writing() as connection:
        done = applied(connection, number, operation)
        if done is not None:
            return done
        row = sample_row(dataset, connection, number)
        before = changed_at(connection, number)
        table = schema.segments
        living = connection.execute(
            sql.select(table.c.segment, table.c.added).where(
                table.c.sample == number, alive(table, None), table.c.segment.in_(touched(operation))
            )
        )
        wrote = {int(each_row.segment): int(each_row.added) for each_row in living}
        stale = newer(operation, wrote, partial(restacked, connection, table, table.c.sample == number))
        if stale:
            return Applied(dataset.database.head(connection), stale=stale, number=known(connection, number).number)
        edit = Edit(dataset.database, connection, author, f"{operation.kind}: {row.key}")
        if operation.put or operation.remove:
            edit.put(row.key, changed(edit.segments(row.key), operation, (row.height, row.width), author))
        if operation.fields:
            edit.set_fields(row.key, operation.fields)
        revision = edit.finish() or edit.parent
        said = workflow.say(connection, number, operation.said, author)
        note(connection, number, operation, operation.kind, author, revision)
        return Applied(revision, number=said.number, before=before)


# -- what gestures on shared and on own labels have in common ------------------------------------------------


def applied(connection: sql.Connection, number: int, operation: Operation) -> Applied | None:
    """The answer to a gesture which was applied before; None for a new gesture."""
    found = revision_of(connection, operation.id)
    if found is None:
        return None
    return Applied(found, again=True, number=known(connection, number).number, before=changed_at(connection, number))


def revision_of(connection: sql.Connection, id: str) -> int | None:
    """The revision that holds an operation, by its id; None for one that was never applied."""
    table = schema.operations
    found = connection.execute(sql.select(table.c.revision).where(table.c.id == id)).scalar()
    return None if found is None else int(found)


def known(connection: sql.Connection, number: int) -> Workflow:
    """A sample's workflow, as it is inside a transaction; nothing yet where nobody said anything."""
    return workflow.read(connection, [number]).get(number, Workflow())


def note(connection: sql.Connection, number: int, operation: Operation, kind: str, author: str, revision: int) -> None:
    """Remember that a gesture of this kind was applied, so that it is not applied again."""
    connection.execute(
        schema.operations.insert().values(
            id=checks.text(operation.id, "a gesture's id"), sample=number, revision=revision,
            author=checks.author(author), kind=checks.text(kind, "a gesture's kind"),
            created=datetime.now(UTC).isoformat(timespec="milliseconds"),
            effort=checks.fields(operation.effort, "effort"),
        )
    )  # fmt: skip


def sample_row(dataset: Dataset, connection: sql.Connection, number: int) -> Any:
    """A sample's living row, by its number. Raises UsageError for a sample that is not there."""
    samples = schema.samples
    row = connection.execute(sql.select(samples).where(samples.c.sample == number, alive(samples, None))).first()
    if row is None:
        raise UsageError(f"there is no image {number}", file=dataset.place)
    return row


def touched(operation: Operation) -> list[int]:
    """The ids of the segments that a gesture puts or removes."""
    return [*(piece.segment for piece in operation.put), *operation.remove]


def newer(operation: Operation, living: Mapping[int, int], is_alike: Callable[[int, int], bool]) -> tuple[int, ...]:
    """Segments that are newer than what was seen, or gone, or there although they were thought new.

    living: segment -> what it was written by.  is_alike: whether a segment is as it was at a revision.
    """
    out = []
    for segment in touched(operation):
        seen, now = operation.base.get(segment), living.get(segment)
        if seen is None or now is None:
            out += [segment] if seen is not now else []
        elif now > seen and not is_alike(segment, seen):
            out.append(segment)
    return tuple(out)


def restacked(
    connection: sql.Connection, table: sql.Table, own: sql.ColumnElement[bool], segment: int, seen: int
) -> bool:
    """Whether a segment is as it was at the revision `seen`, but perhaps for its place in the stack.

    Others that came or went below it move that.  own: which of the table's rows are the sample's.
    """
    compared = [column for column in table.c if column.name not in _OF_THE_ROW]
    query = sql.select(*compared).where(own, table.c.segment == segment)
    then = connection.execute(query.where(alive(table, seen))).first()
    return then is not None and then == connection.execute(query.where(alive(table, None))).first()


def changed(own: Segments, operation: Operation, size: tuple[int, int], author: str) -> Segments:
    """The segments after the gesture. Raises UsageError for run lengths that do not fit.

    own: those before it.  author: of the gesture, who becomes the annotator of what it draws or gives another class.
    """
    gone = set(operation.remove)
    put = {piece.segment: piece for piece in operation.put}
    order = [(z, int(id_)) for z, id_ in enumerate(own.ids) if int(id_) not in gone]
    top = len(own)
    places = {each: float(z) for z, each in order}
    for piece in operation.put:
        if piece.z is not None:
            # Between the segment below and itself: what was at this place goes up.
            moved = places.get(piece.segment)
            places[piece.segment] = piece.z + (0.5 if moved is not None and piece.z > moved else -0.5)
        elif piece.segment not in places:
            places[piece.segment] = float(top)
            top += 1
    names = sorted(places, key=lambda place: places[place])
    rows = {int(id_): k for k, id_ in enumerate(own.ids)}
    fresh = [put[name] for name in names if name in put]
    try:
        new = Masks.from_compressed([mask.counts for mask in fresh], size)
    except ValueError as error:
        raise UsageError(f"an object's run lengths cannot be read ({error})") from None
    at = {each.segment: k for k, each in enumerate(fresh)}
    masks = [new[[at[name]]] if name in put else own.masks[[rows[name]]] for name in names]

    def column(of_put: Any, of_own: Any) -> list[Any]:
        return [of_put(put[name]) if name in put else of_own[rows[name]] for name in names]

    more = {
        column.name: [own.column(column.name)[rows[name]] if name in rows else column.default for name in names]
        for column in _FURTHER
    }  # fmt: skip
    attributes = column(lambda piece: dict(piece.attributes), own.attributes)
    for place, name in enumerate(names):
        old = rows.get(name)
        same = old is not None and masks[place] == own.masks[[old]]
        if not same:
            more["geometry"][place] = None  # it drew the mask that was there
            if old is not None and attributes[place].get("area") == own.attributes[old].get("area"):
                attributes[place] = without_area(attributes[place])
        if name in put and not (same and put[name].class_id == own.class_ids[old]):
            more["annotator"][place] = author if put[name].source == "human" else None
        if more["parent"][place] not in places:
            more["parent"][place] = None
    return Segments(
        Masks.concatenate(masks, size), column(lambda piece: piece.class_id, own.class_ids), ids=names,
        scores=column(lambda piece: float("nan") if piece.score is None else piece.score, own.scores),
        is_crowd=column(lambda piece: piece.is_crowd, own.is_crowd),
        source=column(lambda piece: piece.source, own.source),
        attributes=attributes, more=more,
    )  # fmt: skip


def revisions_of(view: View, number: int) -> dict[int, int]:
    """Segments of a sample in a view -> the revision that each was written in."""
    table, revision = schema.segments, view.revision
    with view.database.reading() as connection:
        query = sql.select(table.c.segment, table.c.added).where(table.c.sample == number, alive(table, revision))
        return {int(row.segment): int(row.added) for row in connection.execute(query)}


def last_change(dataset: Dataset, number: int) -> int:
    """The newest revision that added or ended a segment of a sample, or changed the sample itself; 0 for none."""
    with dataset.database.reading() as connection:
        return changed_at(connection, number)


def changed_at(connection: sql.Connection, number: int) -> int:
    """`last_change` as it is inside a transaction."""
    newest = 0
    for table in (schema.samples, schema.segments):
        own = table.c.sample == number
        # Two questions, so that each has its index: of the living when they came, of the dead when they went.
        for column, state in (
            (table.c.added, alive(table, None)), (table.c.removed, table.c.removed < schema.ALIVE_SQL),
        ):  # fmt: skip
            query = sql.select(sql.func.max(column)).where(own, state)
            newest = max(newest, int(connection.execute(query).scalar() or 0))
    return newest


def history(dataset: Dataset, number: int, limit: int = 200) -> list[dict[str, Any]]:
    """Gestures on a sample's shared labels, newest first: revision, kind, author, created, effort.

    limit: how many, at most.
    """
    table = schema.operations
    with dataset.database.reading() as connection:
        shared = sql.and_(table.c.sample == number, table.c.kind.not_like(f"{OWN}%"))
        query = sql.select(table).where(shared).order_by(table.c.revision.desc(), table.c.created.desc()).limit(limit)
        return [
            {"revision": row.revision, "kind": row.kind, "author": row.author, "created": row.created,
             "effort": row.effort}
            for row in connection.execute(query)
        ]  # fmt: skip


def effort(dataset: Dataset) -> dict[str, float]:
    """Summed over all gestures: gestures, seconds, clicks."""
    total: dict[str, float] = {"gestures": 0, "seconds": 0.0, "clicks": 0}
    with dataset.database.reading() as connection:
        for held in connection.execute(sql.select(schema.operations.c.effort)).scalars():
            total["gestures"] += 1
            for name in ("seconds", "clicks"):
                total[name] += float(held.get(name, 0))
    return total


class Row(NamedTuple):
    """A sample without its masks.  segments: how many; suggested, untouched: of them, by their attributes.

    more: of further built-in columns.
    """

    number: int
    key: str
    uri: str
    size: tuple[int, int]
    split: str | None
    workflow: Workflow
    video: str | None
    frame: int | None
    segments: int
    suggested: int
    untouched: int
    more: Mapping[str, Any]


_SHOWN = ("key", "uri", "height", "width", "split", "video", "frame")
_MORE = tuple(column.name for column in columns.SAMPLE if column.path is None)


class Rows(Sequence[Row]):
    """All samples in order, kept by columns: a million rows at once would be objects that nobody looks at.

    taken: how many segments of a sample were suggested, and how many of those nobody touched.
    """

    def __init__(self, found: Overview, taken: Mapping[int, tuple[int, int]], work: Mapping[int, Workflow]) -> None:
        self._numbers = found.samples.tolist()
        self._segments = found.segments.tolist()
        self._columns = found.columns
        self._taken, self._work = taken, work

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> list[Row]: ...

    def __getitem__(self, place: int | slice) -> Row | list[Row]:
        if isinstance(place, slice):
            return [self[at] for at in range(len(self))[place]]
        number, held = self._numbers[place], {name: values[place] for name, values in self._columns.items()}
        return Row(
            number, held["key"], held["uri"], (held["height"], held["width"]), held["split"],
            self._work.get(number, _NOTHING), held["video"], held["frame"], self._segments[place],
            *self._taken.get(number, (0, 0)), {name: held[name] for name in _MORE},
        )  # fmt: skip


_NOTHING = Workflow()


def overview(dataset: Dataset) -> Rows:
    """All samples in order. No run length is read, so that it takes seconds for a million images."""
    view = dataset.frozen()
    found = samples_overview(view, (*_SHOWN, *_MORE))
    # Asked of the attributes' text, as the JSON column writes it: a quotation mark inside a value would have a
    # backslash before it.  Most segments have none, and are not looked at.
    table = schema.segments
    text = sql.cast(table.c.attributes, sql.Text)
    suggested, untouched = _how_many(text.like('%"suggested_by":%')), _how_many(text.like('%"accepted": "untouched"%'))
    said = sql.and_(table.c.removed == schema.ALIVE_SQL, text != sql.literal_column("'{}'"))
    with dataset.database.reading() as connection:
        held = connection.execute(sql.select(table.c.sample, suggested, untouched).where(said).group_by(table.c.sample))
        taken = {int(row[0]): (int(row[1]), int(row[2])) for row in held}
        work = workflow.read(connection)
    return Rows(found, taken, work)


def _how_many(condition: sql.ColumnElement[bool]) -> sql.ColumnElement[int]:
    return sql.func.sum(sql.case((condition, 1), else_=0))
