"""What is damaged in a dataset, and what can be mended of it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright import media
from maskwright.core.names import key_problem, shown
from maskwright.errors import DatasetError, FormatError, MaskwrightError
from maskwright.media import image_size
from maskwright.media.checksums import checksum as checksum_of
from maskwright.store import class_sums, hashes, migrations, opinions, schema, vectors
from maskwright.store import connection as opening
from maskwright.store.rows import alive, masks_from, opened_uri

if TYPE_CHECKING:
    from maskwright.store.dataset import Dataset

MOST = 10_000  # problems listed; the rest is counted
BATCH = 2000

Follow = Callable[[Iterable[Any]], Iterable[Any]]


@dataclass(frozen=True)
class Problem:
    """kind: file, row, history, image.  where: the table and row, or the image.  found: what is wrong.

    row: of a damaged segment or prediction that `repair` can take out: (table, row).
    """

    kind: str
    where: str
    found: str
    row: tuple[str, int] | None = None

    def __str__(self) -> str:
        return f"{self.where}: {self.found}"


@dataclass
class Report:
    """problems: what is wrong, at most MOST; number: how many there are.  rows, images: how many were looked at.

    repaired: what was done about it, in sentences.
    """

    problems: list[Problem] = field(default_factory=list)
    number: int = 0
    repaired: list[str] = field(default_factory=list)
    rows: int = 0
    images: int = 0

    def add(self, problem: Problem) -> None:
        """One more problem: counted always, kept while the list is short."""
        self.number += 1
        if len(self.problems) < MOST:
            self.problems.append(problem)


def verify(
    dataset: "Dataset", *, deep: bool = False, images: bool = True, progress: Follow = lambda items: items
) -> Report:
    """Every row's hash, the history, the database itself, and whether local images are there and of their size.

    With `deep` every mask is decoded, and every image decoded and compared with its checksum.  images: look at them.

    What cannot be read at all is a problem and not an error.
    """
    report = Report()
    for part in (_file, _history, _rows, _others, _digests, _sums):
        _guarded(report, part.__name__.strip("_"), lambda part=part: part(dataset, report))  # type: ignore[misc]
    if deep:
        _guarded(report, "masks", lambda: _masks(dataset, report))
    if images:
        _guarded(report, "images", lambda: _images(dataset, report, deep, progress))
    return report


def _guarded(report: Report, what: str, work: Callable[[], None]) -> None:
    try:
        work()
    except (MaskwrightError, ValueError, TypeError, KeyError, OverflowError, AttributeError) as error:
        found = error.found if isinstance(error, MaskwrightError) else f"cannot be read ({error})"
        report.add(Problem("file", what, shown(found, 300)))


def _file(dataset: "Dataset", report: Report) -> None:
    with dataset.database.reading() as connection:
        if connection.dialect.name == "sqlite":
            found = connection.exec_driver_sql("PRAGMA integrity_check(200)").scalars().all()
            for line in found:
                if line != "ok":
                    report.add(Problem("file", "database", shown(line, 300)))


def _history(dataset: "Dataset", report: Report) -> None:
    """Revisions without gaps; rows that live in revisions there are; segments of samples there are."""
    with dataset.database.reading() as connection:
        table = schema.revisions
        numbers = list(connection.execute(sql.select(table.c.id).order_by(table.c.id)).scalars())
        head = numbers[-1] if numbers else 0
        if numbers[:1] not in ([], [1]) or head != len(numbers):  # in order and different, so that there is no gap
            report.add(Problem("history", "revisions", f"{len(numbers)} of {head} are there"))
        for name in connection.execute(sql.select(schema.tags.c.name).where(schema.tags.c.revision > head)).scalars():
            report.add(Problem("history", f"tag {shown(name)}", "names a revision that is not there"))
        for table in _SPANS:
            lives = table.c.removed == schema.ALIVE_SQL
            wrong = sql.or_(
                table.c.added < 1, table.c.added > head,
                sql.and_(~lives, sql.or_(table.c.removed <= table.c.added, table.c.removed > head)),
            )  # fmt: skip
            if table is schema.vectors:
                wrong = sql.and_(table.c.run == "", wrong)  # a run's have no revisions
            for row in connection.execute(sql.select(table.c.row).where(wrong).limit(MOST)).scalars():
                report.add(Problem("history", f"{table.name}, row {row}", "lives in revisions that are not there"))
        segments, samples, classes = schema.segments, schema.samples, schema.classes
        for table in (segments, schema.opinions):
            orphans = connection.execute(
                sql.select(table.c.row).where(
                    alive(table, None),
                    ~sql.exists().where(samples.c.sample == table.c.sample, alive(samples, None)),
                ).limit(MOST)
            ).scalars()  # fmt: skip
            for row in orphans:
                mark = (table.name, int(row))
                report.add(Problem("history", f"{table.name}, row {row}", "belongs to no sample", mark))
        strange = connection.execute(
            sql.select(segments.c.row).where(
                alive(segments, None),
                ~sql.exists().where(classes.c.class_id == segments.c.class_id, alive(classes, None)),
            ).limit(MOST)
        ).scalars()  # fmt: skip
        for row in strange:
            report.add(Problem("history", f"segments, row {row}", "is of a class that is not declared"))


_TABLES: tuple[tuple[sql.Table, Callable[[Any], int]], ...] = (
    (schema.samples, hashes.of_sample), (schema.segments, hashes.of_segment), (schema.classes, hashes.of_class),
    (schema.predictions, hashes.of_prediction), (schema.opinions, hashes.of_opinion),
    (schema.columns, hashes.of_column), (schema.sequences, hashes.of_sequence),
    (schema.instructions, hashes.of_instruction), (schema.vectors, hashes.of_vectors),
)  # fmt: skip
#: Tables whose rows live in revisions.
_SPANS = tuple(table for table, _ in _TABLES if "removed" in table.c)
#: Whose rows can be taken out: what one said is said by no other row.
_REMOVABLE = ("segments", "predictions", "opinions", "vectors")


def _rows(dataset: "Dataset", report: Report) -> None:
    for table, of in _TABLES:
        removable = table.name in _REMOVABLE
        for row in _each(dataset, table, report):
            report.rows += 1
            named = f"{table.name}, row {row['row']}"
            mark = (table.name, int(row["row"])) if removable else None
            try:
                good = of(row) == row["hash"]
            except (TypeError, ValueError, KeyError):
                good = False
            if not good:
                report.add(Problem("row", named, "is not what was written", mark))
            elif table is schema.samples and key_problem(row["key"]) is not None and row["removed"] == schema.ALIVE:
                report.add(Problem("row", named, f"its key {shown(row['key'])!r} {key_problem(row['key'])}"))


def _each(dataset: "Dataset", table: sql.Table, report: Report) -> Iterator[Any]:
    """All rows of a table; one that cannot be read is a problem, and the others come all the same."""
    with dataset.database.reading() as connection:
        last = connection.execute(sql.select(sql.func.max(table.c.row))).scalar() or 0
    at = 0
    while at < last:
        try:
            with dataset.database.reading() as connection:
                query = sql.select(table).where(table.c.row > at).order_by(table.c.row).limit(_batch(table))
                rows = list(connection.execute(query).mappings())
        except (MaskwrightError, ValueError, TypeError, OverflowError) as error:
            numbers = _numbers(dataset, table, at)
            if not numbers:
                found = error.found if isinstance(error, MaskwrightError) else str(error)
                report.add(Problem("file", table.name, f"cannot be read beyond row {at} ({shown(found, 200)})"))
                return
            rows = []
            for number in numbers:
                try:
                    with dataset.database.reading() as connection:
                        rows += connection.execute(sql.select(table).where(table.c.row == number)).mappings().all()
                except (MaskwrightError, ValueError, TypeError, OverflowError):
                    mark = (table.name, number) if table.name in _REMOVABLE else None
                    report.add(Problem("row", f"{table.name}, row {number}", "cannot be read", mark))
            at = numbers[-1]
            yield from rows
            continue
        if not rows:
            return
        at = rows[-1]["row"]
        yield from rows


def _batch(table: sql.Table) -> int:
    """How many rows are read at once."""
    return vectors.AT_ONCE if table is schema.vectors else BATCH


def _numbers(dataset: "Dataset", table: sql.Table, at: int) -> list[int]:
    try:
        with dataset.database.reading() as connection:
            query = sql.select(table.c.row).where(table.c.row > at).order_by(table.c.row).limit(_batch(table))
            return [int(row) for row in connection.execute(query).scalars()]
    except (MaskwrightError, ValueError, TypeError):
        return []


def _others(dataset: "Dataset", report: Report) -> None:
    """Tables without hashes, read whole: what cannot be read is found."""
    unread = []
    with dataset.database.reading() as connection:
        ids = list(connection.execute(sql.select(schema.revisions.c.id)).scalars())
    for number in ids:
        try:
            with dataset.database.reading() as connection:
                connection.execute(sql.select(schema.revisions).where(schema.revisions.c.id == number)).all()
        except MaskwrightError:
            unread.append(number)
            report.add(Problem("row", f"revisions, {number}", "cannot be read", ("revisions", number)))
    for table in (
        schema.tags, schema.runs, schema.run_points, schema.run_samples, schema.run_segments, schema.run_columns,
        schema.run_evaluations,
        schema.operations, schema.views, schema.people, *_ABOUT,
    ):  # fmt: skip
        try:
            with dataset.database.reading() as connection:
                for _ in connection.execute(sql.select(table)):
                    report.rows += 1
        except MaskwrightError as error:
            report.add(Problem("file", table.name, shown(error.found, 200)))
    samples = schema.samples
    with dataset.database.reading() as connection:
        for table in _ABOUT:
            query = sql.select(table.c.sample).where(~sql.exists().where(samples.c.sample == table.c.sample)).distinct()
            for number in connection.execute(query.limit(MOST)).scalars():
                report.add(Problem("history", table.name, f"speaks of sample number {number}, which there never was"))


#: Tables that say something of a sample, and are not part of revisions.
_ABOUT = (schema.workflow, schema.leases, schema.suggestions, schema.comments)


def _digests(dataset: "Dataset", report: Report) -> None:
    """The sums over living segments: rows that are there and not found, or found and not there."""
    try:
        _ = dataset.classes
    except MaskwrightError as error:
        report.add(Problem("row", "classes", shown(error.found, 200)))
    table, segments, samples = schema.digests, schema.segments, schema.samples
    with dataset.database.reading() as connection:
        said = {row.sample: (row.segments, row.hash) for row in connection.execute(sql.select(table))}
        found: dict[int, list[int]] = {}
        # Not by the index that finds living rows: that may be what is damaged.
        lives = sql.literal_column("removed + 0") == schema.ALIVE
        for sample, value in connection.execute(sql.select(segments.c.sample, segments.c.hash).where(lives)):
            found.setdefault(sample, []).append(value)
        living = set(connection.execute(sql.select(samples.c.sample).where(lives)).scalars())
        listed = set(connection.execute(sql.select(samples.c.sample).where(alive(samples, None))).scalars())
        own = connection.execute(sql.select(schema.opinions.c.hash).where(lives)).scalars().all()
        written = opinions.digest(connection)
    if written != (len(own), hashes.together(own)):
        report.add(Problem("row", "opinions", "second opinions are not those that were written"))
    if living != listed:
        report.add(Problem("file", "samples", f"{len(living ^ listed)} are not found by the index"))
    for number in sorted(living):
        values = found.get(number, [])
        if said.get(number) != (len(values), hashes.together(values)):
            report.add(Problem("row", f"sample number {number}", "its segments are not those that were written"))


def _sums(dataset: "Dataset", report: Report) -> None:
    """What is said of the classes' segments and pixels, and what there is."""
    with dataset.database.reading() as connection:
        said, found = class_sums.at(connection, None), class_sums.counted(connection)
    for class_id in sorted(said.keys() | found.keys()):
        if said.get(class_id) != found.get(class_id):
            report.add(Problem("row", f"class {class_id}", "the sums over its segments are not those of the segments"))


