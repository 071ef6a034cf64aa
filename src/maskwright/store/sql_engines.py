"""Engines over SQLite files: one a file a process, shared by all who open it and counted.

The file by two names, through links too, is one file.  Its first connection is opened before all others and closed
after them: it holds the file's lock meanwhile, and it alone may tidy up in the end.  A forked child opens anew.
"""

import atexit
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import WeakSet

import sqlalchemy as sql
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import QueuePool

from maskwright.errors import DatasetError

WAIT = 60  # seconds a writer waits for another to finish
_PATIENCE = 5  # seconds that SQLite itself waits for a lock

#: Bytes of the log beside the database, beyond which a writer folds it back before going on.
LOG_LIMIT = 24 * 2**20

Identity = tuple[int, int, bool]


def _dumps(value: Any) -> str:
    return json.dumps(value) if value or value != {} else "{}"


def _loads(text: str) -> Any:
    return {} if text == "{}" else json.loads(text)


#: How every engine reads and writes JSON columns; most of them are empty in most rows.
JSON: dict[str, Any] = {"json_serializer": _dumps, "json_deserializer": _loads}

_guard = threading.RLock()
_shared: dict[Identity, "Shared"] = {}
_servers: "WeakSet[Engine]" = WeakSet()


class Shared:
    """One file's engine.  writable: False where the file can only be read; then nothing is made beside it."""

    def __init__(self, file: Path, identity: Identity) -> None:
        self.file = file
        self.identity = identity
        self.writable = identity[2]
        self.count = 0
        self._anchor: Any = None
        self.engine = sql.create_engine(
            "sqlite+pysqlite://", module=_driver(), creator=self._connect, poolclass=QueuePool, pool_size=8,
            max_overflow=24, pool_timeout=WAIT, **JSON,
        )  # fmt: skip

        @sql.event.listens_for(self.engine, "begin")
        def begin(connection: Connection) -> None:
            if not connection.get_execution_options().get("writes", False):
                connection.exec_driver_sql("BEGIN")
                return
            deadline = time.monotonic() + WAIT
            while True:  # in short waits: nobody can fork while SQLite waits
                try:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                    return
                except sql.exc.OperationalError as error:
                    if "locked" not in str(error.orig).lower() or time.monotonic() > deadline:
                        raise

    def start(self) -> None:
        """Open the first connection. Raises the driver's errors; then nothing stays open."""
        from maskwright.store import locks

        with _guard:
            if self._anchor is not None:
                return
            locks.hold(self.identity[:2])
            try:
                anchor = self._opened()
                cursor = anchor.cursor()
                names = [row[0] for row in cursor.execute("SELECT name FROM sqlite_master").fetchall()]
                if self.writable and (not names or "maskwright" in names):  # other programs' databases stay as they are
                    if not names:
                        cursor.execute("PRAGMA page_size = 2048")  # small edits then write little
                    cursor.execute("PRAGMA journal_mode = WAL").fetchall()
                    cursor.execute("SELECT count(*) FROM sqlite_master").fetchall()
            except BaseException:
                locks.release(self.identity[:2])
                raise
            self._anchor = anchor

    def _opened(self) -> Any:
        driver = _driver()
        with _reachable(self.file) as name:
            connection = driver.connect(name, writable=self.writable, wait=min(WAIT, _PATIENCE))
        cursor = connection.cursor()
        try:
            if self.writable:
                cursor.execute("PRAGMA synchronous = FULL")  # what is acknowledged outlives a power cut
                cursor.execute("PRAGMA journal_size_limit = 16777216").fetchall()
            cursor.execute("PRAGMA cache_size = -65536")
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect(self) -> Any:
        with _guard:
            self.start()
            return self._opened()

    def writer(self) -> Engine:
        """The engine that writes. Raises DatasetError when the file is not at its place any more: it would be lost."""
        self.check_place()
        return self.engine

    def check_place(self) -> None:
        """Raises DatasetError when the file is not at its place any more."""
        try:
            about = self.file.stat()
        except OSError:
            about = None
        if about is None or (about.st_dev, about.st_ino) != self.identity[:2]:
            raise DatasetError(
                "the dataset's file was removed or replaced since it was opened; nothing was changed", file=self.file,
                todo="Open the dataset again.",
            )  # fmt: skip

    def fold(self) -> None:
        """Fold a long log back into the database, as far as readers let it."""
        log = self.file.with_name(self.file.name + "-wal")
        try:
            if log.stat().st_size <= LOG_LIMIT:
                return
        except OSError:
            return
        raw = self.engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except _driver().Error:  # readers were there all the time; the next writer tries again
            pass
        finally:
            raw.close()

    def release(self) -> None:
        """One user less; with the last one the file is closed."""
        with _guard:
            self.count -= 1
            if self.count > 0:
                return
            _shared.pop(self.identity, None)
            self._finish()

    def _finish(self) -> None:
        from maskwright.store import locks

        self.engine.dispose()
        if self._anchor is not None:
            self._anchor.close()
            self._anchor = None
        locks.release(self.identity[:2])

    def forget(self) -> None:
        """In a forked child, after its inherited connections were closed: begin again."""
        self._anchor = None
        self.engine.dispose(close=False)


