"""Second opinions: labels that one person made apart from the shared ones, by revision, in the table `opinions`."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright.core.arrays import I64, Bool
from maskwright.core.names import shown
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.store import checks, hashes, schema, sending
from maskwright.store.database import Database
from maskwright.store.rows import alive, build_segments, damaged, segment_rows
from maskwright.store.view import View

_TABLE = schema.opinions
_CONTENT = [column for column in _TABLE.c if column.name not in ("row", "added", "removed")]
CHUNK = 500  # rows changed at once
#: Name of the sum over all living rows in the table `maskwright`.
DIGEST = "opinions"


def rows(connection: Connection, number: int, author: str, revision: int | None, place: object) -> Sequence[Any]:
    """Somebody's own segments of a sample in a revision, in z-order; none where they made none. None is the newest.

    Raises DatasetError for one that is not what was written.
    """
    own = sql.and_(_TABLE.c.sample == number, _TABLE.c.author == author, alive(_TABLE, revision))
    return sound(connection.execute(sql.select(_TABLE).where(own).order_by(_TABLE.c.z)).all(), place)


def sound(found: Sequence[Any], place: object) -> Sequence[Any]:
    """The rows. Raises DatasetError for one that is not what was written."""
    for row in found:
        if hashes.of_opinion(row._mapping) != row.hash:
            raise damaged(place, f"{row.author}'s segment {row.segment} of sample number {row.sample}")
    return found


def annotators(connection: Connection, revision: int | None) -> list[str]:
    """Who has labels of their own in a revision, in order."""
    query = sql.select(_TABLE.c.author).where(alive(_TABLE, revision)).distinct()
    return sorted(connection.execute(query).scalars())


def digest(connection: Connection) -> tuple[int, int]:
    """How many living rows were written, and the exclusive or of their hashes. Raises ValueError for a damaged sum."""
    meta = schema.meta
    said = connection.execute(sql.select(meta.c.value).where(meta.c.name == DIGEST)).scalar()
    number, together = ("0 0" if said is None else str(said)).split(" ")
    return int(number), int(together)


class Changes:
    """What one edit does to second opinions. summary: counts, as in a revision."""

    def __init__(self, connection: Connection, revision: int) -> None:
        self._connection = connection
        self._revision = revision
        self._number = self._hash = 0
        self._finished: dict[int, set[str]] = {}
        self.summary: Counter[str] = Counter()

    def put(self, number: int, author: str, segments: Segments, place: object) -> None:
        """Make these somebody's own segments of a sample; rows that stay the same are not written."""
        author = checks.author(author)
        before = {row.segment: row for row in rows(self._connection, number, author, None, place)}
        fresh = []
        for drawn in segment_rows(segments, number):
            written = {**drawn, "author": author}
            written["hash"] = hashes.of_opinion(written)
            old = before.get(written["segment"])
            if old is None or old.hash != written["hash"]:
                fresh.append(written)
            else:
                del before[written["segment"]]
        self._end(_TABLE.c.row.in_([row.row for row in before.values()]))
        changed = len({row["segment"] for row in fresh} & before.keys())
        self._insert(fresh)
        self.summary["opinions added"] += len(fresh) - changed
        self.summary["opinions changed"] += changed
        self.summary["opinions removed"] += len(before) - changed

    def say_finished(self, number: int, author: str) -> None:
        """Somebody's own labels of a sample are done, and others see them; written when the edit ends."""
        self._finished.setdefault(number, set()).add(author)

    def remove(self, numbers: Sequence[int]) -> None:
        """End everybody's own segments of some samples."""
        self.summary["opinions removed"] += self._end(_TABLE.c.sample.in_(numbers))

    def merge_class(self, source: int, target: int) -> None:
        """Give the segments of one class to another."""
        own = sql.and_(_TABLE.c.class_id == source, alive(_TABLE, None))
        self.set_class(self._connection.execute(sql.select(_TABLE.c.row).where(own)).scalars().all(), target)

    def set_class(self, places: Sequence[int], class_id: int) -> None:
        """Give segments a class. places: their living rows."""
        for at in range(0, len(places), CHUNK):
            chosen = _TABLE.c.row.in_(places[at : at + CHUNK])
            found = self._connection.execute(sql.select(*_CONTENT).where(chosen)).mappings().all()
            self._end(chosen)
            moved = [{**row, "class_id": class_id} for row in found]
            self._insert([{**row, "hash": hashes.of_opinion(row)} for row in moved])
            self.summary["opinions changed"] += len(moved)

    def restore(self, revision: int) -> None:
        """Make them what they were at `revision`."""
        then = sql.and_(alive(_TABLE, revision), _TABLE.c.removed < self._revision)
        back = self._connection.execute(sql.select(*_CONTENT).where(then)).mappings().all()
        self.summary["opinions removed"] += self._end(_TABLE.c.added > revision)
        self._insert([dict(row) for row in back])
        self.summary["opinions added"] += len(back)

    def uses(self, class_ids: Iterable[int]) -> int | None:
        """A class that is used and is not one of these, if there is one."""
        query = sql.select(_TABLE.c.class_id).where(alive(_TABLE, None), _TABLE.c.class_id.not_in(list(class_ids)))
        found = self._connection.execute(query.limit(1)).scalar()
        return None if found is None else int(found)

    def finish(self, editor: str) -> None:
        """Write the sum over all living rows, and what is finished. editor: whose edit it is."""
        self._say(editor)
        if self._number or self._hash:
            number, together = digest(self._connection)
            meta = schema.meta
            self._connection.execute(meta.delete().where(meta.c.name == DIGEST))
            said = f"{number + self._number} {together ^ self._hash}"
            self._connection.execute(meta.insert().values(name=DIGEST, value=said))

    def _say(self, editor: str) -> None:
        table, now = schema.workflow, datetime.now(UTC).isoformat(timespec="milliseconds")
        for number, people in self._finished.items():
            known = self._connection.execute(
                sql.select(table.c.own_labels, table.c.number).where(table.c.sample == number)
            ).first()
            done = sorted(people | set(known.own_labels if known is not None else ()))
            values = {
                "own_labels": done,
                "number": (known.number if known else 0) + 1,
                "author": editor,
                "changed": now,
            }
            if known is None:
                self._connection.execute(table.insert().values(sample=number, **values))
            elif done != known.own_labels:
                self._connection.execute(table.update().where(table.c.sample == number).values(**values))

    def _insert(self, fresh: Sequence[dict[str, Any]]) -> None:
        if fresh:
            span = {"added": self._revision, "removed": schema.ALIVE}
            self._connection.execute(_TABLE.insert(), [{**row, **span} for row in fresh])
            self._tally(len(fresh), (row["hash"] for row in fresh))

    def _end(self, where: sql.ColumnElement[bool]) -> int:
        """End living rows -> how many. Those of this very edit are deleted, as they were never in any revision."""
        living = sql.and_(where, alive(_TABLE, None))
        gone = self._connection.execute(sql.select(_TABLE.c.hash).where(living)).scalars().all()
        if gone:
            self._connection.execute(_TABLE.delete().where(living, _TABLE.c.added == self._revision))
            self._connection.execute(_TABLE.update().where(living).values(removed=self._revision))
            self._tally(-len(gone), gone)
        return len(gone)

    def _tally(self, number: int, changed: Iterable[int]) -> None:
        self._number += number
        self._hash ^= hashes.together(changed)