def _masks(dataset: "Dataset", report: Report) -> None:
    """Run lengths that do not fill their image, and areas that are not theirs."""
    with dataset.database.reading() as connection:
        samples = schema.samples
        query = sql.select(samples.c.sample, samples.c.height, samples.c.width).order_by(samples.c.row)
        sizes = {row.sample: (row.height, row.width) for row in connection.execute(query)}
    for table in (schema.segments, schema.predictions, schema.opinions):
        for row in _each(dataset, table, Report()):
            named = f"{table.name}, row {row['row']}"
            size = sizes.get(row["sample"])
            found = "belongs to no sample" if size is None else _mask_problem(row, size)
            if found is not None:
                report.add(Problem("row", named, found, (table.name, int(row["row"]))))


def _mask_problem(row: Any, size: tuple[int, int]) -> str | None:
    try:
        area = int(masks_from([row["counts"]], size).areas()[0])
    except (ValueError, TypeError) as error:
        return str(error)
    return f"says an area of {row['area']}, and has {area} pixels" if row.get("area", area) != area else None


def _images(dataset: "Dataset", report: Report, deep: bool, progress: Follow) -> None:
    table = schema.samples
    with dataset.database.reading() as connection:
        query = sql.select(table.c.sample, table.c.key, table.c.uri, table.c.height, table.c.width, table.c.checksum)
        rows = connection.execute(query.where(alive(table, None)).order_by(table.c.sample)).all()
    known: dict[str, str | None] = {}
    for row in progress(rows):
        report.images += 1
        place = opened_uri(row.uri, dataset.database.folder)
        found = _image_problem(place, (row.height, row.width), row.checksum, known, deep=deep)
        if found is not None:
            report.add(Problem("image", f"{shown(row.key)} ({shown(place, 200)})", found))