def shared(file: Path, *, writable: bool = True, create: bool = False) -> Shared:
    """The file's engine, made if need be; each call needs one `release`. Raises the driver's errors.

    create: make the file; raises FileExistsError where it is.
    """
    _hook()
    with _guard:
        if create:
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        about = file.stat()
        identity = (about.st_dev, about.st_ino, writable)
        found = _shared.get(identity) or _shared.get((about.st_dev, about.st_ino, True))
        if found is None:
            found = Shared(file.resolve(), identity)
            found.start()
            _shared[identity] = found
        found.count += 1
        return found


class Copied:
    """A dataset where nothing may be written: read in place beside a living writer, else through a private copy.

    What a cleanly closed file says can only be read where SQLite may put its own files, which is not here.  A copy is
    made anew when the file has changed.  renew: called with what was opened, and whether it is a private copy; brings
    such a copy to this version, and raises OutdatedError for a file in its place that needs it.
    """

    def __init__(self, file: Path, renew: Callable[[Shared, bool], None]) -> None:
        self.file = file
        self._renew = renew
        self._seen: object = None
        self._held: Shared | None = None
        self._folder: str | None = None
        self._lock = threading.Lock()

    @property
    def engine(self) -> Engine:
        with self._lock:
            state = self._state()
            if self._held is None or state != self._seen:
                self._open()
                self._seen = state
            assert self._held is not None
            return self._held.engine

    def _state(self) -> object:
        about = self.file.stat()
        log = self.file.with_name(self.file.name + "-wal")
        alive = log.exists() and log.stat().st_size > 0
        # Beside a living writer the connection itself sees what is new.
        return (about.st_ino, True) if alive else (about.st_ino, about.st_mtime_ns, about.st_size)

    def _open(self) -> None:
        old, folder = self._held, self._folder
        alive = self.file.with_name(self.file.name + "-wal").exists()
        self._held, self._folder = None, None
        if alive:
            try:
                here = shared(self.file, writable=False)
            except Exception:  # noqa: BLE001  what lies beside it may not be opened; the copy says what is wrong, if anything
                here = None
            if here is not None:
                try:
                    self._renew(here, False)
                    self._held = here
                except OutdatedError:
                    self._copy(here)
                    here.release()
        if self._held is None:
            self._copy(None)
        _drop(old, folder)

    def _copy(self, source: Shared | None) -> None:
        """A private copy: by SQLite from an open source, else as files, while nobody writes."""
        self._folder = tempfile.mkdtemp(prefix="maskwright-read-")
        target = Path(self._folder) / self.file.name
        try:
            if source is not None:
                raw = source.engine.raw_connection()
                try:
                    raw.cursor().execute("VACUUM INTO ?", (str(target),))
                finally:
                    raw.close()
            else:
                _copy_files(self.file, target)
            held = shared(target)
            try:
                self._renew(held, True)
            except BaseException:
                held.release()
                raise
            self._held = held
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
            raise

    def release(self) -> None:
        with self._lock:
            _drop(self._held, self._folder)
            self._held = self._folder = None

    def writer(self) -> Engine:
        """Raises DatasetError: what would be written into a copy would be lost."""
        raise DatasetError("the dataset can only be read here", file=self.file)

    def check_place(self) -> None:
        """Nothing is written here."""

    def fold(self) -> None:
        """Nothing is written here."""


