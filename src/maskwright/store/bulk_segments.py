"""Segments of many samples at once: which of them conditions leave, and what a change of them is."""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright.core.classes import Classes
from maskwright.core.columns import SEGMENT, Column, Owner, built_in
from maskwright.core.names import shown
from maskwright.errors import UsageError
from maskwright.store import checks, schema
from maskwright.store.bulk import SHOWN, texts
from maskwright.store.conditions import resolved, sql_parts
from maskwright.store.conditions.resolve import read, read_of_segments
from maskwright.store.conditions.surroundings import Stored
from maskwright.store.conditions.to_sql import Writer
from maskwright.store.rows import alive

#: Built-in columns that many segments can share; "class" stands for the id of one.
_BUILT = {column.name: column for column in SEGMENT if column.name in ("is_crowd", "source")}
#: Kinds of attributes that many segments can share.
_SHARED = ("number", "integer", "text", "category", "bool", "time", "reference", "json")
_JSON: dict[type, Callable[[Any, Sequence[str]], Any]] = {
    str: sql_parts.JsonText, float: sql_parts.JsonNumber, int: sql_parts.JsonInteger, bool: sql_parts.JsonBool,
}  # fmt: skip


@dataclass(frozen=True)
class ChangedSegment:
    """A segment's values before and after; None where it is not there. segment: its id; None for a new one, which has
    none yet, and for a whole sample.
    """

    key: str
    segment: int | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass(frozen=True)
class SegmentsChange:
    """matched: samples that fulfil the condition.  samples: of them, those that change.

    added, changed, removed: segments.  first: up to ten of those.  at_most: whether fewer may be added, because what
    others cover wholly is left out, and that is known only when it is done.
    """

    matched: int
    samples: int
    added: int = 0
    changed: int = 0
    removed: int = 0
    first: tuple[ChangedSegment, ...] = ()
    at_most: bool = False


def settable(column: Column) -> bool:
    """Whether many segments can be given values of this column at once."""
    if column.owner != "segment" or column.virtual:
        return False
    if column.name in ("class", *_BUILT):
        return True
    return built_in("segment", column.name) is None and column.kind in _SHARED


def read_values(columns: Iterable[Column], pairs: Iterable[str]) -> dict[str, Any]:
    """Values of segments as people write them, COLUMN=VALUE, by column.

    columns: users' own.  Raises UsageError for what is not such a pair, a column that is not there or given twice, and
    a value of another kind.
    """
    known = list(columns)
    own = {(column.owner, column.name): column for column in known}
    return {
        name: text if name == "class" else (_BUILT.get(name) or _attribute(own, name)).read(text)
        for name, text in texts(pairs).items()
    }


