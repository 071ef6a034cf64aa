"""One open database."""

import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sql
from sqlalchemy.engine import Connection, Engine

from maskwright.core.names import shown
from maskwright.errors import DatasetError, UsageError
from maskwright.store import connection as opening
from maskwright.store import display, migrations, mounts, schema, sql_engines
from maskwright.store.places import server_of
from maskwright.store.rows import damaged

#: Any fixed number: PostgreSQL's writers queue for the advisory lock of this name.
_LOCK = 0x6D61736B

#: The name under which the record of an unfinished import is kept, see `tray`.
UNFINISHED = "import"

#: Databases that a thread of a process is writing to: a second transaction would wait for the first for ever.
_writing: set[tuple[object, int, int]] = set()

_IDS = schema.revisions.c.id
_NEWEST = sql.select(sql.func.max(_IDS)).scalar_subquery()
#: The newest revision, and whether the one before it is there.
_HEAD = sql.select(_NEWEST, sql.exists().where(_IDS == _NEWEST - 1))


class Source(Protocol):
    """Where a store's engine comes from; `engines` has those of files."""

    @property
    def engine(self) -> Engine: ...

    def writer(self) -> Engine: ...

    def release(self) -> None: ...

    def check_place(self) -> None: ...

    def fold(self) -> None: ...


class _Server:
    """A PostgreSQL server's engine, one a database."""

    def __init__(self, url: str) -> None:
        self.engine = opening.connect_postgres(url)

    def writer(self) -> Engine:
        return self.engine

    def release(self) -> None:
        self.engine.dispose()

    def check_place(self) -> None:
        """A server knows where its tables are."""

    def fold(self) -> None:
        """A server tidies up by itself."""


