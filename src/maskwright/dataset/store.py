"""One open database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sql
from sqlalchemy.engine import Connection, Engine

from maskwright.dataset import connection as opening
from maskwright.dataset import schema
from maskwright.errors import DatasetError

#: Any fixed number: PostgreSQL's writers queue for the advisory lock of this name.
_LOCK = 0x6D61736B


class Store:
    """An engine, where it lies, and the two ways to talk to it: `reading` and `writing`.

    folder: what relative image URIs are relative to; None on a server.
    """

    def __init__(self, engine: Engine, place: str | Path, folder: Path | None, *, writable: bool) -> None:
        self.engine = engine
        self.place = place
        self.folder = folder
        self.writable = writable

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with opening.explained(self.place), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that no other writer can interleave with; nothing stays if the block raises."""
        if not self.writable:
            raise DatasetError(
                "the dataset was opened for reading only",
                file=self.place,
                needed="its folder must be writable to change it",
            )
        with opening.explained(self.place), self.engine.connect() as raw:
            connection = raw.execution_options(writes=True)
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.execute(sql.text(f"SET LOCAL lock_timeout = '{opening.WAIT}s'"))
                    connection.execute(sql.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
                yield connection

    def head(self, connection: Connection) -> int:
        return int(connection.execute(sql.select(sql.func.max(schema.revisions.c.id))).scalar() or 0)

    def close(self) -> None:
        self.engine.dispose()


def create(place: str | Path) -> Store:
    """A new, empty database. Raises DatasetError where one is already."""
    if opening.is_url(place):
        store = Store(opening.connect_postgres(str(place)), place, None, writable=True)
        with opening.explained(place):
            there = sql.inspect(store.engine).has_table(schema.meta.name)
    else:
        file = opening.database_file(place)
        there = file.exists() and file.stat().st_size > 0
        if not there:
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise DatasetError(f"the folder cannot be made ({error.strerror})", file=file.parent) from None
            if not opening.writable_folder(file.parent):
                raise DatasetError("the folder cannot be written to", file=file.parent)
            store = Store(opening.connect_sqlite(file, writable=True), place, file.parent.resolve(), writable=True)
    if there:
        if opening.is_url(place):
            store.close()
        raise DatasetError("there is a dataset here already", file=place, todo="Open it, or choose another folder.")
    try:
        with store.writing() as connection:
            schema.metadata.create_all(connection)
            connection.execute(schema.meta.insert().values(name="schema", value=str(schema.VERSION)))
    except BaseException:
        store.close()
        raise
    return store


def open_(place: str | Path, *, read_only: bool = False) -> Store:
    """An existing database. Raises DatasetError for what is none, is damaged, or is of a newer version."""
    if opening.is_url(place):
        store = Store(opening.connect_postgres(str(place)), place, None, writable=not read_only)
    else:
        file = opening.database_file(place)
        try:
            with open(file, "rb") as raw:
                header = raw.read(16)
        except (FileNotFoundError, NotADirectoryError):
            raise DatasetError(
                "there is no dataset here", file=place, needed=f"a folder with a file {opening.FILE}",
                todo=f"Make one from labels: maskwright import LABELS {place}",
            ) from None  # fmt: skip
        except OSError as error:
            raise DatasetError(f"the dataset cannot be read ({error.strerror})", file=file) from None
        if header != opening.SQLITE_HEADER:
            raise DatasetError("the file is no dataset", file=file, needed="an SQLite database")
        writable = not read_only and opening.writable_folder(file.parent) and opening.writable_folder(file)
        engine = opening.connect_sqlite(file, writable=writable)
        store = Store(engine, place, file.parent.resolve(), writable=writable)
    try:
        _check_version(store)
    except BaseException:
        store.close()
        raise
    return store


def _check_version(store: Store) -> None:
    with store.reading() as connection:
        if not sql.inspect(connection).has_table(schema.meta.name):
            raise DatasetError("the database holds no Maskwright dataset", file=store.place)
        found = connection.execute(sql.select(schema.meta.c.value).where(schema.meta.c.name == "schema")).scalar()
    if int(found or 0) > schema.VERSION:
        raise DatasetError(
            f"the dataset has version {found}, made by a newer Maskwright",
            file=store.place,
            needed=f"this one reads up to version {schema.VERSION}",
            todo="Upgrade with: pip install -U maskwright",
        )