class Waiting:
    """A dataset on a full disk: read through a private copy until SQLite has room for its own files, then in place."""

    def __init__(self, file: Path, copy: Copied) -> None:
        self.file = file
        self._copy: Copied | None = copy
        self._held: Shared | None = None
        self._lock = threading.Lock()

    @property
    def engine(self) -> Engine:
        with self._lock:
            try:
                return self._in_place().engine
            except _driver().Error:
                assert self._copy is not None
                return self._copy.engine

    def _in_place(self) -> Shared:
        if self._held is None:
            self._held = shared(self.file)
            if self._copy is not None:
                self._copy.release()
                self._copy = None
        return self._held

    def writer(self) -> Engine:
        """Raises the driver's errors as long as there is no room."""
        with self._lock:
            return self._in_place().writer()

    def check_place(self) -> None:
        if self._held is not None:
            self._held.check_place()

    def fold(self) -> None:
        if self._held is not None:
            self._held.fold()

    def release(self) -> None:
        with self._lock:
            for source in (self._held, self._copy):
                if source is not None:
                    source.release()
            self._held = self._copy = None


class OutdatedError(Exception):
    """A file that cannot be brought to this version where it lies."""


def _drop(held: Shared | None, folder: str | None) -> None:
    if held is not None:
        held.release()
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _copy_files(file: Path, target: Path) -> None:
    """The database and its log as they are, of one moment. Raises DatasetError where they never keep still."""
    names = [file, file.with_name(file.name + "-wal")]

    def moment() -> list[object]:
        return [
            (about.st_ino, about.st_mtime_ns, about.st_size)
            for name in names
            if name.exists()
            for about in [name.stat()]
        ]

    for _ in range(20):
        before = moment()
        for name in names:
            copy = target.with_name(target.name + name.name.removeprefix(file.name))
            copy.unlink(missing_ok=True)
            if name.exists():
                # Another process reads them: closing a file here would drop locks that somebody in this one may hold.
                done = subprocess.run(["cp", "--", name, copy], capture_output=True, check=False)
                if done.returncode:
                    text = done.stderr.decode(errors="replace").strip().rpartition(": ")[2]
                    raise DatasetError(
                        f"cannot be read ({text or 'cp failed'})", file=name,
                        needed="a copy of it in the folder for temporary files",
                    )  # fmt: skip
                copy.chmod(0o600)
        if moment() == before:
            return
    raise DatasetError("changes all the time while it is read", file=file, todo="Try again when its writer rests.")


class _reachable:  # noqa: N801  used like a function
    """The file's name as SQLite takes it: bytes that are not UTF-8 are reached through an open folder."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._folder: int | None = None

    def __enter__(self) -> str:
        try:
            str(self._file).encode()
        except UnicodeEncodeError:
            self._folder = os.open(self._file.parent, os.O_RDONLY | os.O_DIRECTORY)
            return f"/proc/self/fd/{self._folder}/{self._file.name}"
        return str(self._file)

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            os.close(self._folder)


def server(engine: Engine) -> Engine:
    """Take note of a server's engine, so that a forked child leaves its connections alone."""
    _hook()
    _servers.add(engine)
    return engine


def _driver() -> Any:
    from maskwright.store import driver

    return driver


_hooked = False
_waiting: list[Any] = []


def _hook() -> None:
    global _hooked  # noqa: PLW0603
    if not _hooked:
        _hooked = True
        os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child)
        atexit.register(_at_exit)


def _before_fork() -> None:
    """Wait until no thread is inside SQLite: its locks in memory would stay held in the child for ever."""
    _guard.acquire()
    for connection in list(_driver().connections) if _shared else ():
        connection.busy.acquire()
        _waiting.append(connection)


def _after_fork() -> None:
    while _waiting:
        _waiting.pop().busy.release()
    _guard.release()


def _in_child() -> None:
    held = list(_waiting)
    _after_fork()
    if held:
        from maskwright.store import locks

        with locks.abandoning():
            for connection in held:
                connection.close()
    for shared_engine in _shared.values():
        shared_engine.forget()
    for engine in _servers:
        engine.dispose(close=False)


def _at_exit() -> None:
    with _guard:
        for engine in list(_shared.values()):
            engine._finish()
        _shared.clear()
