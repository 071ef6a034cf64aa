"""A dataset seen at one revision, or a part of it."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright.core.classes import Classes
from maskwright.core.sample import Sample
from maskwright.dataset import schema
from maskwright.dataset.query import condition
from maskwright.dataset.rows import alive, build_samples
from maskwright.dataset.store import Store
from maskwright.errors import DatasetError, UsageError

CHUNK = 500  # samples read by one query


class View:
    """Samples of one revision, in the order they were added; lazy, nothing is read until asked for.

    It trains, exports and evaluates like a whole dataset.  revision: None follows the newest.
    """

    def __init__(self, store: Store, revision: int | None = None, conditions: Sequence[str] = ()) -> None:
        self.store = store
        self._revision = revision
        self.conditions = tuple(conditions)

    @property
    def place(self) -> str:
        return str(self.store.place)

    @property
    def revision(self) -> int:
        """The number of the revision this view shows; 0 before the first."""
        if self._revision is not None:
            return self._revision
        with self.store.reading() as connection:
            return self.store.head(connection)

    @cached_property
    def _where(self) -> sql.ColumnElement[bool]:
        parts = [alive(schema.samples, self._revision)]
        parts += [condition(text, self._revision) for text in self.conditions]
        return sql.and_(*parts)

    @property
    def classes(self) -> Classes:
        table = schema.classes
        with self.store.reading() as connection:
            rows = connection.execute(
                sql.select(table.c.definition).where(alive(table, self._revision)).order_by(table.c.position)
            ).scalars()
            return Classes.from_json(rows)

    def where(self, text: str) -> "View":
        """The samples that also fulfil a condition, such as "split = 'val' and area < 400".

        Raises UsageError for one that cannot be read.
        """
        condition(text, self._revision)
        return View(self.store, self._revision, (*self.conditions, text))

    def frozen(self) -> "View":
        """The same view, tied to the revision it shows now."""
        return View(self.store, self.revision, self.conditions)

    def __len__(self) -> int:
        with self.store.reading() as connection:
            query = sql.select(sql.func.count()).select_from(schema.samples).where(self._where)
            return int(connection.execute(query).scalar_one())

    def numbers(self) -> list[int]:
        """The samples' internal numbers, which stay the same through all revisions, in order."""
        with self.store.reading() as connection:
            return list(
                connection.execute(
                    sql.select(schema.samples.c.sample).where(self._where).order_by(schema.samples.c.sample)
                ).scalars()
            )

    def keys(self) -> list[str]:
        with self.store.reading() as connection:
            query = sql.select(schema.samples.c.key).where(self._where).order_by(schema.samples.c.sample)
            return list(connection.execute(query).scalars())

    def read(self, numbers: Sequence[int]) -> list[Sample]:
        """Samples by number, in the order asked for. Raises DatasetError for one that is not in this revision."""
        out: list[Sample] = []
        with self.store.reading() as connection:
            for at in range(0, len(numbers), CHUNK):
                chunk = [int(number) for number in numbers[at : at + CHUNK]]
                found = dict(zip(*self._fetch(connection, chunk), strict=True))
                absent = [number for number in chunk if number not in found]
                if absent:
                    raise DatasetError(
                        f"sample number {absent[0]} is not in revision {self.revision}", file=self.store.place
                    )
                out += [found[number] for number in chunk]
        return out

    def _fetch(self, connection: Connection, chunk: list[int]) -> tuple[list[int], list[Sample]]:
        samples, segments = schema.samples, schema.segments
        sample_rows = connection.execute(
            sql.select(samples)
            .where(samples.c.sample.in_(chunk), alive(samples, self._revision))
            .order_by(samples.c.sample)
        ).all()
        columns = [column for column in segments.c if column.name not in ("row", "area", "added", "removed")]
        segment_rows = connection.execute(
            sql.select(*columns)
            .where(segments.c.sample.in_(chunk), alive(segments, self._revision))
            .order_by(segments.c.sample, segments.c.z)
        ).all()
        built = build_samples(sample_rows, segment_rows, self.store.folder)
        return [row.sample for row in sample_rows], built

    def __iter__(self) -> Iterator[Sample]:
        numbers = self.numbers()
        for at in range(0, len(numbers), CHUNK):
            yield from self.read(numbers[at : at + CHUNK])

    def __getitem__(self, key: str) -> Sample:
        """By key. Raises UsageError for a key that is not in this view."""
        return self.read([self.number_of(key)])[0]

    def number_of(self, key: str) -> int:
        with self.store.reading() as connection:
            query = sql.select(schema.samples.c.sample).where(self._where, schema.samples.c.key == key)
            number = connection.execute(query).scalar()
        if number is None:
            raise UsageError(f"there is no sample {key!r}", file=self.store.place)
        return int(number)

    def splits(self) -> dict[str | None, int]:
        """How many samples each split has."""
        with self.store.reading() as connection:
            split = schema.samples.c.split
            rows = connection.execute(sql.select(split, sql.func.count()).where(self._where).group_by(split)).all()
        return {row[0]: row[1] for row in sorted(rows, key=lambda row: str(row[0]))}

    def weights(self) -> dict[int, float]:
        """Sampling weight by sample number."""
        samples = schema.samples
        with self.store.reading() as connection:
            query = sql.select(samples.c.sample, samples.c.weight).where(self._where).order_by(samples.c.sample)
            return {row[0]: row[1] for row in connection.execute(query)}

    def class_statistics(self) -> list[dict[str, Any]]:
        """Segments and pixels of each class, in the order of classes; crowd regions are counted apart."""
        segments, samples = schema.segments, schema.samples
        with self.store.reading() as connection:
            query = (
                sql.select(
                    segments.c.class_id,
                    sql.func.count(),
                    sql.func.sum(segments.c.area),
                    sql.func.sum(sql.cast(segments.c.is_crowd, sql.Integer)),
                )
                .select_from(segments.join(samples, segments.c.sample == samples.c.sample))
                .where(self._where, alive(segments, self._revision))
                .group_by(segments.c.class_id)
            )
            found = {row[0]: row for row in connection.execute(query)}
        return [
            {
                "id": one.id,
                "name": one.name,
                "segments": int(found[one.id][1]) if one.id in found else 0,
                "pixels": int(found[one.id][2]) if one.id in found else 0,
                "crowds": int(found[one.id][3]) if one.id in found else 0,
            }
            for one in self.classes
        ]
