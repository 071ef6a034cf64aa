"""Records that cannot be read: set aside while the rest goes on, or named together, the first ten of them.

A reader takes `aside = _aside.current()` when it is called, before it yields anything, and reads what can break alone
through it:

    yield from aside.samples(files, sample_of)       # one sample an item; a broken item is left out
    with aside.record(file, "annotation 7"):         # a part of a sample; what the block raises is put aside
        rows.append(parsed(annotation))
    segments = aside.parts(rows, segments_of, …)      # all parts in one call, one by one only where that breaks

Where records are not to be skipped, nothing is yielded once one is broken: the others are looked at, until ten are
broken or enough were looked at, and one error names them all.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from maskwright.core.foreign import explained, in_place_of
from maskwright.core.names import shown
from maskwright.core.sample import Sample
from maskwright.errors import FormatError
from maskwright.formats._marks import END, Call, Marks, State

#: So many broken records are named at once, of so many that are looked at behind the first.
NAMED, LOOKED_AT = 10, 1000

Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Broken:
    """What could not be read. file, record: where, None where that is not known.  reason: one sentence."""

    file: str | None
    record: str | None
    reason: str

    def __str__(self) -> str:
        place = ": ".join(part for part in (self.file, self.record) if part is not None)
        return f"{place}: {self.reason}" if place else self.reason


@dataclass
class Aside:
    """skip: whether what is broken is left out; without it reading ends with one error.  broken: what was put here."""

    skip: bool = False
    broken: list[Broken] = field(default_factory=list)
    _errors: list[FormatError] = field(default_factory=list)
    _named: FormatError | None = None
    _behind: int = 0
    _gone: int = 0  # of what was broken, whole samples
    _came: bool = False  # a sample
    _found: bool = False  # a segment
    _marks: Marks = field(default_factory=Marks)
    _before: dict[str, Any] | None = None

    def mark(self, samples: int) -> dict[str, Any] | None:
        """How far reading came, JSON-safe; None where a reader does not say it. samples: that it gave."""
        calls = self._marks.told(samples)
        if calls is None or self._errors:
            return None
        broken = [[record.file, record.record, record.reason] for record in self.broken]
        return {"calls": calls, "broken": broken, "gone": self._gone, "came": self._came, "found": self._found}

    def go_on(self, mark: Mapping[str, Any]) -> None:
        """Pass over what was read when `mark` said this."""
        self._marks.known = list(mark["calls"])
        self._before = dict(mark)
        self._came, self._found = mark["came"], mark["found"]

    def _pass_over(self, call: Call, items: Iterator[Any]) -> None:
        """What was read before; what was broken in it is known as well."""
        if self._marks.passed(call, lambda: next(items, END)) and self._before is not None:
            self.broken[:] = [Broken(*record) for record in self._before["broken"]]
            self._gone = self._before["gone"]

    @property
    def _listing(self) -> bool:
        """Whether a place that an error does not name is asked for; a first error alone says how far reading came."""
        return self.skip or bool(self._errors)

    def put(self, error: FormatError) -> None:
        """Set a broken record aside. Raises the error of all of them where records are not skipped and enough broke."""
        place = None if error.file is None else shown(error.file, 300)
        reason = error.found if not error.needed else f"{error.found}; {error.needed}"
        record = None if error.record is None else shown(error.record, 100)
        self.broken.append(Broken(place, record, shown(reason, 500)))
        if not self.skip:
            self._errors.append(error)
            if len(self._errors) >= NAMED:
                self.end()

    def end(self) -> None:
        """Raise the error that names what was broken, where that is not skipped; nothing otherwise."""
        if not self._errors:
            return
        if self._named is None:
            first, *others = self._errors
            if others:
                number = f"{len(self._errors)}{' or more' * (len(self._errors) >= NAMED)}"
                head = f"{number} records cannot be read, this one and:"
                first.others = (head, *(_said(first, error) for error in others))
            skip = "leave such records out with --skip-broken."
            first.todo = f"{first.todo.removesuffix('.')}; or {skip}" if first.todo else skip.capitalize()
            self._named = first
        raise self._named

    def record(self, file: object = None, record: str | None = None, *, whole: bool = False) -> "_Record":
        """What the block raises about the content is put aside. file, record: where, if the error does not say it.

        whole: whether samples are gone with it, and not parts of them.
        """
        return _Record(self, file, record, whole)

    def _broke(self, error: FormatError, file: object, record: str | None, whole: bool) -> bool:
        """Put a record's error aside, if it is not the one that ends everything."""
        if error is self._named:
            return False
        self._gone += whole
        self.put(error.at(file=file, record=record))
        return True

    def parts(
        self, parts: Sequence[Item], read: Callable[[Sequence[Item]], Made], file: object, name: Callable[[Item], str]
    ) -> Made:
        """What `read` makes of all parts together, or of those that it reads alone where it raises FormatError.

        read: is called again then, so what it counts is its result's.  file, name: where a part is, for errors that do
        not name it.  The error of parts that break only together is raised as it is.
        """
        try:
            with explained(None):
                return read(parts)
        except FormatError:
            good = []
            for part in parts:
                with self.record(file, name(part)):
                    read([part])
                    good.append(part)
            if len(good) == len(parts):
                raise
        return read(good)

    def some(self, samples: Iterable[Sample], file: object) -> Iterator[Sample]:
        """The same samples. Raises FormatError behind them where nothing is left of what was broken: no sample, or no
        segment though there were some.
        """
        for sample in samples:
            self._came = True
            self._found = self._found or len(sample.segments) > 0
            yield sample
        parts = len(self.broken) > self._gone
        if self.broken and not self._found and (parts or not self._came):
            raise self.nothing_left(file)

    def nothing_left(self, file: object) -> FormatError:
        """The error that says so. file: the set."""
        number = f"{len(self.broken)} records cannot be read" if len(self.broken) > 1 else "a record cannot be read"
        return FormatError(f"{number}, and nothing is left; the first: {self.broken[0]}", file=shown(file, 300))

    def samples(
        self, items: Iterable[Item], sample_of: Callable[[Item], Sample | None],
        where: Callable[[Item], tuple[object, str | None]] | None = None, *, state: State | None = None,
    ) -> Iterator[Sample]:  # fmt: skip
        """The sample of each item, but for those that are None or broken.

        where: file and record of an item, for errors that do not name them.  state: what `sample_of` remembers of the
        items it had, see `_marks`; items themselves come again when reading is gone on with.
        """
        call = self._marks.begin(state)
        going = iter(items)
        self._pass_over(call, going)
        for item in going:
            call.items += 1
            made: Sample | None = None
            before = len(self.broken)
            with self.record(*(where(item) if where and self._listing else (None, None))):
                made = sample_of(item)
            if made is None:
                self._gone += len(self.broken) - before
            if not self._errors:
                if made is not None:
                    call.samples += 1
                    yield made
                continue
            self._behind += 1
            if self._behind > LOOKED_AT:
                break
        self.end()