def _image_problem(
    place: str, size: tuple[int, int], checksum: str | None, known: dict[str, str | None], *, deep: bool
) -> str | None:
    file = place.split("#page=", maxsplit=1)[0]
    try:
        if "://" not in file and not Path(file).exists():
            return "is missing"
        if deep and checksum is not None and checksum.startswith(("sha256:", "etag:")):
            if file not in known:
                known.clear()  # pages of one file follow one another
                known[file] = checksum_of(file)
            if known[file] is not None and known[file] != checksum:
                return "has changed since it was imported"
        if "://" in file:
            if deep and checksum is None:
                media.describe(place)  # says what is wrong with one that cannot be reached
            return None
        if image_size(place) != size:
            return f"is {image_size(place)}, its labels are for {size} (height, width)"
        if deep:
            media.read(place, expected=size)
    except FormatError as error:
        return f"is unreadable: {error.found}"
    except (OSError, ValueError) as error:
        return f"is unreadable: {error}"
    return None


def repair(dataset: "Dataset", report: Report) -> None:
    """Mend what can be mended, and say in `report.repaired` what was done.

    Indexes are built anew from their tables.  Segments, predictions and second opinions that are not what was written
    are taken out of all revisions, so that the rest can be read.  Sums are written anew.  Samples, classes and images
    stay as they are: only a copy has what they were.  A copy of an SQLite file as it was is kept beside it.
    Raises DatasetError when the dataset cannot be written to.
    """
    database = dataset.database
    if not report.number:
        return
    kept = None if database.file is None else _kept(dataset)
    try:
        done = _mended(dataset, report)
    except MaskwrightError as error:
        if kept is not None:
            kept.unlink(missing_ok=True)
        raise DatasetError(
            f"it cannot be mended where it lies, and nothing was changed ({shown(error.found, 200)})",
            file=dataset.place,
            todo="Restore it from a copy; what can still be read can be exported.",
        ) from None  # fmt: skip
    report.repaired += [] if kept is None else [f"kept a copy of the file as it was: {kept.name}"]
    report.repaired += done


