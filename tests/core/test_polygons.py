"""Rings both ways."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.polygons import Polygon

points = st.floats(-8, 40, allow_nan=False) | st.integers(-8, 40).map(float)


def test_a_ring_with_a_hole_along_pixel_edges() -> None:
    drawn = np.ones((3, 3), bool)
    drawn[1, 1] = False
    polygon = Mask.encode(drawn).polygon()
    assert [len(part) for part in polygon.parts] == [2]
    outer, hole = polygon.parts[0]
    assert outer.tolist() == [[3, 0], [3, 3], [0, 3], [0, 0]]  # clockwise on the screen
    assert sorted(map(tuple, hole.tolist())) == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert polygon.area() == 8


def test_pixels_that_meet_at_a_corner_are_two_parts() -> None:
    assert len(Mask.encode(np.eye(2, dtype=bool)).polygon().parts) == 2


@given(hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=16)))
def test_outline_and_back_is_exact(dense: np.ndarray) -> None:
    mask = Mask.encode(dense)
    polygon = mask.polygon()
    assert Mask.from_polygon(polygon, mask.size) == mask
    assert polygon.area() == mask.area()
    assert all((ring == ring.round()).all() for part in polygon.parts for ring in part)


@given(st.lists(st.tuples(points, points), min_size=3, max_size=9), st.integers(1, 40), st.integers(1, 40))
def test_coco_rasterisation_is_bit_equal(ring: list, height: int, width: int) -> None:
    flat = [value for point in ring for value in point]
    theirs = coco.frPyObjects([flat], height, width)[0]["counts"]
    assert Masks.from_coco_polygons([[flat]], (height, width), tiny=True).compressed() == [theirs]


def test_the_union_of_several_rings() -> None:
    parts = [[1, 1, 8, 1, 8, 8, 1, 8], [5, 5, 12, 5, 12, 12, 5, 12]]
    theirs = coco.merge(coco.frPyObjects(parts, 14, 14))["counts"]
    assert Masks.from_coco_polygons([parts], (14, 14)).compressed() == [theirs]


def test_the_centre_decides() -> None:
    triangle = Polygon([[[[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]]]])
    # centres with x + y < 4; those on the slanted edge belong to the far side
    expected = [[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    assert Mask.from_polygon(triangle, (4, 4)).decode().astype(int).tolist() == expected


def test_neighbours_share_no_pixel_and_leave_no_gap() -> None:
    corners = np.array([[0.0, 0], [13.7, 0], [13.7, 11.3], [0, 11.3]])
    middle = np.array([6.3, 5.9])
    fan = [Polygon([[[*map(list, (corners[k], corners[(k + 1) % 4])), middle.tolist()]]]) for k in range(4)]
    covered = Masks.from_polygons(fan, (12, 14)).decode().sum(axis=0)
    assert covered.max() == 1
    assert np.array_equal(covered, Mask.from_polygon(Polygon([[corners]]), (12, 14)).decode())


@pytest.mark.parametrize("ring", [[[0, 0], [1, 1]], [0, 0, 1, 1, 2], [[0, 0], [1, 1], [np.nan, 2]]])
def test_broken_rings_are_refused(ring: list) -> None:
    with pytest.raises(ValueError, match="ring"):
        Polygon([[ring]])
