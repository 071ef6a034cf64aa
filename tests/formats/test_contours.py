"""Contours of masks, judged by OpenCV."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskwright.core.masks import Masks
from maskwright.formats.kernels import contours


def parts_of(masks: Masks) -> list[list[list[np.ndarray]]]:
    points, rings, parts, bounds = contours.contours(*masks._spans, masks.size[0])
    of_ring = [points[rings[r] : rings[r + 1]] for r in range(rings.size - 1)]
    of_part = [of_ring[parts[p] : parts[p + 1]] for p in range(parts.size - 1)]
    return [of_part[bounds[i] : bounds[i + 1]] for i in range(len(masks))]


def cycle(ring: np.ndarray) -> tuple[tuple[int, ...], ...]:
    """A ring whatever point it begins with and whichever way it goes."""
    points = [tuple(point) for point in ring.reshape(-1, 2).tolist()]
    ways = [points[k:] + points[:k] for k in range(len(points))]
    return min(tuple(way) for way in [*ways, *([way[0], *way[:0:-1]] for way in ways)])


def expected(mask: np.ndarray) -> set[tuple[object, frozenset[object]]]:
    import cv2

    found, tree = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    parents = [] if tree is None else tree.reshape(-1, 4)[:, 3].tolist()
    return {
        (cycle(found[k]), frozenset(cycle(found[j]) for j, parent in enumerate(parents) if parent == k))
        for k, above in enumerate(parents)
        if above < 0
    }


shapes = st.tuples(st.integers(1, 4), st.integers(1, 14), st.integers(1, 14))


@given(shapes.flatmap(lambda shape: arrays(np.bool_, shape)))
def test_contours_are_those_of_opencv(dense: np.ndarray) -> None:
    for mask, parts in zip(dense, parts_of(Masks.encode(dense)), strict=True):
        found = [(cycle(part[0]), frozenset(cycle(ring) for ring in part[1:])) for part in parts]
        assert len(set(found)) == len(found)
        assert set(found) == expected(mask)


@given(shapes.flatmap(lambda shape: arrays(np.bool_, shape, elements=st.sampled_from([True, True, True, False]))))
def test_each_part_filled_by_opencv_is_the_mask(dense: np.ndarray) -> None:
    import cv2

    for mask, parts in zip(dense, parts_of(Masks.encode(dense)), strict=True):
        drawn = np.zeros(mask.shape, np.uint8)
        for part in parts:
            cv2.fillPoly(drawn, [ring.astype(np.int32) for ring in part], 1)
        assert np.array_equal(drawn.astype(bool), mask)


def test_rings_by_hand() -> None:
    dense = np.zeros((3, 7, 8), bool)
    dense[0, 1:6, 1:6] = True
    dense[0, 2:5, 3] = False
    dense[0, 3, 7] = True
    dense[1] = np.eye(7, 8, dtype=bool)
    first, second, third = parts_of(Masks.encode(dense))
    assert [[ring.tolist() for ring in part] for part in first] == [
        [[[1, 1], [5, 1], [5, 5], [1, 5]], [[3, 1], [2, 2], [2, 4], [3, 5], [4, 4], [4, 2]]],
        [[[7, 3]]],
    ]
    assert [[ring.tolist() for ring in part] for part in second] == [[[[0, 0], [6, 6]]]]
    assert third == []


def test_large_masks_and_real_outlines() -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:300, :400]
    dense = np.stack(
        [sum(np.hypot(y - rng.integers(300), x - rng.integers(400)) < rng.integers(60) for _ in range(9)) % 2
         for _ in range(12)]
    ).astype(bool)  # fmt: skip
    for mask, parts in zip(dense, parts_of(Masks.encode(dense)), strict=True):
        assert {(cycle(part[0]), frozenset(cycle(ring) for ring in part[1:])) for part in parts} == expected(mask)
