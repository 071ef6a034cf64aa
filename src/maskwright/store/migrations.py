"""From older versions of the tables to this one: one transaction, and a copy of what was there before.

Tables and columns that are new are made first, empty or at their defaults; then every version's step, a function in
`STEPS` by the version it leads to, fills them.
"""

import contextlib
import json
from collections.abc import Callable, Container, Iterator, Mapping
from datetime import UTC, datetime
from functools import reduce
from typing import TYPE_CHECKING, Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright.core.columns import Column, Owner
from maskwright.core.kinds import kind_of
from maskwright.core.names import name_problem
from maskwright.errors import DatasetError
from maskwright.store import class_sums, hashes, run_values, schema

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
    for table in schema.metadata.sorted_tables:
        if table.name in there:
            _complete_indexes(connection, table, {index["name"] for index in inspector.get_indexes(table.name)})


#: Indexes that other columns are in than before.
_OTHER = {"segments_alive"}


def _complete_indexes(connection: Connection, table: sql.Table, there: set[str | None]) -> None:
    """Make a table's indexes of this version that are not there, or are not what they are."""
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        if index.name in there & _OTHER:
            index.drop(connection)
        if index.name not in there - _OTHER:
            index.create(connection)


def _batches(
    connection: Connection, table: sql.Table, *where: sql.ColumnElement[bool]
) -> Iterator[list[sql.RowMapping]]:
    """All rows, in the order of their numbers; a batch may be updated before the next is asked for.

    Rows that are added meanwhile come as well.  where: of these alone.
    """
    last = 0
    while True:
        query = sql.select(table).where(table.c.row > last, *where).order_by(table.c.row).limit(BATCH)
        rows = list(connection.execute(query).mappings())
        if not rows:
            return
        last = rows[-1]["row"]
        yield rows


def _third(connection: Connection) -> None:
    """Workflow in tables of its own, second opinions in revisions, a column for every name that values have.

    What the values of runs are, and what revisions changed of the classes' sums, is written beside.

    What moves out of users' fields and attributes is what the studio of version 2 wrote there.  That is one revision:
    living rows that change end with it and others begin, so that every earlier revision says what it said.
    """
    head = int(connection.execute(sql.select(sql.func.max(schema.revisions.c.id))).scalar() or 0)
    summary = {
        "samples changed": _move_fields(connection, head + 1),
        "segments changed": _move_comments(connection, head + 1),
        "opinions added": _opinions_into_revisions(connection, head + 1),
    }
    summary = {name: number for name, number in summary.items() if number}
    if summary:
        connection.execute(
            schema.revisions.insert().values(
                id=head + 1, parent=head, author=MIGRATION,
                message="workflow and second opinions in tables of their own",
                created=datetime.now(UTC).isoformat(timespec="milliseconds"), summary=summary,
            )
        )  # fmt: skip
        write_digests(connection)
    _infer_columns(connection, head + 1 if summary else schema.ALIVE)
    run_values.write_columns(connection)
    class_sums.write(connection)


def _fourth(connection: Connection) -> None:
    """Boxes that were given: a new column, which nothing fills."""


#: Author of a revision that a migration makes.
MIGRATION = "maskwright"

# As version 2's studio wrote them.
_STATES = ("labelled", "review", "approved")
_FIELDS = ("state", "assignee", "opinions", "rejected")


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and name_problem(value) is None


def _workflow_of(fields: Mapping[str, Any], runs: Container[str]) -> dict[str, Any]:
    """Those fields of a sample that are the studio's. A value of another kind is a user's, whatever its name."""
    out = {}
    if fields.get("state") in _STATES:
        out["state"] = fields["state"]
    if _is_name(fields.get("assignee")):
        out["assignee"] = fields["assignee"]
    people = fields.get("opinions")
    if isinstance(people, list) and people and all(map(_is_name, people)):
        out["opinions"] = sorted(set(people))
    if isinstance(fields.get("rejected"), str) and fields["rejected"] in runs:
        out["rejected"] = fields["rejected"]
    return out