class Database:
    """An engine, where it lies, and the two ways to talk to it: `reading` and `writing`.

    folder: what relative image URIs are relative to; None on a server.
    """

    def __init__(self, source: Source, place: str | Path, folder: Path | None, *, writable: bool) -> None:
        self._source = source
        self.place = place
        self.folder = folder
        self.writable = writable
        #: Equal for all who have the same database open, by whatever name.
        self.identity: object = server_of(str(place)) if self.file is None else _file_identity(self.file)
        self._closed = False
        self._edits = 0  # that are open
        #: What looking at its images said, once somebody asked for their window.
        self.measured: display.Measured | None = None
        self._closing = threading.RLock()
        # A store that is forgotten gives its file back as well; a forked child counts for itself.
        self._finalizer = weakref.finalize(self, source.release)

    @property
    def engine(self) -> Engine:
        return self._source.engine

    @property
    def file(self) -> Path | None:
        """The database's file; None on a server."""
        return None if self.folder is None else self._source.file  # type: ignore[attr-defined]

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One moment of the database, for a few questions. What takes longer names a revision instead."""
        self.check_open()
        with opening.explained(self.place), self.engine.connect() as raw:
            connection = raw
            if raw.dialect.name == "postgresql":
                connection = raw.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that no other writer can interleave with; nothing stays if the block raises."""
        self.check_open()
        if not self.writable:
            raise DatasetError(
                "the dataset was opened for reading only",
                file=self.place,
                needed="its folder must be writable to change it",
            )
        key = (self.identity, threading.get_ident(), os.getpid())
        if key in _writing:
            raise UsageError(
                "this thread has an edit of this dataset open already", file=self.place, todo="End it first."
            )
        _writing.add(key)
        with self._closing:
            self._edits += 1
        try:
            with self._transaction() as connection:
                yield connection
        finally:
            _writing.discard(key)
            with self._closing:
                self._edits -= 1
                if self._closed and not self._edits:
                    self._finalizer()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with opening.explained(self.place), self._source.writer().connect() as raw:
            connection = raw.execution_options(writes=True)
            process = os.getpid()
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.execute(sql.text(f"SET LOCAL lock_timeout = '{sql_engines.WAIT}s'"))
                    connection.execute(sql.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
                yield connection
                self.check_open()
                if os.getpid() != process:
                    raise DatasetError(
                        "this process was forked inside a transaction, which stays with the process that began it",
                        file=self.place, todo="Begin the edit in the process that makes it.",
                    )  # fmt: skip
                self._source.check_place()
            self._source.fold()

    def head(self, connection: Connection) -> int:
        """The number of the newest revision, 0 before the first. Raises DatasetError where those before it end."""
        head, follows = connection.execute(_HEAD).one()
        if head is not None and (head < 1 or not (follows or head == 1)):
            raise damaged(self.place, f"revision {head}")
        return int(head or 0)

    def close(self) -> None:
        """Give the file or the server back, at the end of the edits that are open; those keep nothing."""
        with self._closing:
            self._closed = True
            if not self._edits:
                self._finalizer()

    def check_open(self) -> None:
        """Raises DatasetError when it was closed."""
        if self._closed and self._edits:
            raise DatasetError(
                "the dataset was closed while it was edited; nothing of the edit was kept", file=self.place,
                todo="Close it after the block.",
            )  # fmt: skip
        if self._closed:
            raise DatasetError("the dataset was closed", file=self.place, todo="Open it again.")


def _file_identity(file: Path) -> object:
    try:
        about = file.stat()
    except OSError:  # it was taken away while it was opened
        return str(file)
    return about.st_dev, about.st_ino


class ThereError(DatasetError):
    """A dataset stands where one was to be made."""


class UnfinishedError(DatasetError):
    """A dataset whose first import is unfinished."""


class EmptyError(DatasetError):
    """A database without a dataset in it: what a creation that was killed leaves."""


def has_tables(connection: Connection) -> bool:
    return bool(sql.inspect(connection).has_table(schema.meta.name))


def _tables(connection: Connection) -> list[str]:
    """Of an SQLite file; a server's database may hold other programs' tables beside ours."""
    return sql.inspect(connection).get_table_names() if connection.dialect.name == "sqlite" else []


class Making:
    """A place that is being made: `database` is there to be filled in one transaction; `undo` takes away what was made.

    Raises DatasetError where a dataset is already, or the place cannot be written to.
    """

    def __init__(self, place: str | Path) -> None:
        self.place = place
        self._folders: list[Path] = []
        self._file: Path | None = None
        if opening.is_url(place):
            self.database = Database(_Server(str(place)), place, None, writable=True)
            return
        file = opening.database_file(place)
        try:
            check_local(file)
            self._make_folders(file.parent)
            if not os.access(file.parent, os.W_OK):
                raise DatasetError("the folder cannot be written to", file=file.parent)
            with opening.explained(place):
                try:
                    source = sql_engines.shared(file, create=True)
                    self._file = file
                except FileExistsError:
                    source = sql_engines.shared(file)
        except OSError as error:
            self.undo()
            raise DatasetError(f"the folder cannot be made ({error.strerror})", file=file.parent) from None
        except BaseException:
            self.undo()
            raise
        self.database = Database(source, place, file.parent.resolve(), writable=True)

    @property
    def folders(self) -> list[Path]:
        """Those that were made for it, the outermost first."""
        return list(self._folders)

    def _make_folders(self, folder: Path) -> None:
        absent = [path for path in (folder, *folder.parents) if not path.exists()]
        for path in reversed(absent):
            path.mkdir(exist_ok=True)
            self._folders.append(path)

    @contextmanager
    def filling(self) -> Iterator[Connection]:
        """The one transaction that makes the tables and whatever the block adds; on failure nothing stays."""
        try:
            with self.database.writing() as connection:
                if has_tables(connection):
                    raise ThereError(
                        "there is a dataset here already", file=self.place, todo="Open it, or choose another folder."
                    )
                if _tables(connection):
                    raise DatasetError(
                        "there is another program's database here", file=self.place, todo="Choose another folder."
                    )
                schema.metadata.create_all(connection)
                connection.execute(schema.meta.insert().values(name="schema", value=str(schema.VERSION)))
                yield connection
        except BaseException:
            self.undo()
            raise

    def undo(self) -> None:
        """Close, and remove the file and the folders that were made here, as far as nobody else put something in."""
        database = getattr(self, "database", None)
        if self._file is not None:
            with suppress(Exception):
                self._remove(database)
        if database is not None:
            database.close()
        if self._file is not None:
            for end in ("-wal", "-shm"):  # of a file that is gone
                if not self._file.exists():
                    self._file.with_name(self._file.name + end).unlink(missing_ok=True)
        for folder in reversed(self._folders):
            with suppress(OSError):
                folder.rmdir()

    def _remove(self, database: Database | None) -> None:
        """The file, while nobody can write into it and only if nobody did."""
        assert self._file is not None
        if database is None:
            return
        with database.engine.connect() as raw, raw.execution_options(writes=True).begin():
            if not has_tables(raw):
                self._file.unlink()


def check_local(file: Path) -> None:
    """Raises DatasetError for a file on a network file system, where nothing keeps two writers apart."""
    there = next((path for path in (file, *file.absolute().parents) if path.exists()), Path("/"))
    kind = mounts.network(there)
    if kind is not None:
        raise DatasetError(
            f"lies on a network file system ({kind}), where a dataset can be read and not be written", file=file,
            todo="Keep it on a local disk, or on PostgreSQL, which several machines can share.",
        )  # fmt: skip


def open_(place: str | Path, *, read_only: bool = False, unfinished: bool = False) -> Database:
    """An existing database. Raises DatasetError for what is none, is damaged, or is of a newer version.

    unfinished: open one whose first import is unfinished, too, for which UnfinishedError is raised else.
    """
    database = _opened(place, read_only=read_only)
    if not unfinished:
        try:
            _check_finished(database)
        except BaseException:
            database.close()
            raise
    return database


def _check_finished(database: Database) -> None:
    """Raises UnfinishedError for a dataset without a revision that an import has not finished."""
    with database.reading() as connection:
        name = sql.select(schema.meta.c.name).where(schema.meta.c.name == UNFINISHED)
        made = sql.exists().where(_IDS == 1)
        waiting = connection.execute(name.where(~made)).first() is not None
        if waiting:
            from maskwright.store import tray

            known = tray.kept(connection)
            assert known is not None
            raise UnfinishedError(known.told(database.place), file=database.place, todo=known.todo(database.place))


def remove_empty(database: Database, folders: Sequence[Path] = ()) -> None:
    """Close a database without tables and remove its file, as far as nobody else put something in.

    folders: that were made for it, the outermost first.
    """
    file = database.file
    if file is not None:
        with suppress(Exception), database.engine.connect() as raw, raw.execution_options(writes=True).begin():
            if not has_tables(raw):
                file.unlink()
    database.close()
    if file is None:
        return
    if not file.exists():
        for end in ("-wal", "-shm"):
            file.with_name(file.name + end).unlink(missing_ok=True)
    for folder in reversed(folders):
        with suppress(OSError):
            folder.rmdir()


def _opened(place: str | Path, *, read_only: bool) -> Database:
    if opening.is_url(place):
        database = Database(_Server(str(place)), place, None, writable=not read_only)
        _bring_up(database)
        return database
    file = opening.database_file(place)
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise DatasetError(
            "there is no dataset here", file=file, needed=f"a folder with a file {opening.FILE}",
            todo=f"Make one from labels: maskwright import LABELS {place}",
        ) from None  # fmt: skip
    except (OSError, ValueError) as error:
        raise DatasetError(f"the dataset cannot be read ({error})", file=file) from None
    if not os.access(file, os.R_OK):
        raise DatasetError("the dataset cannot be read (Permission denied)", file=file)
    folder = file.parent.resolve()
    here = os.access(folder, os.W_OK) and os.access(file, os.W_OK)
    if here and mounts.network(file) is not None:
        here = False
    source: Any
    with opening.explained(place):
        if here:
            source = _in_place(file, place)
            if read_only and _is_older(source.engine, place):
                copy = sql_engines.Copied(file, _renewed(place))
                source.release()
                source = copy
        else:
            source = sql_engines.Copied(file, _renewed(place))
    database = Database(source, place, folder, writable=here and not read_only)
    _bring_up(database)
    return database


def _in_place(file: Path, place: str | Path) -> Any:
    """The file's own engine; on a full disk, where SQLite has no room for its log, one that reads a copy meanwhile."""
    from maskwright.store import driver

    try:
        return sql_engines.shared(file)
    except driver.Error:
        if not opening.no_room(place):
            raise
    return sql_engines.Waiting(file, sql_engines.Copied(file, _renewed(place)))


def _bring_up(database: Database) -> None:
    try:
        with opening.explained(database.place):
            if _is_older(database.engine, database.place):
                if not database.writable:
                    raise DatasetError(
                        "the dataset is of an older version and was opened for reading only", file=database.place,
                        todo="Open it for writing once; that brings it to this version.",
                    )  # fmt: skip
                migrations.bring_up(database)
    except BaseException:
        database.close()
        raise


def _renewed(place: str | Path) -> Any:
    """What a private copy needs to be read: this version's tables."""

    def renew(source: sql_engines.Shared, private: bool) -> None:
        if _is_older(source.engine, place):
            if not private:
                raise sql_engines.OutdatedError
            source.count += 1
            temporary = Database(source, place, source.file.parent, writable=True)
            try:
                migrations.bring_up(temporary, keep=False)
            finally:
                temporary.close()

    return renew


def _is_older(engine: Engine, place: str | Path) -> bool:
    """Raises DatasetError for what is not a dataset, or of a newer version."""
    with engine.connect() as connection, connection.begin():
        if not has_tables(connection):
            kind = DatasetError if _tables(connection) else EmptyError
            raise kind("the database holds no Maskwright dataset", file=place)
        found = connection.execute(sql.select(schema.meta.c.value).where(schema.meta.c.name == "schema")).scalar()
    version = int(found) if isinstance(found, str) and found.isascii() and found.isdigit() else 0
    if version < 1:
        raise DatasetError(
            f"the database file is damaged: its version is {shown(repr(found), 40)}", file=place,
            todo="Restore it from a copy.",
        )  # fmt: skip
    if version > schema.VERSION:
        raise DatasetError(
            f"the dataset has version {found}, made by a newer Maskwright",
            file=place,
            needed=f"this Maskwright reads up to version {schema.VERSION}",
            todo="Upgrade with: pip install -U maskwright",
        )
    return version < schema.VERSION
