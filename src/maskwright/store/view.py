"""A dataset seen at one revision, or a part of it."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher, get_close_matches
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np
import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright.core.arrays import I64, Bool
from maskwright.core.classes import Classes
from maskwright.core.columns import Owner
from maskwright.core.names import shown, shown_place
from maskwright.core.sample import Sample
from maskwright.errors import DatasetError, MaskwrightError, UsageError
from maskwright.media.windows import Window
from maskwright.store import about, class_sums, display, hashes, schema, sending
from maskwright.store.conditions.resolve import read
from maskwright.store.conditions.surroundings import Stored
from maskwright.store.conditions.to_sql import Writer
from maskwright.store.database import Database
from maskwright.store.instructions import told
from maskwright.store.rows import alive, build_samples, damaged
from maskwright.store.sequence_rows import Sequences, of_view

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK = 500  # samples read by one query
NAMED = 8  # classes that a repr names
#: What no key holds, and a server does not take.
_UNKNOWN = re.compile("[\\x00\\ud800-\\udfff]")

#: So many keys at most are compared with one that is not there.
_COMPARED = 5_000

REMEMBERED = 200_000  # samples of which it is kept when they were read


class View:
    """Samples of one revision; lazy, nothing is read until asked for.

    They come in the order they were added, or as a condition orders them.  A view trains, exports and evaluates like a
    whole dataset.  revision: None follows the newest.

    `view["train/0001"]` is the sample with that key, `view[3]` the fourth one, `view[-1]` the last, and `view[5:20:2]`
    a list of samples; only those asked for are read, all of one revision.  `key in view` asks for a key.  Two views are
    equal when they show the same revision of the same dataset under the same conditions.  A pickled view says where
    its dataset is and stays at its revision; where it is unpickled, and where it is deep-copied, it opens a database of
    its own.  When its dataset was closed, everything but its repr raises DatasetError.
    """

    #: Whose own labels are shown in place of the shared ones; nobody's.
    annotator: str | None = None

    def __init__(
        self, database: Database, revision: int | None = None, conditions: Sequence[str] = (),
        seen: dict[int, int] | None = None,
    ) -> None:  # fmt: skip
        self.database = database
        self._revision = revision
        self.conditions = tuple(conditions)
        #: Sample number -> the revision in which it was last read here; an edit compares before it writes over it.
        self._seen: dict[int, int] = {} if seen is None else seen

    @property
    def place(self) -> str:
        """Where the dataset is, without a password."""
        return shown_place(self.database.place)

    def __repr__(self) -> str:
        """Place, revision, conditions, number of samples, classes; asks the database, and never raises."""
        parts = [repr(self.place)]
        try:
            view = self.frozen()
            parts.append(f"revision {view.revision}")
            parts += [f"where {shown(text, 200)}" for text in self.conditions]
            number, names = len(view), [shown(kind.name, 40) for kind in view.classes]
            parts.append(f"{number:,} sample{'' if number == 1 else 's'}")
            more = ", …" if len(names) > NAMED else ""
            kinds = f"{len(names)} class{'' if len(names) == 1 else 'es'}"
            parts.append(f"{kinds}: {', '.join(names[:NAMED])}{more}" if names else "no classes")
        except MaskwrightError as error:
            parts.append(error.found)
        return f"{type(self).__name__}({', '.join(parts)})"

    def _shows(self) -> tuple[object, ...]:
        return type(self), self.database.identity, self._revision, self.conditions

    def __eq__(self, other: object) -> bool:
        return self._shows() == other._shows() if isinstance(other, View) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._shows())

    def __reduce__(self) -> tuple[Any, ...]:
        return sending.reopened, sending.sent(self, self._sent_revision())

    def _sent_revision(self) -> int | None:
        """The revision that this shows in another process."""
        return self.revision

    def __copy__(self) -> Self:
        return self.__deepcopy__({})

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """With a database of its own, and what is known here of what was read."""
        again = sending.reopened(*sending.sent(self, self._revision))
        again._seen.update(self._seen)
        return again  # type: ignore[return-value]

    @property
    def revision(self) -> int:
        """The number of the revision this view shows; 0 before the first."""
        self.database.check_open()
        if self._revision is not None:
            return self._revision
        with self.database.reading() as connection:
            return self.database.head(connection)

    def _chosen(self, connection: Connection) -> tuple[sql.ColumnElement[bool], list[sql.ColumnElement[Any]]]:
        """A condition on the table `samples`, and the order of what it leaves.

        Raises UsageError for conditions that say nothing at this revision, such as of a column that was dropped.
        """
        queries = []
        if self.conditions:
            known = Stored(connection, self._revision)
            queries = [read(text, known) for text in self.conditions]
        where, order = Writer(self._revision).selection(queries)
        return where, [*order, schema.samples.c.sample]

    @property
    def classes(self) -> Classes:
        """The classes as this revision declares them. Raises DatasetError for damaged ones."""
        table = schema.classes
        with self.database.reading() as connection:
            found = connection.execute(
                sql.select(table).where(alive(table, self._revision)).order_by(table.c.position)
            ).all()  # fmt: skip
            for row in found:
                if hashes.of_class(row._asdict()) != row.hash:
                    raise damaged(self.database.place, f"class {row.class_id}")
            rows = [row.definition for row in found]
            self._check_classes(connection, [row.hash for row in found])
            try:
                return Classes.from_json(rows)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise damaged(self.database.place, f"classes ({error})") from None

    def _check_classes(self, connection: Connection, found: list[int]) -> None:
        """Raises DatasetError when classes are not found although nothing ended them."""
        table = schema.meta
        said = connection.execute(sql.select(table.c.value).where(table.c.name == "classes")).scalar()
        try:
            revision, number, together = (int(word) for word in str(said).split(" "))
        except ValueError:
            raise damaged(self.database.place, "the sum over its classes") from None
        newest = self._revision is None or self._revision >= revision
        if newest and (number, together) != (len(found), hashes.together(found)):
            raise damaged(self.database.place, "classes")

    @property
    def sequences(self) -> Sequences:
        """The sequences that this view's samples belong to, by name: a video's frames, a volume's slices.

        `view.sequences["street"]` says what is known of it, `view.sequences.samples("street")` is a view of its samples
        in the order of their frames.
        """
        return of_view(self)

    @property
    def instructions(self) -> str:
        """What annotators are told at this revision, as Markdown; empty where they are told nothing.

        Raises DatasetError where it is damaged.
        """
        with self.database.reading() as connection:
            return told(connection, self._revision, self.database.place)

    @property
    def window(self) -> Window | None:
        """How the dataset's images are displayed: what was set, else percentiles over many of its images together.

        None where they have eight bits and nothing was set.  It belongs to the dataset: all its views and revisions
        have the same.
        """
        with self.database.reading() as connection:
            found = display.kept(connection)
        if found is None:
            self.database.measured = display.remeasured(View(self.database), self.database.measured)
            found = self.database.measured.window
        return found

    @property
    def about(self) -> dict[str, Any]:
        """What the files that were imported say of the whole set, by format, as `formats.Reading.about` has it.

        It belongs to the dataset: all its views and revisions have the same.
        """
        with self.database.reading() as connection:
            return about.kept(connection)

    def where(self, text: str) -> "View":
        """The samples that also fulfil a condition, such as "split = 'val' and area < 400".

        text: comparisons over samples and segments, joined by and, or, not; then "order by" and "limit", if wanted;
        see docs/reference/conditions.md.  It takes what this view shows: an order sorts that, a limit cuts it.
        Raises UsageError, with the place of the mistake, for one that cannot be read.
        """
        with self.database.reading() as connection:
            read(text, Stored(connection, self._revision))
        return View(self.database, self._revision, (*self.conditions, text), self._seen)

    def frozen(self) -> "View":
        """The same view, tied to the revision it shows now."""
        return self._pinned(self.revision)

    def _pinned(self, revision: int) -> "View":
        return View(self.database, revision, self.conditions, self._seen)

    def __len__(self) -> int:
        with self.database.reading() as connection:
            where, _ = self._chosen(connection)
            query = sql.select(sql.func.count()).select_from(schema.samples).where(where)
            found = int(connection.execute(query).scalar_one())
            self._check_number(connection, found)
            return found

    def numbers(self) -> list[int]:
        """The samples' internal numbers, which stay the same through all revisions, in the view's order.

        Raises DatasetError when samples are not found although nothing ended them.
        """
        with self.database.reading() as connection:
            where, order = self._chosen(connection)
            query = sql.select(schema.samples.c.sample).where(where).order_by(*order)
            found = list(connection.execute(query).scalars())
            self._check_number(connection, len(found))
            return found

    def _check_number(self, connection: Connection, found: int) -> None:
        """Of all living samples there is a digest; how many lived in an earlier revision is not kept."""
        if self.conditions or (self._revision is not None and self._revision != self.database.head(connection)):
            return
        number = connection.execute(sql.select(sql.func.count()).select_from(schema.digests)).scalar_one()
        if number != found:
            raise damaged(self.database.place, f"the list of samples, {found} of {number}")

    def keys(self) -> list[str]:
        """The samples' keys, in the view's order. Raises DatasetError when samples are missing."""
        with self.database.reading() as connection:
            where, order = self._chosen(connection)
            query = sql.select(schema.samples.c.key).where(where).order_by(*order)
            found = list(connection.execute(query).scalars())
            self._check_number(connection, len(found))
            return found

    def read(self, numbers: Sequence[int]) -> list[Sample]:
        """Samples by number, in the order asked for, all of one revision.

        Raises DatasetError for one that is not in this revision, and for one whose row is damaged.
        """
        self.database.check_open()
        if self._revision is None:
            return self.frozen().read(numbers)
        out: list[Sample] = []
        for at in range(0, len(numbers), CHUNK):
            chunk = [int(number) for number in numbers[at : at + CHUNK]]
            beyond = next((number for number in chunk if not 0 <= number < 2**31), None)
            if beyond is not None:
                raise DatasetError(f"there is no sample number {shown(beyond)}", file=self.database.place)
            with self.database.reading() as connection:
                found = dict(zip(*self._fetch(connection, chunk), strict=True))
            absent = [number for number in chunk if number not in found]
            if absent:
                raise DatasetError(
                    f"sample number {absent[0]} is not in revision {self.revision}", file=self.database.place
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
        columns = [column for column in segments.c if column.name not in ("row", "added", "removed")]
        segment_rows = connection.execute(
            sql.select(*columns)
            .where(segments.c.sample.in_(chunk), alive(segments, self._revision))
            .order_by(segments.c.sample, segments.c.z)
        ).all()
        built = build_samples(sample_rows, segment_rows, self.database.folder, self.database.place)
        self._check_whole(connection, chunk, segment_rows)
        numbers = [row.sample for row in sample_rows]
        assert self._revision is not None
        if len(self._seen) + len(numbers) > REMEMBERED:
            for old in list(self._seen)[: REMEMBERED // 2]:
                self._seen.pop(old, None)
        self._seen.update(dict.fromkeys(numbers, self._revision))
        return numbers, built

    def _check_whole(self, connection: Connection, chunk: list[int], rows: Sequence[Any]) -> None:
        """Raises DatasetError when segments of a sample are not found although nothing ended them."""
        table = schema.digests
        found: dict[int, list[int]] = {}
        for row in rows:
            found.setdefault(row.sample, []).append(row.hash)
        query = sql.select(table).where(table.c.sample.in_(chunk), table.c.revision <= self._revision)
        for digest in connection.execute(query):
            own = found.get(digest.sample, [])
            if len(own) != digest.segments or hashes.together(own) != digest.hash:
                raise damaged(self.database.place, f"segments of sample number {digest.sample}")

    def __iter__(self) -> Iterator[Sample]:
        """All samples of one revision: the one that is the newest when this begins."""
        if self._revision is None:
            yield from self.frozen()
            return
        numbers = self.numbers()
        for at in range(0, len(numbers), CHUNK):
            yield from self.read(numbers[at : at + CHUNK])

    def __reversed__(self) -> Iterator[Sample]:
        """All samples of one revision, the last one first."""
        view = self.frozen()
        numbers = view.numbers()[::-1]
        for at in range(0, len(numbers), CHUNK):
            yield from view.read(numbers[at : at + CHUNK])

    @overload
    def __getitem__(self, key: str | int | np.integer[Any]) -> Sample: ...
    @overload
    def __getitem__(self, key: slice) -> list[Sample]: ...

    def __getitem__(self, key: Any) -> Sample | list[Sample]:
        """One sample by its key or by its position, or a list of samples by a slice of positions.

        Text is a key and a whole number is a position, from 0, or from the end when negative; a sample's internal
        number is neither: see `read`.  Raises UsageError for a key that is not in this view, and for what is none of
        these; IndexError for a position that is not there.
        """
        view = self.frozen()
        if isinstance(key, slice):
            return view.read(view._numbers_at(key))
        if isinstance(key, int | np.integer) and not isinstance(key, bool):
            place = int(key)
            found = view._numbers_at(slice(place, place + 1 or None))
            if not found:
                raise IndexError(f"there is no sample {place} among {len(view)}")
            return view.read(found)[0]
        return view.read([view.number_of(key)])[0]

    def _numbers_at(self, positions: slice) -> list[int]:
        """The internal numbers of the samples at these positions; no others but those between them are asked for."""
        with self.database.reading() as connection:
            where, order = self._chosen(connection)
            query = sql.select(sql.func.count()).select_from(schema.samples).where(where)
            number = int(connection.execute(query).scalar_one())
            self._check_number(connection, number)
            places = range(number)[positions]
            if not places:
                return []
            low, high = min(places[0], places[-1]), max(places[0], places[-1])
            query = sql.select(schema.samples.c.sample).where(where).order_by(*order)
            found = list(connection.execute(query.offset(low).limit(high - low + 1)).scalars())
        if len(found) != high - low + 1:
            raise damaged(self.database.place, f"the list of samples, {low + len(found)} of {number}")
        return [found[place - low] for place in places]

    def __contains__(self, key: object) -> bool:
        """Whether a sample has this key; what is not text is not a key.

        Raises TypeError for a sample, which is not what is asked for, and as a dict does for what has no hash.
        """
        self.database.check_open()
        if isinstance(key, Sample):
            raise TypeError("a dataset is asked by key, not by sample: sample.key in dataset")
        hash(key)
        return isinstance(key, str) and self._number_of(key) is not None

    def number_of(self, key: str) -> int:
        """A sample's internal number. Raises UsageError for a key that is not in this view."""
        self.database.check_open()
        if not isinstance(key, str):
            raise UsageError(
                f"a sample's key is text, not {shown(repr(key), 40)}", file=self.database.place,
                todo="dataset.keys() lists them; a whole number is a position; dataset.read([number]) reads by number.",
            )  # fmt: skip
        number = self._number_of(key)
        if number is None:
            near = self._nearest(key)
            todo = None if near is None else f"Did you mean {shown(near)!r}?"
            raise UsageError(f"there is no sample {shown(key)!r}", file=self.database.place, todo=todo)
        return number

    def _nearest(self, key: str) -> str | None:
        """The key that is most like one that is not there, among those that end alike, else among some; or None."""
        keys = schema.samples.c.key
        key = unicodedata.normalize("NFC", key)
        last = key.rpartition("/")[2]
        if not last or _UNKNOWN.search(key):
            return None
        with self.database.reading() as connection:
            where, _ = self._chosen(connection)
            query = sql.select(keys).where(where).order_by(keys)
            ends = keys.endswith(f"/{last}", autoescape=True)
            found = connection.execute(query.where(ends | (keys == last)).limit(_COMPARED)).scalars().all()
            if found:
                return str(max(found, key=lambda other: SequenceMatcher(None, key, other).ratio()))
            found = connection.execute(query.limit(_COMPARED)).scalars().all()
        return next((str(near) for near in get_close_matches(key, found, n=1)), None)

    def _number_of(self, key: str) -> int | None:
        key = unicodedata.normalize("NFC", key)
        if _UNKNOWN.search(key):  # which no key holds, and a server does not take
            return None
        with self.database.reading() as connection:
            where, _ = self._chosen(connection)
            query = sql.select(schema.samples.c.sample).where(where, schema.samples.c.key == key)
            number = connection.execute(query).scalar()
        return None if number is None else int(number)

    def table(self, owner: Owner = "sample", columns: Sequence[str] | None = None) -> "pa.Table":
        """An Arrow table without masks: one row a sample, or one a segment; `.to_pandas()` makes a DataFrame of it.

        owner: sample or segment.  columns: names, or expressions such as "last.iou"; all of them when None.  Raises as
        `store.tables.table` does, which says more.
        """
        from maskwright.store import tables

        return tables.table(self, owner, columns)

    def splits(self) -> dict[str | None, int]:
        """How many samples each split has."""
        with self.database.reading() as connection:
            where, _ = self._chosen(connection)
            split = schema.samples.c.split
            rows = connection.execute(sql.select(split, sql.func.count()).where(where).group_by(split)).all()
        return {row[0]: row[1] for row in sorted(rows, key=lambda row: str(row[0]))}

    def weights(self) -> dict[int, float]:
        """Sampling weight by sample number, in the view's order."""
        samples = schema.samples
        with self.database.reading() as connection:
            where, order = self._chosen(connection)
            query = sql.select(samples.c.sample, samples.c.weight).where(where).order_by(*order)
            return {row[0]: row[1] for row in connection.execute(query)}

    def class_statistics(self) -> list[dict[str, Any]]:
        """Segments and pixels of each class, in the order of classes; crowd regions are counted apart."""
        segments, samples = schema.segments, schema.samples
        with self.database.reading() as connection:
            if self.conditions:
                where, _ = self._chosen(connection)
                query = (
                    sql.select(
                        segments.c.class_id,
                        sql.func.count(),
                        sql.func.sum(segments.c.area),
                        sql.func.sum(sql.cast(segments.c.is_crowd, sql.Integer)),
                    )
                    .select_from(segments.join(samples, segments.c.sample == samples.c.sample))
                    .where(where, alive(segments, self._revision))
                    .group_by(segments.c.class_id)
                )
                found = {row[0]: class_sums.Sum(*map(int, row[1:])) for row in connection.execute(query)}
            else:
                found = class_sums.at(connection, self._revision)
        none = class_sums.Sum(0, 0, 0)
        return [
            {"id": class_.id, "name": class_.name, **found.get(class_.id, none)._asdict()} for class_ in self.classes
        ]

    def class_areas(self) -> tuple[I64, I64, I64, Bool]:
        """Of every segment: (S,) sample number, class id, area in pixels, whether it is a crowd; samples in order."""
        segments, samples = schema.segments, schema.samples
        with self.database.reading() as connection:
            where, _ = self._chosen(connection)
            query = (
                sql.select(segments.c.sample, segments.c.class_id, segments.c.area, segments.c.is_crowd)
                .select_from(segments.join(samples, segments.c.sample == samples.c.sample))
                .where(where, alive(segments, self._revision))
                .order_by(segments.c.sample, segments.c.z)
            )
            rows = np.array([tuple(row) for row in connection.execute(query)], np.int64).reshape(-1, 4)
        return rows[:, 0].copy(), rows[:, 1].copy(), rows[:, 2].copy(), rows[:, 3] > 0