class OpinionView(View):
    """A view with one person's own labels in place of the shared ones: the samples on which they have any.

    Conditions choose samples by the shared labels.  annotator: who.
    """

    def __init__(
        self, database: Database, revision: int | None = None, conditions: Sequence[str] = (), *, annotator: str
    ) -> None:
        super().__init__(database, revision, conditions)
        self.annotator: str = annotator

    def _chosen(self, connection: Connection) -> tuple[sql.ColumnElement[bool], list[sql.ColumnElement[Any]]]:
        where, order = super()._chosen(connection)
        own = sql.exists().where(
            _TABLE.c.sample == schema.samples.c.sample, _TABLE.c.author == self.annotator,
            alive(_TABLE, self._revision),
        )  # fmt: skip
        return sql.and_(where, own), order

    @classmethod
    def of(cls, view: View, annotator: str) -> "OpinionView":
        """Of the samples of a view. Raises UsageError for somebody who has no labels of their own in its revision."""
        with view.database.reading() as connection:
            known = annotators(connection, view._revision)
        if annotator not in known:
            names = ", ".join(shown(name, 40) for name in known[:20])
            raise UsageError(
                f"{shown(repr(annotator), 80)} has no labels of their own" + ("" if known else "; nobody has"),
                file=view.database.place, needed=f"one of {names}" if known else None,
            )  # fmt: skip
        return cls(view.database, view._revision, view.conditions, annotator=annotator)

    def where(self, text: str) -> "OpinionView":
        """The samples that also fulfil a condition on the shared labels. Raises UsageError for one it cannot read."""
        return OpinionView(
            self.database, self._revision, super().where(text).conditions, annotator=self.annotator
        )  # fmt: skip

    def class_statistics(self) -> list[dict[str, Any]]:
        """Segments and pixels of each class, in the order of classes; crowd regions are counted apart."""
        found = {
            class_.id: {"id": class_.id, "name": class_.name, "segments": 0, "pixels": 0, "crowds": 0}
            for class_ in self.classes
        }
        for sample in self:
            labels = sample.segments
            for kind, area, crowd in zip(labels.class_ids, labels.masks.areas(), labels.is_crowd, strict=True):
                row: dict[str, Any] = found[int(kind)]
                row["segments"] += 1
                row["pixels"] += int(area)
                row["crowds"] += int(crowd)
        return list(found.values())

    def class_areas(self) -> tuple[I64, I64, I64, Bool]:
        """Of every segment: (S,) sample number, class id, area in pixels, whether it is a crowd; samples in order."""
        rows: list[tuple[int, int, int, bool]] = []
        for number, sample in zip(self.numbers(), self, strict=True):
            labels = sample.segments
            columns = labels.class_ids.tolist(), labels.masks.areas().tolist(), labels.is_crowd.tolist()
            rows += [(number, *row) for row in zip(*columns, strict=True)]
        found = np.array(sorted(rows, key=lambda row: row[0]), np.int64).reshape(-1, 4)
        return found[:, 0].copy(), found[:, 1].copy(), found[:, 2].copy(), found[:, 3] > 0

    def _pinned(self, revision: int) -> "OpinionView":
        return OpinionView(self.database, revision, self.conditions, annotator=self.annotator)

    def _shows(self) -> tuple[object, ...]:
        return *super()._shows(), self.annotator

    def _check_number(self, connection: Connection, found: int) -> None:
        """How many samples somebody labelled is not kept."""

    def _fetch(self, connection: Connection, chunk: list[int]) -> tuple[list[int], list[Sample]]:
        numbers, shared = super()._fetch(connection, chunk)
        own = [rows(connection, number, self.annotator, self._revision, self.database.place) for number in numbers]
        return numbers, [
            sample.with_segments(build_segments(drawn, sample.image.size))
            for sample, drawn in zip(shared, own, strict=True)
        ]

    def __reduce__(self) -> tuple[Any, ...]:
        shared = View(self.database, self.revision, self.conditions)
        return _reopened, (self.annotator, *sending.sent(shared, self.revision))

    def __deepcopy__(self, memo: dict[int, Any]) -> "OpinionView":
        shared = View(self.database, self._revision, self.conditions)
        return _reopened(str(self.annotator), *sending.sent(shared, self._revision))


def _reopened(annotator: str, *parts: Any) -> OpinionView:
    """As `sending.reopened`, of one person's labels."""
    view = sending.reopened(*parts)
    return OpinionView(view.database, view._revision, view.conditions, annotator=annotator)


def view_of(database: Database, revision: int, conditions: Sequence[str], annotator: str | None) -> View:
    """A view of the shared labels, or of one person's."""
    if annotator is None:
        return View(database, revision, conditions)
    return OpinionView(database, revision, conditions, annotator=annotator)