def _mended(dataset: "Dataset", report: Report) -> list[str]:
    """One transaction -> what was done."""
    done: list[str] = []
    with dataset.database.writing() as connection:
        if connection.dialect.name == "sqlite" and any(problem.kind in ("file", "row") for problem in report.problems):
            connection.exec_driver_sql("REINDEX")
            done.append("built all indexes anew")
        for table in (schema.segments, schema.predictions, schema.opinions, schema.vectors):
            rows = sorted(
                {problem.row[1] for problem in report.problems if problem.row and problem.row[0] == table.name}
            )
            if rows:
                done += _taken_out(dataset, connection, table, rows)
        migrations.write_digests(connection)
        class_sums.write(connection)
        done.append("summed up the segments of all samples anew")
        for number in sorted(
            {problem.row[1] for problem in report.problems if problem.row and problem.row[0] == "revisions"}
        ):
            connection.execute(schema.revisions.update().where(schema.revisions.c.id == number).values(summary={}))
            done.append(f"emptied the summary of revision {number}, which could not be read")
    return done


def _kept(dataset: "Dataset") -> Path:
    file = dataset.database.file
    assert file is not None
    target = next(
        path for number in range(1, 10_000) if not (path := file.with_name(f"{file.name}.damaged{number}")).exists()
    )
    raw = dataset.database.engine.raw_connection()
    try:
        from maskwright.store import driver

        with opening.explained(dataset.place):
            driver.copy(cast("driver.Connection", raw.driver_connection), str(target))
    finally:
        raw.close()
    return target


def _taken_out(dataset: "Dataset", connection: Connection, table: sql.Table, rows: list[int]) -> list[str]:
    from maskwright.store.dataset import user_name
    from maskwright.store.edit import Edit

    words = f"{len(rows)} rows of {table.name} that were not what was written"
    if table is not schema.segments:
        for row in rows:
            connection.execute(table.delete().where(table.c.row == row))
        return [f"took out {words}"]
    # What a row said is lost in every revision that it lived in; the copy has what is left of it.
    edit = Edit(dataset.database, connection, user_name(), f"doctor: take {words} out of all revisions")
    edit.summary["segments removed"] += len(rows)
    for row in rows:
        connection.execute(table.delete().where(table.c.row == row))
    edit.finish()
    return [f"took out {words}, from all revisions; revision {edit.revision} says so"]