def _move_fields(connection: Connection, revision: int) -> int:
    """State, assignee, finished opinions and rejected suggestions of living samples -> samples that changed."""
    samples, revisions = schema.samples, schema.revisions
    runs = set(connection.execute(sql.select(schema.runs.c.id)).scalars())
    text = sql.cast(samples.c.fields, sql.Text)
    where = sql.and_(samples.c.removed == schema.ALIVE_SQL, sql.or_(*(text.like(f'%"{name}"%') for name in _FIELDS)))
    moved = 0
    for batch in _batches(connection, samples, where):
        said = {row["row"]: _workflow_of(row["fields"], runs) for row in batch}
        rows = [dict(row) for row in batch if said[row["row"]]]
        written = {row["added"] for row in rows}
        past = connection.execute(sql.select(revisions).where(revisions.c.id.in_(written))).all() if rows else []
        who = {row.id: (row.author, row.created) for row in past}
        work, judged, fresh = [], [], []
        for row in rows:
            known = said[row["row"]]
            author, created = who.get(row["added"], (MIGRATION, ""))
            about = {"sample": row["sample"], "author": author, "changed": created}
            work.append({
                **about, "state": known.get("state"), "assignee": known.get("assignee"),
                "own_labels": known.get("opinions", []), "number": 1,
            })  # fmt: skip
            if "rejected" in known:
                judged.append({**about, "run": known["rejected"], "state": "rejected"})
            fresh.append({**row, "fields": {name: row["fields"][name] for name in row["fields"] if name not in known}})
        _insert(connection, schema.workflow, work)
        _insert(connection, schema.suggestions, judged)
        _replace(connection, samples, fresh, revision, hashes.of_sample)
        moved += len(rows)
    return moved


def _move_comments(connection: Connection, revision: int) -> int:
    """Attributes `comment` of living segments that a gesture of the page wrote -> segments that changed."""
    segments, past = schema.segments, schema.operations
    wrote = {
        (row.sample, row.revision): row
        for row in connection.execute(sql.select(past).where(past.c.kind == "comment"))
    }  # fmt: skip
    commented = {sample for sample, _ in wrote}
    text = sql.cast(segments.c.attributes, sql.Text)
    moved = 0
    where = sql.and_(segments.c.removed == schema.ALIVE_SQL, text.like('%"comment"%'))
    for rows in _batches(connection, segments, where):
        fresh = []
        for row in map(dict, rows):
            comment = row["attributes"].get("comment")
            if row["sample"] not in commented or not isinstance(comment, str) or not comment:
                continue
            versions = connection.execute(
                sql.select(segments.c.added, segments.c.attributes).where(
                    segments.c.sample == row["sample"], segments.c.segment == row["segment"]
                ).order_by(segments.c.added.desc())
            )  # fmt: skip
            same = [version.added for version in versions if version.attributes.get("comment") == comment]
            gesture = next((wrote[row["sample"], added] for added in same if (row["sample"], added) in wrote), None)
            if gesture is None:
                continue  # a user's attribute of that name
            _comment(connection, row, comment, gesture.author, gesture.created)
            attributes = {name: value for name, value in row["attributes"].items() if name != "comment"}
            fresh.append({**row, "attributes": attributes})
        _replace(connection, segments, fresh, revision, hashes.of_segment)
        moved += len(fresh)
    return moved


def _comment(
    connection: Connection, row: Mapping[str, Any], text: str, author: str, created: str, opinion: str | None = None
) -> None:
    values = {"sample": row["sample"], "segment": row["segment"], "author": author, "created": created, "text": text}
    connection.execute(schema.comments.insert().values(**values, opinion=opinion))