class Values:
    """Values for many segments.

    columns: users' own, by owner and name.  Raises UsageError for a column that is not there or cannot be set, and for
    a value that it does not take, such as a class that is not declared.
    """

    def __init__(self, columns: Mapping[tuple[Owner, str], Column], classes: Classes, given: Mapping[str, Any]) -> None:
        if not given:
            raise UsageError("there is nothing to set", needed="a column and its value, such as class and 'car'")
        self._classes = {kind.id: kind.name for kind in classes}
        self._names: dict[str, str] = {}  # what was asked for by, and what the attribute is called
        self.built: dict[str, Any] = {}
        self.own: dict[str, Any] = {}
        for name, value in given.items():
            if name == "class":
                self.built["class_id"] = class_id_of(classes, value)
            elif name in _BUILT:
                self.built[name] = _BUILT[name].check(value)
            else:
                column = _attribute(columns, name)
                self.own[column.name] = _shared(column, value)
                self._names[column.name] = name

    def differ(self) -> sql.ColumnElement[bool]:
        """Of which rows of `segments` the values are others."""
        table = schema.segments
        found: list[sql.ColumnElement[bool]] = [
            table.c[name].is_distinct_from(value) for name, value in self.built.items()
        ]
        for name, value in self.own.items():
            if value is None:
                found.append(sql_parts.JsonAny(table.c.attributes, (name,)).is_not(None))
            else:
                found.append(_JSON[type(value)](table.c.attributes, (name,)).is_distinct_from(_literal(value)))
        return sql.or_(*found)

    def change(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row of a segment made anew with these values."""
        attributes = {**row["attributes"], **self.own}
        kept = {name: value for name, value in attributes.items() if name not in self.own or value is not None}
        return {**row, **self.built, "attributes": kept}

    def told(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a row by the names that were given."""
        built = {
            "class" if name == "class_id" else name: self._classes.get(row[name]) if name == "class_id" else row[name]
            for name in self.built
        }
        return {**built, **{asked: row["attributes"].get(name) for name, asked in self._names.items()}}


class Chosen:
    """The samples that a condition leaves, and of their segments those that another one leaves.

    condition: as in `where`; of several each takes what the one before leaves.  of_segments: a condition on a single
    segment; "" for all.  columns: users' own.  All is asked of the newest rows of one transaction.  Raises UsageError
    for what cannot be read.
    """

    def __init__(
        self, connection: Connection, columns: Sequence[Column] | None, condition: str | Sequence[str],
        of_segments: str = "",
    ) -> None:  # fmt: skip
        self._connection = connection
        self.known = Stored(connection, None, columns)
        texts = (condition,) if isinstance(condition, str) else condition
        queries = [read(text, self.known) for text in texts if text.strip()]
        self._said = bool(queries or of_segments.strip())
        writer = Writer(None)
        #: On the table `samples`.
        self.samples, _ = writer.selection(queries)
        table = schema.segments
        self._where: list[sql.ColumnElement[bool]] = [alive(table, None)]
        self._joined = False
        if of_segments.strip():
            found = read_of_segments(of_segments, self.known)
            self._joined = resolved.asks_samples(found)
            self._where.append(writer.truth(found, table))
        if queries and not self._joined:
            left = sql.select(schema.samples.c.sample).where(self.samples).correlate(None)
            self._where.append(table.c.sample.in_(left))
        if self._joined:
            self._where.append(self.samples)

    def check_said(self) -> None:
        """Raises UsageError where no condition says anything: what takes away is not to take all by an oversight."""
        if not self._said:
            raise UsageError("it is not said which", needed='a condition; "key is not null" holds for all samples')

    @cached_property
    def matched(self) -> int:
        """How many samples there are."""
        query = sql.select(sql.func.count()).select_from(schema.samples).where(self.samples)
        return int(self._connection.execute(query).scalar() or 0)

    def of_segments(self, *columns: Any, also: sql.ColumnElement[bool] | None = None) -> sql.Select[Any]:
        """A question about the segments. also: a further condition on their table."""
        table, samples = schema.segments, schema.samples
        query = sql.select(*columns)
        if self._joined:
            query = query.join_from(table, samples, sql.and_(table.c.sample == samples.c.sample, alive(samples, None)))
        else:
            query = query.select_from(table)
        return query.where(*self._where, *(() if also is None else (also,)))

    def counted(self, also: sql.ColumnElement[bool] | None = None) -> tuple[int, int]:
        """How many segments there are, and on how many samples."""
        table = schema.segments
        by_sample = self.of_segments(sql.func.count().label("n"), also=also).group_by(table.c.sample).subquery()
        query = sql.select(sql.func.coalesce(sql.func.sum(by_sample.c.n), 0), sql.func.count()).select_from(by_sample)
        segments, samples = self._connection.execute(query).one()
        return int(segments), int(samples)

    def first(self, also: sql.ColumnElement[bool] | None = None) -> list[tuple[str, dict[str, Any]]]:
        """The first ten segments by sample and id: the sample's key, and the row without its mask."""
        table = schema.segments
        content = [column for column in table.c if column.name not in ("counts", "hash", "added", "removed")]
        query = self.of_segments(*content, also=also).order_by(table.c.sample, table.c.segment).limit(SHOWN)
        rows = [dict(row) for row in self._connection.execute(query).mappings()]
        keys = keys_of(self._connection, {row["sample"] for row in rows})
        return [(keys[row["sample"]], row) for row in rows]

    def first_samples(self) -> list[tuple[str, str | None, int]]:
        """Key, split and number of segments of the first ten samples by number."""
        samples, table = schema.samples, schema.segments
        number = sql.select(sql.func.count()).where(table.c.sample == samples.c.sample, alive(table, None))
        query = sql.select(samples.c.key, samples.c.split, number.correlate(samples).scalar_subquery())
        found = self._connection.execute(query.where(self.samples).order_by(samples.c.sample).limit(SHOWN))
        return [(key, split, int(segments)) for key, split, segments in found]

    def rows(self, also: sql.ColumnElement[bool] | None = None) -> list[int]:
        """The numbers of the segments' rows."""
        table = schema.segments
        query = self.of_segments(table.c.row, also=also).order_by(table.c.sample, table.c.segment)
        return list(self._connection.execute(query).scalars())


def keys_of(connection: Connection, numbers: Iterable[int]) -> dict[int, str]:
    """The keys of some living samples, by number."""
    table = schema.samples
    query = sql.select(table.c.sample, table.c.key).where(table.c.sample.in_(sorted(numbers)), alive(table, None))
    return {int(number): str(key) for number, key in connection.execute(query)}


def set_preview(chosen: Chosen, values: Values) -> SegmentsChange:
    """What giving the segments these values changes."""
    segments, samples = chosen.counted(values.differ())
    first = tuple(
        ChangedSegment(key, row["segment"], values.told(row), values.told(values.change(row)))
        for key, row in chosen.first(values.differ())
    )
    return SegmentsChange(chosen.matched, samples, changed=segments, first=first)


def removal_preview(chosen: Chosen) -> SegmentsChange:
    """What taking the segments away changes."""
    chosen.check_said()
    segments, samples = chosen.counted()
    names = chosen.known.class_names
    first = tuple(ChangedSegment(key, row["segment"], described(names, row), None) for key, row in chosen.first())
    return SegmentsChange(chosen.matched, samples, removed=segments, first=first)


def samples_removal_preview(chosen: Chosen) -> SegmentsChange:
    """What taking the samples away changes, with all their segments."""
    chosen.check_said()
    segments, _ = chosen.counted()
    first = tuple(
        ChangedSegment(key, None, {"split": split, "segments": number}, None)
        for key, split, number in chosen.first_samples()
    )
    return SegmentsChange(chosen.matched, chosen.matched, removed=segments, first=first)


def described(class_names: Mapping[int, str], row: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of a segment that comes or goes."""
    return {"class": class_names.get(row["class_id"]), **{name: row[name] for name in ("area", "source", "score")}}


def _literal(value: Any) -> Any:
    kinds: dict[type, Any] = {float: sql.Float, int: sql.BigInteger, bool: sql.Boolean}
    return sql.literal(value, kinds.get(type(value), sql.Text))


def class_id_of(classes: Classes, name: object) -> int:
    """The id of a class by its name. Raises UsageError, with names near it, for one that is not declared."""
    found = next((kind.id for kind in classes if kind.name == name), None)
    if found is None:
        names = [kind.name for kind in classes]
        raise UsageError(
            f"there is no class {shown(repr(name), 80)}{_near(str(name), names)}",
            needed=f"one of {shown(', '.join(names), 400)}" if names else "a class that the dataset declares",
        )
    return found


def _attribute(columns: Mapping[tuple[Owner, str], Column], name: str) -> Column:
    plain = name.removeprefix("attributes.")
    column = columns.get(("segment", plain))
    if column is None or (plain == name and name in {known.name for known in SEGMENT}):
        own = [known for (owner, known), item in columns.items() if owner == "segment" and settable(item)]
        known = sorted({"class", *_BUILT, *own})
        raise UsageError(
            f"segments have no column {shown(repr(name), 80)} that can be set{_near(name, known)}",
            needed=f"one of {shown(', '.join(known), 400)}",
            todo="An attribute is declared with: maskwright columns DATASET add NAME KIND --owner segment",
        )
    if not settable(column):
        why = "computed" if column.virtual else f"of kind {column.kind}, of which every segment has its own"
        raise UsageError(f"the column {plain!r} is not set for many segments: it is {why}")
    return column


def _shared(column: Column, value: Any) -> Any:
    found = column.check(checks.fields({column.name: value}, "attributes")[column.name])
    if found is not None and type(found) not in _JSON:
        raise UsageError(
            f"the column {column.name!r}: the value is {shown(repr(value), 80)}", needed="words or a number"
        )
    return found


def _near(name: str, known: Sequence[str]) -> str:
    found = difflib.get_close_matches(name, known, 3)
    return f"; near it: {', '.join(found)}" if found else ""
