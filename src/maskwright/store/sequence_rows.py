"""The sequences of a revision: rows of the table `sequences`, and those that samples name and nobody declared.

A sequence is there as long as a sample names it in `image.video`.  Every edit leaves a row for each that is new, and
ends the row of one that lost its last sample.  Datasets that were made before there were rows have none; their
sequences are of time, and nothing else is known of them.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright.core import columns as defined
from maskwright.core.names import shown
from maskwright.core.sequence import Sequence
from maskwright.errors import UsageError
from maskwright.store import checks, hashes, schema
from maskwright.store.rows import alive, damaged

if TYPE_CHECKING:
    from maskwright.store.view import View


#: Sequences of one edit that are looked for one by one.
_FEW = 20


class Sequences(Mapping[str, Sequence]):
    """The sequences of a view's samples by name, in the order in which their first samples came.

    They are of the revision that the view showed when it was asked.  Asking for a name that is not there raises
    UsageError; `in` and `get` do not.
    """

    def __init__(self, view: "View", found: Mapping[str, Sequence]) -> None:
        self._view = view
        self._found = dict(found)

    @property
    def names(self) -> list[str]:
        """Of all sequences, in their order."""
        return list(self._found)

    def __getitem__(self, name: str) -> Sequence:
        if name not in self._found:
            known = ", ".join(shown(other, 40) for other in self.names[:20])
            raise UsageError(
                f"there is no sequence {shown(name)!r}", file=self._view.place,
                needed=f"one of {known}" if known else "samples that belong to one",
            )  # fmt: skip
        return self._found[name]

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def get(self, name: str, default: Any = None) -> Any:
        """The sequence of this name, or the default."""
        return self._found.get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return f"Sequences({', '.join(f'{name}: {found.axis}' for name, found in self._found.items())})"

    def of_samples(self) -> dict[int, str]:
        """The sequence of each of the view's samples by number; samples that belong to none are left out."""
        samples = schema.samples
        with self._view.database.reading() as connection:
            where, _ = self._view._chosen(connection)
            query = sql.select(samples.c.sample, samples.c.video).where(where, samples.c.video != "")
            return {row.sample: row.video for row in connection.execute(query)}

    def samples(self, name: str) -> "View":
        """The view's samples of one sequence, in the order of their frames; those without a frame come last.

        Raises UsageError for a name that is not there.
        """
        quoted = self[name].name.replace("'", "''")
        return self._view.where(f"sequence = '{quoted}' order by frame")


def of_view(view: "View") -> Sequences:
    """Those that the view's samples name. Raises DatasetError for a damaged row."""
    view = view.frozen()
    samples = schema.samples
    with view.database.reading() as connection:
        where, _ = view._chosen(connection)
        query = sql.select(samples.c.video).where(where, samples.c.video != "")
        query = query.group_by(samples.c.video).order_by(sql.func.min(samples.c.sample))
        named = list(connection.execute(query).scalars())
        declared = declared_at(connection, view.revision, view.database.place) if named else {}
    return Sequences(view, {name: declared.get(name) or Sequence(name) for name in named})


def declared_at(connection: Connection, revision: int | None, place: object = None) -> dict[str, Sequence]:
    """The rows of a revision; None is the newest. Raises DatasetError for a damaged one."""
    table = schema.sequences
    return {
        row.name: sequence_of(row._asdict(), place)
        for row in connection.execute(sql.select(table).where(alive(table, revision)).order_by(table.c.row))
    }


def sequence_of(row: Mapping[str, Any], place: object = None) -> Sequence:
    """Raises DatasetError for a row that is not what was written."""
    try:
        if hashes.of_sequence(row) != row["hash"]:
            raise ValueError
        return Sequence(**{column.name: row[column.name] for column in defined.SEQUENCE})
    except (ValueError, TypeError):
        raise damaged(place, f"sequence {shown(row['name'])!r}") from None


