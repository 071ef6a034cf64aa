"""Samples or segments that were chosen, with values, as Arrow tables: for files that other programs read."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from maskwright.core.arrays import I64
from maskwright.core.columns import Owner
from maskwright.insight.looking import Looking
from maskwright.insight.scatter import Region
from maskwright.store import View
from maskwright.store.value_arrays import ValueArrays

if TYPE_CHECKING:
    import pyarrow as pa


def table_of_samples(looking: Looking, view: View, regions: Sequence[Region], columns: Sequence[str]) -> "pa.Table":
    """A row for each sample that conditions and regions leave, in their order: its key, and its values.

    looking, view, regions: as of `Looking.left`.  columns: expressions, which name the columns; "key" comes by itself.
    Raises UsageError as `Looking.values` does.
    """
    left = looking.left(view, regions)
    numbers = np.array(view.numbers(), np.int64) if left is None else left
    return _table(looking, view.revision, "sample", numbers, None, columns)


def table_of_segments(
    looking: Looking, view: View, regions: Sequence[Region], columns: Sequence[str], order: str | None = None, *,
    descending: bool = False,
) -> "pa.Table":  # fmt: skip
    """A row for each segment that conditions and regions are about: its sample's key, its id, and its values.

    looking, view, regions, order, descending: as of `Looking.segments`.  columns: expressions, which name the columns;
    "key" and "segment" come by themselves.  Raises UsageError as `Looking.values` does.
    """
    found = looking.segments(view, regions, order, descending=descending)
    return _table(looking, view.revision, "segment", found[:, 0], found[:, 1], columns)


def _table(
    looking: Looking, revision: int, owner: Owner, samples: I64, segments: I64 | None, columns: Sequence[str]
) -> "pa.Table":
    import pyarrow as pa

    own = ("key",) if segments is None else ("key", "segment")
    names = [*own, *(name for name in dict.fromkeys(columns) if name not in own)]
    places: I64 | None = None
    out = {}
    for name in names:
        values = looking.values(revision, name, owner)
        if places is None:
            there = _pairs(values.samples, None if segments is None else _ids(looking, revision))
            order = np.argsort(there, kind="stable")
            wanted = _pairs(samples, segments)
            places = order[np.searchsorted(there, wanted, sorter=order)] if wanted.size else np.zeros(0, np.int64)
        out[name] = _column(values, places)
    return pa.table(out)


def _ids(looking: Looking, revision: int) -> I64:
    found = looking.values(revision, "segment", "segment").numbers
    assert found is not None
    return found.astype(np.int64)


def _pairs(samples: I64, segments: I64 | None) -> I64:
    return samples if segments is None else samples * 2**32 + segments


def _column(values: ValueArrays, places: I64) -> "pa.Array":
    import pyarrow as pa

    if values.codes is not None:
        codes = values.codes[places]
        words = pa.array(values.words, pa.string())
        return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), words).cast(pa.string())
    assert values.numbers is not None
    numbers = values.numbers[places]
    missing = np.isnan(numbers)
    if values.kind == "bool":
        return pa.array(numbers > 0, mask=missing)
    if values.kind == "integer":
        return pa.array(np.where(missing, 0, numbers).astype(np.int64), mask=missing)
    return pa.array(numbers, mask=missing)
