"""A map as a page draws it: points, what each is, and values by which they are coloured."""

from dataclasses import dataclass

import numpy as np

from maskwright.core.arrays import I64, Array
from maskwright.core.columns import Owner
from maskwright.core.names import shown
from maskwright.errors import UsageError
from maskwright.insight.embedding import MAP
from maskwright.insight.looking import Looking
from maskwright.store import Vectors, View


@dataclass(frozen=True)
class MapColumn:
    """A column of two numbers that can be drawn.  vectors: the column that it is a map of; None where that is gone."""

    name: str
    owner: Owner
    vectors: str | None


@dataclass(frozen=True, eq=False)
class Points:
    """samples: (N,) int64 numbers.  segments: (N,) int64 ids; None for a map of samples.

    places: (N, 2) float32 from -1 to 1, the middle of the whole at 0, both axes by the same scale.
    """

    samples: I64
    segments: I64 | None
    places: Array


def maps(view: View) -> list[MapColumn]:
    """The maps of a view's revision, in the order they were made: columns of two numbers."""
    columns = Vectors(view).columns()
    there = {(column.name, column.owner) for column in columns}
    return [
        MapColumn(column.name, column.owner, base if (base, column.owner) in there else None)
        for column in columns
        if column.length == 2
        for base in [column.name.removesuffix(MAP) if column.name.endswith(MAP) else ""]
    ]


def points(view: View, name: str, owner: Owner) -> Points:
    """All points of a map, in the order of their samples; (0, 2) places where there are none.

    name, owner: as of `maps`.  Raises UsageError for a column that is not a map.
    """
    if (name, owner) not in {(found.name, found.owner) for found in maps(view)}:
        there = ", ".join(f"{found.name} of {found.owner}s" for found in maps(view)) or "none"
        raise UsageError(f"there is no map {shown(repr(name), 80)} of {owner}s", needed=f"there are: {there}")
    batches = list(Vectors(view).batches(name, owner=owner))
    empty = np.zeros(0, np.int64)
    samples = np.concatenate([empty, *(batch.samples for batch in batches)])
    segments = None
    if owner == "segment":
        segments = np.concatenate([empty, *(batch.segments for batch in batches if batch.segments is not None)])
    places = np.concatenate([np.zeros((0, 2), np.float32), *(batch.values.astype(np.float32) for batch in batches)])
    if len(places):
        low, high = places.min(0), places.max(0)
        half = max(float((high - low).max()) / 2, 1e-12)
        places = ((places - (low + high) / 2) / np.float32(half)).astype(np.float32)
    return Points(samples, segments, places)


@dataclass(frozen=True, eq=False)
class PointValues:
    """values: (N,) float32, NaN where one is missing; of words their places in `words`, which is None of numbers."""

    values: Array
    words: tuple[str, ...] | None


def values_of(looking: Looking, revision: int, found: Points, name: str, owner: Owner) -> PointValues:
    """What each point says, NaN where it says nothing.

    looking: at the points' dataset.  revision: at which it is asked.  found: the points, N of them.  name: a column or
    an expression.  owner: whose it is; segments say what their sample says.
    Raises UsageError as `Looking.values` does, and for segments' values of a map of samples.
    """
    if owner == "segment" and found.segments is None:
        raise UsageError(f"{shown(name, 80)!r} is a value of segments", needed="one of samples, as the map is of them")
    said = looking.values(revision, name, owner)
    array = said.numbers if said.codes is None else np.where(said.codes < 0, np.nan, said.codes)
    assert array is not None
    if owner == "sample":
        there, wanted = said.samples, found.samples
    else:
        ids = looking.values(revision, "segment", "segment").numbers
        assert ids is not None
        assert found.segments is not None
        there, wanted = _joined(said.samples, ids.astype(np.int64)), _joined(found.samples, found.segments)
    order = np.argsort(there, kind="stable")
    out = np.full(len(wanted), np.nan, np.float32)
    if len(there):
        place = np.minimum(np.searchsorted(there, wanted, sorter=order), len(there) - 1)
        hit = there[order[place]] == wanted
        out[hit] = array[order[place[hit]]]
    return PointValues(out, said.words if said.codes is not None else None)


def _joined(samples: I64, segments: I64) -> Array:
    """Each pair as one value that sorts."""
    pairs = np.empty(len(samples), np.dtype([("sample", "<i8"), ("segment", "<i8")]))
    pairs["sample"], pairs["segment"] = samples, segments
    return pairs
