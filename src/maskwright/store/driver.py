"""SQLite for SQLAlchemy, through APSW: the part of the database interface of Python (PEP 249) that SQLAlchemy uses.

APSW brings a current SQLite of its own, the same on every machine, and lets its system calls be replaced (`locks`).
Transactions begin and end where they are told to; nothing is begun in secret.
"""

import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

import apsw

apilevel = "2.0"
threadsafety = 1
paramstyle = "qmark"
version_info = sqlite_version_info = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
sqlite_version = apsw.sqlite_lib_version()

PARSE_DECLTYPES = PARSE_COLNAMES = 0
Binary = bytes


class Error(Exception):
    """What SQLite said."""


class InterfaceError(Error):
    """The connection was closed, or belongs to the process that this one was forked from."""


class DatabaseError(Error):
    """SQLite could not do it."""


class OperationalError(DatabaseError):
    """The place: locks, disks, rights."""


class IntegrityError(DatabaseError):
    """A constraint."""


class ProgrammingError(DatabaseError):
    """The statement."""


class NotSupportedError(DatabaseError):
    """Never raised; SQLAlchemy asks for the name."""


DataError = InternalError = DatabaseError

_KINDS: dict[type[Exception], type[Error]] = {
    apsw.ConstraintError: IntegrityError, apsw.SQLError: ProgrammingError, apsw.ConnectionClosedError: InterfaceError,
    apsw.CursorClosedError: InterfaceError, apsw.BusyError: OperationalError, apsw.LockedError: OperationalError,
    apsw.ReadOnlyError: OperationalError, apsw.FullError: OperationalError, apsw.IOError: OperationalError,
    apsw.CantOpenError: OperationalError,
}  # fmt: skip

#: Every open connection of this process.
connections: "weakref.WeakSet[Connection]" = weakref.WeakSet()


def _explained(error: Exception) -> Error:
    kind = next((ours for theirs, ours in _KINDS.items() if isinstance(error, theirs)), DatabaseError)
    return kind(str(error))


class Cursor:
    """rowcount: rows that the statement changed; -1 for a question.  description: names of the columns, or None."""

    arraysize = 1

    def __init__(self, connection: "Connection") -> None:
        self.connection = connection
        self.description: tuple[tuple[Any, ...], ...] | None = None
        self.rowcount = -1
        self._cursor = connection.raw.cursor()

    @property
    def lastrowid(self) -> int:
        return int(self.connection.raw.last_insert_rowid())

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> "Cursor":
        columns: list[Any] = []

        def trace(cursor: apsw.Cursor, _statement: str, _values: Any) -> bool:
            columns.extend(cursor.get_description())
            return True

        self._cursor.exec_trace = trace
        self._run(lambda: self._cursor.execute(statement, parameters))
        self._cursor.exec_trace = None
        self.description = tuple((column[0], column[1], *(None,) * 5) for column in columns) or None
        return self

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> "Cursor":
        self._run(lambda: self._cursor.executemany(statement, rows), many=True)
        self.description = None
        return self

    def _run(self, work: Callable[[], object], *, many: bool = False) -> None:
        raw = self.connection.raw
        before = raw.total_changes() if many else 0
        with self.connection.busy:
            try:
                work()
            except apsw.Error as error:
                raise _explained(error) from error
            except (TypeError, OverflowError, UnicodeError) as error:
                raise ProgrammingError(str(error)) from error
            self.rowcount = raw.total_changes() - before if many else raw.changes()

    def _fetched(self, work: Callable[[], Any]) -> Any:
        with self.connection.busy:
            try:
                return work()
            except apsw.Error as error:
                raise _explained(error) from error

    def fetchone(self) -> Any:
        return self._fetched(self._cursor.fetchone)

    def fetchall(self) -> list[Any]:
        return self._fetched(self._cursor.fetchall)  # type: ignore[no-any-return]

    def fetchmany(self, size: int | None = None) -> list[Any]:
        wanted = self.arraysize if size is None else size
        return self._fetched(lambda: list(islice(self._cursor, wanted)))  # type: ignore[no-any-return]

    def close(self) -> None:
        self._cursor.close(True)


class Connection:
    """One connection; for one thread at a time.  busy: held while SQLite works, so that nobody forks meanwhile."""

    isolation_level = None

    def __init__(self, file: str, flags: int, wait: float) -> None:
        self.busy = threading.RLock()  # a store that is forgotten may be closed while this thread holds it
        self.closed = False
        try:
            self.raw = apsw.Connection(file, flags=flags)
        except apsw.Error as error:
            raise _explained(error) from error
        self.raw.set_busy_timeout(int(wait * 1000))
        connections.add(self)

    def cursor(self) -> Cursor:
        try:
            return Cursor(self)
        except apsw.Error as error:
            raise _explained(error) from error

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Cursor:
        """The same by a cursor of its own."""
        return self.cursor().execute(statement, parameters)

    def commit(self) -> None:
        if self.closed:
            raise InterfaceError("the connection has been closed")
        self._end("COMMIT")

    def rollback(self) -> None:
        if not self.closed:  # a closed one has nothing left to take back
            self._end("ROLLBACK")

    def _end(self, how: str) -> None:
        # SQLite has ended the transaction itself after some errors, such as a full disk.
        if self.raw.in_transaction:
            self.cursor().execute(how)

    def create_function(self, name: str, number: int, function: Callable[..., Any], **options: Any) -> None:
        self.raw.create_scalar_function(name, function, number, deterministic=bool(options.get("deterministic")))

    def close(self) -> None:
        with self.busy:
            self.closed = True
            self.raw.close(True)
        connections.discard(self)


def connect(file: str, *, writable: bool = True, create: bool = False, wait: float = 0) -> Connection:
    """Raises OperationalError."""
    flags = apsw.SQLITE_OPEN_READWRITE if writable else apsw.SQLITE_OPEN_READONLY
    return Connection(file, flags | (apsw.SQLITE_OPEN_CREATE if create else 0), wait)


def copy(source: Connection, target: str) -> None:
    """Copy the database page by page as it is, damaged or not, into a new file. Raises the errors of this module."""
    try:
        into = apsw.Connection(target)
        try:
            with into.backup("main", source.raw, "main") as backup:
                while not backup.done:
                    backup.step(1000)
        finally:
            into.close()
    except apsw.Error as error:
        raise _explained(error) from error