class _Record:
    """The block of `Aside.record`: `explained`, and what it makes of an error is put aside."""

    __slots__ = ("_aside", "_file", "_record", "_whole")

    def __init__(self, aside: Aside, file: object, record: str | None, whole: bool) -> None:
        self._aside, self._file, self._record, self._whole = aside, file, record, whole

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if error is None:
            return False
        found = in_place_of(error, self._file, self._record)
        if isinstance(found, FormatError) and self._aside._broke(found, self._file, self._record, self._whole):
            return True
        if found is not error:
            raise found
        return False


def _said(first: FormatError, error: FormatError) -> str:
    """An error behind the first one; the file is named where it is another."""
    place = None if error.file is None or str(error.file) == str(first.file) else shown(error.file, 300)
    return str(Broken(place, error.record, shown(error.found, 200)))


def tried(items: Iterable[Item], read: Callable[[Item], Made]) -> Iterator[Made | None]:
    """What `read` makes of each item, None where it cannot be read: for a look at all of a set before its samples.

    Reading those again says what is wrong with them.
    """
    for item in items:
        made: Made | None = None
        with suppress(FormatError), explained(None):
            made = read(item)
        yield made


def readable(items: Iterable[Item], read: Callable[[Item], Made]) -> Iterator[Made]:
    """The same of the items that can be read."""
    return (made for made in tried(items, read) if made is not None)


_CURRENT: ContextVar[Aside | None] = ContextVar("aside", default=None)


def current() -> Aside:
    """Where the reader that is being called puts broken records."""
    return _CURRENT.get() or Aside()


@contextmanager
def taking(aside: Aside) -> Iterator[None]:
    """Readers that are called meanwhile put broken records there."""
    token = _CURRENT.set(aside)
    try:
        yield
    finally:
        _CURRENT.reset(token)
