"""What stands at the objects of an image."""

import numpy as np
import pytest

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.insight.judged_objects import JudgedObject, judged_objects

CLASSES = Classes([Class(0, "ground", role="background"), Class(1, "car"), Class(2, "lamp")])


def strips(*ranges: tuple[int, int]) -> Masks:
    """One row of 12 pixels: from, to."""
    dense = np.zeros((len(ranges), 1, 12), bool)
    for place, (begin, end) in enumerate(ranges):
        dense[place, 0, begin:end] = True
    return Masks.encode(dense)


def test_matched_invented_and_lost_by_hand() -> None:
    truth = Segments(strips((0, 4), (6, 8), (8, 12)), [1, 2, 1])
    # The first covers three of four pixels; the lamp is called a car; of the last car one of four is found.
    pred = Segments(strips((1, 4), (6, 8), (11, 12)), [1, 1, 1], scores=[0.9, 0.8, np.nan])
    assert judged_objects(truth, pred, CLASSES) == [
        JudgedObject("matched", "car", (1, 0, 4, 1), pytest.approx(0.9), 0.75),
        JudgedObject("invented", "car", (6, 0, 8, 1), pytest.approx(0.8), 0.0),
        JudgedObject("invented", "car", (11, 0, 12, 1), None, 0.25),
        JudgedObject("lost", "lamp", (6, 0, 8, 1), None, 0.0),
        JudgedObject("lost", "car", (8, 0, 12, 1), None, 0.25),
    ]


def test_crowds_and_background_are_left_out() -> None:
    truth = Segments(strips((0, 12), (0, 6)), [0, 1], is_crowd=[False, True])
    pred = Segments(strips((0, 3)), [1], scores=[0.5])
    assert judged_objects(truth, pred, CLASSES) == []
    assert judged_objects(Segments.none((1, 12)), Segments.none((1, 12)), CLASSES) == []
