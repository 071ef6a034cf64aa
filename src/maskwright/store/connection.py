"""Where a database is, and what its errors mean to a person."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sql
from sqlalchemy.engine import Engine

from maskwright.errors import DatasetError, MaskwrightError
from maskwright.registry import missing
from maskwright.store import sql_engines
from maskwright.store.places import check_place, remember

FILE = "maskwright.db"


def is_url(place: str | Path) -> bool:
    return str(place).startswith(("postgresql://", "postgresql+psycopg://", "postgres://"))


def database_file(place: str | Path) -> Path:
    """The file of a dataset given by its folder or by the file itself. Raises UsageError for an address."""
    check_place(place)
    path = Path(place)
    return path if path.suffix == ".db" and not path.is_dir() else path / FILE


def connect_postgres(url: str) -> Engine:
    """Raises UsageError for an address that cannot be read, MissingExtraError without the driver."""
    check_place(url)
    remember(url)
    plain = url.replace("postgres://", "postgresql://", 1).replace("postgresql+psycopg://", "postgresql://", 1)
    try:
        return sql_engines.server(
            sql.create_engine(
                plain.replace("postgresql://", "postgresql+psycopg://", 1), pool_pre_ping=True,
                connect_args={"connect_timeout": 15}, **sql_engines.JSON,
            )
        )  # fmt: skip
    except ModuleNotFoundError as error:
        raise missing("psycopg", "a dataset on PostgreSQL") from error


@contextmanager
def explained(place: str | Path) -> Iterator[None]:
    """Turn the database driver's errors into sentences."""
    from maskwright.store import driver

    try:
        yield
    except sql.exc.DBAPIError as error:
        raise _sentence(str(error.orig), place) from None
    except driver.Error as error:
        raise _sentence(str(error), place) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"the database file is damaged: a value cannot be read ({_line(str(error))})", file=place,
            todo="Restore it from a copy; `maskwright doctor` checks a dataset's integrity.",
        ) from None  # fmt: skip
    except sql.exc.TimeoutError:
        raise DatasetError(f"all its connections have been in use for {sql_engines.WAIT} seconds", file=place) from None
    except (sql.exc.ArgumentError, sql.exc.NoSuchModuleError):
        raise DatasetError("the address of the server cannot be read", file=place) from None
    except (
        sql.exc.StatementError
    ) as error:  # a value that the driver does not take: those are checked where they come in
        raise DatasetError(f"a value cannot be stored ({error.orig})", file=place) from error


def _sentence(text: str, place: str | Path) -> DatasetError:
    low = text.lower()
    full = "disk is full" in low or "no space left" in low or "disk full" in low
    if full or (("disk i/o error" in low or "unable to open" in low) and no_room(place)):
        return DatasetError(
            "the disk is full; nothing of this change was kept", file=place, todo="Make room and do it again."
        )
    if "database is locked" in low or "lock timeout" in low:
        return DatasetError(
            f"another process has been writing for more than {sql_engines.WAIT} seconds",
            file=place,
            todo="Wait for it to finish, then do it again; nothing was changed.",
        )
    if "readonly" in low or "read-only" in low or "unable to open" in low or "attempt to write" in low:
        return DatasetError(
            "the place cannot be written to", file=place, needed="a dataset changes inside its own folder",
            todo="Give yourself the right to write there, or copy the dataset to a folder of your own.",
        )  # fmt: skip
    if "not a database" in low:
        return DatasetError(
            "the file is not a dataset", file=place, needed="an SQLite database that Maskwright made",
            todo="Where it was one, it is damaged: restore it from a copy.",
        )  # fmt: skip
    if any(words in low for words in ("malformed", "corrupt", "disk i/o error", "no such table",
                                      "no such column", "string or blob too big", "utf-8")):  # fmt: skip
        return DatasetError(
            f"the database file is damaged or not a dataset ({_line(text)})", file=place,
            todo="Restore it from a copy; `maskwright doctor` checks a dataset's integrity.",
        )  # fmt: skip
    if "connection has been closed" in low or ("connection is closed" in low and place and not is_url(place)):
        return DatasetError(
            "this process was forked inside a transaction, which stays with the process that began it", file=place,
            todo="Begin the edit in the process that makes it.",
        )  # fmt: skip
    if "no password supplied" in low:
        return DatasetError(
            "the server asks for a password", file=place, needed="one in the address, in PGPASSWORD or in ~/.pgpass",
            todo="A dataset that was pickled comes without its password.",
        )  # fmt: skip
    if "could not connect" in low or "connection" in low:
        return DatasetError(
            f"the database server does not answer ({_line(text)})", file=place,
            todo="See that it runs and that the address is right, then do it again.",
        )  # fmt: skip
    return DatasetError(f"the database refused ({_line(text)})", file=place)


def no_room(place: str | Path) -> bool:
    """Without room for its files SQLite speaks of an error of the disk."""
    try:
        about = os.statvfs(database_file(place).parent)
    except (OSError, MaskwrightError):
        return False
    return about.f_bavail * about.f_frsize < 64 * 1024


def _line(text: str) -> str:
    return (text.strip().splitlines() or [""])[0]
