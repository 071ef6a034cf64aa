"""`Dataset`: a database with history."""

import getpass
import re
from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import sqlalchemy as sql

from maskwright import registry
from maskwright.core.classes import Classes
from maskwright.core.columns import SAMPLE, SEQUENCE, Column
from maskwright.core.names import check_name, name_problem, safe_key, shown
from maskwright.errors import DatasetError, UsageError
from maskwright.media.windows import Window
from maskwright.store import bulk_segments, database, display, saved_views, schema, tray
from maskwright.store import connection as opening
from maskwright.store.bulk import BulkChange
from maskwright.store.bulk_segments import Chosen, SegmentsChange
from maskwright.store.declarations import Columns, columns_at
from maskwright.store.edit import Edit
from maskwright.store.revisions import Change, Revision
from maskwright.store.tray import Unfinished
from maskwright.store.vectors import DatasetVectors
from maskwright.store.view import View

if TYPE_CHECKING:
    from maskwright.runs import Run, Runs

_NUMBER = re.compile(r"[0-9]{1,9}")
#: A name, and steps back behind it.
_REVISION = re.compile(r"([^~]*)((?:~(?:[0-9]{1,9})?)*)")


class _OnlyToldError(Exception):
    """Ends an edit that is to leave nothing."""


class Dataset(View):
    """The newest state of a dataset, and its history.

    A dataset is a folder with one database file, or a PostgreSQL URL.  Use it as a context manager, or
    call `close`; everything but its repr raises DatasetError afterwards.  A pickled dataset says where it is, and is
    opened again where it is unpickled.
    """

    @classmethod
    def create(cls, place: str | Path, classes: Classes | None = None, *, author: str | None = None) -> Self:
        """A new dataset, whose first revision declares the classes. Raises DatasetError where one is already."""
        making = database.Making(place)
        with making.filling() as connection:
            edit = Edit(making.database, connection, author or user_name(), "create")
            edit.set_classes(classes or Classes())
            edit.finish()
        return cls(making.database)

    @classmethod
    def open(cls, place: str | Path, *, read_only: bool = False) -> Self:
        """An existing dataset. In a folder that cannot be written to it opens for reading.

        Raises DatasetError for what is not a dataset, is damaged, or was made by a newer version.

        read_only: take no edits, whatever the folder allows.
        """
        return cls(database.open_(place, read_only=read_only))

    @staticmethod
    def exists(place: str | Path) -> bool:
        """Is there something to `open` here? Asks a server when given its URL."""
        if not opening.is_url(place):
            file = opening.database_file(place)
            try:
                if not file.exists() or not file.stat().st_size:
                    return False
            except (OSError, ValueError):
                return False
        try:
            database.open_(place, read_only=True).close()
        except database.EmptyError:
            return False
        except DatasetError:
            # Something is there; opening it says what is wrong.  A server that does not answer says so at once.
            if opening.is_url(place):
                raise
        return True

    @property
    def unfinished(self) -> Unfinished | None:
        """An import into this dataset that was interrupted or is going on; nothing of it is in any revision yet."""
        with self.database.reading() as connection:
            return tray.kept(connection)

    def close(self) -> None:
        """Give the database back; once more does nothing.

        Nothing that was acknowledged waits for this; an edit that is open keeps nothing.
        """
        self.database.close()

    def __enter__(self) -> Self:
        self.database.check_open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def edit(self, message: str, *, author: str | None = None) -> Iterator[Edit]:
        """Change the dataset: everything done in the block becomes one revision, or nothing at all.

        Writers take turns; a second one waits up to a minute.  A block that changes nothing makes no revision.
        """
        with self.database.writing() as connection:
            edit = Edit(self.database, connection, author or user_name(), message, seen=ChainMap({}, self._seen))
            try:
                yield edit
                edit.finish()
            finally:
                edit.end()
        # What was written here is known here.
        self._seen.update(dict.fromkeys(edit.touched, edit.revision))

    @property
    def columns(self) -> Columns:
        """The columns that users declared and those that came with the data; `add` and `drop` change them."""
        self.database.check_open()
        return Columns(self)

    def set_where(
        self, condition: str | Sequence[str], values: Mapping[str, Any], *, dry_run: bool = False,
        author: str | None = None, message: str | None = None,
    ) -> BulkChange:  # fmt: skip
        """Give all samples that fulfil a condition these values, as one revision -> how many, and the first ten.

        Raises UsageError as `Edit.set_where` does; then, and with `dry_run`, nothing is changed.

        condition: as in `where`; "" for all samples; of several each takes what the one before leaves.  values: by
        column; None takes a value away.  dry_run: only tell.  message: of the revision, in place of one that says what
        was done.
        """
        named = ", ".join(f"{name}={value!r}" for name, value in values.items())
        told = message or _told(f"set {named}", condition)
        found: BulkChange | None = None
        with suppress(_OnlyToldError), self.edit(told, author=author) as edit:
            found = edit.set_where(condition, values)
            if dry_run:
                raise _OnlyToldError
        assert found is not None
        return found

    def set_segments_where(
        self, condition: str | Sequence[str], of_segments: str, values: Mapping[str, Any], *, dry_run: bool = False,
        author: str | None = None, message: str | None = None,
    ) -> SegmentsChange:  # fmt: skip
        """Give segments these values, as one revision -> how many change, and the first ten.

        condition: which samples, as in `set_where`.  of_segments: a condition on a single segment, such as
        "class = 'car' and area < 400"; "" for all of those samples.  values: by column: class, by its name; is_crowd,
        source, an attribute of a column that is known; None takes a value away.  dry_run: only tell.  message: of the
        revision, in place of one that says what was done.
        Raises UsageError for what cannot be read or set; then, and with `dry_run`, nothing is changed.
        """
        if dry_run:
            classes = self.classes
            with self.database.reading() as connection:
                columns = columns_at(connection, None, self.database.place)
                known = {(column.owner, column.name): column for column in columns}
                given = bulk_segments.Values(known, classes, values)
                return bulk_segments.set_preview(Chosen(connection, columns, condition, of_segments), given)
        named = ", ".join(f"{name}={value!r}" for name, value in values.items())
        told = message or _told(f"set {named} of segments", of_segments, condition)
        with self.edit(told, author=author) as edit:
            return edit.set_segments_where(condition, of_segments, values)

    def remove_segments_where(
        self, condition: str | Sequence[str], of_segments: str, *, dry_run: bool = False, author: str | None = None,
        message: str | None = None,
    ) -> SegmentsChange:  # fmt: skip
        """Take segments out of samples, as one revision -> how many, and the first ten; the history keeps them.

        condition, of_segments: as in `set_segments_where`; one of them has to say something.  dry_run, message: as
        there.  Raises UsageError for what cannot be read, and where neither condition says anything.
        """
        if dry_run:
            with self.database.reading() as connection:
                return bulk_segments.removal_preview(Chosen(connection, None, condition, of_segments))
        with self.edit(message or _told("remove segments", of_segments, condition), author=author) as edit:
            return edit.remove_segments_where(condition, of_segments)

    def remove_where(
        self, condition: str | Sequence[str], *, dry_run: bool = False, author: str | None = None,
        message: str | None = None,
    ) -> SegmentsChange:  # fmt: skip
        """Take samples and all their segments out of the dataset, as one revision -> how many, and the first ten.

        Images are not touched, and earlier revisions keep the samples: `restore` brings them back.

        condition: as in `set_where`; it has to say something.  dry_run, message: as there.  Raises UsageError for one
        that cannot be read or is empty.
        """
        if dry_run:
            with self.database.reading() as connection:
                return bulk_segments.samples_removal_preview(Chosen(connection, None, condition))
        with self.edit(message or _told("remove samples", condition), author=author) as edit:
            return edit.remove_where(condition)

    def set_from(
        self, file: str | Path, *, key: str | None = None, dry_run: bool = False, author: str | None = None
    ) -> BulkChange:
        """Give samples the values of a CSV file, a row a sample, as one revision -> how many, and the first ten.

        key: the file's column that names the samples; the first one when not given.  dry_run: only tell.
        Columns that are not declared get the kind that all of their cells have.  Raises FormatError and UsageError,
        with the line, for what does not fit; then, and with `dry_run`, nothing is changed.
        """
        from maskwright.store import csv_values

        found: BulkChange | None = None
        with suppress(_OnlyToldError), self.edit(f"values of {Path(file).name}", author=author) as edit:
            found = csv_values.take(edit, file, key=key)
            if dry_run:
                raise _OnlyToldError
        assert found is not None
        return found

    def _sent_revision(self) -> int | None:
        return None  # it follows the newest there, too

    # -- history ---------------------------------------------------------------------------------------

    def log(self, limit: int | None = None, *, before: int | None = None) -> list[Revision]:
        """The revisions, newest first. limit: how many, at most; all of them when None.  before: only older ones."""
        table = schema.revisions
        with self.database.reading() as connection:
            names: dict[int, list[str]] = {}
            for row in connection.execute(sql.select(schema.tags).order_by(schema.tags.c.name)):
                names.setdefault(row.revision, []).append(row.name)
            query = sql.select(table).order_by(table.c.id.desc()).limit(limit)
            if before is not None:
                query = query.where(table.c.id < before)
            return [
                Revision(
                    row.id, row.parent, row.author, row.message, row.created, row.summary, tuple(names.get(row.id, ()))
                )
                for row in connection.execute(query)
            ]

    def resolve(self, revision: int | str) -> int:
        """A revision's number from its number, its tag or "head", and how many before it: "head~2". Raises UsageError.

        As in Git, "head~" is "head~1", and "head~~" and "head~1~" are "head~2".
        """
        text = str(revision)
        found = _REVISION.fullmatch(text)
        name, steps = found.groups() if found else (text, "")
        with self.database.reading() as connection:
            head = self.database.head(connection)
            tag = connection.execute(sql.select(schema.tags.c.revision).where(schema.tags.c.name == name)).scalar()
        number = tag if tag is not None else head if name == "head" else int(name) if _NUMBER.fullmatch(name) else 0
        number -= sum(int(back or 1) for back in steps.split("~")[1:])
        if not 1 <= number <= head:
            raise UsageError(
                f"there is no revision {shown(text)!r}", file=self.database.place,
                needed=f"a number from 1 to {head}, a tag, or head~N", todo="See them with: maskwright log",
            )  # fmt: skip
        return int(number)

    def at(self, revision: int | str) -> View:
        """The dataset as it was, by number, tag, "head" or "head~N" (see `resolve`). Raises UsageError."""
        return View(self.database, self.resolve(revision), seen=self._seen)

    def tag(self, name: str, revision: int | str = "head", *, move: bool = False) -> None:
        """Name a revision. Raises UsageError when the name is taken (unless `move`) or is not a plain word."""
        if (
            not isinstance(name, str)
            or not name
            or name.isdigit()
            or name.lower().startswith("head")
            or set(name) & set(" ~\t\n")
        ):
            raise UsageError(
                f"{shown(name)!r} cannot be a tag", needed="a word without spaces that is not a number and not head"
            )
        name = check_name(name, "a tag's name")
        number = self.resolve(revision)
        with self.database.writing() as connection:
            old = connection.execute(sql.select(schema.tags.c.revision).where(schema.tags.c.name == name)).scalar()
            if old is not None and not move and old != number:
                raise UsageError(f"the tag {name!r} names revision {old}", todo="Move it with --move.")
            connection.execute(schema.tags.delete().where(schema.tags.c.name == name))
            connection.execute(schema.tags.insert().values(name=name, revision=number))

    def tags(self) -> dict[str, int]:
        """The names given to revisions, and the number each stands for."""
        with self.database.reading() as connection:
            return {row.name: row.revision for row in connection.execute(sql.select(schema.tags))}

    # -- conditions that have a name ---------------------------------------------------------------------

    def set_window(self, window: Window | None) -> None:
        """Choose how images are displayed, for everybody; masks and what is learned from are not touched.

        window: None forgets what was chosen, and `window` is measured again.
        """
        with self.database.writing() as connection:
            display.keep(connection, window)

    def keep_window(self) -> Window | None:
        """Settle on the window that was measured, so that further images do not change it -> the window.

        Nothing is written where all images have eight bits, or where one was chosen.
        """
        found = self.window
        if found is not None:
            with self.database.writing() as connection:
                if display.kept(connection) is None:
                    display.keep(connection, found)
        return found

    def save_view(self, name: str, condition: str | Sequence[str] | View, *, author: str | None = None) -> None:
        """Give a condition a name, in place of what it named; then `view(name)` and `where("view('name')")` know it.

        condition: one, several of which each takes what the one before left, or a view of this dataset, of which the
        conditions count and not the revision.  Raises UsageError for one that cannot be read.
        """
        texts = (condition,) if isinstance(condition, str) else condition
        with self.database.writing() as connection:
            conditions = texts.conditions if isinstance(texts, View) else tuple(texts)
            saved_views.save(connection, name, conditions, author or user_name())

    def views(self) -> dict[str, tuple[str, ...]]:
        """The conditions of the saved views, by name."""
        with self.database.reading() as connection:
            return saved_views.listed(connection)

    def view(self, name: str) -> View:
        """What a saved view shows: its conditions over the newest revision. Raises UsageError for an unknown name."""
        with self.database.reading() as connection:
            return View(self.database, None, saved_views.one(connection, name), self._seen)

    def drop_view(self, name: str) -> None:
        """Forget a saved view; conditions that name it cannot be read any more.

        Raises UsageError for an unknown name.
        """
        with self.database.writing() as connection:
            saved_views.drop(connection, name)

    def restore(self, revision: int | str, *, author: str | None = None) -> None:
        """A new revision that equals an old one; nothing of the history is lost."""
        number = self.resolve(revision)
        with self.edit(f"restore revision {number}", author=author) as edit:
            edit.restore(number)

    def diff(self, old: int | str, new: int | str = "head") -> list[Change]:
        """What changed from one revision to another: classes, columns, sequences, samples, segments.

        old, new: a number, a tag, "head" or "head~N".  Raises UsageError for one that is not there.
        """
        a, b = self.resolve(old), self.resolve(new)
        low, high = min(a, b), max(a, b)
        changes: list[Change] = []
        with self.database.reading() as connection:

            def sides(table: sql.Table) -> tuple[list[Any], list[Any]]:
                """Rows only in a, rows only in b; found by the indexes on `added` and `removed`."""
                born = sql.and_(table.c.added > low, table.c.added <= high, table.c.removed > high)
                # Said so that both databases take the index of what ended: few rows end, and all were added once.
                ended = sql.and_(table.c.removed < schema.ALIVE_SQL, table.c.removed > low, table.c.removed <= high)
                died = sql.and_(table.c.added + 0 <= low, ended)
                before = list(connection.execute(sql.select(table).where(died)))
                after = list(connection.execute(sql.select(table).where(born)))
                # A row that a restore brought back is a copy; equal content is not a difference.
                contents = [column.name for column in table.c if column.name not in ("row", "hash", "added", "removed")]

                def content(row: Any) -> str:
                    return repr([getattr(row, name) for name in contents])

                same = {content(row) for row in before} & {content(row) for row in after}
                before = [row for row in before if content(row) not in same]
                after = [row for row in after if content(row) not in same]
                return (before, after) if a <= b else (after, before)

            was, now = (({row.class_id: row for row in side}) for side in sides(schema.classes))
            changes += [
                Change("class", _what(was, now, each_key), (now.get(each_key) or was[each_key]).name, class_id=each_key)
                for each_key in sorted(was.keys() | now.keys())
            ]
            was, now = (({(row.owner, row.name): row for row in side}) for side in sides(schema.columns))
            changes += [Change("column", _what(was, now, name), name[1]) for name in sorted(was.keys() | now.keys())]
            was, now = (({row.name: row for row in side}) for side in sides(schema.sequences))
            changes += [
                Change("sequence", _what(was, now, name), name, values=_values(was.get(name), now.get(name), SEQUENCE))
                for name in sorted(was.keys() | now.keys())
            ]
            was, now = (({row.sample: row for row in side}) for side in sides(schema.samples))
            names = {number: row.key for number, row in {**was, **now}.items()}
            changes += [
                Change(
                    "sample", _what(was, now, number), names[number], values=_values(was.get(number), now.get(number))
                )
                for number in sorted(was.keys() | now.keys())
            ]
            was, now = (({(row.sample, row.segment): row for row in side}) for side in sides(schema.segments))
            both = sorted(was.keys() | now.keys())
            keys = self._keys_of(connection, {sample for sample, _ in both})
            for side in both:
                row, other = now.get(side), was.get(side)
                key = keys[side[0]]
                if row is not None and other is not None:
                    pixels = _differing(other.counts, row.counts)
                else:
                    pixels = int((row or other).area)  # type: ignore[union-attr]
                class_id = int((row or other).class_id)  # type: ignore[union-attr]
                changes.append(Change("segment", _what(was, now, side), key, side[1], class_id, pixels))
        return changes

    def _keys_of(self, connection: sql.Connection, numbers: set[int]) -> dict[int, str]:
        table = schema.samples
        out: dict[int, str] = {}
        ordered = sorted(numbers)
        for at in range(0, len(ordered), 500):
            query = sql.select(table.c.sample, table.c.key).where(table.c.sample.in_(ordered[at : at + 500]))
            out.update((number, key) for number, key in connection.execute(query))
        return out

    @property
    def vectors(self) -> DatasetVectors:
        """Columns of vectors, such as embeddings: written, read and searched by batches."""
        self.database.check_open()
        return DatasetVectors(self)

    # -- runs ------------------------------------------------------------------------------------------

    @property
    def runs(self) -> "Runs":
        """Records of the runs that were made on this dataset, the one that was started last first."""
        return registry.room("runs").Runs.of(self)  # type: ignore[no-any-return]

    def run(self, id: str = "last", *, kind: str | None = None) -> "Run":
        """A run to read and to score, by its id, by the beginning of it, or "last"; kind: only of this kind.

        Raises UsageError for one that is not there, with those that are, and where its revision is gone.
        """
        return registry.room("runs").Run.open(self, id, kind=kind)  # type: ignore[no-any-return]

    def check(self) -> list[str]:
        """What is wrong with rows and history, one sentence each; none is good. `doctor` looks at images too."""
        from maskwright.store import doctor

        self.database.check_open()
        return [str(problem) for problem in doctor.verify(self, images=False).problems]


