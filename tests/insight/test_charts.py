"""How often values occur."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from maskwright.insight.charts import MOST_WORDS, bars
from maskwright.store.value_arrays import ValueArrays


def of_numbers(values: list[float]) -> ValueArrays:
    return ValueArrays(np.arange(len(values)), "number", True, numbers=np.array(values, float))


def of_words(codes: list[int], words: tuple[str, ...]) -> ValueArrays:
    return ValueArrays(np.arange(len(codes)), "text", True, codes=np.array(codes, np.int64), words=words)


def test_whole_numbers_of_a_narrow_range_have_a_bar_each() -> None:
    found = bars(of_numbers([1, 1, 2, 4, np.nan]), np.array([True, False, True, False, True]))
    assert found.whole
    assert found.edges.tolist() == [1, 2, 3, 4, 5]
    assert found.all.tolist() == [2, 1, 0, 1]
    assert found.chosen.tolist() == [1, 1, 0, 0]
    assert (found.missing, found.missing_chosen) == (1, 1)


def test_a_value_lies_in_the_bar_whose_lower_edge_it_is() -> None:
    found = bars(of_numbers([0.0, 0.25, 0.5, 0.75, 1.0]), bins=4)
    assert found.edges.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert found.all.tolist() == [1, 1, 1, 2]  # the last bar has its upper edge too


def test_one_value_is_one_bar_and_none_are_none() -> None:
    found = bars(of_numbers([0.5, 0.5]))
    assert found.all.tolist() == [2]
    assert found.edges[0] == 0.5 < found.edges[1]
    found = bars(of_numbers([np.nan, np.inf]))
    assert found.all.size == found.edges.size == 0
    assert found.missing == 2


@given(
    arrays.arrays(np.float64, st.integers(0, 60), elements=st.floats(-1e12, 1e12) | st.integers(-50, 50).map(float)),
    st.integers(1, 40), st.randoms(use_true_random=False),
)  # fmt: skip
def test_every_value_is_in_one_bar(values, bins, random) -> None:
    inside = np.array([random.random() < 0.5 for _ in values], bool)
    found = bars(of_numbers(list(values)), inside, bins)
    assert found.all.sum() + found.missing == values.size
    assert found.chosen.sum() + found.missing_chosen == inside.sum()
    assert (found.chosen <= found.all).all()
    assert found.all.size <= bins
    assert (np.diff(found.edges) > 0).all()
    if values.size:
        assert found.edges[0] <= values.min()
        assert values.max() <= found.edges[-1]
    for at, (low, high) in enumerate(zip(found.edges[:-1], found.edges[1:], strict=True)):
        upper = values <= high if at == found.all.size - 1 else values < high
        assert found.all[at] == ((values >= low) & upper).sum()


def test_words_come_by_how_often_they_occur() -> None:
    found = bars(of_words([0, 1, 1, -1, 2, 1], ("a", "b", "c")), np.array([True, True, False, True, False, False]))
    assert found.words == ("b", "a", "c")
    assert found.all.tolist() == [3, 1, 1]
    assert found.chosen.tolist() == [1, 1, 0]
    assert (found.others, found.missing, found.missing_chosen) == (0, 1, 1)


def test_rare_words_share_a_bar() -> None:
    names = tuple(f"w{k:03d}" for k in range(MOST_WORDS + 5))
    codes = [*range(len(names)), *range(3)]
    found = bars(of_words(codes, names), np.arange(len(codes)) < 44)
    assert found.words[:3] == ("w000", "w001", "w002")
    assert len(found.words) == MOST_WORDS
    assert (found.others, found.others_chosen) == (5, 4)
    assert found.all.sum() + found.others == len(codes)


def test_bars_of_no_values_are_empty() -> None:
    assert bars(of_words([], ())).words == ()
    with pytest.raises(AssertionError):
        bars(ValueArrays(np.zeros(0, np.int64), "text", True))
