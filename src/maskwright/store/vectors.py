"""Vectors: a column of numbers that samples or segments have, such as an embedding; many are written and read at once.

They lie in blocks of some 128 KiB, rows of the table `vectors`, in the order of their samples; the living blocks of a
column do not overlap, and a block holds all segments of its samples.  A change writes the blocks that it touches anew
and ends those that were there, so that every revision can be read; nothing else is copied.  A vector is there as long
as what it belongs to: a sample or segment that is removed takes its vectors along, and has them again when it is
restored; one that is changed keeps them until they are written anew.  Vectors of runs have no revisions.
"""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np
import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright.core.arrays import F64, I64, Array, as_numpy
from maskwright.core.columns import Column, Owner
from maskwright.core.names import shown
from maskwright.errors import UsageError
from maskwright.store import hashes, schema
from maskwright.store.rows import alive, damaged

if TYPE_CHECKING:
    from maskwright.store.dataset import Dataset
    from maskwright.store.edit import Edit
    from maskwright.store.view import View

BLOCK = 2**17  # bytes of numbers in one row, as far as a sample's segments fit
AT_ONCE = 32  # blocks read by one query
CHUNK = 500  # samples looked up by one query
SIZE = 4096  # vectors in one batch
_LARGEST = float(np.finfo(np.float32).max)
_SPARE = 64  # nearest ones by the first count that the second looks at, beyond those asked for

Metric = Literal["cosine", "euclidean"]

#: What a vector belongs to; the segment is 0 for a sample's own.
_OWNER = np.dtype([("sample", "<i8"), ("segment", "<i8")])
_LIGHT = ("row", "added", "number", "low", "high")


class VectorBatch(NamedTuple):
    """Some vectors of a column, in the order of their samples.

    samples: (n,) int64 numbers.  segments: (n,) int64 ids, or None for a column of samples.
    values: (n, length) of the column's dtype.
    """

    samples: I64
    segments: I64 | None
    values: Array


@dataclass(frozen=True)
class Nearest:
    """The vectors nearest to a given one, the nearest first; equally near ones in the order of their samples.

    samples: (k,) int64 numbers.  segments: (k,) int64 ids, or None for a column of samples.
    distances: (k,) float64; by cosine from 0 for the same direction to 2, and 1 where either vector is zero.
    """

    samples: I64
    segments: I64 | None
    distances: F64


class Place(NamedTuple):
    """Whose vectors: of a run, or of the dataset where that is empty; of samples or of segments; under which name."""

    run: str
    owner: Owner
    name: str

    def rows(self) -> sql.ColumnElement[bool]:
        table = schema.vectors
        return sql.and_(table.c.name == self.name, table.c.owner == self.owner, table.c.run == self.run)


