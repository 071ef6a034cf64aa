"""The rule of skimage.draw.polygon, judged by scikit-image."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskwright.core.mask import Mask
from maskwright.formats._rules import RULES

draw = pytest.importorskip("skimage.draw")
places = st.one_of(st.integers(-10, 30), st.integers(-20, 60).map(lambda n: n / 2), st.floats(-10, 30))
sizes = st.tuples(st.integers(1, 24), st.integers(1, 24))


def whole(size, *rings) -> np.ndarray:
    out = np.zeros(size, bool)
    for ring in rings:
        out[draw.polygon(ring[1::2], ring[::2], size)] = True
    return out


@given(st.lists(st.lists(st.tuples(places, places), min_size=3, max_size=9), max_size=3), sizes)
def test_polygons_are_those_scikit_image_draws(rings, size) -> None:
    parts = [[[value for point in ring for value in point]] for ring in rings]
    drawn = RULES["skimage"].draw([parts, []], size)
    assert np.array_equal(drawn[0].decode(), whole(size, *(ring for (ring,) in parts)))
    assert not drawn[1].area()


masks = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    lambda shape: arrays(np.bool_, shape, elements=st.sampled_from([True, True, True, False]))
)


@given(masks)
def test_one_ring_is_drawn_as_any_mask(dense) -> None:
    import cv2

    mask = Mask.encode(dense)
    found = RULES["skimage"].outline(mask)
    if not dense.any():
        assert found is None
        return
    ((ring,),) = found
    assert len(ring) >= 6
    assert np.array_equal(whole(dense.shape, ring), dense)
    if all(value == int(value) for value in ring) and len(mask.components()) == 1 and mask.fill_holes() == mask:
        filled = np.zeros(dense.shape, np.uint8)
        cv2.fillPoly(filled, [np.array(ring).astype(np.int32).reshape(-1, 2)], 1)
        assert np.array_equal(filled > 0, dense), "whole points, for programs that fill otherwise"


@pytest.mark.parametrize("part", [[[1, 1, 2, 2]], [[1, 1, float("nan"), 2, 3, 3]], [[1, 1, 1e9, 2, 3, 3]], []])
def test_what_is_not_a_ring_is_refused(part) -> None:
    with pytest.raises(ValueError, match=r"rings|numbers"):
        RULES["skimage"].draw([[part]], (10, 10))
