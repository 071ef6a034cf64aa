"""One change to a dataset: a transaction that becomes a revision."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

import numpy as np
import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright.core import columns as defined
from maskwright.core.classes import Classes
from maskwright.core.columns import Column, Owner
from maskwright.core.mask import Mask
from maskwright.core.names import shown
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments, without_area
from maskwright.core.sequence import Sequence as SequenceOfSamples
from maskwright.errors import ConflictError, DatasetError, UsageError
from maskwright.media.checksums import Known
from maskwright.store import (
    about,
    bulk,
    bulk_segments,
    checks,
    class_sums,
    hashes,
    instructions,
    merged_classes,
    opinions,
    origin,
    schema,
    sequence_rows,
)
from maskwright.store.bulk import BulkChange, Changed
from maskwright.store.bulk_segments import SegmentsChange
from maskwright.store.conditions.resolve import check_expression, kind_of_expression, read
from maskwright.store.conditions.surroundings import Stored
from maskwright.store.conditions.to_sql import Writer
from maskwright.store.database import Database
from maskwright.store.declarations import EditedColumns
from maskwright.store.migrations import write_class_digest
from maskwright.store.rows import alive, build_segments, damaged, sample_row, segment_rows, stored_uri

T = TypeVar("T")

BATCH = 2000  # rows sent to the database at once
CHUNK = 500  # samples looked up at once

_SEGMENT_COLUMNS = ("z", "counts", *(column.name for column in defined.SEGMENT if column.name != "segment"))
_HASHES = {schema.samples: hashes.of_sample, schema.segments: hashes.of_segment, schema.classes: hashes.of_class}


class _Place(NamedTuple):
    """Where a living row stands: its number, the revision that added it, its hash."""

    row: int
    added: int
    hash: int


# Questions that every edit asks, made once.
_NUMBER = sql.bindparam("number", type_=sql.Integer)
_SAMPLE = sql.select(schema.samples).where(schema.samples.c.sample == _NUMBER, alive(schema.samples, None))
_SIZE = sql.select(schema.samples.c.height, schema.samples.c.width).where(
    schema.samples.c.sample == _NUMBER, alive(schema.samples, None)
)
_SEGMENT = sql.select(schema.segments).where(
    schema.segments.c.sample == _NUMBER, schema.segments.c.segment == sql.bindparam("identity", type_=sql.BigInteger),
    alive(schema.segments, None),
)  # fmt: skip
_BY_KEY = sql.select(schema.samples.c.sample).where(
    schema.samples.c.key == sql.bindparam("key", type_=sql.Text), alive(schema.samples, None)
)
_BEGAN = sql.select(schema.samples.c.row).where(
    alive(schema.samples, None), schema.samples.c.added < sql.bindparam("now", type_=sql.Integer)
).limit(1)  # fmt: skip
_END = {
    table: table.update().where(table.c.row == sql.bindparam("place")).values(removed=sql.bindparam("now"))
    for table in (schema.samples, schema.segments)
}
_CHANGED = sql.bindparam("changed", type_=sql.BigInteger)
_DIGESTS = schema.digests.c
_CHANGE_DIGEST = (
    schema.digests.update()
    .where(_DIGESTS.sample == sql.bindparam("number"))
    .values(
        revision=sql.bindparam("now"), segments=_DIGESTS.segments + sql.bindparam("more"),
        # Databases have no exclusive or in common: it is "either" less "both".
        hash=_DIGESTS.hash.bitwise_or(_CHANGED) - _DIGESTS.hash.bitwise_and(_CHANGED),
    )
)  # fmt: skip


_SETTABLE: dict[str, Callable[[Any], Any]] = {
    "split": checks.split, "weight": checks.weight, "fields": checks.fields, "uri": checks.uri,
    "checksum": lambda value: checks.optional(value, "a checksum"),
    **{column.name: column.check for column in defined.SAMPLE if column.path is None and column.settable},
}  # fmt: skip
_SETTABLE_SEGMENT: dict[str, Callable[[Any], Any]] = {
    "class_id": lambda value: checks.integer(value, "a class id"), "source": checks.source, "score": checks.score,
    "is_crowd": lambda value: checks.flag(value, "is_crowd"),
    "attributes": lambda value: checks.fields(value, "attributes"),
    **{column.name: column.check for column in defined.SEGMENT if column.path is None and column.settable},
}  # fmt: skip


class KeyThereError(UsageError):
    """A sample's key that the dataset has already."""


