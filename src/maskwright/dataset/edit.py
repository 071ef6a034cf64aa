"""One change to a dataset: a transaction that becomes a revision."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright.core.classes import Classes
from maskwright.core.mask import Mask
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.dataset import schema
from maskwright.dataset.rows import alive, build_segments, sample_row, segment_rows
from maskwright.dataset.store import Store
from maskwright.errors import DatasetError, UsageError

BATCH = 2000  # rows sent to the database at once

_SEGMENT_COLUMNS = ("z", "class_id", "area", "is_crowd", "score", "source", "attributes", "counts")


class Edit:
    """What can be done inside `with dataset.edit("message") as edit:`.

    Only what differs is written: one changed segment is one new row.  All of it becomes one revision when
    the block ends, and none of it if the block raises.
    """

    def __init__(self, store: Store, connection: Connection, author: str, message: str) -> None:
        self._store = store
        self._connection = connection
        self._author = author
        self._message = message
        self.parent = store.head(connection)
        self.revision = self.parent + 1
        self.summary: Counter[str] = Counter()
        self._pending: dict[sql.Table, list[dict[str, Any]]] = {schema.samples: [], schema.segments: []}
        self._next_sample: int | None = None
        self._keys: dict[str, int] = {}
        self._class_ids: set[int] | None = None
        self._began_empty: bool | None = None

    # -- samples ---------------------------------------------------------------------------------------

    def add(self, sample: Sample) -> int:
        """A new sample -> its number. Raises UsageError for a key that is there already or an undeclared class."""
        if sample.key in self._keys or self._number(sample.key) is not None:
            raise UsageError(f"there is a sample {sample.key!r} already", file=self._store.place)
        self._check_classes(sample.segments, sample.key)
        if self._next_sample is None:
            highest = self._connection.execute(sql.select(sql.func.max(schema.samples.c.sample))).scalar()
            self._next_sample = int(highest or 0) + 1
        number = self._next_sample
        self._next_sample += 1
        self._keys[sample.key] = number
        self._insert(schema.samples, [sample_row(sample, number, self._store.folder)])
        self._insert(schema.segments, segment_rows(sample.segments, number))
        self.summary["samples added"] += 1
        self.summary["segments added"] += len(sample.segments)
        return number

    def remove(self, key: str) -> None:
        """Take a sample and its segments out of the dataset; earlier revisions keep them."""
        number = self._need(key)
        self._end(schema.samples, schema.samples.c.sample == number)
        self.summary["samples removed"] += 1
        self.summary["segments removed"] += self._end(schema.segments, schema.segments.c.sample == number)
        self._keys.pop(key, None)

    def set(self, key: str, **values: Any) -> None:
        """Change columns of a sample: split, weight, fields, checksum, uri."""
        unknown = set(values) - {"split", "weight", "fields", "checksum", "uri"}
        if unknown:
            raise UsageError(f"a sample has no settable column {min(unknown)!r}")
        number = self._need(key)
        table = schema.samples
        row = self._one(table, table.c.sample == number)
        changed = {**row, **values}
        if changed != row:
            self._end(table, table.c.sample == number)
            self._insert(table, [changed])
            self.summary["samples changed"] += 1

    def set_fields(self, key: str, changes: Mapping[str, Any]) -> None:
        """Change some of a sample's fields, as they are inside this edit; None takes one out, the others stay."""
        number = self._need(key)
        fields = {**self._one(schema.samples, schema.samples.c.sample == number)["fields"], **changes}
        self.set(key, fields={name: one for name, one in fields.items() if one is not None})

    # -- segments --------------------------------------------------------------------------------------

    def put(self, key: str, segments: Segments) -> None:
        """Make these the sample's segments; rows that stay the same are not written."""
        self._check_classes(segments, key)
        number = self._need(key)
        table = schema.segments
        self._flush()
        before = {
            row["segment"]: dict(row)
            for row in self._connection.execute(
                sql.select(table).where(table.c.sample == number, alive(table, None))
            ).mappings()
        }
        for row in segment_rows(segments, number):
            old = before.pop(row["segment"], None)
            if old is None:
                self.summary["segments added"] += 1
            elif all(old[name] == row[name] for name in _SEGMENT_COLUMNS):
                continue
            else:
                self._end(table, table.c.row == old["row"])
                self.summary["segments changed"] += 1
            self._insert(table, [row])
        for old in before.values():
            self._end(table, table.c.row == old["row"])
            self.summary["segments removed"] += 1

    def set_segment(self, key: str, segment: int, *, mask: Mask | None = None, **values: Any) -> None:
        """Change one segment: its mask, class_id, source, score, is_crowd or attributes."""
        unknown = set(values) - {"class_id", "source", "score", "is_crowd", "attributes"}
        if unknown:
            raise UsageError(f"a segment has no settable column {min(unknown)!r}")
        table = schema.segments
        place = sql.and_(table.c.sample == self._need(key), table.c.segment == segment)
        row = self._one(table, place, f"sample {key!r} has no segment {segment}")
        changed = {**row, **values}
        if mask is not None:
            changed["area"] = mask.area()
            changed["counts"] = mask.counts.astype("<u4", copy=False).tobytes()
        if changed["class_id"] != row["class_id"]:
            self._check_class_ids([changed["class_id"]], key)
        if changed != row:
            self._end(table, place)
            self._insert(table, [changed])
            self.summary["segments changed"] += 1

    def remove_segment(self, key: str, segment: int) -> None:
        table = schema.segments
        if not self._end(table, sql.and_(table.c.sample == self._need(key), table.c.segment == segment)):
            raise UsageError(f"sample {key!r} has no segment {segment}", file=self._store.place)
        self.summary["segments removed"] += 1

    def segments(self, key: str) -> Segments:
        """The sample's segments as they are inside this edit."""
        number = self._need(key)
        table = schema.segments
        self._flush()
        rows = self._connection.execute(
            sql.select(table).where(table.c.sample == number, alive(table, None)).order_by(table.c.z)
        ).all()
        sample = self._one(schema.samples, schema.samples.c.sample == number)
        return build_segments(rows, (sample["height"], sample["width"]))

    # -- classes ---------------------------------------------------------------------------------------

    def set_classes(self, classes: Classes) -> None:
        """Make these the dataset's classes. Raises UsageError when segments use one that would vanish."""
        table = schema.classes
        self._flush()
        kept = [one.id for one in classes]
        orphan = self._connection.execute(
            sql.select(schema.segments.c.class_id)
            .where(alive(schema.segments, None), schema.segments.c.class_id.not_in(kept))
            .limit(1)
        ).scalar()
        if orphan is None and self._has_opinions():
            opinions = schema.opinions
            orphan = self._connection.execute(
                sql.select(opinions.c.class_id).where(opinions.c.class_id.not_in(kept)).limit(1)
            ).scalar()
        if orphan is not None:
            raise UsageError(f"segments still use the class with id {orphan}", file=self._store.place)
        before = {row.class_id: row for row in self._connection.execute(sql.select(table).where(alive(table, None)))}
        for position, definition in enumerate(classes.to_json()):
            old = before.pop(definition["id"], None)
            if old is not None and old.definition == definition and old.position == position:
                continue
            if old is not None:
                self._end(table, table.c.row == old.row)
            self._connection.execute(
                table.insert().values(
                    position=position, class_id=definition["id"], name=definition["name"], definition=definition,
                    added=self.revision, removed=schema.ALIVE,
                )
            )  # fmt: skip
            self.summary["classes changed" if old is not None else "classes added"] += 1
        for old in before.values():
            self._end(table, table.c.row == old.row)
            self.summary["classes removed"] += 1
        self._class_ids = set(kept)

    def merge_class(self, source: int, target: int) -> int:
        """Give the segments of one class to another, and take the emptied class away -> segments that changed.

        Raises UsageError for the same class twice and for one that is not declared.
        """
        table = schema.segments
        self._check_merge(source, target)
        self._flush()
        own = sql.and_(table.c.class_id == source, alive(table, None))
        # Counted first: PostgreSQL does not tell how many rows a copy made.
        changed = int(self._connection.execute(sql.select(sql.func.count()).where(own)).scalar() or 0)
        # Rows of this very edit were never in any revision: they change. The others end, and come back as copies.
        fresh = sql.and_(own, table.c.added == self.revision)
        self._connection.execute(table.update().where(fresh).values(class_id=target))
        columns = [column for column in table.c if column.name not in ("row", "class_id", "added", "removed")]
        copies = sql.select(
            *columns, sql.literal(target), sql.literal(self.revision), sql.literal(schema.ALIVE)
        ).where(own)  # fmt: skip
        names = [*(column.name for column in columns), "class_id", "added", "removed"]
        self._connection.execute(table.insert().from_select(names, copies))
        self._end(table, table.c.class_id == source)
        opinions = schema.opinions
        if self._has_opinions():
            self._connection.execute(opinions.update().where(opinions.c.class_id == source).values(class_id=target))
        self._end(schema.classes, schema.classes.c.class_id == source)
        self.summary["segments changed"] += changed
        self.summary["classes removed"] += 1
        self._class_ids = None
        return changed

    def _has_opinions(self) -> bool:
        """Datasets from before there were second opinions lack the table."""
        return sql.inspect(self._connection).has_table(schema.opinions.name)

    def _check_merge(self, source: int, target: int) -> None:
        table = schema.classes
        known = set(self._connection.execute(sql.select(table.c.class_id).where(alive(table, None))).scalars())
        for one in (source, target):
            if one not in known:
                raise UsageError(f"there is no class with id {one}", file=self._store.place)
        if source == target:
            raise UsageError("a class cannot be merged into itself", file=self._store.place)

    def restore(self, revision: int) -> None:
        """Make the dataset what it was at `revision`; the history in between stays."""
        self._flush()
        for table, word in ((schema.classes, "classes"), (schema.samples, "samples"), (schema.segments, "segments")):
            then = alive(table, revision)
            # Rows that lived then and died since come back as copies; rows born since end.
            self.summary[f"{word} removed"] += self._end(table, table.c.added > revision)
            columns = [column for column in table.c if column.name not in ("row", "added", "removed")]
            copies = sql.select(
                *columns, sql.literal(self.revision), sql.literal(schema.ALIVE)
            ).where(then, table.c.removed < self.revision)  # fmt: skip
            names = [*(column.name for column in columns), "added", "removed"]
            number = sql.select(sql.func.count()).select_from(table).where(then, table.c.removed < self.revision)
            self.summary[f"{word} added"] += int(self._connection.execute(number).scalar() or 0)
            self._connection.execute(table.insert().from_select(names, copies))

    # -- inside ----------------------------------------------------------------------------------------

    def finish(self) -> int | None:
        """Write what is pending and the revision itself -> its number, or None when nothing changed."""
        self._flush()
        summary = {name: number for name, number in self.summary.items() if number}
        if not summary and self.parent:
            return None
        self._connection.execute(
            schema.revisions.insert().values(
                id=self.revision,
                parent=self.parent or None,
                author=self._author,
                message=self._message,
                created=datetime.now(UTC).isoformat(timespec="milliseconds"),
                summary=summary,
            )
        )
        return self.revision

    def _insert(self, table: sql.Table, rows: Iterable[dict[str, Any]]) -> None:
        pending = self._pending[table]
        pending += [{**row, "added": self.revision, "removed": schema.ALIVE} for row in rows]
        if len(pending) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        for table, rows in self._pending.items():
            if rows:
                self._connection.execute(table.insert(), rows)
                rows.clear()

    def _end(self, table: sql.Table, where: sql.ColumnElement[bool]) -> int:
        """End living rows. Rows of this very edit are deleted, as they were never in any revision."""
        self._flush()
        living = sql.and_(where, alive(table, None))
        own = self._connection.execute(table.delete().where(living, table.c.added == self.revision)).rowcount
        ended = self._connection.execute(table.update().where(living).values(removed=self.revision)).rowcount
        return own + ended

    def _one(self, table: sql.Table, where: sql.ColumnElement[bool], absent: str = "no such row") -> dict[str, Any]:
        self._flush()
        columns = [column for column in table.c if column.name not in ("row", "added", "removed")]
        found = self._connection.execute(sql.select(*columns).where(where, alive(table, None))).mappings().first()
        if found is None:
            raise UsageError(absent, file=self._store.place)
        return dict(found)

    def _number(self, key: str) -> int | None:
        if key in self._keys:
            return self._keys[key]
        table = schema.samples
        # During a first import there is nothing to look up, and a million look-ups would be felt.
        if self._began_empty is None:
            living = sql.select(table.c.row).where(alive(table, None), table.c.added < self.revision).limit(1)
            self._began_empty = self._connection.execute(living).first() is None
        if self._began_empty:
            return None
        found = self._connection.execute(
            sql.select(table.c.sample).where(table.c.key == key, alive(table, None))
        ).scalar()
        return None if found is None else int(found)

    def _need(self, key: str) -> int:
        number = self._number(key)
        if number is None:
            raise UsageError(f"there is no sample {key!r}", file=self._store.place)
        return number

    def _check_classes(self, segments: Segments, key: str) -> None:
        self._check_class_ids(segments.class_ids.tolist(), key)

    def _check_class_ids(self, class_ids: Sequence[int], key: str) -> None:
        if self._class_ids is None:
            table = schema.classes
            self._class_ids = set(
                self._connection.execute(sql.select(table.c.class_id).where(alive(table, None))).scalars()
            )
        unknown = set(class_ids) - self._class_ids
        if unknown:
            raise DatasetError(
                f"segments have the class id {min(unknown)}, which the dataset does not declare",
                file=self._store.place,
                record=f"sample {key!r}",
                needed=f"declared are {sorted(self._class_ids)[:20]}",
                todo="Declare it with set_classes first.",
            )
