"""What conditions know beside a sample: columns, classes, runs and saved views."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright.core.classes import Classes
from maskwright.core.columns import Column
from maskwright.core.sequence import Sequence as SequenceOfSamples
from maskwright.store import schema
from maskwright.store.declarations import columns_at
from maskwright.store.rows import alive


class Surroundings(ABC):
    """columns: users' own, declared or taken from values.  dynamic: whether `fields` and `attributes` may hold others.

    class_names: name of each class by its id.  sequences: by name; one that is not there is of time.
    folder: what `uri` is relative to where the image lies in it.
    """

    columns: Sequence[Column]
    dynamic: bool
    class_names: Mapping[int, str]
    sequences: Mapping[str, SequenceOfSamples] = MappingProxyType({})
    folder: Path | None = None

    @abstractmethod
    def runs(self) -> Sequence[tuple[str, str]]:
        """Id and kind of every run, the newest first."""

    @abstractmethod
    def measured(self, run: str, name: str, *, by_segment: bool) -> str | None:
        """The kind of a run's values of this name, of samples or segments: number or bool; None where it has none."""

    @abstractmethod
    def measures(self, run: str) -> Sequence[str]:
        """Names of a run's values, as a hint."""

    @abstractmethod
    def view(self, name: str) -> tuple[str, ...] | None:
        """The conditions of a saved view."""

    @abstractmethod
    def view_names(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class Measured:
    """A run without its values.  by_sample, by_segment: names of what it measured.

    bools: those of them whose values by segment are true and false.
    """

    id: str
    kind: str = "evaluate"
    by_sample: frozenset[str] = frozenset()
    by_segment: frozenset[str] = frozenset()
    bools: frozenset[str] = frozenset()


class Given(Surroundings):
    """Surroundings without a dataset.

    runs: the newest first.  views: conditions by name.  dynamic: take any name behind `fields.` and `attributes.`, of
    several kinds.
    """

    def __init__(
        self, classes: Classes | None = None, columns: Iterable[Column] = (), *, runs: Iterable[Measured] = (),
        views: Mapping[str, Sequence[str]] | None = None, dynamic: bool = False, folder: Path | None = None,
        sequences: Iterable[SequenceOfSamples] = (),
    ) -> None:  # fmt: skip
        self.columns = tuple(columns)
        self.dynamic = dynamic
        self.folder = folder
        self.class_names = {kind.id: kind.name for kind in classes or ()}
        self.sequences = {sequence.name: sequence for sequence in sequences}
        self._runs = {run.id: run for run in runs}
        self._views = {name: tuple(texts) for name, texts in (views or {}).items()}

    def runs(self) -> Sequence[tuple[str, str]]:
        return [(run.id, run.kind) for run in self._runs.values()]

    def measured(self, run: str, name: str, *, by_segment: bool) -> str | None:
        own = self._runs[run]
        if name not in (own.by_segment if by_segment else own.by_sample):
            return None
        return "bool" if by_segment and name in own.bools else "number"

    def measures(self, run: str) -> Sequence[str]:
        return sorted(self._runs[run].by_sample | self._runs[run].by_segment)

    def view(self, name: str) -> tuple[str, ...] | None:
        return self._views.get(name)

    def view_names(self) -> Sequence[str]:
        return sorted(self._views)


class Declaring(Given):
    """Surroundings of a column that is being declared: any run may come to measure anything."""

    def runs(self) -> Sequence[tuple[str, str]]:
        return [("", "")]

    def measured(self, run: str, name: str, *, by_segment: bool) -> str | None:
        return "number"


class Stored(Surroundings):
    """Surroundings as a dataset has them at one revision, for as long as one transaction."""

    def __init__(
        self, connection: Connection, revision: int | None, columns: Sequence[Column] | None = None
    ) -> None:  # fmt: skip
        """columns: in place of those of the revision."""
        self._connection = connection
        self.columns = columns_at(connection, revision) if columns is None else columns
        self.dynamic = False
        table = schema.classes
        query = sql.select(table.c.class_id, table.c.name).where(alive(table, revision))
        self.class_names = {row.class_id: row.name for row in connection.execute(query)}

    @cached_property
    def _runs(self) -> list[tuple[str, str]]:
        table = schema.runs
        query = sql.select(table.c.id, table.c.kind).order_by(table.c.number.desc(), table.c.id.desc())
        return [(row.id, row.kind) for row in self._connection.execute(query)]

    def runs(self) -> Sequence[tuple[str, str]]:
        return self._runs

    def measured(self, run: str, name: str, *, by_segment: bool) -> str | None:
        table, columns = schema.run_segments if by_segment else schema.run_samples, schema.run_columns
        query = sql.select(sql.literal(1)).where(table.c.run == run, table.c.name == name).limit(1)
        if self._connection.execute(query).first() is None:
            return None
        own = (columns.c.run == run, columns.c.owner == ("segment" if by_segment else "sample"), columns.c.name == name)
        found = self._connection.execute(sql.select(columns.c.definition).where(*own)).scalar()
        return "number" if found is None else Column.from_json(found).kind

    def measures(self, run: str) -> Sequence[str]:
        """Those of the run's first sample."""
        found: set[str] = set()
        for table in (schema.run_samples, schema.run_segments):
            first = sql.select(sql.func.min(table.c.sample)).where(table.c.run == run).scalar_subquery()
            query = sql.select(table.c.name).where(table.c.run == run, table.c.sample == first).distinct()
            found.update(self._connection.execute(query).scalars())
        return sorted(found)

    def view(self, name: str) -> tuple[str, ...] | None:
        table = schema.views
        found = self._connection.execute(sql.select(table.c.conditions).where(table.c.name == name)).scalar()
        return None if found is None else tuple(found)

    def view_names(self) -> Sequence[str]:
        table = schema.views
        return list(self._connection.execute(sql.select(table.c.name).order_by(table.c.name)).scalars())