def _insert(connection: Connection, table: sql.Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(table.insert(), rows)


def _replace(
    connection: Connection, table: sql.Table, rows: list[dict[str, Any]], revision: int,
    hash_of: Callable[[Mapping[str, Any]], int],
) -> None:  # fmt: skip
    """End living rows with a revision, and begin others with it. rows: as they become, under the numbers they have."""
    if rows:
        ended = table.update().where(table.c.row == sql.bindparam("at")).values(removed=revision)
        connection.execute(ended, [{"at": row.pop("row")} for row in rows])
        span = {"added": revision, "removed": schema.ALIVE}
        _insert(connection, table, [{**row, "hash": hash_of(row), **span} for row in rows])


def _opinions_into_revisions(connection: Connection, revision: int) -> int:
    """Second opinions begin with a revision, or lived in the last one of a sample that is gone -> those that begin."""
    opinions, samples, past = schema.opinions, schema.samples, schema.operations
    if "changed" in {column["name"] for column in sql.inspect(connection).get_columns("opinions")}:
        connection.exec_driver_sql("ALTER TABLE opinions DROP COLUMN changed")
    query = sql.select(samples.c.sample, sql.func.max(samples.c.removed)).group_by(samples.c.sample)
    ended = {row[0]: row[1] for row in connection.execute(query)}
    wrote = {
        (row.sample, row.author): row.created
        for row in connection.execute(sql.select(past).where(past.c.kind == "own comment").order_by(past.c.created))
    }
    moved = 0
    update = opinions.update().where(opinions.c.row == sql.bindparam("at"))
    for rows in _batches(connection, opinions):
        changes = []
        for row in map(dict, rows):
            end = ended.get(row["sample"], schema.ALIVE)
            lives = end == schema.ALIVE
            span = (revision, end) if lives else (end - 1, end)
            attributes, created = dict(row["attributes"]), wrote.get((row["sample"], row["author"]))
            if created is not None and isinstance(attributes.get("comment"), str):
                text = attributes.pop("comment")
                _comment(connection, row, text, row["author"], created, row["author"])
            said = hashes.of_opinion({**row, "attributes": attributes})
            changes.append(
                {"at": row["row"], "attributes": attributes, "hash": said, "added": span[0], "removed": span[1]}
            )
            moved += lives
        connection.execute(update, changes)
    return moved


def _infer_columns(connection: Connection, revision: int) -> None:
    """A column for every field and attribute there is, of the kind that holds all its values.

    It is there since the revision that held it first; one of which no value is left since the move, until `revision`.
    """
    found: list[dict[str, Any]] = []
    owners: tuple[tuple[Owner, sql.Column[Any], tuple[str, ...]], ...] = (
        ("sample", schema.samples.c.fields, _FIELDS), ("segment", schema.segments.c.attributes, ("comment",)),
    )  # fmt: skip
    for owner, values, moving in owners:
        spans: dict[str, list[int]] = {}
        kinds: dict[str, set[str | None]] = {}
        tables = [values.table] if owner == "sample" else [values.table, schema.opinions]
        for table in tables:
            text = sql.cast(table.c[values.name], sql.Text)
            query = sql.select(text, sql.func.min(table.c.added), sql.func.max(table.c.removed)).where(text != "{}")
            for said, added, removed in connection.execute(query.group_by(text)):
                for name, value in json.loads(said).items():
                    span = spans.setdefault(name, [added, removed])
                    span[:] = min(span[0], added), max(span[1], removed)
                    kinds.setdefault(name, set()).add(kind_of(value))
        for name in sorted(spans, key=lambda name: (spans[name][0], name)):
            columns = [Column(name, kind, owner, declared=False) for kind in kinds[name] if kind is not None]
            nothing = Column(name, "json", owner, declared=False)
            column = reduce(Column.widened, columns) if columns else nothing
            added, removed = spans[name]
            ends = revision if name in moving and removed < schema.ALIVE else schema.ALIVE
            row = {"position": len(found), "owner": owner, "name": name, "definition": column.to_json()}
            found.append({**row, "hash": hashes.of_column(row), "added": added, "removed": ends})
    if found:
        connection.execute(schema.columns.insert(), found)


def write_class_digest(connection: Connection, revision: int) -> None:
    """Remember how many classes there are since this revision, and the exclusive or of their hashes."""
    table, meta = schema.classes, schema.meta
    values = connection.execute(sql.select(table.c.hash).where(table.c.removed == schema.ALIVE_SQL)).scalars().all()
    connection.execute(meta.delete().where(meta.c.name == "classes"))
    said = f"{revision} {len(values)} {hashes.together(values)}"
    connection.execute(meta.insert().values(name="classes", value=said))


def write_opinion_digest(connection: Connection) -> None:
    """Remember how many second opinions live, and the exclusive or of their hashes."""
    table, meta = schema.opinions, schema.meta
    values = connection.execute(sql.select(table.c.hash).where(table.c.removed == schema.ALIVE_SQL)).scalars().all()
    connection.execute(meta.delete().where(meta.c.name == "opinions"))
    connection.execute(meta.insert().values(name="opinions", value=f"{len(values)} {hashes.together(values)}"))


def write_digests(connection: Connection) -> None:
    """Sum the living segments of every living sample, the classes and the second opinions up anew."""
    segments, samples, digests = schema.segments, schema.samples, schema.digests
    connection.execute(digests.delete())
    head = int(connection.execute(sql.select(sql.func.max(schema.revisions.c.id))).scalar() or 0)
    write_class_digest(connection, head)
    write_opinion_digest(connection)
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


STEPS: dict[int, Callable[[Connection], None]] = {2: _second, 3: _third, 4: _fourth}
