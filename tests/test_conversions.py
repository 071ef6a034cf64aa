"""Conversions of one line, against pycocotools and against themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from maskwright import conversions

MASKS = hnp.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))


@given(MASKS)
def test_everything_comes_back(mask) -> None:
    size = mask.shape
    rle = conversions.mask_to_rle(mask)
    theirs = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert rle == {"size": list(size), "counts": theirs["counts"].decode()}
    assert np.array_equal(conversions.rle_to_mask(rle), mask)
    assert np.array_equal(conversions.rle_to_mask(conversions.mask_to_rle(mask, compressed=False)), mask)
    for relative in (False, True):
        parts = conversions.mask_to_polygons(mask, relative=relative)
        assert np.array_equal(conversions.polygons_to_mask(parts, size, relative=relative), mask)
        assert conversions.polygons_to_rle(parts, size, relative=relative) == rle
        for form in ("xyxy", "xywh", "cxcywh"):
            box = conversions.mask_to_box(mask, form=form, relative=relative)
            assert np.array_equal(box, conversions.rle_to_box(rle, form=form, relative=relative))
            inside = conversions.box_to_mask(box, size, form=form, relative=relative)
            assert (inside >= mask).all()
            assert mask.any() or not inside.any()
    assert conversions.mask_to_box(mask, form="xywh").tolist() == coco.toBbox(theirs).tolist() or not mask.any()
    for options in ({}, {"order": "row"}, {"base": 0}, {"second": "end"}):
        text = conversions.mask_to_pairs(mask, **options)
        assert np.array_equal(conversions.pairs_to_mask(text, size, **options), mask)


def test_batches_are_one_call() -> None:
    rng = np.random.default_rng(0)
    stack = rng.random((5, 9, 7)) < 0.4
    rles = conversions.mask_to_rle(stack)
    assert rles == [conversions.mask_to_rle(mask) for mask in stack]
    assert np.array_equal(conversions.rle_to_mask(rles), stack)
    out = np.empty_like(stack)
    conversions.rle_to_mask(rles, out=out)
    assert np.array_equal(out, stack)
    assert conversions.mask_to_box(stack).shape == (5, 4)
    assert len(conversions.mask_to_polygons(stack)) == len(conversions.rle_to_polygons(rles)) == 5
    assert conversions.mask_to_pairs(stack) == [conversions.mask_to_pairs(mask) for mask in stack]
    assert conversions.mask_to_rle(np.zeros((0, 4, 4), bool)) == []
    boxes = conversions.mask_to_box(stack, relative=True)
    assert conversions.box_to_mask(boxes, (9, 7), relative=True).shape == (5, 9, 7)


def test_polygons_as_coco_has_them() -> None:
    ring = [1.0, 1.0, 6.5, 1.2, 5.0, 7.7]
    theirs = coco.decode(coco.merge(coco.frPyObjects([ring], 10, 12)))
    assert np.array_equal(conversions.polygons_to_mask([ring], (10, 12), coco=True), theirs.astype(bool))
    square = np.zeros((5, 5), bool)
    square[1:4, 1:4] = True
    (flat,) = conversions.mask_to_polygons(square, coco=True)
    assert sorted(zip(flat[::2], flat[1::2], strict=True)) == [(1, 1), (1, 4), (4, 1), (4, 4)]
    square[2, 2] = False
    with pytest.raises(ValueError, match="holes"):
        conversions.mask_to_polygons(square, coco=True)
    assert len(conversions.mask_to_polygons(square)[0]) == 2


def test_wrong_input_is_said() -> None:
    with pytest.raises(ValueError, match=r"\(H, W\)"):
        conversions.mask_to_rle(np.zeros(4))
    with pytest.raises(ValueError, match="one size"):
        conversions.rle_to_mask([{"size": [1, 2], "counts": [2]}, {"size": [2, 2], "counts": [4]}])
    with pytest.raises(ValueError, match="sum to 3"):
        conversions.rle_to_mask({"size": [2, 2], "counts": [3]})
    with pytest.raises(ValueError, match="at least 3"):
        conversions.polygons_to_mask([[1, 1, 2, 2]], (4, 4), coco=True)
