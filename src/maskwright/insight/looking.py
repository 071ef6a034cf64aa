"""A dataset as it is looked at: choices and values, of which the last asked for are kept."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from maskwright.core.arrays import I64, Bool
from maskwright.core.columns import Owner
from maskwright.errors import UsageError
from maskwright.insight.charts import BINS, NumberBars, WordBars, bars
from maskwright.insight.scatter import Region, Scatter, inside, numbers_of, scatter
from maskwright.store import Dataset, View
from maskwright.store.segment_choice import chosen_segments
from maskwright.store.value_arrays import ValueArrays, value_arrays

#: Bytes that values which are kept may have together.
MOST_BYTES = 400_000_000


class Looking:
    """Asks of one dataset by many short questions.

    Values that only the revision decides are kept between them.  Those of runs, states and assignees change within a
    revision: they are asked for anew each time.  May be used by several threads.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._kept: OrderedDict[tuple[int, Owner, str], ValueArrays] = OrderedDict()
        self._lock = threading.Lock()

    def view(self, conditions: Sequence[str], revision: int | None = None) -> View:
        """The samples that conditions leave, each of what the one before left; empty ones are passed over.

        revision: the newest when None.  Raises UsageError for a condition that cannot be read.
        """
        view = self._dataset.at(self._dataset.revision if revision is None else revision)
        for text in conditions:
            view = view.where(text) if text.strip() else view
        return view

    def left(self, view: View, regions: Sequence[Region] = ()) -> I64 | None:
        """(K,) numbers of the samples that a view has and that lie in all regions, in the view's order.

        A sample lies in a region of segments where one of its segments does.  None where nothing is asked: all of them.
        Raises UsageError as `value_arrays` does, for words, and for a polygon of less than three corners.
        """
        if not view.conditions and not regions:
            return None
        numbers = np.array(view.numbers(), np.int64)
        for region in regions:
            where = self.within(view.revision, region)
            numbers = numbers[np.isin(numbers, self.values(view.revision, region.x, region.owner).samples[where])]
        return numbers

    def within(self, revision: int, region: Region) -> Bool:
        """(N,) which of all samples, or of all segments, lie in a region. Raises UsageError as `left` does."""
        if region.polygon.shape[0] < 3:
            raise UsageError(f"a region has {region.polygon.shape[0]} corners", needed="three at least")
        x, y = (numbers_of(self.values(revision, name, region.owner), name) for name in (region.x, region.y))
        return inside(x, y, region.polygon)

    def segments(
        self, view: View, regions: Sequence[Region] = (), order: str | None = None, *, descending: bool = False
    ) -> I64:
        """(K, 2) sample number and segment id of the segments that a view's conditions and regions are about.

        A region of samples has all segments of what lies in it, a region of segments those that do.
        order: an expression whose values sort them, missing ones last, equal ones as they were; descending: the largest
        first.  Raises UsageError as `left` does.
        """
        found = chosen_segments(view)
        numbers = self.values(view.revision, "segment", "segment")
        everything = _keys(numbers.samples, numbers_of(numbers, "segment").astype(np.int64))
        for region in regions:
            where = self.within(view.revision, region)
            if region.owner == "segment":
                found = found[np.isin(_keys(found[:, 0], found[:, 1]), everything[where])]
            else:
                of = self.values(view.revision, region.x).samples
                found = found[np.isin(found[:, 0], of[where])]
        if order is None or not found.size:
            return found
        sorted_by = self.values(view.revision, order, "segment")
        by_key = np.argsort(everything)
        places = by_key[np.searchsorted(everything, _keys(found[:, 0], found[:, 1]), sorter=by_key)]
        if sorted_by.numbers is not None:
            said = sorted_by.numbers[places]
        else:
            assert sorted_by.codes is not None
            said = np.where(sorted_by.codes < 0, np.nan, sorted_by.codes)[places]
        return found[np.argsort(-said if descending else said, kind="stable")]

    def scatter(
        self, revision: int, x: str, y: str, owner: Owner, *, colour: str | None = None, chosen: I64 | None = None
    ) -> Scatter:
        """Two values of all samples, or of all segments, as points.

        x, y: expressions of numbers.  owner: sample or segment.  colour: an expression of words.
        chosen: (K,) sample numbers; all of them when None.
        Raises UsageError as `value_arrays` does, for words as places, and for numbers as colours.
        """
        of_x = self.values(revision, x, owner)
        left = np.ones(len(of_x), bool) if chosen is None else np.isin(of_x.samples, chosen)
        colours = self.values(revision, colour, owner) if colour else None
        return scatter(numbers_of(of_x, x), numbers_of(self.values(revision, y, owner), y), left, colours)

    def values(self, revision: int, name: str, owner: Owner = "sample") -> ValueArrays:
        """The values of all samples, or of all segments, at a revision.

        name: a column or an expression.  owner: sample or segment.  Raises UsageError as `value_arrays` does.
        """
        key = (revision, owner, name)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = value_arrays(self._dataset.at(revision), name, owner)
        if found.lasting:
            with self._lock:
                self._kept[key] = found
                while len(self._kept) > 1 and sum(kept.nbytes for kept in self._kept.values()) > MOST_BYTES:
                    self._kept.popitem(last=False)
        return found

    def bars(
        self, revision: int, name: str, owner: Owner = "sample", *, chosen: I64 | None = None, bins: int = BINS
    ) -> NumberBars | WordBars:
        """How often the values of a column or expression occur at a revision, of all samples and of those chosen.

        name, owner: as of `values`.  chosen: (K,) sample numbers; all of them when None.  bins: bars of numbers, at
        most.  Raises UsageError as `value_arrays` does.
        """
        values = self.values(revision, name, owner)
        return bars(values, None if chosen is None else np.isin(values.samples, chosen), bins)


def _keys(samples: I64, segments: I64) -> I64:
    """(N,) one number for each segment of the dataset."""
    return samples * 2**32 + segments