def _told(what: str, *conditions: str | Sequence[str]) -> str:
    """A revision's message of what was done, and to which samples."""
    texts = [text for given in conditions for text in ((given,) if isinstance(given, str) else given) if text.strip()]
    return shown(f"{what} where {' and '.join(texts) or 'all'}", 500)


def _values(was: Any, now: Any, columns: tuple[Column, ...] = SAMPLE) -> tuple[tuple[str, Any, Any], ...]:
    """Columns of a sample's or a sequence's two rows that differ, with both values; nothing without both rows."""
    if was is None or now is None:
        return ()
    found = [(column.name, getattr(was, column.name), getattr(now, column.name)) for column in columns]
    names = sorted({*was.fields, *now.fields})
    own = [(name, was.fields.get(name), now.fields.get(name)) for name in names]
    told = [*(part for part in found if part[0] != "fields"), *own]
    return tuple(part for part in told if part[1] != part[2])


def _what(was: dict[Any, Any], now: dict[Any, Any], key: Any) -> Any:
    return "changed" if key in was and key in now else "added" if key in now else "removed"


def _differing(before: bytes, after: bytes) -> int:
    """Pixels that one of two masks has and not the other, from their stored run lengths."""
    ends = [np.cumsum(np.frombuffer(counts, "<u4"), dtype=np.int64) for counts in (before, after)]
    # Each end but the last turns a mask on or off; so the two differ from every second end of both to the next.
    turns = np.sort(np.concatenate([*(own[:-1] for own in ends), ends[0][-1:]]))
    return int(turns[1::2].sum() - turns[: len(turns) // 2 * 2 : 2].sum())


def user_name() -> str:
    """The name of whoever runs this program, as an author's name can be."""
    with suppress(Exception):  # no password entry, no USER: containers are like that
        name = safe_key(getpass.getuser()).replace("/", "-").strip(" .-")
        if name_problem(name) is None:
            return name
    return "unknown"
