"""The score of what a learner suggests: with which IoU it is likely to be right."""

import numpy as np
import pytest

from maskwright.core.masks import Masks
from maskwright.fewshot.engines._objects import MOST_BEYOND, OVERSURE, expected_iou

SIDE = 60


def square(low: int, high: int) -> np.ndarray:
    out = np.zeros((SIDE, SIDE), bool)
    out[low:high, low:high] = True
    return out


def score(inside: float, outside: float, *others: np.ndarray) -> float:
    own = square(20, 40)
    probs = np.where(own, inside, outside).astype(np.float32)
    masks = Masks.encode(np.stack([own, *others]))
    return float(expected_iou(np.stack([1 - probs, probs]), masks, [1] * len(masks))[0])


def test_a_sure_object_with_a_sure_outline_is_sure() -> None:
    assert score(1, 0) == 1
    assert score(0.9, 0) == pytest.approx(0.9**OVERSURE)


def test_an_object_that_could_as_well_end_elsewhere_is_not() -> None:
    reach = 5  # a quarter of its side
    around = (20 + 2 * reach) ** 2 - 20**2
    assert score(0.9, 0.4) == pytest.approx((0.9 * 400 / (400 + 0.4 * around)) ** OVERSURE, rel=1e-5)
    assert score(0.9, 0.4) < 0.4 < score(0.9, 0.05)


def test_pixels_of_its_neighbours_are_not_around_it() -> None:
    alone, beside = (
        score(0.9, 0.9),
        score(0.9, 0.9, ~square(10, 50) & square(0, SIDE), square(10, 50) & ~square(20, 40)),
    )
    assert beside == pytest.approx(0.9**OVERSURE, rel=1e-5)
    assert alone < beside


def test_at_the_edge_and_of_none() -> None:
    probs = np.ones((1, SIDE, SIDE), np.float32)
    assert expected_iou(probs, Masks.encode(np.ones((1, SIDE, SIDE), bool)), [0]).tolist() == [1]
    assert expected_iou(probs, Masks.empty((SIDE, SIDE)), []).shape == (0,)
    assert MOST_BEYOND < SIDE
