"""Samples by their words."""

import numpy as np
import pytest

from maskwright.errors import UsageError
from maskwright.insight.together import MOST_GROUPS, grouped
from maskwright.store.value_arrays import ValueArrays


def test_samples_keep_their_order_within_a_word() -> None:
    values = ValueArrays(np.array([3, 5, 6, 9]), "text", True, codes=np.array([1, -1, 0, 1]), words=("a", "b", "c"))
    numbers, groups = grouped(values, np.array([9, 5, 6, 3]))
    assert numbers.tolist() == [6, 9, 3, 5]
    assert groups == [("a", 1), ("b", 2), (None, 1)]
    numbers, groups = grouped(values, np.zeros(0, np.int64))
    assert (numbers.size, groups) == (0, [])


def test_too_many_words_and_numbers_are_refused() -> None:
    number = MOST_GROUPS + 1
    words = tuple(f"w{k:04d}" for k in range(number))
    values = ValueArrays(np.arange(number), "text", True, codes=np.arange(number), words=words)
    assert len(grouped(values, np.arange(number - 1))[1]) == MOST_GROUPS
    with pytest.raises(UsageError, match="201 different words"):
        grouped(values, np.arange(number))
    with pytest.raises(UsageError, match="grouped by numbers"):
        grouped(ValueArrays(np.zeros(1, np.int64), "number", True, numbers=np.zeros(1)), np.zeros(1, np.int64))
