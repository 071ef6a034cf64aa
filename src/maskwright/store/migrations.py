"""From older versions of the tables to this one: one transaction, and a copy of what was there before.

Tables and columns that are new are made first, empty or at their defaults; then every version's step, a function in
`STEPS` by the version it leads to, fills them.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright.errors import DatasetError
from maskwright.store import hashes, run_values, schema

if TYPE_CHECKING:
    from maskwright.store.database import Database

BATCH = 2000


def bring_up(database: "Database", *, keep: bool = True) -> None:
    """Bring a dataset to this version. keep: leave a copy of the old one beside it.

    The copy is maskwright.db.version1 in the dataset's folder; on PostgreSQL the tables of the schema
    maskwright_version_1.  Raises DatasetError for a copy that cannot be made; then nothing was changed.
    """
    with database.reading() as connection:
        version = _version(connection)
    if version >= schema.VERSION:
        return
    if keep and database.engine.dialect.name == "sqlite":
        _copy_file(database, version)
    with database.writing() as connection:
        version = _version(connection)  # another process may have been faster
        if keep and connection.dialect.name == "postgresql" and version < schema.VERSION:
            _copy_tables(connection, version)
        if version < schema.VERSION:
            _complete(connection)
        for step in range(version + 1, schema.VERSION + 1):
            STEPS[step](connection)
        connection.execute(schema.meta.update().where(schema.meta.c.name == "schema").values(value=str(schema.VERSION)))


def _version(connection: Connection) -> int:
    return int(connection.execute(sql.select(schema.meta.c.value).where(schema.meta.c.name == "schema")).scalar() or 0)


def _copy_file(database: "Database", version: int) -> None:
    file = database.file
    assert file is not None
    target = file.with_name(f"{file.name}.version{version}")
    if target.exists():
        return  # a copy that an earlier try has made
    partial = target.with_name(f".{target.name}.part")
    raw = database.engine.raw_connection()
    try:
        partial.unlink(missing_ok=True)
        raw.cursor().execute("VACUUM INTO ?", (str(partial),))
        partial.rename(target)
    except Exception as error:  # noqa: BLE001  of SQLite, of the file system, of the driver: all mean that there is no copy
        with contextlib.suppress(OSError):
            partial.unlink()
        raise DatasetError(
            f"the dataset is of version {version}, and no copy of it could be made before bringing it to version"
            f" {schema.VERSION} ({error})", file=database.place, todo="Make room beside it, and open it again.",
        ) from None  # fmt: skip
    finally:
        with contextlib.suppress(Exception):
            raw.close()


def _copy_tables(connection: Connection, version: int) -> None:
    name = f"maskwright_version_{version}"
    if name in sql.inspect(connection).get_schema_names():
        return
    connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    for table in sql.inspect(connection).get_table_names():
        connection.exec_driver_sql(f'CREATE TABLE {name}."{table}" AS TABLE "{table}"')


def _second(connection: Connection) -> None:
    """Hashes of rows, digests of samples, owners of runs, every evaluation of a run."""
    for table, of in (
        (schema.samples, hashes.of_sample), (schema.segments, hashes.of_segment), (schema.classes, hashes.of_class),
        (schema.predictions, hashes.of_prediction), (schema.opinions, hashes.of_opinion),
    ):  # fmt: skip
        for rows in _batches(connection, table):
            connection.execute(
                table.update().where(table.c.row == sql.bindparam("at")).values(hash=sql.bindparam("said")),
                [{"at": row["row"], "said": of(dict(row))} for row in rows],
            )
    write_digests(connection)
    runs = schema.runs
    ordered = connection.execute(sql.select(runs.c.id).order_by(runs.c.created, runs.c.id)).scalars().all()
    for number, run in enumerate(ordered, 1):
        connection.execute(runs.update().where(runs.c.id == run).values(number=number))


def _complete(connection: Connection) -> None:
    """Make the tables and columns of this version that are not there."""
    inspector = sql.inspect(connection)
    there = set(inspector.get_table_names())
    for table in schema.metadata.sorted_tables:
        if table.name not in there:
            continue
        own = {column["name"] for column in inspector.get_columns(table.name)}
        for column in table.columns:
            if column.name not in own:
                written = sql.schema.CreateColumn(column).compile(dialect=connection.dialect)
                connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {written}")
    schema.metadata.create_all(connection)


def _batches(connection: Connection, table: sql.Table) -> Iterator[list[sql.RowMapping]]:
    """All rows, in the order of their numbers; a batch may be updated before the next is asked for."""
    last = 0
    while True:
        query = sql.select(table).where(table.c.row > last).order_by(table.c.row).limit(BATCH)
        rows = list(connection.execute(query).mappings())
        if not rows:
            return
        last = rows[-1]["row"]
        yield rows


def _third(connection: Connection) -> None:
    """Columns, sequences, workflow; what the values of runs are."""
    run_values.write_columns(connection)


def write_class_digest(connection: Connection, revision: int) -> None:
    """Remember how many classes there are since this revision, and the exclusive or of their hashes."""
    table, meta = schema.classes, schema.meta
    values = connection.execute(sql.select(table.c.hash).where(table.c.removed == schema.ALIVE_SQL)).scalars().all()
    connection.execute(meta.delete().where(meta.c.name == "classes"))
    said = f"{revision} {len(values)} {hashes.together(values)}"
    connection.execute(meta.insert().values(name="classes", value=said))


def write_digests(connection: Connection) -> None:
    """Sum the living segments of every living sample, and the classes, up anew."""
    segments, samples, digests = schema.segments, schema.samples, schema.digests
    connection.execute(digests.delete())
    head = int(connection.execute(sql.select(sql.func.max(schema.revisions.c.id))).scalar() or 0)
    write_class_digest(connection, head)
    living = sql.select(samples.c.sample).where(samples.c.removed == schema.ALIVE_SQL).order_by(samples.c.sample)
    numbers = list(connection.execute(living).scalars())
    for at in range(0, len(numbers), 500):
        chunk = numbers[at : at + 500]
        found: dict[int, list[int]] = {number: [] for number in chunk}
        query = sql.select(segments.c.sample, segments.c.hash).where(
            segments.c.sample.in_(chunk), segments.c.removed == schema.ALIVE_SQL
        )
        for number, value in connection.execute(query):
            found[number].append(value)
        connection.execute(
            digests.insert(),
            [
                {"sample": number, "revision": head, "segments": len(values), "hash": hashes.together(values)}
                for number, values in found.items()
            ],
        )


STEPS: dict[int, Callable[[Connection], None]] = {2: _second, 3: _third}
