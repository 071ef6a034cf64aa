"""What samples or segments say, as arrays: for figures of many of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sql

from maskwright.core.arrays import F64, I64
from maskwright.core.columns import Column, Owner
from maskwright.core.names import shown
from maskwright.errors import UsageError
from maskwright.store import schema
from maskwright.store.conditions import resolved
from maskwright.store.conditions.resolve import expression, group, of_segments
from maskwright.store.conditions.surroundings import Stored
from maskwright.store.conditions.to_sql import Writer
from maskwright.store.rows import alive

if TYPE_CHECKING:
    from maskwright.store.view import View

BATCH = 500

#: What may be another one while the dataset's revision is the same: runs, people's work and saved views have none.
_UNVERSIONED = (resolved.RunValue, resolved.Work, resolved.Member)


@dataclass(frozen=True, eq=False)
class ValueArrays:
    """What the samples of a view say, one value each, or its segments.

    samples: (N,) sample numbers, ascending; of segments each as often as it has some.  numbers: (N,), NaN where a value
    is missing, true as 1 and false as 0; None of words.  words: each once, by their bytes; codes: (N,) places in words,
    -1 where a value is missing; None of numbers.  kind: of the values, as in `core.kinds`.  lasting: whether another
    answer at the same revision is the same one.
    """

    samples: I64
    kind: str
    lasting: bool
    numbers: F64 | None = None
    codes: I64 | None = None
    words: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.samples.size

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it has, about."""
        arrays = (self.samples, self.numbers, self.codes)
        return sum(array.nbytes for array in arrays if array is not None) + sum(map(len, self.words))


def described(view: "View", text: str) -> Column:
    """What an expression such as "count(class = 'car')" is: a column of that name, with its owner and kind.

    A segment owns it where it names what only a segment has.
    Raises UsageError, with the place of the mistake, for what cannot be read, and as `value_arrays` does.
    """
    view = view.frozen()
    with view.database.reading() as connection:
        known = Stored(connection, view.revision)
        owner: Owner = "segment" if of_segments(text, known) else "sample"
        found = expression(Column("value asked for", "json", owner, expression=text, declared=False), known)
    _comparable(text, found.kind)
    kind = "text" if found.kind == "category" else found.kind
    return Column(text, kind, owner, expression=text, declared=False)


def _comparable(name: str, kind: str) -> None:
    if group(kind) not in ("number", "text", "bool"):
        raise UsageError(
            f"{shown(name, 80)!r} is of kind {kind}", needed="numbers, words, or true and false",
            todo="Name a part of it, such as fields.camera.model.",
        )  # fmt: skip


def value_arrays(view: "View", name: str, owner: Owner = "sample", samples: Sequence[int] | None = None) -> ValueArrays:
    """The values of a column, or of an expression such as "last.iou" or "count(class = 'car')".

    owner: sample or segment.  samples: numbers of those that are asked, at most 32,000, where they are there; all
    of the view's when None.
    Raises UsageError for what is neither a column nor an expression, and for values that are neither numbers nor words:
    boxes, points, vectors and what is of several kinds.
    """
    if owner not in ("sample", "segment"):
        raise UsageError(f"there are no values of {shown(owner)!r}", needed="sample or segment")
    view = view.frozen()
    table, segments = schema.samples, schema.segments
    with view.database.reading() as connection:
        known = Stored(connection, view.revision)
        found = expression(Column("value asked for", "json", owner, expression=name, declared=False), known)
        _comparable(name, found.kind)
        writer = Writer(view.revision)
        where, _ = view._chosen(connection)
        of_class = owner == "segment" and isinstance(found, resolved.ClassName)
        if owner == "sample":
            query = sql.select(table.c.sample, writer.value(found, None)).order_by(table.c.sample)
        else:
            # The name of a class is looked up here, once for each class and not once for each segment.
            value = segments.c.class_id if of_class else writer.value(found, segments)
            query = sql.select(segments.c.sample, value).join_from(segments, table, segments.c.sample == table.c.sample)
            query = query.where(alive(segments, view.revision)).order_by(segments.c.sample, segments.c.z)
        query = query.where(where)
        if samples is not None:
            possible = [int(number) for number in samples if 0 <= number < 2**31]
            query = query.where(table.c.sample.in_(possible))
        numbers: list[int] = []
        values: list[Any] = []
        cursor = connection.execute(query).cursor  # rows as the driver makes them: several times as fast
        while rows := cursor.fetchmany(BATCH):
            more_numbers, more_values = zip(*rows, strict=True)
            numbers += more_numbers
            values += more_values
    if of_class:
        values = [known.class_names.get(value) for value in values]
    of_samples = np.array(numbers, np.int64)
    lasting = not any(isinstance(node, _UNVERSIONED) for node in resolved.nodes(found))
    if group(found.kind) == "text":
        words = sorted({value for value in values if value is not None}, key=str.encode)
        places = {word: place for place, word in enumerate(words)}
        codes = np.fromiter((-1 if value is None else places[value] for value in values), np.int64, len(values))
        return ValueArrays(of_samples, found.kind, lasting, codes=codes, words=tuple(words))
    array = np.fromiter((np.nan if value is None else value for value in values), np.float64, len(values))
    return ValueArrays(of_samples, found.kind, lasting, numbers=array)