class Vectors:
    """The vectors that samples and segments of a view have, of the dataset or of a run: `dataset.vectors`.

    A column is found by its name; where a sample's and a segment's have the same one, `owner` says which.
    """

    def __init__(self, view: "View", run: str = "") -> None:
        self._view = view
        self._run = run

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._view.place!r}{f', run {self._run!r}' if self._run else ''})"

    def columns(self) -> list[Column]:
        """The columns there are, in the order they were declared."""
        return _columns(self._view, self._run, self._view._revision)

    def batches(
        self, name: str, *, among: "View | None" = None, owner: Owner | None = None, size: int = SIZE
    ) -> Iterator[VectorBatch]:
        """All vectors of a column by batches of at most `size`, of one revision, in the order of their samples.

        among: only of these samples, at their revision; those of the dataset as it is when not given.
        Raises UsageError for a column that is not there, DatasetError for a row that is not what was written.
        """
        view = (among or self._view).frozen()
        column = self._column(name, owner, view)
        return _cut(column, self._living(column, view), size)

    def read(
        self, name: str, samples: Sequence[str] | Sequence[int] | I64, *, segments: Sequence[int] | I64 | None = None,
        among: "View | None" = None,
    ) -> Array:  # fmt: skip
        """Vectors of length L in the order asked for -> (N, L) of the column's dtype; a row of NaN where there is none.

        samples: N keys or numbers.  segments: N ids, for a column of segments.  among: whose revision is read.
        Raises UsageError for a column, a sample or a segment that is not there.
        """
        view = (among or self._view).frozen()
        column = self._column(name, "sample" if segments is None else "segment", view)
        with view.database.reading() as connection:
            wanted = owners(view.place, view._revision, samples, segments, connection)
        out = np.full((len(wanted), int(column.length or 0)), np.nan, column.dtype)
        if not len(wanted):
            return out
        order = np.argsort(wanted, kind="stable")
        ordered = wanted[order]
        for found, values in self._blocks(column, view, np.unique(wanted["sample"])):
            first, last = np.searchsorted(ordered["sample"], (found["sample"][0], found["sample"][-1] + 1))
            part = ordered[first:last]
            place = np.searchsorted(found, part)
            place[place == len(found)] = 0
            there = found[place] == part
            out[order[first:last][there]] = values[place[there]]
        return out

    def nearest(
        self, name: str, vector: Any, k: int = 10, *, metric: Metric = "cosine", among: "View | None" = None,
        owner: Owner | None = None,
    ) -> Nearest:  # fmt: skip
        """The k vectors nearest to a given one, of all that are there: nothing is left out and nothing estimated.

        vector: (length,) finite numbers.  k: fewer where there are fewer.  metric: cosine or euclidean.
        among: only of these samples.  Vectors of float16 are counted in float32; those found are counted again in
        float64 and put in order.
        Raises UsageError for a column that is not there and a vector of another length.
        """
        view = (among or self._view).frozen()
        column = self._column(name, owner, view)
        if metric not in get_args(Metric):
            raise UsageError(f"there is no metric {shown(repr(metric), 40)}", needed=f"{' or '.join(get_args(Metric))}")
        if not isinstance(k, int | np.integer) or isinstance(k, bool) or k < 1:
            raise UsageError(f"k is {shown(repr(k), 40)}", needed="how many to find, 1 or more")
        asked = _asked(column, vector)
        search = _Search(int(k), asked, metric, column)
        for ids, values, there in self._living(column, view):
            search.see(ids, values, there)
        ids, distances = search.found()
        return Nearest(*_split(column, ids), distances)

    def _column(self, name: str, owner: Owner | None, view: "View") -> Column:
        columns = _columns(view, self._run, view._revision)
        fitting = [column for column in columns if column.name == name and owner in (None, column.owner)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise UsageError(
                f"samples and segments both have vectors {shown(name)!r}", file=view.place, needed="owner, to say whose"
            )
        there = ", ".join(f"{shown(column.name)} of {column.owner}s" for column in columns) or "none"
        whose = "samples or segments" if owner is None else f"{owner}s"
        found = f"{whose} have no vectors {shown(repr(name), 80)}"
        raise UsageError(found, file=view.place, needed=f"there are: {there}")

    def _blocks(self, column: Column, view: "View", among: I64 | None = None) -> Iterator[tuple[Array, Array]]:
        """Owners and values of each living block, in order.

        among: sorted numbers of samples; only blocks that reach over one of them.
        """
        place = Place(self._run, column.owner, column.name)
        revision = None if self._run else view._revision
        with view.database.reading() as connection:
            rows = _directory(connection, place, revision)
        if among is not None:
            rows = [row for row in rows if np.searchsorted(among, row.low) < np.searchsorted(among, row.high, "right")]
        for at in range(0, len(rows), AT_ONCE):
            with view.database.reading() as connection:
                blocks = _load(connection, [row.row for row in rows[at : at + AT_ONCE]], column, view.place)
            yield from blocks

    def _living(self, column: Column, view: "View") -> Iterator[tuple[Array, Array, Array | None]]:
        """Owners and values of each block, and which of them are in the view; None for all."""
        there = _Living(view, column.owner)
        for ids, values in self._blocks(column, view):
            yield ids, values, there.chosen(ids)


class DatasetVectors(Vectors):
    """A dataset's vectors, which can be written: what is written becomes a revision, or part of an edit's."""

    _view: "Dataset"

    def __init__(self, dataset: "Dataset") -> None:
        super().__init__(dataset)

    def write(
        self, name: str, samples: Sequence[str] | Sequence[int] | I64, values: Any, *,
        segments: Sequence[int] | I64 | None = None, edit: "Edit | None" = None, author: str | None = None,
    ) -> int:  # fmt: skip
        """Give samples, or segments, a vector each -> how many; one that is there is replaced, the others stay.

        samples: N keys or numbers.  segments: N ids; then these are vectors of segments.  values: (N, length) finite
        numbers; float16 is kept as it is where the column is new, all else is kept as float32.
        edit: the edit that this is a part of; a revision of its own when not given, by `author`.
        A column that is not declared is made, with the length and dtype of these values.
        Raises UsageError for a sample or segment that is not there or is named twice, and values that do not fit.
        """
        opened = nullcontext(edit) if edit is not None else self._view.edit(f"vectors {shown(name, 80)}", author=author)
        with opened as within:
            return put(within, name, samples, values, segments=segments)

    def remove(
        self, name: str, samples: Sequence[str] | Sequence[int] | I64 | None = None, *,
        segments: Sequence[int] | I64 | None = None, owner: Owner | None = None, edit: "Edit | None" = None,
        author: str | None = None,
    ) -> int:  # fmt: skip
        """Take vectors away, of all when no samples are given -> how many; earlier revisions keep them.

        samples: N keys or numbers.  segments: N ids, for a column of segments.  edit, author: as in `write`.
        Raises UsageError for a column, a sample or a segment that is not there.
        """
        given: Owner | None = None if samples is None else "sample" if segments is None else "segment"
        opened = nullcontext(edit) if edit is not None else self._view.edit(f"vectors {shown(name, 80)}", author=author)
        with opened as within:
            within._check_open()
            within._flush()
            connection = within._connection
            found = self._column_within(within, name, given or owner)
            place = Place("", found.owner, name)
            gone = None if samples is None else owners(self._view.place, None, samples, segments, connection)
            number = Blocks(connection, place, found, within.revision, self._view.place).take(gone)
            within.summary["vectors removed"] += number
            return number

    def _column_within(self, edit: "Edit", name: str, owner: Owner | None) -> Column:
        kinds: tuple[Owner, ...] = ("sample", "segment") if owner is None else (owner,)
        for kind in kinds:
            column = _definition(edit, Place("", kind, name))
            if column is not None:
                return column
        raise UsageError(f"there are no vectors {shown(repr(name), 80)}", file=self._view.place)


def put(
    edit: "Edit", name: str, samples: Sequence[str] | Sequence[int] | I64, values: Any, *,
    segments: Sequence[int] | I64 | None = None,
) -> int:  # fmt: skip
    """Write vectors as a part of an edit -> how many; see `DatasetVectors.write`."""
    edit._check_open()
    edit._flush()
    place = Place("", "sample" if segments is None else "segment", name)
    array = as_numpy(values)
    column = _definition(edit, place) or edit.add_column(inferred(place, array))
    rows = checked(column, array)
    wanted = owners(edit.place, None, samples, segments, edit._connection)
    check_count(wanted, rows)
    Blocks(edit._connection, place, column, edit.revision, edit.place).put(wanted, rows)
    edit.summary["vectors written"] += len(rows)
    return len(rows)


def columns_for(view: "View", numbers: Sequence[int] | I64) -> list[tuple[Column, VectorBatch]]:
    """The vectors that these samples and their segments have, by column: to be written beside them.

    numbers: of samples.  A batch holds those that are there, in the order of the samples' numbers.
    """
    view = view.frozen()
    vectors = Vectors(view)
    wanted = np.unique(np.asarray(numbers, np.int64))
    out = []
    for column in vectors.columns():
        ids, values = _joined(list(vectors._blocks(column, view, wanted)), column)
        chosen = np.isin(ids["sample"], wanted)
        there = _Living(view, column.owner).chosen(ids)
        chosen = chosen if there is None else chosen & there
        out.append((column, VectorBatch(*_split(column, ids[chosen]), values[chosen])))
    return out


# -- writing ---------------------------------------------------------------------------------------------------


class Blocks:
    """A column's living blocks, inside a transaction that writes.

    revision: that is being written; None for a run's vectors, which have none.  where: the dataset, for errors.
    """

    def __init__(
        self, connection: Connection, place: Place, column: Column, revision: int | None, where: object
    ) -> None:
        self._connection, self._place, self._column = connection, place, column
        self._revision, self._where = revision, where

    def put(self, wanted: Array, values: Array) -> None:
        """Write vectors; those that are there are replaced. Raises UsageError for two of the same.

        wanted: (N,) as `owners` makes them.  values: (N, length), as `checked` makes them.
        """
        order = np.argsort(wanted, kind="stable")
        wanted, values = wanted[order], values[order]
        twice = np.flatnonzero(wanted[1:] == wanted[:-1])
        if len(twice):
            sample, segment = wanted[twice[0]].tolist()
            more = f", segment {segment}" if self._place.owner == "segment" else ""
            raise UsageError(f"sample number {sample}{more} is given two vectors", needed="every one once")
        for row, part in self._touched(wanted):
            ids, own = wanted[part], values[part]
            if row is not None:
                there, held = self._load(row)
                kept = ~np.isin(there, ids)
                ids, own = np.concatenate([there[kept], ids]), np.concatenate([held[kept], own])
                again = np.argsort(ids, kind="stable")
                ids, own = ids[again], own[again]
                self._end(row)
            self._write(ids, own)

    def take(self, gone: Array | None) -> int:
        """Take vectors out -> how many. gone: (N,) owners; None for all."""
        if gone is None:
            rows = _directory(self._connection, self._place, None)
            for row in rows:
                self._end(row)
            return sum(row.number for row in rows)
        number = 0
        gone = np.sort(gone)
        for row, part in self._touched(gone):
            if row is None:
                continue
            there, held = self._load(row)
            kept = ~np.isin(there, gone[part])
            if not kept.all():
                number += int((~kept).sum())
                self._end(row)
                self._write(there[kept], held[kept])
        return number

    def _touched(self, wanted: Array) -> Iterator[tuple[Any, slice]]:
        """Blocks, and which of the sorted owners belong into each; None where there is no block yet."""
        rows = _directory(self._connection, self._place, None)
        if not rows or not len(wanted):
            yield None, slice(0, len(wanted))
            return
        lows = [row.low for row in rows]
        cuts = np.searchsorted(wanted["sample"], lows[1:]).tolist()
        for row, first, last in zip(rows, [0, *cuts], [*cuts, len(wanted)], strict=True):
            if first < last:
                yield row, slice(first, last)

    def _load(self, row: Any) -> tuple[Array, Array]:
        [block] = _load(self._connection, [row.row], self._column, self._where)
        return block

    def _write(self, ids: Array, values: Array) -> None:
        """Sorted vectors as blocks, a sample's segments together."""
        column = self._column
        most = max(1, BLOCK // (int(column.length or 1) * np.dtype(column.dtype).itemsize))
        starts = np.append(np.flatnonzero(np.diff(ids["sample"], prepend=-1)), len(ids))
        rows: list[dict[str, Any]] = []
        at = 0
        while at < len(ids):
            fitting = int(starts[np.searchsorted(starts, at + most, "right") - 1])
            end = fitting if fitting > at else int(starts[np.searchsorted(starts, at, "right")])
            part = ids[at:end]
            row = {
                **self._place._asdict(), "dtype": column.dtype, "length": column.length, "number": len(part),
                "low": int(part["sample"][0]), "high": int(part["sample"][-1]),
                "samples": part["sample"].tobytes(),
                "segments": part["segment"].tobytes() if self._place.owner == "segment" else None,
                "content": values[at:end].astype(np.dtype(column.dtype).newbyteorder("<"), copy=False).tobytes(),
            }  # fmt: skip
            span = {"added": self._revision or 0, "removed": schema.ALIVE}
            rows.append({**row, "hash": hashes.of_vectors(row), **span})
            at = end
            if len(rows) == AT_ONCE or at == len(ids):
                self._connection.execute(schema.vectors.insert(), rows)
                rows = []

    def _end(self, row: Any) -> None:
        """A block of a run, or of this very edit, is deleted: it was never in any revision."""
        table = schema.vectors
        own = table.c.row == row.row
        if self._revision is None or row.added == self._revision:
            self._connection.execute(table.delete().where(own))
        else:
            self._connection.execute(table.update().where(own).values(removed=self._revision))


def inferred(place: Place, values: Array) -> Column:
    """The column that values have when nobody declared it. Raises UsageError for what is not (N, length)."""
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise UsageError(
            f"the vectors {shown(repr(place.name), 80)} are an array {values.shape} of {values.dtype}",
            needed="(N, length) numbers",
        )
    dtype: Literal["float16", "float32"] = "float16" if values.dtype == np.float16 else "float32"
    return Column(place.name, "vector", place.owner, length=values.shape[1], dtype=dtype)


def checked(column: Column, values: Array) -> Array:
    """Of the column's dtype. Raises UsageError for another shape, and for numbers that are not finite in it."""
    if values.ndim != 2 or values.shape[1] != column.length or values.dtype.kind not in "fiu":
        raise UsageError(
            f"the vectors {shown(repr(column.name), 80)} are an array {values.shape} of {values.dtype}",
            needed=f"(N, {column.length}) numbers",
        )
    with np.errstate(over="ignore"):
        out = np.ascontiguousarray(values, column.dtype)
    for at in range(0, len(out), SIZE):
        bad = ~np.isfinite(out[at : at + SIZE]).all(1)
        if bad.any():
            raise UsageError(
                f"row {at + int(bad.argmax())} of the vectors {shown(repr(column.name), 80)} is not finite",
                needed=f"numbers that {column.dtype} holds",
            )
    return out


def check_count(wanted: Array, values: Array) -> None:
    """Raises UsageError for other counts. wanted: (N,) owners.  values: (N, length)."""
    if len(wanted) != len(values):
        raise UsageError(f"there are {len(wanted)} samples and {len(values)} vectors", needed="one for each")


def _asked(column: Column, vector: Any) -> F64:
    found = as_numpy(vector)
    fits = found.shape == (column.length,) and found.dtype.kind in "fiu"
    if not fits or not (np.abs(found.astype(np.float64)) <= _LARGEST).all():
        raise UsageError(
            f"the vector to look for is an array {found.shape} of {found.dtype}",
            needed=f"{column.length} finite numbers of float32, as the vectors {shown(repr(column.name), 80)} have",
        )
    return found.astype(np.float64)


def owners(where: object, revision: int | None, samples: Any, segments: Any, connection: Connection) -> Array:
    """What vectors belong to -> (N,) pairs of numbers.

    where: the dataset, for errors.  revision: in which they must be; None for the newest.
    Raises UsageError for other counts of samples and segments, and for one that is not there.
    """
    given = samples.tolist() if isinstance(samples, np.ndarray) else list(samples)
    out = np.zeros(len(given), _OWNER)
    try:
        out["sample"] = _numbers(connection, revision, given)
        if segments is None:
            return out
        identities = np.asarray(segments)
        if identities.shape != (len(given),) or (len(given) and identities.dtype.kind not in "iu"):
            raise UsageError(
                f"there are {len(given)} samples and segments of shape {identities.shape}",
                needed="a segment's id for each",
            )  # fmt: skip
        out["segment"] = identities
        numbers = np.unique(out["sample"])
        for at in range(0, len(numbers), CHUNK):
            chunk = numbers[at : at + CHUNK]
            own = out[np.isin(out["sample"], chunk)]
            absent = own[~np.isin(own, _segments(connection, revision, chunk))]
            if len(absent):
                raise UsageError(f"there is no segment {absent[0][1]} in sample number {absent[0][0]}")
    except UsageError as error:
        raise error.at(file=where) from None
    return out


def _numbers(connection: Connection, revision: int | None, given: list[Any]) -> list[int]:
    table = schema.samples
    by_key = bool(given) and isinstance(given[0], str)
    kinds = str if by_key else int | np.integer
    strange = next((value for value in given if not isinstance(value, kinds) or isinstance(value, bool)), None)
    if strange is not None:
        raise UsageError(f"{shown(repr(strange), 80)} does not name a sample", needed="keys, or numbers of samples")
    asked = table.c.key if by_key else table.c.sample
    known: dict[Any, int] = {}
    wanted = given if by_key else [int(value) for value in given if 0 <= value < 2**31]
    for at in range(0, len(wanted), CHUNK):
        query = sql.select(asked, table.c.sample).where(asked.in_(wanted[at : at + CHUNK]), alive(table, revision))
        known.update((name, number) for name, number in connection.execute(query))
    absent = next((value for value in given if value not in known), None)
    if absent is not None:
        raise UsageError(f"there is no sample {'' if by_key else 'number '}{shown(repr(absent), 80)}")
    return [known[value] for value in given]


def _segments(connection: Connection, revision: int | None, numbers: Array) -> Array:
    """The living segments of these samples, as owners."""
    table = schema.segments
    query = sql.select(table.c.sample, table.c.segment).where(
        table.c.sample.in_([int(number) for number in numbers]), alive(table, revision)
    )
    return np.array([tuple(row) for row in connection.execute(query)], _OWNER)


# -- columns ---------------------------------------------------------------------------------------------------


def _columns(view: "View", run: str, revision: int | None) -> list[Column]:
    with view.database.reading() as connection:
        if run:
            of_run = schema.run_columns
            query = sql.select(of_run.c.definition).where(of_run.c.run == run).order_by(of_run.c.name)
        else:
            table = schema.columns
            query = sql.select(table.c.definition).where(alive(table, revision)).order_by(table.c.position)
        found = [Column.from_json(definition) for definition in connection.execute(query).scalars()]
    return [column for column in found if column.kind == "vector"]


def _definition(edit: "Edit", place: Place) -> Column | None:
    """The column as an edit sees it. Raises UsageError where it is not one of vectors."""
    column = edit._columns.columns.get((place.owner, place.name))
    if column is not None and column.kind != "vector":
        raise UsageError(f"the column {shown(place.name)!r} is of kind {column.kind}", needed="a column of vectors")
    return column


# -- reading ---------------------------------------------------------------------------------------------------


def _directory(connection: Connection, place: Place, revision: int | None) -> list[Any]:
    """The living blocks without what they hold, in order."""
    table = schema.vectors
    query = sql.select(*(table.c[name] for name in _LIGHT)).where(place.rows(), alive(table, revision))
    return sorted(connection.execute(query), key=lambda row: row.low)


def _load(connection: Connection, numbers: list[int], column: Column, where: object) -> list[tuple[Array, Array]]:
    """Owners and values of blocks, in the order asked for. Raises DatasetError for one that is not what was written."""
    table = schema.vectors
    found = {row.row: row for row in connection.execute(sql.select(table).where(table.c.row.in_(numbers)))}
    out = []
    for number in numbers:
        row = found.get(number)
        try:
            if row is None or hashes.of_vectors(row._asdict()) != row.hash or row.length != column.length:
                raise ValueError
            ids = np.zeros(row.number, _OWNER)
            ids["sample"] = np.frombuffer(row.samples, "<i8")
            if row.segments is not None:
                ids["segment"] = np.frombuffer(row.segments, "<i8")
            values = np.frombuffer(row.content, np.dtype(row.dtype).newbyteorder("<")).reshape(row.number, row.length)
        except (TypeError, ValueError):
            raise damaged(where, f"vectors {shown(column.name)}, row {number}") from None
        out.append((ids, values.astype(column.dtype, copy=False)))
    return out


class _Living:
    """Which owners are in a view."""

    def __init__(self, view: "View", owner: Owner) -> None:
        self._view, self._owner = view, owner
        #: By number: whether the sample is in the view.
        self._samples = np.zeros(0, bool)
        with view.database.reading() as connection:
            # Most often no sample was ever removed, and all that have a number are there.
            every = sql.select(sql.func.count(), sql.func.max(schema.digests.c.sample))
            number, highest = connection.execute(every).one()
            if not view.conditions and view._revision == view.database.head(connection) and number == (highest or 0):
                self._samples = np.ones(number + 1, bool)
        if not len(self._samples):
            numbers = np.array(view.numbers(), np.int64)
            self._samples = np.zeros(int(numbers.max(initial=0)) + 1, bool)
            self._samples[numbers] = True

    def chosen(self, ids: Array) -> Array | None:
        """Which of a block's owners are there; None for all."""
        numbers = ids["sample"]
        if len(ids) and numbers[-1] < len(self._samples):
            there = self._samples[numbers]
        else:
            there = np.array([number < len(self._samples) and self._samples[number] for number in numbers], bool)
        if self._owner == "segment" and there.any():
            living = np.unique(numbers[there])
            with self._view.database.reading() as connection:
                own = [
                    _segments(connection, self._view._revision, living[at : at + CHUNK])
                    for at in range(0, len(living), CHUNK)
                ]
            there = there & np.isin(ids, np.concatenate(own))
        return None if there.all() else there


def _joined(blocks: list[tuple[Array, Array]], column: Column) -> tuple[Array, Array]:
    empty = np.zeros(0, _OWNER), np.zeros((0, int(column.length or 0)), column.dtype)
    ids, values = (np.concatenate(parts) for parts in zip(empty, *blocks, strict=True))
    return ids, values


def _cut(column: Column, blocks: Iterator[tuple[Array, Array, Array | None]], size: int) -> Iterator[VectorBatch]:
    """Batches of `size`, but for the last, without those that are not there."""
    pending: list[tuple[Array, Array]] = []
    number = 0
    for ids, values, there in blocks:
        pending.append((ids, values) if there is None else (ids[there], values[there]))
        number += len(pending[-1][0])
        if number >= size:
            own, numbers = _joined(pending, column)
            whole = number - number % size
            for at in range(0, whole, size):
                yield VectorBatch(*_split(column, own[at : at + size]), numbers[at : at + size])
            pending, number = [(own[whole:], numbers[whole:])], number - whole
    if number:
        own, numbers = _joined(pending, column)
        yield VectorBatch(*_split(column, own), numbers)


def _split(column: Column, ids: Array) -> tuple[I64, I64 | None]:
    samples = np.ascontiguousarray(ids["sample"])
    return samples, np.ascontiguousarray(ids["segment"]) if column.owner == "segment" else None


# -- distances -------------------------------------------------------------------------------------------------


class _Search:
    """The nearest of what was seen. They are counted fast first; the best of these are kept, to be counted exactly."""

    def __init__(self, k: int, asked: F64, metric: Metric, column: Column) -> None:
        self._k, self._exact, self._count = k, asked, _COUNTS[metric]
        # Squares of what float32 holds can be more than it holds.
        self._asked: Array = asked.astype(np.float32 if column.dtype == "float16" else np.float64)
        self._numbers = np.empty((0, len(asked)), self._asked.dtype)
        self._worst = np.inf
        self._kept: list[tuple[Array, Array, Array]] = []
        self._number = 0
        self._none = np.zeros(0, _OWNER), np.zeros((0, len(asked)), column.dtype)

    def see(self, ids: Array, values: Array, there: Array | None) -> None:
        """A block. there: which of its owners count."""
        if len(self._numbers) < len(values):
            self._numbers = np.empty((len(values), len(self._asked)), self._asked.dtype)
        numbers = self._numbers[: len(values)]  # written over, so that it stays in the processor's cache
        np.copyto(numbers, values)
        distances = self._count(numbers, self._asked)
        near = distances <= self._worst
        if there is not None:
            near &= there
        if near.any():
            self._kept.append((distances[near], ids[near], values[near]))
            self._number += len(self._kept[-1][0])
            if self._number > 4 * (self._k + _SPARE):
                self._thin()

    def _thin(self) -> None:
        most = self._k + _SPARE
        distances, ids, values = (np.concatenate(parts) for parts in zip(*self._kept, strict=True))
        best = np.sort(np.argpartition(distances, most - 1)[:most])
        self._kept, self._number = [(distances[best], ids[best], values[best])], most
        self._worst = float(distances[best].max())

    def found(self) -> tuple[Array, F64]:
        """Owners and distances of the k nearest, in order."""
        kept = (row[1:] for row in self._kept)
        ids, values = (np.concatenate(parts) for parts in zip(self._none, *kept, strict=True))
        exact = self._count(values.astype(np.float64), self._exact)
        order = np.argsort(exact, kind="stable")[: self._k]
        return ids[order], exact[order]


def _cosine(values: Array, asked: Array) -> Array:
    lengths = np.sqrt(np.einsum("ij,ij->i", values, values) * (asked @ asked))
    # In float64 each by itself: equal ones are then equally far.
    products = np.einsum("ij,j->i", values, asked) if values.dtype == np.float64 else values @ asked
    return np.asarray(1 - np.divide(products, lengths, out=np.zeros_like(lengths), where=lengths > 0))


def _euclidean(values: Array, asked: Array) -> Array:
    values -= asked
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", values, values)))


_COUNTS = {"cosine": _cosine, "euclidean": _euclidean}
