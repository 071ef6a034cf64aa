"""An import that is not finished: what it has read lies in the dataset itself until one transaction makes a revision of
it, so that a killed import goes on where it was.

The record of it is a row of the table `maskwright`, the samples are batches in a table that is there meanwhile only.
Nothing of them is in any revision.  A new dataset has no revision before its import is finished, and is not opened;
one that was there before stays as it was.
"""

import json
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright.core.owner import Owner
from maskwright.core.sample import Sample
from maskwright.errors import DatasetError, UsageError
from maskwright.store import connection as opening
from maskwright.store import database, packed_samples, schema
from maskwright.store.database import UNFINISHED, Database
from maskwright.store.rows import damaged

#: An import of a process that nobody can ask about, which gave no sign of life for so many seconds is taken to be dead.
SILENT = 600.0

_batches = sql.Table(
    "import_batches",
    sql.MetaData(),
    sql.Column("number", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("read", sql.JSON, nullable=False),  # what the reader must know of each sample, see `Tray.put`
    sql.Column("content", sql.LargeBinary, nullable=False),  # of `packed_samples`
)


@dataclass(frozen=True)
class Unfinished:
    """What is known of an unfinished import.

    source: what is imported, as people wrote it.  command: that goes on with it.  call: what has to be the same for
    that, JSON-safe.  states: of the files that are read, by path.  new: whether the dataset is made by it.
    batches, samples: that are kept.  total: of samples that come, where that is known.  mark: how far the reader was,
    JSON-safe; complete: whether it was at the end.  folders: that were made for a new dataset, the outermost first.
    owner, token, seen: the process that is or was at it.
    """

    source: str
    command: str
    call: dict[str, Any]
    states: dict[str, str]
    new: bool
    batches: int = 0
    samples: int = 0
    total: int | None = None
    mark: Any = None
    complete: bool = False
    folders: tuple[str, ...] = ()
    owner: dict[str, Any] | None = None
    token: str = ""
    seen: float = 0.0

    @property
    def is_going_on(self) -> bool:
        """Whether another process is likely at it."""
        owner = Owner.from_json(self.owner)
        if owner is None or owner == Owner.me() or owner.is_gone():
            return False
        known = owner.host == Owner.me().host and sys.platform != "win32"  # whether a process of it lives
        return known or abs(time.time() - self.seen) < SILENT

    def told(self, place: object) -> str:
        """One sentence that says what is there. place: of the dataset."""
        number = f"{self.samples:,}" + (f" of {self.total:,}" if self.total else "") + " samples"
        if self.is_going_on:
            return f"an import of {self.source} is going on in another process ({number} read)"
        return f"an import of {self.source} is unfinished ({number} are kept)"

    def todo(self, place: object) -> str:
        """One sentence that says what can be done about it."""
        if self.is_going_on:
            return "Wait until it has ended."
        return f"Go on with: {self.command}; or take it back with: {taking_back(place)}"


def taking_back(place: object) -> str:
    """The command that takes an unfinished import back."""
    import shlex

    return f"maskwright import {shlex.quote(str(place))} --take-back"


def unfinished(place: str | Path) -> Unfinished | None:
    """The unfinished import of the dataset at a place; None where there is none, or no dataset."""
    if not opening.is_url(place):
        try:
            there = opening.database_file(place).is_file()
        except (OSError, ValueError):  # a name that no file can have
            there = False
        if not there:
            return None
    try:
        opened = database.open_(place, read_only=True, unfinished=True)
    except database.EmptyError:
        return None
    try:
        with opened.reading() as connection:
            return kept(connection)
    finally:
        opened.close()


def kept(connection: Connection) -> Unfinished | None:
    """Raises DatasetError for what cannot be read."""
    found = connection.execute(sql.select(schema.meta.c.value).where(schema.meta.c.name == UNFINISHED)).scalar()
    try:
        said = None if found is None else json.loads(found)
        return None if said is None else Unfinished(**{**said, "folders": tuple(said["folders"])})
    except (ValueError, TypeError, KeyError):
        raise DatasetError("what it keeps of an unfinished import cannot be read") from None


class Tray:
    """Where an import puts what it has read. known: of it so far.

    Everything that is put is on disk when the call returns.  Use it as a context manager, or call `close`.
    """

    def __init__(self, opened: Database, known: Unfinished) -> None:
        self._database = opened
        self.known = known

    @classmethod
    def begin(cls, place: str | Path, known: Unfinished) -> Self:
        """A tray in the dataset at a place, which is made if need be. Raises UsageError where there is one already."""
        known = replace(known, owner=Owner.me().to_json(), token=secrets.token_hex(8), seen=time.time())
        if known.new:
            making = database.Making(place)
            known = replace(known, folders=tuple(str(folder.absolute()) for folder in making.folders))
            with making.filling() as connection:
                _write(connection, known, first=True)
            return cls(making.database, known)
        opened = database.open_(place)
        try:
            with opened.writing() as connection:
                if (other := kept(connection)) is not None:
                    raise UsageError(other.told(place), file=place, todo=other.todo(place))
                _write(connection, known, first=True)
        except BaseException:
            opened.close()
            raise
        return cls(opened, known)

    @classmethod
    def take_up(cls, place: str | Path) -> Self:
        """The tray that an import left behind. Raises UsageError where it is still going on, or there is none."""
        opened = database.open_(place, unfinished=True)
        try:
            with opened.writing() as connection:
                known = kept(connection)
                if known is None:
                    raise UsageError("no import is unfinished here", file=place)
                if known.is_going_on:
                    raise UsageError(known.told(place), file=place, todo=known.todo(place))
                known = replace(known, owner=Owner.me().to_json(), token=secrets.token_hex(8), seen=time.time())
                _write(connection, known)
        except BaseException:
            opened.close()
            raise
        return cls(opened, known)

    @property
    def place(self) -> object:
        """Where the dataset is."""
        return self._database.place

    @property
    def database(self) -> Database:
        """The dataset's, to write the revision with."""
        return self._database

    def put(self, samples: Sequence[Sample], keys: Sequence[Any], mark: Any, *, complete: bool = False) -> None:
        """Keep the next samples. keys: what the reader has to know of each, JSON-safe.  mark, complete: as of
        `Unfinished`.

        Raises DatasetError where another process has gone on with the import meanwhile.
        """
        content = packed_samples.pack(samples) if samples else None
        known = replace(
            self.known, samples=self.known.samples + len(samples), mark=mark, complete=complete, seen=time.time(),
            batches=self.known.batches + bool(samples),
        )  # fmt: skip
        with self._database.writing() as connection:
            self._check_own(connection)
            if content is not None:
                row = {"number": self.known.batches, "read": list(keys), "content": content}
                connection.execute(_batches.insert(), row)
            _write(connection, known)
        self.known = known

    def read_as(self) -> Iterator[Any]:
        """What the reader has to know of each sample that is kept, in their order."""
        for number in range(self.known.batches):
            with self._database.reading() as connection:
                query = sql.select(_batches.c.read).where(_batches.c.number == number)
                found = connection.execute(query).scalar()
            if found is None:
                raise damaged(self.place, f"import_batches, number {number}")
            yield from found

    def samples(self) -> Iterator[Sample]:
        """All that are kept, in the order of their coming; one batch is held at a time."""
        for number in range(self.known.batches):
            with self._database.reading() as connection:
                query = sql.select(_batches.c.content).where(_batches.c.number == number)
                found = connection.execute(query).scalar()
            try:
                yield from packed_samples.unpack(found or b"")
            except (ValueError, KeyError, TypeError, IndexError):
                raise damaged(self.place, f"import_batches, number {number}") from None

    def end(self, connection: Connection) -> None:
        """Take the tray away in the transaction that makes a revision of what is in it.

        Raises DatasetError as `put` does.
        """
        self._check_own(connection)
        _batches.drop(connection)
        connection.execute(schema.meta.delete().where(schema.meta.c.name == UNFINISHED))

    def take_back(self) -> None:
        """Everything as it was before the import; a dataset that it made is gone."""
        with self._database.writing() as connection:
            self._check_own(connection)
            self.end(connection)
            if self.known.new:
                schema.metadata.drop_all(connection)
        if self.known.new:
            database.remove_empty(self._database, [Path(folder) for folder in self.known.folders])
        self.close()

    def _check_own(self, connection: Connection) -> None:
        found = kept(connection)
        if found is None or found.token != self.known.token:
            raise DatasetError(
                f"the import of {self.known.source} was gone on with or taken back by another process",
                file=self.place, todo="Look at what is there now with: maskwright show DATASET",
            )  # fmt: skip

    def close(self) -> None:
        """What was put stays."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def take_back(place: str | Path) -> Unfinished:
    """Undo an unfinished import -> what it was. Raises UsageError where there is none, or it is still going on."""
    if unfinished(place) is None:
        raise UsageError("no import is unfinished here", file=place)
    tray = Tray.take_up(place)
    tray.take_back()
    return tray.known


def _write(connection: Connection, known: Unfinished, *, first: bool = False) -> None:
    if first:
        _batches.create(connection)
    connection.execute(schema.meta.delete().where(schema.meta.c.name == UNFINISHED))
    connection.execute(schema.meta.insert().values(name=UNFINISHED, value=json.dumps(asdict(known))))
