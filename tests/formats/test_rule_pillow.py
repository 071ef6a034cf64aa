"""The rule of Pillow's ImageDraw, judged by Pillow and OpenCV on whole canvases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw

from maskwright.core.mask import Mask
from maskwright.formats import _rule_pillow
from maskwright.formats._rules import RULES

places = st.one_of(st.integers(-30, 60), st.floats(-30, 60))
boxes = st.tuples(places, places, places, places).map(
    lambda box: (min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3]))
)
sizes = st.tuples(st.integers(1, 40), st.integers(1, 40))


def whole(size, shape: str, *rings) -> np.ndarray:
    canvas = Image.new("L", size[::-1])
    for ring in rings:
        getattr(ImageDraw.Draw(canvas), shape)([float(value) for value in ring], fill=1, outline=1)
    return np.asarray(canvas) > 0


@given(st.lists(st.lists(st.tuples(places, places), min_size=2, max_size=9), max_size=3), sizes)
def test_polygons_are_those_pillow_draws(rings, size) -> None:
    parts = [[[value for point in ring for value in point]] for ring in rings]
    drawn = RULES["pillow"].draw([parts, []], size)
    assert np.array_equal(drawn[0].decode(), whole(size, "polygon", *(ring for (ring,) in parts)))
    assert not drawn[1].area()


@given(st.lists(st.tuples(st.integers(3000, 3040), st.integers(5000, 5040)), min_size=3, max_size=7))
def test_far_from_the_corner_too(points) -> None:
    ring = [value for x, y in points for value in (y, x)]
    drawn = RULES["pillow"].draw([[[ring]]], (3050, 5050))[0]
    assert np.array_equal(drawn.decode(), whole((3050, 5050), "polygon", ring))


@given(boxes, sizes, st.sampled_from(["rectangle", "ellipse"]))
def test_rectangles_and_ellipses_are_those_pillow_draws(box, size, shape) -> None:
    drawn = getattr(_rule_pillow, shape)(box, size)
    assert np.array_equal(drawn.decode(), whole(size, shape, box))


@pytest.mark.parametrize(
    "part",
    [[[1, 1]], [[1, 1, 2]], [[1, 1, float("nan"), 2]], [[1, 1, 1e9, 2]], [[0, 0, 9, 0, 9, 9], [2, 2, 4, 2, 4, 4]], []],
)
def test_what_pillow_does_not_draw_is_refused(part) -> None:
    with pytest.raises(ValueError, match=r"rings|numbers"):
        RULES["pillow"].draw([[part]], (10, 10))


masks = st.tuples(st.integers(1, 14), st.integers(1, 14)).flatmap(
    lambda shape: arrays(np.bool_, shape, elements=st.sampled_from([True, True, True, False]))
)


@given(masks)
def test_an_outline_is_drawn_as_the_mask(dense) -> None:
    import cv2

    rings = RULES["pillow"].outline(Mask.encode(dense))
    holes = Mask.encode(dense).fill_holes().area() > dense.sum()
    assert (rings is None) == (holes or not dense.any())
    if rings is None:
        return
    assert np.array_equal(whole(dense.shape, "polygon", *(ring for (ring,) in rings)), dense)
    assert all(len(ring) >= 6 for (ring,) in rings)
    filled = np.zeros(dense.shape, np.uint8)
    for (ring,) in rings:
        cv2.fillPoly(filled, [np.array(ring).reshape(-1, 2)], 1)
    assert np.array_equal(filled > 0, dense)