class Edit:
    """What can be done inside `with dataset.edit("message") as edit:`.

    Only what differs is written: one changed segment is one new row.  All of it becomes one revision when
    the block ends, and none of it if the block raises.
    """

    def __init__(
        self,
        database: Database,
        connection: Connection,
        author: str,
        message: str,
        *,
        seen: MutableMapping[int, int] | None = None,
    ) -> None:
        self._database = database
        self._connection = connection
        self._author = checks.author(author)
        self._message = checks.message(message)
        self._ended = False
        self.parent = database.head(connection)
        self.revision = self.parent + 1
        self.summary: Counter[str] = Counter()
        #: Sample number -> the revision whose segments the caller has seen.
        self._seen: MutableMapping[int, int] = {} if seen is None else seen
        self._pending: dict[sql.Table, list[dict[str, Any]]] = {
            schema.samples: [], schema.segments: [], schema.digests: [],
        }  # fmt: skip
        self._next_sample: int | None = None
        self._images = Known()
        self._keys: dict[str, int] = {}
        self._class_ids: set[int] | None = None
        self._began_empty: bool | None = None
        #: Samples whose segments changed.
        self.touched: set[int] = set()
        #: For their digests, written at the end: segments more or less, and the exclusive or of the hashes that came
        #: and went; or, where many changed in one statement, to be counted anew.
        self._changes: dict[int, tuple[int, int]] = {}
        self._recounted: set[int] = set()
        self._edited_columns: EditedColumns | None = None
        self._opinions = opinions.Changes(connection, self.revision)
        self._sequences = sequence_rows.Changes(connection, self.revision, database.place)

    @property
    def connection(self) -> Connection:
        """The transaction, for what has to be done in it beside the revision."""
        self._check_open()
        return self._connection

    @property
    def place(self) -> object:
        """Where the dataset is, for errors."""
        return self._database.place

    # -- samples ---------------------------------------------------------------------------------------

    def add(self, sample: Sample, *, hash_image: bool = True) -> int:
        """A new sample -> its number.

        hash_image: read a local image for its checksum where the sample has none, by which a changed one is found.
        Raises UsageError for a key that is there already, an undeclared class, and values that cannot be stored.
        """
        self._check_open()
        checks.key(sample.key)
        if sample.key in self._keys or self._number(sample.key) is not None:
            raise KeyThereError(f"there is a sample {shown(sample.key)!r} already", file=self._database.place)
        self._check_classes(sample.segments, sample.key)
        if self._next_sample is None:
            highest = self._connection.execute(sql.select(sql.func.max(schema.samples.c.sample))).scalar()
            self._next_sample = int(highest or 0) + 1
        number = self._next_sample
        if hash_image and sample.image.checksum is None:
            sample = self._images.known(sample)
        row = sample_row(sample, number, self._database.folder)
        rows = _named(sample.key, lambda: segment_rows(sample.segments, number))
        _named(sample.key, lambda: self._take("sample", [row]))
        _named(sample.key, lambda: self._take("segment", rows))
        self._next_sample += 1
        self._keys[sample.key] = number
        self._sequences.sample(row["video"])
        self._insert(schema.samples, [row])
        self._insert(schema.segments, rows)
        digest = {"sample": number, "revision": self.revision, "segments": len(rows),
                  "hash": hashes.together(segment["hash"] for segment in rows)}  # fmt: skip
        self._pending[schema.digests].append(digest)
        self.summary["samples added"] += 1
        self.summary["segments added"] += len(rows)
        self._put_own_labels(sample)
        return number

    def remove(self, key: str) -> None:
        """Take a sample and its segments out of the dataset; earlier revisions keep them."""
        self._check_open()
        self._remove([self._need(key)])

    def set(self, key: str, **values: Any) -> None:
        """Change columns of a sample: split, weight, fields, checksum, uri.

        Raises UsageError for a column that is not one of these, and for a value that cannot be stored.

        values: by column.
        """
        self._check_open()
        unknown = set(values) - set(_SETTABLE)
        if unknown:
            raise UsageError(f"a sample has no settable column {min(unknown)!r}")
        number = self._need(key)
        table = schema.samples
        row, place = self._sample(number)
        checked = _named(key, lambda: {name: _SETTABLE[name](value) for name, value in values.items()})
        if "uri" in checked:
            checked["uri"] = stored_uri(checked["uri"], self._database.folder)
        if "fields" in checked:
            _named(key, lambda: self._take("sample", [checked]))
        changed = {**row, **checked}
        if changed != row:
            self._replace(table, place, changed)
            self._keys[row["key"]] = number  # which a look-up would not find before the row is sent
            self.summary["samples changed"] += 1

    def renew(self, sample: Sample) -> None:
        """Make the sample of this key what this one is; only what differs is written.

        One whose image has another size, or is another frame, takes its place as a new sample.
        """
        self._check_open()
        row, _ = self._sample(self._need(sample.key))
        image = sample.image
        if (row["height"], row["width"], row["video"], row["frame"]) != (*image.size, image.video, image.frame):
            self.remove(sample.key)
            self.add(sample, hash_image=False)
            return
        more = {name: sample.more.get(name, default) for name, default in hashes.SAMPLE_MORE if name in _SETTABLE}
        self.set(
            sample.key, uri=image.uri, checksum=image.checksum, split=sample.split, weight=sample.weight,
            fields=dict(sample.fields), **more,
        )  # fmt: skip
        self.put(sample.key, sample.segments)
        self._put_own_labels(sample)

    def fields(self) -> dict[str, dict[str, Any]]:
        """The fields of all samples by key, as they are inside this edit."""
        self._check_open()
        self._flush()
        table = schema.samples
        found = self._connection.execute(sql.select(table.c.key, table.c.fields).where(alive(table, None)))
        return {row.key: row.fields for row in found}

    def set_fields(self, key: str, changes: Mapping[str, Any]) -> None:
        """Change some of a sample's fields, as they are inside this edit; None takes one out, the others stay.

        changes: by field, JSON-safe.
        """
        self._check_open()
        number = self._need(key)
        fields = {**self._sample(number)[0]["fields"], **changes}
        self.set(key, fields={name: value for name, value in fields.items() if value is not None})

    # -- segments --------------------------------------------------------------------------------------

    def put(self, key: str, segments: Segments, *, base: int | None = None) -> None:
        """Make these the sample's segments; rows that stay the same are not written.

        base: the revision that they were made from.  When not given, it is the one in which this dataset object, or
        this edit, last read the sample.  Raises ConflictError when somebody else changed the segments since then.
        """
        self._check_open()
        self._check_classes(segments, key)
        number = self._need(key)
        table = schema.segments
        self._flush()
        self._check_size(number, segments, key)
        self._check_unchanged(key, number, segments, self._seen.get(number) if base is None else base)
        fresh = _named(key, lambda: segment_rows(segments, number))
        _named(key, lambda: self._take("segment", fresh))
        before = {
            row["segment"]: dict(row)
            for row in self._connection.execute(
                sql.select(table).where(table.c.sample == number, alive(table, None))
            ).mappings()
        }
        for row in fresh:
            old = before.pop(row["segment"], None)
            if old is None:
                self.summary["segments added"] += 1
                self._count(number, 1, row["hash"])
            elif all(old[name] == row[name] for name in _SEGMENT_COLUMNS):
                continue
            else:
                self._end_one(table, _Place(old["row"], old["added"], old["hash"]))
                self.summary["segments changed"] += 1
                self._count(number, 0, old["hash"] ^ row["hash"])
            self._insert(table, [row])
        for old in before.values():
            self._end_one(table, _Place(old["row"], old["added"], old["hash"]))
            self._count(number, -1, old["hash"])
            self.summary["segments removed"] += 1

    def put_opinion(self, key: str, segments: Segments, *, author: str) -> None:
        """Make these one person's own labels of a sample, beside the shared ones; what stays the same is not written.

        Raises UsageError for segments of another size than the image and values that cannot be stored, DatasetError for
        an undeclared class.
        """
        self._check_open()
        self._check_classes(segments, key)
        number = self._need(key)
        self._check_size(number, segments, key)
        attributes = _named(
            key, lambda: [dict(self._columns.take("segment", values)) for values in segments.attributes]
        )  # fmt: skip
        drawn = segments.replace(attributes=attributes)
        _named(key, lambda: self._opinions.put(number, author, drawn, self._database.place))

    def _put_own_labels(self, sample: Sample) -> None:
        """Other people's labels that a sample brings: they are finished."""
        for who, drawn in sample.own_labels.items():
            self.put_opinion(sample.key, drawn, author=who)
            self._opinions.say_finished(self._need(sample.key), who)

    def _check_size(self, number: int, segments: Segments, key: str) -> None:
        size = self._size(number)
        if segments.size != size:
            raise UsageError(
                f"the segments are of size {segments.size}", record=f"sample {shown(key)!r}",
                needed=f"{size}, the image's height and width",
            )  # fmt: skip

    def _check_unchanged(self, key: str, number: int, yours: Segments, base: int | None) -> None:
        if base is None or base >= self.parent:
            return
        table = schema.segments
        newer = sql.and_(
            table.c.sample == number,
            sql.or_(
                sql.and_(alive(table, None), table.c.added > base, table.c.added < self.revision),
                sql.and_(table.c.removed < schema.ALIVE_SQL, table.c.removed > base, table.c.removed < self.revision),
            ),
        )
        found = self._connection.execute(
            sql.select(table.c.added, table.c.removed).where(newer).limit(1)
        ).first()  # fmt: skip
        if found is None:
            return
        theirs = self.segments(key)
        who = self._connection.execute(
            sql.select(schema.revisions.c.author).where(schema.revisions.c.id > base).order_by(schema.revisions.c.id)
        ).scalars()
        raise ConflictError(
            f"the segments were changed since revision {base}, by {', '.join(sorted({shown(name) for name in who}))}",
            file=self._database.place, record=f"sample {shown(key)!r}", base=base, yours=yours, theirs=theirs,
        )  # fmt: skip

    def set_segment(self, key: str, segment: int, *, mask: Mask | None = None, **values: Any) -> None:
        """Change one segment: its mask, class_id, source, score, is_crowd or attributes.

        Raises UsageError for a segment that is not there, a mask of another size than the image, and values that
        cannot be stored.
        """
        self._check_open()
        unknown = set(values) - set(_SETTABLE_SEGMENT)
        if unknown:
            raise UsageError(f"a segment has no settable column {min(unknown)!r}")
        number, identity = self._need(key), checks.identity(segment)
        table = schema.segments
        row, place = self._segment(number, identity, key)
        checked = _named(key, lambda: {name: _SETTABLE_SEGMENT[name](value) for name, value in values.items()})
        if "attributes" in checked:
            _named(key, lambda: self._take("segment", [checked], identity))
        changed = {**row, **checked}
        if mask is not None:
            size = self._size(number)
            if mask.size != size:
                raise UsageError(
                    f"the mask is of size {mask.size}", record=f"sample {shown(key)!r}, segment {identity}",
                    needed=f"{size}, the image's height and width",
                )  # fmt: skip
            same = np.array_equal(mask.counts, np.frombuffer(row["counts"], "<u4"))
            if not same and "geometry" not in values:
                changed["geometry"] = None  # it drew the mask that was there
            if not same and "attributes" not in values:
                changed["attributes"] = without_area(row["attributes"])
            changed["area"] = int(mask.area())
            changed["counts"] = mask.counts.astype("<u4", copy=False).tobytes()
        if changed["class_id"] != row["class_id"]:
            self._check_class_ids([changed["class_id"]], key)
        if changed != row:
            changed["hash"] = hashes.of_segment(changed)
            self._replace(table, place, changed)
            self._count(number, 0, place.hash ^ changed["hash"])
            self.summary["segments changed"] += 1

    def remove_segment(self, key: str, segment: int) -> None:
        """Take one segment out of a sample, by its id. Raises UsageError for a segment that is not there."""
        self._check_open()
        table = schema.segments
        number, identity = self._need(key), checks.identity(segment)
        _, place = self._segment(number, identity, key)
        self._end_one(table, place)
        self._count(number, -1, place.hash)
        self.summary["segments removed"] += 1

    def segments(self, key: str) -> Segments:
        """The sample's segments as they are inside this edit."""
        self._check_open()
        number = self._need(key)
        table = schema.segments
        self._flush()
        rows = self._connection.execute(
            sql.select(table).where(table.c.sample == number, alive(table, None)).order_by(table.c.z)
        ).all()
        size = self._size(number)
        for row in rows:
            if hashes.of_segment(row._asdict()) != row.hash:
                raise damaged(self._database.place, f"segment {row.segment} of sample {shown(key)!r}")
        self._seen[number] = self.parent
        return build_segments(rows, size)

    # -- classes ---------------------------------------------------------------------------------------

    def classes(self) -> Classes:
        """The classes as they are inside this edit."""
        self._check_open()
        table = schema.classes
        query = sql.select(table.c.definition).where(alive(table, None)).order_by(table.c.position)
        return Classes.from_json(self._connection.execute(query).scalars())

    def set_classes(self, classes: Classes) -> None:
        """Make these the dataset's classes. Raises UsageError when segments use one that would vanish."""
        self._check_open()
        table = schema.classes
        self._flush()
        kept = [declared.id for declared in classes]
        orphan = self._connection.execute(
            sql.select(schema.segments.c.class_id)
            .where(alive(schema.segments, None), schema.segments.c.class_id.not_in(kept))
            .limit(1)
        ).scalar()
        if orphan is None:
            orphan = self._opinions.uses(kept)
        if orphan is not None:
            raise UsageError(f"segments still use the class with id {orphan}", file=self._database.place)
        before = {row.class_id: row for row in self._connection.execute(sql.select(table).where(alive(table, None)))}
        for position, definition in enumerate(checks.definition(said) for said in classes.to_json()):
            old = before.pop(definition["id"], None)
            if old is not None and old.definition == definition and old.position == position:
                continue
            if old is not None:
                self._end(table, table.c.row == old.row)
            row = {
                "position": position,
                "class_id": definition["id"],
                "name": definition["name"],
                "definition": definition,
            }
            self._connection.execute(
                table.insert().values(**row, hash=hashes.of_class(row), added=self.revision, removed=schema.ALIVE)
            )
            self.summary["classes changed" if old is not None else "classes added"] += 1
        for old in before.values():
            self._end(table, table.c.row == old.row)
            self.summary["classes removed"] += 1
        self._class_ids = set(kept)

    def set_instructions(self, text: str) -> None:
        """Tell annotators this, as Markdown, in place of what they were told; an empty text tells them nothing.

        Raises UsageError for what is not text, and for more than 20,000 characters.
        """
        self._check_open()
        row = instructions.row_of(text)
        if text == instructions.told(self._connection, None, self._database.place):
            return
        self._end(schema.instructions, instructions.WHOLE)
        if text:
            self._connection.execute(
                schema.instructions.insert().values(**row, added=self.revision, removed=schema.ALIVE)
            )
        self.summary["instructions changed"] += 1

    def merge_class(self, source: int, target: int) -> int:
        """Give the segments of one class to another, and take the emptied class away -> segments that changed.

        Raises UsageError for the same class twice and for one that is not declared.

        source, target: ids of declared classes.
        """
        self._check_open()
        table = schema.segments
        self._check_merge(source, target)
        self._flush()
        own = sql.and_(table.c.class_id == source, alive(table, None))
        # A row's hash speaks of its class, so that rows are written anew.
        changed = self._rewrite(table, self._rows(table, own), lambda row: {**row, "class_id": target})
        self._opinions.merge_class(source, target)
        self._end(schema.classes, schema.classes.c.class_id == source)
        self.summary["classes removed"] += 1
        self._class_ids = None
        return changed

    def take_back_merge(self, revision: int) -> merged_classes.TakenBack:
        """Give objects that a merging of classes moved their class again, and the class its place in the list.

        What it moved is read from the history.  Objects that were changed since, but for their order, stay as they are.
        Raises UsageError for a revision that merged no class, and where another class has the id or the name by now.

        revision: which the merging made.
        """
        self._check_open()
        self._flush()
        merged = merged_classes.read(self._connection, revision, self._database.place)
        source = merged.source.id
        self.set_classes(merged_classes.with_source(self.classes(), merged, self._database.place))
        rows = merged_classes.unchanged(self._connection, schema.segments, revision, source)
        self._rewrite(schema.segments, rows, lambda row: {**row, "class_id": source})
        own = merged_classes.unchanged(self._connection, schema.opinions, revision, source)
        self._opinions.set_class(own, source)
        return merged_classes.outcome(self._connection, revision, source)

    def _check_merge(self, source: int, target: int) -> None:
        table = schema.classes
        known = set(self._connection.execute(sql.select(table.c.class_id).where(alive(table, None))).scalars())
        for class_id in (source, target):
            if class_id not in known:
                raise UsageError(f"there is no class with id {class_id}", file=self._database.place)
        if source == target:
            raise UsageError("a class cannot be merged into itself", file=self._database.place)

    def restore(self, revision: int) -> None:
        """Make the dataset what it was at `revision`; the history in between stays."""
        self._check_open()
        self._flush()
        for table in (schema.samples, schema.segments):
            since = sql.or_(
                table.c.added > revision, sql.and_(table.c.removed < schema.ALIVE_SQL, table.c.removed > revision)
            )
            self._recount(*self._connection.execute(sql.select(table.c.sample).where(since).distinct()).scalars())
        if self._edited_columns is not None:
            self._edited_columns.write()
            self._edited_columns = None
        for table in (
            schema.classes, schema.samples, schema.segments, schema.columns, schema.sequences, schema.instructions,
            schema.vectors,
        ):  # fmt: skip
            word = "blocks of vectors" if table is schema.vectors else table.name
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
        self._opinions.restore(revision)

    # -- sequences -------------------------------------------------------------------------------------

    def add_sequence(self, sequence: SequenceOfSamples) -> None:
        """Declare what is known of a sequence whose samples are there or are added in this edit.

        A sequence that nobody declares is of time, and is there from its first sample to its last one.  Raises
        UsageError for a name that is declared already, values that cannot be stored, and, when the edit ends, for one
        to which no sample belongs.
        """
        self._check_open()
        row = sequence_rows.row_of(sequence)
        if self._sequences.declared(row["name"]) is not None:
            raise UsageError(
                f"there is a sequence {shown(row['name'])!r} already", file=self._database.place,
                todo="Change it with set_sequence.",
            )  # fmt: skip
        self._put_sequence(row)

    def meet_sequence(self, sequence: SequenceOfSamples, *, yielding: bool = False) -> None:
        """Declare what is known elsewhere of a sequence, where nothing or the same is known of it here.

        yielding: leave alone what is declared here.
        Raises UsageError for one that is declared otherwise here, and as `add_sequence` does.
        """
        self._check_open()
        plain = SequenceOfSamples(sequence.name)
        known = self._sequences.declared(sequence.name)
        if known is not None and (yielding or sequence == plain):
            return
        if known is not None and known not in (plain, sequence):
            raise UsageError(
                f"the sequence {shown(sequence.name)!r} is another one in the dataset", file=self._database.place,
                needed=f"what is known there: {shown(known.to_json(), 200)}",
                todo="Import into a dataset of its own, or give the sequence another name.",
            )  # fmt: skip
        self._put_sequence(sequence_rows.row_of(sequence))

    def meet_about(self, said: Mapping[str, Any]) -> list[str]:
        """Keep what files say of the whole set, see `View.about` -> notes on what differs from what is kept, which
        stays.

        said: by format, as `formats.Reading.about` has it.
        """
        self._check_open()
        return about.meet(self._connection, said) if said else []

    def meet_origin(self, found: origin.Origin) -> None:
        """Keep what the dataset was made of in place of what was kept before. found: the files, and how they are."""
        self._check_open()
        origin.keep(self._connection, found)

    def set_sequence(self, name: str, **values: Any) -> None:
        """Change a sequence: axis, spacing, orientation, fields.

        values: by part.  Raises UsageError for a sequence that is not there, a part that cannot be set, and a value
        that cannot be stored.
        """
        self._check_open()
        settable = [column.name for column in defined.SEQUENCE if column.settable]
        unknown = set(values) - set(settable)
        if unknown:
            raise UsageError(f"a sequence has no settable part {min(unknown)!r}", needed=f"of {', '.join(settable)}")
        before = self._sequences.declared(name)
        if before is None:
            self._flush()
            if not self._sequences.living({name}):
                raise UsageError(f"there is no sequence {shown(name)!r}", file=self._database.place)
            before = SequenceOfSamples(name)
        try:
            changed = replace(before, **values)
        except ValueError as error:
            raise UsageError(str(error), file=self._database.place) from None
        self._put_sequence(sequence_rows.row_of(changed))

    def _put_sequence(self, row: dict[str, Any]) -> None:
        if row["fields"]:
            try:
                row["fields"] = dict(self._columns.take("sequence", row["fields"]))
            except UsageError as error:
                raise error.at(record=f"sequence {shown(row['name'])!r}") from None
        self._sequences.put(row)

    # -- columns ---------------------------------------------------------------------------------------

    def columns(self) -> list[Column]:
        """The columns as they are inside this edit: those declared, and those whose kind was taken from values."""
        self._check_open()
        return list(self._columns.columns.values())

    def add_column(self, column: Column) -> Column:
        """Declare a column -> it, of the kind of its expression where it is virtual.

        One that is not `declared` only says which kind values of its name have, and another kind may come in later.

        Values that there are under its name must fit and are stored as the column has them.  Raises UsageError for a
        name that is taken, and, naming the sample, for a value that does not fit.
        """
        self._check_open()
        self._flush()
        if column.virtual:
            if column.kind == "json":
                column = replace(column, kind=kind_of_expression(column, self.columns()))
            check_expression(column, self.columns())
        with self._columns.kept():
            self._columns.declare(column)
            self._rewrite_values(
                column.owner, column.name, lambda values: dict(self._columns.take(column.owner, values))
            )
        return column

    def drop_column(self, name: str, owner: Owner = "sample") -> None:
        """Take a column and all its values out of this revision. Raises UsageError for one that is not there.

        owner: what has it, sample, segment or sequence.
        """
        self._check_open()
        with self._columns.kept():
            column = self._columns.drop(owner, name)
            for other in self.columns():
                if other.virtual:
                    try:
                        check_expression(other, self.columns())
                    except UsageError:
                        raise UsageError(
                            f"the column {shown(other.name)!r} is computed from {shown(name)!r}",
                            file=self._database.place, todo="Drop that one first.",
                        ) from None  # fmt: skip
        if column.kind == "vector":
            table = schema.vectors
            own = sql.and_(table.c.run == "", table.c.owner == owner, table.c.name == name)
            self.summary["blocks of vectors removed"] += self._end(table, own)
        else:
            self._rewrite_values(
                owner, name, lambda values: {other: value for other, value in values.items() if other != name}
            )

    def set_where(self, condition: str | Sequence[str], values: Mapping[str, Any]) -> BulkChange:
        """Give all samples that fulfil a condition these values -> how many changed, and the first of them.

        condition: as in `where`, of the samples as they are inside this edit; "" for all of them; of several each takes
        what the one before leaves.  values: by column:
        split, weight, a user's own; None takes a value away.  Raises UsageError for a column that is not there or
        cannot be set, and for a value that it does not take.
        """
        self._check_open()
        change = bulk.change_of(self._columns.columns, values)
        self._flush()
        first: list[Changed] = []

        def changed(row: dict[str, Any]) -> dict[str, Any]:
            after = change(row)
            if after != row and len(first) < bulk.SHOWN:
                first.append(bulk.compared(row, after, values))
            return after

        known = Stored(self._connection, None, self.columns())
        texts = (condition,) if isinstance(condition, str) else condition
        queries = [read(text, known) for text in texts if text.strip()]
        matching, order = Writer(None).selection(queries)
        rows = self._rows(schema.samples, matching, [*order, schema.samples.c.sample])
        return BulkChange(len(rows), self._rewrite(schema.samples, rows, changed), tuple(first))

    def set_segments_where(
        self, condition: str | Sequence[str], of_segments: str, values: Mapping[str, Any]
    ) -> SegmentsChange:
        """Give segments these values -> how many changed, and the first of them.

        condition: which samples, as in `set_where`.  of_segments: a condition on a single segment; "" for all.
        values: by column: class, by its name; is_crowd, source, an attribute of a user's column; None takes a value
        away.  Raises UsageError as `set_where` does, and for a class that is not declared.
        """
        self._check_open()
        given = bulk_segments.Values(self._columns.columns, self.classes(), values)
        self._flush()
        chosen = bulk_segments.Chosen(self._connection, self.columns(), condition, of_segments)
        found = bulk_segments.set_preview(chosen, given)
        self._rewrite(schema.segments, chosen.rows(given.differ()), given.change)
        return found

    def remove_segments_where(self, condition: str | Sequence[str], of_segments: str) -> SegmentsChange:
        """Take segments out of samples -> how many, and the first of them; earlier revisions keep them.

        condition, of_segments: as in `set_segments_where`; one of them has to say something.  Raises UsageError for
        what cannot be read, and where neither does.
        """
        self._check_open()
        self._flush()
        chosen = bulk_segments.Chosen(self._connection, self.columns(), condition, of_segments)
        found = bulk_segments.removal_preview(chosen)
        rows, table = chosen.rows(), schema.segments
        for at in range(0, len(rows), CHUNK):
            own = table.c.row.in_(rows[at : at + CHUNK])
            self._recount(*self._connection.execute(sql.select(table.c.sample).where(own).distinct()).scalars())
            self.summary["segments removed"] += self._end(table, own)
        return found

    def remove_where(self, condition: str | Sequence[str]) -> SegmentsChange:
        """Take samples and their segments out of the dataset -> how many, and the first of the samples.

        Earlier revisions keep them.  condition: as in `set_where`; it has to say something.  Raises UsageError for one
        that cannot be read or is empty.
        """
        self._check_open()
        self._flush()
        chosen = bulk_segments.Chosen(self._connection, self.columns(), condition)
        found = bulk_segments.samples_removal_preview(chosen)
        table = schema.samples
        self._remove(list(self._connection.execute(sql.select(table.c.sample).where(chosen.samples)).scalars()))
        return found

    def _remove(self, numbers: Sequence[int]) -> None:
        """End samples, their segments and everybody's own labels of them."""
        self._flush()
        samples, segments = schema.samples, schema.segments
        for at in range(0, len(numbers), CHUNK):
            chunk = list(numbers[at : at + CHUNK])
            own = samples.c.sample.in_(chunk)
            query = sql.select(samples.c.key, samples.c.video).where(own, alive(samples, None))
            for key, video in self._connection.execute(query):
                self._sequences.sample(video)
                self._keys.pop(key, None)
            self.summary["samples removed"] += self._end(samples, own)
            self.summary["segments removed"] += self._end(segments, segments.c.sample.in_(chunk))
            self._opinions.remove(chunk)
            self._recount(*chunk)

    def _key(self, number: int) -> str:
        return str(self._sample(number)[0]["key"])

    def _rewrite_values(self, owner: Owner, name: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Change the values of all samples, segments or sequences that have one of this name."""
        if owner == "sequence":
            for sequence in sequence_rows.declared_at(self._connection, None, self._database.place).values():
                if sequence.fields.get(name) is not None:
                    try:
                        fields = change(dict(sequence.fields))
                    except UsageError as error:
                        raise error.at(record=f"sequence {shown(sequence.name)!r}") from None
                    self._sequences.put(sequence_rows.row_of(replace(sequence, fields=fields)))
            return
        table = schema.samples if owner == "sample" else schema.segments
        part = "fields" if owner == "sample" else "attributes"

        def changed(row: dict[str, Any]) -> dict[str, Any]:
            try:
                return {**row, part: change(row[part])}
            except UsageError as error:
                key = row["key"] if owner == "sample" else self._key(row["sample"])
                more = "" if owner == "sample" else f", segment {row['segment']}"
                raise error.at(record=f"sample {shown(key)!r}{more}") from None

        having = sql.and_(table.c[part][name].as_string().is_not(None), alive(table, None))
        self._rewrite(table, self._rows(table, having), changed)

    @property
    def _columns(self) -> EditedColumns:
        if self._edited_columns is None:
            self._edited_columns = EditedColumns(self._connection, self.revision, self._database.place)
        return self._edited_columns

    def _take(self, owner: Owner, rows: Iterable[dict[str, Any]], identity: int | None = None) -> None:
        """Check the rows' own values against the columns, and remember new ones. identity: of a single segment."""
        part = "fields" if owner == "sample" else "attributes"
        for row in rows:
            if row[part]:
                try:
                    taken = self._columns.take(owner, row[part])
                except UsageError as error:
                    segment = row.get("segment", identity)
                    raise error if owner == "sample" else error.at(record=f"segment {segment}") from None
                if taken is not row[part]:
                    row[part] = taken
                    if "hash" in row:
                        row["hash"] = (hashes.of_sample if owner == "sample" else hashes.of_segment)(row)

    # -- inside ----------------------------------------------------------------------------------------

    def finish(self) -> int | None:
        """Write what is pending and the revision itself -> its number, or None when nothing changed."""
        self._check_open()
        self._flush()
        self._sum_up()
        class_sums.write(self._connection, self.revision)
        self.summary.update(self._sequences.finish())
        if self._edited_columns is not None:
            inferred = any((self.summary + self._opinions.summary).values())
            self.summary.update(self._edited_columns.write(inferred=inferred))
        self._opinions.finish(self._author)
        summary = {name: number for name, number in (self.summary + self._opinions.summary).items() if number}
        if any(name.startswith("classes ") for name in summary) or not self.parent:
            write_class_digest(self._connection, self.revision)
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

    def end(self) -> None:
        """Nothing can be changed through this edit any more."""
        self._ended = True

    def _check_open(self) -> None:
        """Raises DatasetError when the dataset was closed, UsageError when this edit is over."""
        self._database.check_open()
        if self._ended:
            raise UsageError(
                "this edit has ended", file=self._database.place, todo="Begin another: with dataset.edit(…) as edit:"
            )

    def _sum_up(self) -> None:
        """Write the digests of the samples whose segments changed."""
        table, digests = schema.segments, schema.digests
        changes = [
            {"number": number, "now": self.revision, "more": more, "changed": changed}
            for number, (more, changed) in self._changes.items() if number not in self._recounted
        ]  # fmt: skip
        if changes:
            self._connection.execute(_CHANGE_DIGEST, changes)
        ordered = sorted(self._recounted)
        for at in range(0, len(ordered), CHUNK):
            chunk = ordered[at : at + CHUNK]
            found: dict[int, list[int]] = {number: [] for number in chunk}
            query = sql.select(table.c.sample, table.c.hash).where(table.c.sample.in_(chunk), alive(table, None))
            for number, value in self._connection.execute(query):
                found[number].append(value)
            living = set(
                self._connection.execute(
                    sql.select(schema.samples.c.sample).where(
                        schema.samples.c.sample.in_(chunk), alive(schema.samples, None)
                    )
                ).scalars()
            )
            self._connection.execute(digests.delete().where(digests.c.sample.in_(chunk)))
            rows = [
                {"sample": number, "revision": self.revision, "segments": len(values), "hash": hashes.together(values)}
                for number, values in found.items() if number in living
            ]  # fmt: skip
            if rows:
                self._connection.execute(digests.insert(), rows)

    def _recount(self, *numbers: int) -> None:
        self.touched.update(numbers)
        self._recounted.update(numbers)

    def _insert(self, table: sql.Table, rows: Iterable[dict[str, Any]]) -> None:
        """Rows of `segment_rows` and `sample_row` have their hash; changed ones come without."""
        span = {"added": self.revision, "removed": schema.ALIVE}
        pending = self._pending[table]
        pending += [{**row, **span} if "hash" in row else {**row, "hash": _HASHES[table](row), **span} for row in rows]
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

    def _rows(self, table: sql.Table, where: sql.ColumnElement[bool], order: Sequence[Any] = ()) -> list[int]:
        """The numbers of the rows for which this holds."""
        self._flush()
        return list(self._connection.execute(sql.select(table.c.row).where(where).order_by(*order)).scalars())

    def _rewrite(
        self, table: sql.Table, rows: Sequence[int], change: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> int:
        """Write living rows of samples or segments anew, as `change` makes them -> how many differ from before."""
        changed = 0
        for at in range(0, len(rows), CHUNK):
            chunk = rows[at : at + CHUNK]
            query = sql.select(table).where(table.c.row.in_(chunk))
            found = {row["row"]: dict(row) for row in self._connection.execute(query).mappings()}
            ended, fresh = [], []
            for place in chunk:
                row = {name: value for name, value in found[place].items() if name not in ("row", "added", "removed")}
                before = self._sound(table, row)
                after = change(before)
                if after != before or repr(after) != repr(before):  # 1 and 1.0 are equal, and not the same
                    ended.append(place)
                    fresh.append(after)
            if ended:
                self._end(table, table.c.row.in_(ended))
            self._insert(table, fresh)
            changed += len(fresh)
            if table is schema.segments:
                self._recount(*(row["sample"] for row in fresh))
        self._flush()
        self.summary[f"{table.name} changed"] += changed
        return changed

    def _sample(self, number: int) -> tuple[dict[str, Any], "_Place"]:
        return self._living(schema.samples, _SAMPLE, {"number": number})

    def _segment(self, number: int, identity: int, key: str) -> tuple[dict[str, Any], "_Place"]:
        absent = f"sample {shown(key)!r} has no segment {identity}"
        return self._living(schema.segments, _SEGMENT, {"number": number, "identity": identity}, absent)

    def _size(self, number: int) -> tuple[int, int]:
        self._flush()
        height, width = self._connection.execute(_SIZE, {"number": number}).one()
        return int(height), int(width)

    def _living(
        self, table: sql.Table, question: sql.Select[Any], values: dict[str, Any], absent: str = "no such row"
    ) -> tuple[dict[str, Any], "_Place"]:
        """A living row's content, and where it stands. Raises DatasetError for a damaged one."""
        self._flush()
        found = self._connection.execute(question, values).mappings().first()
        if found is None:
            raise UsageError(absent, file=self._database.place)
        row = dict(found)
        place = _Place(row.pop("row"), row.pop("added"), row["hash"])
        del row["removed"]
        return self._sound(table, row), place

    def _sound(self, table: sql.Table, found: Mapping[str, Any]) -> dict[str, Any]:
        """A row without its hash. Raises DatasetError when it is not what was written: it must not be written again."""
        row = dict(found)
        if row.pop("hash") != _HASHES[table](row):
            raise damaged(self._database.place, f"{table.name}, sample number {row['sample']}")
        return row

    def _replace(self, table: sql.Table, place: "_Place", changed: dict[str, Any]) -> None:
        """End a living row, and write another in its stead."""
        self._end_one(table, place)
        self._insert(table, [changed])

    def _end_one(self, table: sql.Table, place: "_Place") -> None:
        """A row of this very edit is deleted, as it was never in any revision."""
        if place.added == self.revision:
            self._connection.execute(table.delete().where(table.c.row == place.row))
        else:
            self._connection.execute(_END[table], {"place": place.row, "now": self.revision})

    def _count(self, number: int, segments: int, changed: int) -> None:
        """Remember for a sample's digest: so many segments more, and this exclusive or of hashes that came and went."""
        self.touched.add(number)
        before = self._changes.get(number, (0, 0))
        self._changes[number] = before[0] + segments, before[1] ^ changed

    def _number(self, key: str) -> int | None:
        if key in self._keys:
            return self._keys[key]
        if not isinstance(key, str) or "\0" in key:
            return None  # no key is like that, and a server does not take it
        # During a first import there is nothing to look up, and a million look-ups would be felt.
        if self._began_empty is None:
            self._began_empty = self._connection.execute(_BEGAN, {"now": self.revision}).first() is None
        if self._began_empty:
            return None
        found = self._connection.execute(_BY_KEY, {"key": key}).scalar()
        return None if found is None else int(found)

    def _need(self, key: str) -> int:
        number = self._number(key)
        if number is None:
            raise UsageError(f"there is no sample {key!r}", file=self._database.place)
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
                file=self._database.place,
                record=f"sample {key!r}",
                needed=f"declared are {sorted(self._class_ids)[:20]}",
                todo="Declare it with set_classes first.",
            )


def _named(key: str, work: Callable[[], T]) -> T:
    """What `work` makes; its complaints name the sample."""
    try:
        return work()
    except UsageError as error:
        record = f"sample {shown(key)!r}"
        error.record = record if error.record is None else f"{record}, {error.record}"
        raise
