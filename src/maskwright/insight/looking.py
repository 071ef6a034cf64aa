"""A dataset as it is looked at: choices and values, of which the last asked for are kept."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from maskwright.core.arrays import I64
from maskwright.core.columns import Owner
from maskwright.insight.charts import BINS, NumberBars, WordBars, bars
from maskwright.store import Dataset, View
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