def row_of(sequence: Sequence) -> dict[str, Any]:
    """Its row without a hash, its values checked. Raises UsageError, naming it, for one that cannot be stored."""
    name = checks.text(sequence.name, "a sequence's name")
    try:
        return {
            "name": name, "axis": sequence.axis,
            "spacing": None if sequence.spacing is None else list(sequence.spacing),
            "orientation": checks.optional(sequence.orientation, "an orientation"),
            "fields": checks.fields(sequence.fields),
        }  # fmt: skip
    except UsageError as error:
        raise error.at(record=f"sequence {shown(name)!r}") from None


class Changes:
    """What one edit does to the sequences."""

    def __init__(self, connection: Connection, revision: int, place: object = None) -> None:
        self._connection = connection
        self._revision = revision
        self._place = place
        #: Names that samples came with or went with, and names that were declared here.
        self._named: set[str] = set()
        self._declared: set[str] = set()

    def sample(self, video: str | None) -> None:
        """A sample of this sequence came or went."""
        if video:
            self._named.add(video)

    def declared(self, name: str) -> Sequence | None:
        """What is declared under a name, inside the edit. Raises DatasetError for a damaged row."""
        table = schema.sequences
        query = sql.select(table).where(table.c.name == name, alive(table, None))
        row = self._connection.execute(query).first()
        return None if row is None else sequence_of(row._asdict(), self._place)

    def put(self, row: dict[str, Any]) -> None:
        """Make this the sequence's row. row: as `row_of` makes it."""
        before = self.declared(row["name"])
        if before is not None and row_of(before) == row:
            return
        self._end(row["name"])
        self._insert(row)
        self._declared.add(row["name"])

    def names(self) -> set[str]:
        """Of all sequences that samples name inside the edit."""
        samples = schema.samples
        query = sql.select(samples.c.video).where(alive(samples, None), samples.c.video != "").distinct()
        return set(self._connection.execute(query).scalars())

    def living(self, names: set[str]) -> set[str]:
        """Those that samples name inside the edit; of a few not all samples are looked at."""
        if len(names) > _FEW:
            return names & self.names()
        samples = schema.samples
        first = sql.select(samples.c.sample).where(alive(samples, None)).limit(1)
        return {
            name for name in names if self._connection.execute(first.where(samples.c.video == name)).first() is not None
        }

    def finish(self) -> dict[str, int]:
        """Rows for the sequences that are new, none for those without a sample -> counts for the revision's summary.

        Raises UsageError for one that was declared here and that no sample names.
        """
        touched = self._named | self._declared
        if not touched:
            return {}
        living = self.living(touched)
        if alone := self._declared - living - self._named:
            raise UsageError(
                f"no sample belongs to the sequence {shown(min(alone))!r}", file=self._place,
                todo="Add its samples in the same edit, with this name as their image's video.",
            )  # fmt: skip
        there = declared_at(self._connection, None, self._place)
        for name in sorted(touched - living):
            self._end(name)
        for name in sorted((touched & living) - set(there)):
            self._insert(row_of(Sequence(name)))
        was = declared_at(self._connection, self._revision - 1, self._place)
        now = declared_at(self._connection, None, self._place)
        return {
            "sequences added": len(touched & (set(now) - set(was))),
            "sequences removed": len(touched & (set(was) - set(now))),
            "sequences changed": sum(was[name] != now[name] for name in touched & set(was) & set(now)),
        }

    def _insert(self, row: dict[str, Any]) -> None:
        table = schema.sequences
        self._connection.execute(
            table.insert().values(**row, hash=hashes.of_sequence(row), added=self._revision, removed=schema.ALIVE)
        )

    def _end(self, name: str) -> None:
        """End a living row; one of this very edit is deleted, as it was never in any revision."""
        table = schema.sequences
        own = [table.c.name == name, alive(table, None)]
        self._connection.execute(table.delete().where(*own, table.c.added == self._revision))
        self._connection.execute(table.update().where(*own).values(removed=self._revision))
