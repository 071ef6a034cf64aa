"""The pixel rule `fill`, judged by OpenCV."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.formats._rules import RULES

FILL = RULES["fill"]


def opencv(parts: list[list[list[int]]], size: tuple[int, int]) -> np.ndarray:
    import cv2

    out = np.zeros(size, np.uint8)
    for part in parts:
        cv2.fillPoly(out, [np.array(ring, np.int32).reshape(-1, 2) for ring in part], 1)
    return out.astype(bool)


@st.composite
def polygons(draw: st.DrawFn) -> tuple[tuple[int, int], list[list[list[list[int]]]]]:
    """A size and polygons of whole points: crossing themselves, outside, of one point or two, of points on one line."""
    size = draw(st.tuples(st.integers(1, 24), st.integers(1, 24)))
    low, high = draw(st.sampled_from([(0, 23), (-6, 30), (-300, 300)]))
    point = st.tuples(st.integers(low, high), st.integers(low, high))
    ring = st.lists(point, min_size=1, max_size=9).map(lambda points: [number for place in points for number in place])
    part = st.lists(ring, min_size=1, max_size=3)
    return size, draw(st.lists(st.lists(part, max_size=3), max_size=3))


@given(polygons())
def test_polygons_are_drawn_as_opencv_draws_them(found) -> None:
    size, listed = found
    drawn = FILL.draw(listed, size)
    assert len(drawn) == len(listed)
    for parts, mask in zip(listed, drawn, strict=True):
        assert np.array_equal(mask.decode(), opencv(parts, size))
        assert mask == Mask.from_counts(mask.counts, size)


@given(polygons(), st.integers(0, 2**32 - 1))
def test_pixels_in_which_drawn_parts_and_masks_differ(found, seed: int) -> None:
    from maskwright.formats._rule_fill import bounds
    from maskwright.formats.kernels import filled

    size, listed = found
    rings = [np.array(ring, np.int64).reshape(-1, 2) for parts in listed for part in parts for ring in part]
    rng = np.random.default_rng(seed)
    dense = rng.random((3, *size)) < rng.random()
    which = rng.integers(0, 3, len(rings))
    points = np.concatenate(rings) if rings else np.zeros((0, 2), np.int64)
    toggles, of_ring = filled.toggles(points, bounds([len(ring) for ring in rings]), np.arange(len(rings) + 1), *size)
    numbers = filled.differing(toggles, of_ring, *Masks.encode(dense)._spans, which)
    for ring, mask, number in zip(rings, which, numbers, strict=True):
        assert number == (opencv([[ring.tolist()]], size) ^ dense[mask]).sum()


@given(st.tuples(st.integers(1, 14), st.integers(1, 14)).flatmap(lambda shape: arrays(np.bool_, shape)))
def test_the_outline_of_a_mask_draws_it(dense: np.ndarray) -> None:
    mask = Mask.encode(dense)
    parts = FILL.outline(mask)
    assert parts is not None
    assert FILL.draw([parts], mask.size)[0] == mask
    assert np.array_equal(opencv(parts, mask.size), dense)
    assert all(len(ring) >= 6 for part in parts for ring in part)


def test_large_polygons_at_real_sizes() -> None:
    rng = np.random.default_rng(5)
    for size in ((480, 640), (1080, 1920)):
        angles = np.sort(rng.random(400)) * 2 * np.pi
        away = rng.uniform(0.2, 0.6, (400, 1)) * min(size)
        star = np.stack([np.cos(angles), np.sin(angles)], 1) * away + np.array(size[::-1]) / 2
        parts = [[np.trunc(star).reshape(-1).tolist(), [5, 5, 90, 8, 40, 70]], [[0, 0, size[1], 0, 9, 9]]]
        assert np.array_equal(FILL.draw([parts], size)[0].decode(), opencv(parts, size))


def test_points_are_cut_off_toward_zero() -> None:
    found = FILL.draw([[[[-0.9, 0.2, 2.9, 0.9, 2.1, 2.99, -0.5, 2.5]]]], (4, 5))[0]
    assert np.array_equal(found.decode(), opencv([[[0, 0, 2, 0, 2, 2, 0, 2]]], (4, 5)))


@pytest.mark.parametrize("ring", [[], [1, 2, 3], [0, 0, float("nan"), 1], [0, 0, 1e9, 1], [float("inf"), 0]])
def test_broken_rings_are_refused(ring) -> None:
    with pytest.raises(ValueError, match="a ring has"):
        FILL.draw([[[ring]]], (4, 4))


def test_no_polygon_and_no_part() -> None:
    assert FILL.draw([], (3, 4)) == Masks.empty((3, 4))
    assert FILL.draw([[], [[[9, 9]]]], (3, 4)) == Masks.empty((3, 4), 2)
    assert FILL.outline(Mask.empty((3, 4))) == []
