"""Kinds of errors, one at a time, by hand."""

import numpy as np
import pytest

pytest.importorskip("hotcoco")

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.metrics import error_kinds

CLASSES = Classes([Class(1, "car"), Class(2, "lamp")])


def strips(ranges, kinds, scores=None) -> Segments:
    """A row of 40 pixels: from, to."""
    dense = np.zeros((len(ranges), 1, 40), bool)
    for place, (begin, end) in enumerate(ranges):
        dense[place, 0, begin:end] = True
    return Segments(Masks.encode(dense), kinds, scores=scores)


TRUTH = strips([(0, 10), (12, 18), (20, 30)], [1, 1, 2])
RIGHT = ([(0, 10), (12, 18), (20, 30)], [1, 1, 2], [0.9, 0.9, 0.9])


@pytest.mark.parametrize(
    ("ranges", "kinds", "scores", "costs"),
    [
        ([(0, 10), (12, 18), (20, 30)], [2, 1, 2], [0.95, 0.9, 0.9], {"Cls"}),
        ([(6, 12), (12, 18), (20, 30)], [1, 1, 2], [0.95, 0.9, 0.9], {"Loc"}),
        ([(6, 12), (12, 18), (20, 30)], [2, 1, 2], [0.95, 0.9, 0.9], {"Both", "Miss"}),
        ([(0, 10), (0, 9), (12, 18), (20, 30)], [1, 1, 1, 2], [0.95, 0.94, 0.9, 0.9], {"Dupe"}),
        ([(34, 40), (0, 10), (12, 18), (20, 30)], [1, 1, 1, 2], [0.95, 0.9, 0.9, 0.9], {"Bkg"}),
        ([(0, 10), (20, 30)], [1, 2], [0.9, 0.9], {"Miss"}),
        (*RIGHT, set()),
    ],
)  # fmt: skip
def test_each_kind_costs_where_it_is_made(ranges, kinds, scores, costs) -> None:
    found = error_kinds.compute(error_kinds.update(strips(ranges, kinds, scores), TRUTH), CLASSES)
    assert list(found) == list(error_kinds.KINDS)
    assert {kind for kind, cost in found.items() if cost > 1e-9} == costs, found


def test_one_missed_car_of_two_costs_half_of_the_cars() -> None:
    found = error_kinds.compute(error_kinds.update(strips([(0, 10), (20, 30)], [1, 2], [0.9, 0.9]), TRUTH), CLASSES)
    assert found["Miss"] == pytest.approx(0.25, abs=0.01), "51 of 101 recalls are reached; the lamp is right"


def test_nothing_to_find_and_nothing_found() -> None:
    none = Segments.none((1, 40))
    for truth in (none, TRUTH):
        found = error_kinds.compute(error_kinds.update(none, truth), CLASSES)
        assert all(np.isnan(value) for value in found.values())
