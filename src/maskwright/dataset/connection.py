"""Opening a database: where it is, which pragmas, and what its errors mean to a person."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sql
from sqlalchemy.engine import Connection, Engine

from maskwright.errors import DatasetError
from maskwright.families import missing

FILE = "maskwright.db"
WAIT = 60  # seconds a writer waits for another one to finish

SQLITE_HEADER = b"SQLite format 3\0"


def is_url(place: str | Path) -> bool:
    return str(place).startswith(("postgresql://", "postgresql+psycopg://", "postgres://"))


def database_file(place: str | Path) -> Path:
    """The file of a dataset given by its folder or by the file itself."""
    path = Path(place)
    return path if path.suffix == ".db" else path / FILE


def connect_sqlite(file: Path, *, writable: bool, wait: float = WAIT) -> Engine:
    """An engine over an SQLite file. Read-only places are opened without creating anything beside the file."""
    if writable:
        target = f"file:{quote(str(file))}?mode=rwc"
    else:
        # A file that nobody can be writing to needs no lock files beside it, which could not be made there.
        wal = file.with_name(file.name + "-wal")
        frozen = "" if wal.exists() and wal.stat().st_size else "&immutable=1"
        target = f"file:{quote(str(file))}?mode=ro{frozen}"
    engine = sql.create_engine(
        f"sqlite+pysqlite:///{target}&uri=true", connect_args={"timeout": wait, "check_same_thread": False}
    )

    @sql.event.listens_for(engine, "connect")
    def prepare(raw, _record) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        raw.isolation_level = None  # transactions begin where `begin` below says, not where the driver guesses
        cursor = raw.cursor()
        if writable:
            cursor.execute("PRAGMA page_size = 2048")  # small edits then write little; only counts when creating
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute("PRAGMA synchronous = FULL")  # what is acknowledged outlives a power cut
            cursor.execute("PRAGMA journal_size_limit = 67108864")
        cursor.execute("PRAGMA cache_size = -65536")
        cursor.close()

    @sql.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def connect_postgres(url: str) -> Engine:
    plain = url.replace("postgres://", "postgresql://", 1).replace("postgresql+psycopg://", "postgresql://", 1)
    try:
        return sql.create_engine(plain.replace("postgresql://", "postgresql+psycopg://", 1), pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise missing("psycopg", "a dataset on PostgreSQL") from error


def writable_folder(folder: Path) -> bool:
    return os.access(folder, os.W_OK)


@contextmanager
def explained(place: str | Path) -> Iterator[None]:
    """Turn the database driver's errors into sentences."""
    try:
        yield
    except sql.exc.DBAPIError as error:
        raise _sentence(str(error.orig), place) from error
    except sql.exc.OperationalError as error:
        raise _sentence(str(error), place) from error


def _sentence(text: str, place: str | Path) -> DatasetError:
    low = text.lower()
    if "disk is full" in low or "no space left" in low or "disk full" in low:
        return DatasetError(
            "the disk is full; nothing of this change was kept", file=place, todo="Make room and do it again."
        )
    if "locked" in low or "lock timeout" in low:
        return DatasetError(
            f"another process has been writing for more than {WAIT} seconds",
            file=place,
            todo="Wait for it to finish, then do it again; nothing was changed.",
        )
    if "readonly" in low or "read-only" in low or "unable to open" in low or "attempt to write" in low:
        return DatasetError(
            "the place cannot be written to", file=place, needed="a dataset changes inside its own folder",
            todo="Give yourself the right to write there, or copy the dataset to a folder of your own.",
        )  # fmt: skip
    if "not a database" in low or "malformed" in low:
        return DatasetError(
            f"the database file is damaged or not a dataset ({text})", file=place,
            todo="Restore it from a copy; `maskwright doctor` checks a dataset's integrity.",
        )  # fmt: skip
    if "could not connect" in low or "connection" in low:
        return DatasetError(f"the database server does not answer ({text.strip().splitlines()[0]})", file=place)
    return DatasetError(f"the database refused ({text.strip().splitlines()[0]})", file=place)
