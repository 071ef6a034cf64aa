"""Points of two values: which lie in a region, as another library says it, and which are drawn."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from maskwright.errors import UsageError
from maskwright.insight.scatter import MISSING, OTHERS, inside, scatter
from maskwright.store.value_arrays import ValueArrays

corners = st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=3, max_size=9)


def on_an_edge(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """(N,) exactly, as all are whole numbers."""
    out = np.zeros(len(points), bool)
    for a, b in zip(polygon, np.roll(polygon, -1, 0), strict=True):
        turn = (b[0] - a[0]) * (points[:, 1] - a[1]) - (b[1] - a[1]) * (points[:, 0] - a[0])
        within = ((points >= np.minimum(a, b)) & (points <= np.maximum(a, b))).all(1)
        out |= (turn == 0) & within
    return out


@given(corners)
def test_points_lie_inside_where_scikit_image_says_so(polygon) -> None:
    measure = pytest.importorskip("skimage.measure")
    corner = np.array(polygon)
    assume(len(np.unique(corner, axis=0)) > 2)
    grid = np.stack(np.meshgrid(np.arange(-10, 11), np.arange(-10, 11)), -1).reshape(-1, 2)
    points = grid[~on_an_edge(grid, corner)].astype(float)
    found = inside(points[:, 0], points[:, 1], corner.astype(float))
    assert found.tolist() == measure.points_in_poly(points, corner.astype(float)).tolist()


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(1, 40), st.integers(1, 40))
def test_a_rectangle_is_two_ranges(left, low, wide, high) -> None:
    x, y = (values.ravel() + 0.25 for values in np.mgrid[-60:60:7, -60:60:7].astype(float))
    polygon = np.array([(left, low), (left + wide, low), (left + wide, low + high), (left, low + high)], float)
    expected = (x > left) & (x < left + wide) & (y > low) & (y < low + high)
    assert inside(x, y, polygon).tolist() == expected.tolist()


def test_what_has_no_value_is_in_no_region() -> None:
    polygon = np.array([(-1, -1), (9, -1), (9, 9), (-1, 9)], float)
    assert inside(np.array([1, np.nan, 1]), np.array([1, 1, np.nan]), polygon).tolist() == [True, False, False]
    assert inside(np.zeros(0), np.zeros(0), polygon).size == 0


def test_what_is_twice_inside_is_outside() -> None:
    star = np.array([(np.cos(k), np.sin(k)) for k in np.arange(5) * 4 * np.pi / 5])
    assert inside(np.array([0.0, 0.9]), np.zeros(2), star).tolist() == [False, True]


def test_many_points_are_thinned_evenly_and_counted() -> None:
    x = np.arange(1000.0)
    x[:10] = np.nan
    found = scatter(x, x + 1, x > 499, most=99)
    assert (found.x.size, found.all, found.missing) == (99, 990, 10)
    assert found.x.tolist() == np.arange(10, 1000, 10).tolist()
    assert (found.chosen == (found.x > 499)).all()
    assert (found.x_range, found.y_range) == ((10, 999), (11, 1000))


def test_frequent_words_have_colours() -> None:
    words = tuple(f"w{k}" for k in range(8))
    codes = np.array([7, 7, 7, 0, 0, 1, 2, 3, 4, 5, -1])
    values = ValueArrays(np.arange(11), "text", True, codes=codes, words=words)
    found = scatter(np.arange(11.0), np.arange(11.0), np.ones(11, bool), values)
    assert found.words == ("w7", "w0", "w1", "w2", "w3", "w4")
    assert found.places.tolist() == [0, 0, 0, 1, 1, 2, 3, 4, 5, OTHERS, MISSING]
    with pytest.raises(UsageError, match="coloured by numbers"):
        scatter(np.zeros(1), np.zeros(1), np.ones(1, bool), ValueArrays(np.zeros(1), "number", True, np.zeros(1)))


def test_a_plot_of_nothing_has_no_range() -> None:
    none = ValueArrays(np.zeros(2, np.int64), "text", True, codes=np.array([-1, -1]), words=())
    found = scatter(np.array([1, np.nan]), np.array([np.nan, 1]), np.ones(2, bool), none)
    assert (found.x.size, found.all, found.missing, found.x_range, found.words) == (0, 0, 2, None, ())
