"""Input that is nearly right is one sentence that says what is amiss, never an empty mask or an error from within."""

import numpy as np
import pytest

from maskwright import conversions as c
from maskwright.core.classes import Class, Classes
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.polygons import Polygon
from maskwright.core.segments import Segments

RING = [[1, 1], [5, 1], [5, 4], [1, 4]]
FLAT = [1, 1, 5, 1, 5, 4, 1, 4]
CONTOUR = np.array(RING)[:, None]  # as OpenCV has it, (K, 1, 2)
SIZE = (6, 8)
TWO = Masks.encode(np.ones((2, 4, 5), bool))

POLYGONS = [
    (RING, "2 brackets too few"), ([RING], "1 bracket too few: a polygon is a list of parts, a part a list of rings"),
    (CONTOUR, "2 brackets too few: a polygon is a list of parts"), ([CONTOUR], "1 bracket too few"),
    (CONTOUR.tolist(), "2 brackets too few"), ([[[CONTOUR]]], "1 bracket too many"), (5, "5; it is a list of parts, a part a list"),
    (FLAT, "2 brackets too few"), ([FLAT], "1 bracket too few"), (np.array(RING), "2 brackets too few"),
    ([[[RING]]], "1 bracket too many"), ([[[FLAT, FLAT]]], "1 bracket too many"), (None, "polygons is None"),
    ("1 1 5 1", "polygons is '1 1 5 1'"), ({"a": 1}, "polygons is"), ([None], "a part is not a list"),
    ([[None]], "None, which is not a number|a polygon ring has"), ([[]], "part 0 of a polygon has no ring"),
    ([[[]]], "0 points; it needs at least 3"), ([[[[1, 1]]]], "1 points; it needs at least 3"),
    ([[RING[:2]]], "2 points; it needs at least 3"), ([[FLAT[:7]]], "7 numbers; it needs pairs of x and y"),
    ([[["a", "b"] * 3]], "'a', which is not a number"), ([[[float("nan")] * 6]], "not a finite number"),
    ([[[[1, 1], [5], [5, 4]]]], "lists of different lengths"),
    ([[[[1, 1, 0], [5, 1, 0], [5, 4, 0]]]], "9 numbers; it needs pairs of x and y$"),
    ([[[0.1, 0.1, 0.5, 0.1, 0.5, 0.4]]], "between 0 and 1; say relative=True"),
    ([[[100, 100, 150, 100, 150, 140]]], r"lie outside an image of size \(6, 8\)$"),
    ([[[1, 6.5, 4, 6.5, 4, 7.5]]], r"lie outside an image of size \(6, 8\), which is \(height, width\); they fit the other"),
]  # fmt: skip


@pytest.mark.parametrize(("polygons", "said"), POLYGONS)
def test_polygons(polygons, said) -> None:
    for work in (c.polygons_to_mask, c.polygons_to_rle):
        with pytest.raises(ValueError, match=said):
            work(polygons, SIZE)


@pytest.mark.parametrize(("polygons", "said"), [
    (FLAT, "1 bracket too few: COCO's polygons of a mask are a list of flat rings"), (None, "None; it is a list of flat rings"),
    (CONTOUR, "1 bracket too few"), (RING, "a polygon ring has 1 points"),
    ([[FLAT]], "1 bracket too many"), ([FLAT[:4]], "2 points"), ("x", "polygons is 'x'"), ([None], "1 numbers; it needs pairs"),
    ([[0.1, 0.1, 0.5, 0.1, 0.5, 0.4]], "say relative=True"),
])  # fmt: skip
def test_polygons_of_coco(polygons, said) -> None:
    with pytest.raises(ValueError, match=said):
        c.polygons_to_mask(polygons, SIZE, coco=True)


def test_relative_and_sizes() -> None:
    with pytest.raises(ValueError, match=r"relative polygons go from 0 to 1, got 1 … 5; say relative=False"):
        c.polygons_to_mask([[RING]], SIZE, relative=True)
    for size in (None, "6x8", (6,), (6, 8, 3), (6.5, 8), (0, 8)):
        with pytest.raises(ValueError, match=r"a size is \(height, width\)"):
            c.polygons_to_mask([[RING]], size)
        with pytest.raises(ValueError, match=r"a size is \(height, width\)"):
            c.pairs_to_mask("1 2", size)
    assert not c.polygons_to_mask([], SIZE).any(), "what an empty mask gives"
    whole = [[[0, 0, 1, 0, 1, 1, 0, 1]]]
    assert c.polygons_to_mask(whole, SIZE).sum() == 1, "one pixel, and no relative coordinates"
    assert c.polygons_to_mask([[[-3, -3, 4, -3, 4, 4, -3, 4]]], SIZE).sum() == 16, "what leaves the image is cut off"


@pytest.mark.parametrize(("mask", "said"), [
    (None, "got None"), ("abc", "got 'abc'"), (np.zeros(4), r"got shape \(4,\)"), ([[1, 0], [1]], "different lengths"),
    (np.zeros((1, 1, 2, 2), bool), r"got shape \(1, 1, 2, 2\)"), ([], r"got shape \(0,\)"),
    (np.zeros((16, 20, 4), bool), r"would be 16 masks of 20 x 4; say layout='hwn'"),
    (np.zeros((20, 30, 3), bool), r"would be 20 masks of 30 x 3; say layout='hwn'"),
    (np.zeros((48, 64, 3), bool), r"would be 48 masks of 64 x 3; say layout='hwn' for \(H, W, N\), or layout='nhw'"),
])  # fmt: skip
@pytest.mark.parametrize("work", [c.mask_to_rle, c.mask_to_polygons, c.mask_to_box, c.mask_to_pairs])
def test_masks(work, mask, said) -> None:
    with pytest.raises(ValueError, match=said):
        work(mask)
    with pytest.raises(ValueError, match="layout is 'whn'; it is nhw or hwn"):
        work(np.ones((2, 2, 2), bool), layout="whn")
    with pytest.raises(
        TypeError, match=r"fractions between 0 and 1, such as probabilities; threshold it first, .*> 0\.5"
    ):
        work(np.full((3, 3), 0.5))


def test_stacks_of_either_layout() -> None:
    stack = np.random.default_rng(0).random((3, 9, 7)) < 0.4
    turned = np.moveaxis(stack, 0, -1)
    assert c.mask_to_rle(turned, layout="hwn") == c.mask_to_rle(stack)
    assert c.mask_to_pairs(turned, layout="hwn") == c.mask_to_pairs(stack)
    assert np.array_equal(c.mask_to_box(turned, layout="hwn"), c.mask_to_box(stack, layout="nhw"))
    assert np.array_equal(c.rle_to_mask(c.mask_to_rle(stack), layout="hwn"), turned)
    assert np.array_equal(c.pairs_to_mask(c.mask_to_pairs(stack), (9, 7), layout="hwn"), turned)
    boxes = c.mask_to_box(stack)
    assert np.array_equal(c.box_to_mask(boxes, (9, 7), layout="hwn"), np.moveaxis(c.box_to_mask(boxes, (9, 7)), 0, -1))
    for shape in ((3, 40, 4), (15, 40, 4), (40, 12, 4), (20, 20, 5)):
        assert len(c.mask_to_rle(np.ones(shape, bool))) == shape[0], "as documented, where nothing is far shorter"
    flat = np.ones((64, 64, 3), bool)
    assert len(c.mask_to_rle(flat, layout="nhw")) == 64
    assert len(c.mask_to_rle(flat, layout="hwn")) == 3


@pytest.mark.parametrize(("rle", "said"), [
    (None, "run lengths is None; it is a dict with size and counts"), ([0, 3, 1], "got 0"), ("abc", "run lengths is 'abc'"),
    ({"counts": [4]}, "got a dict with counts only"), ({}, "or a list of such, got an empty dict"), ({"size": [2, 2], "counts": None}, "None, which is not"),
    ({"size": [2, 2], "counts": [[4]]}, "they are a flat list"), ({"size": [2], "counts": [4]}, "a size is"),
    ({"size": [2, 2], "counts": [1, "2", 1]}, "'2', which is not a whole number"), ([], "no run lengths given"),
    ({"size": None, "counts": [4]}, "a size is"), ({"size": [2, 2], "counts": [4.5]}, "4.5, which is not a whole number"),
])  # fmt: skip
@pytest.mark.parametrize("work", [c.rle_to_mask, c.rle_to_polygons, c.rle_to_box])
def test_run_lengths(work, rle, said) -> None:
    with pytest.raises(ValueError, match=said):
        work(rle)


@pytest.mark.parametrize(("box", "options", "said"), [
    ([5, 1, 2, 4], {}, "ends before it begins; is its form xyxy"), ([1, 1, -2, 3], {"form": "xywh"}, "its form xywh"),
    ([0.1, 0.1, 0.5, 0.4], {}, "say relative=True"), ([1, 1, 5, 4], {"relative": True}, "say relative=False"),
    ([1, 2, 3], {}, r"got shape \(3,\)"), ([[1, 2], [3, 4]], {}, r"got shape \(2, 2\)"), (None, {}, "got None"),
    (["a", 1, 2, 3], {}, "'a', which is not a number"), ([1, 1, 5, 4], {"form": "yxyx"}, "xyxy, xywh or cxcywh"),
    ([1, 6.5, 4, 7.5], {}, "they fit the other way"), ([float("nan")] * 4, {}, "ends before it begins"),
])  # fmt: skip
def test_boxes(box, options, said) -> None:
    with pytest.raises(ValueError, match=said):
        c.box_to_mask(box, SIZE, **options)


def test_pairs_in_every_form() -> None:
    wanted = np.zeros(SIZE, bool)
    wanted[1:4, 1] = wanted[2, 2] = True
    pairs = [[8, 3], [15, 1]]
    for given in (
        "8 3 15 1",
        "8,3, 15,1",
        [8, 3, 15, 1],
        pairs,
        np.array(pairs),
        np.array(pairs, float),
        (8, 3, 15, 1),
    ):
        assert np.array_equal(c.pairs_to_mask(given, SIZE), wanted)
    for given in (["8 3 15 1", ""], [pairs, [[1, 48]]], ([np.array(pairs)] * 2)):
        assert c.pairs_to_mask(given, SIZE).shape == (2, *SIZE)
        assert np.array_equal(c.pairs_to_mask(given, SIZE)[0], wanted)
    for given in ("", " ", np.zeros((0, 2), int)):
        assert c.pairs_to_mask(given, SIZE).shape == SIZE
        assert not c.pairs_to_mask(given, SIZE).any()
    assert c.pairs_to_mask([], SIZE).shape == (0, *SIZE), "a batch of none"
    assert c.mask_to_pairs(wanted, second="stop") == "8 11 15 16"
    assert np.array_equal(c.pairs_to_mask("8 11 15 16", SIZE, second="stop"), wanted)


@pytest.mark.parametrize(("pairs", "options", "said"), [
    (None, {}, "pairs are None"), ("1 2 3", {}, "3 numbers; run lengths come in pairs"), ([1, 2, 3], {}, "in pairs"),
    ("a 1", {}, "not made of whole numbers"), ([1.5, 2], {}, "1.5, which is not a whole number"),
    (np.ones((2, 3), int), {}, r"or \(K, 2\), got shape \(2, 3\)"), (5, {}, "got 5"), (b"1 2", {}, "pairs are b'1 2'"),
    ({"a": 1}, {}, "pairs are"), ("40 20", {}, r"pair 1 \(40 20\) leaves the image"), ("0 2", {}, "leaves the image"),
    ("1 2", {"order": "col"}, "order is 'col'; it is column or row"), ("1 2", {"base": 2}, "base is 2; it is 0 or 1"),
    ("1 2", {"second": "len"}, "second is 'len'; it is length, end or stop"), ([True, False], {}, "which is not a whole"),
])  # fmt: skip
def test_pairs_that_are_amiss(pairs, options, said) -> None:
    with pytest.raises(ValueError, match=said):
        c.pairs_to_mask(pairs, SIZE, **options)


CONSTRUCTORS = {
    "Masks.from_counts of None": (lambda: Masks.from_counts(None, (4, 5)), "counts is None"),
    "Masks.from_counts of a flat list": (lambda: Masks.from_counts([0, 20], (4, 5)), "the runs of mask 0 have the shape"),
    "Masks.from_counts of a dict": (lambda: Masks.from_counts({"counts": [20]}, (4, 5)), "a list with the runs"),
    "Mask.from_counts nested": (lambda: Mask.from_counts([[0, 20]], (4, 5)), r"the shape \(1, 2\); they are a flat list"),
    "Masks.from_compressed of one": (lambda: Masks.from_compressed("0d", (4, 5)), "is '0d'; it is a list of texts"),
    "Masks.from_compressed of None": (lambda: Masks.from_compressed([None], (4, 5)), "mask 0 are None, which is not text"),
    "Masks.from_compressed of counts": (lambda: Masks.from_compressed([[0, 20]], (4, 5)), "which is not text"),
    "Masks.from_polygons of lists": (lambda: Masks.from_polygons([[[RING]]], SIZE), "which is not a Polygon"),
    "Masks.from_polygons of one": (lambda: Masks.from_polygons(Polygon([[RING]]), SIZE), "a list of Polygon"),
    "Mask.from_polygon of a list": (lambda: Mask.from_polygon([[RING]], SIZE), "which is not a Polygon"),
    "COCO's with a bracket too few": (lambda: Masks.from_coco_polygons([FLAT], SIZE), "1 bracket too few: a list of masks"),
    "COCO's with two too few": (lambda: Masks.from_coco_polygons(FLAT, SIZE), "2 brackets too few"),
    "COCO's with a bracket too many": (lambda: Masks.from_coco_polygons([[[FLAT]]], SIZE), "1 bracket too many"),
    "COCO's of text": (lambda: Masks.from_coco_polygons([[["a"] * 6]], SIZE), "not a list of numbers"),
    "COCO's of relative ones": (
        lambda: Masks.from_coco_polygons([[[0.1, 0.1, 0.5, 0.1, 0.5, 0.4]]], (9, 8)),
        r"between 0 and 1, and no mask has a pixel; multiply them by \(width, height\), which is \(8, 9\), or say tiny=True",
    ),
    "COCO's of NaN": (lambda: Masks.from_coco_polygons([[[np.nan] * 6]], SIZE), "not a finite number"),
    "COCO's of two points": (lambda: Masks.from_coco_polygons([[FLAT[:4]]], SIZE), "4 numbers; .*at least 3"),
    "Masks.stack of arrays": (lambda: Masks.stack([np.ones((4, 5), bool)], (4, 5)), "ndarray is not a Mask"),
    "Mask.encode of rows": (lambda: Mask.encode([[1, 0], [1]]), "lists of different lengths"),
    "Polygon of a ring": (lambda: Polygon(RING), "2 brackets too few: a polygon is a list of parts"),
    "Polygon of rings": (lambda: Polygon([RING]), "1 bracket too few"),
    "Polygon of numbers": (lambda: Polygon(FLAT), "2 brackets too few"),
    "Polygon of too many": (lambda: Polygon([[[RING]]]), "1 bracket too many"),
    "Polygon of text": (lambda: Polygon("abc"), "a polygon's parts are 'abc'"),
    "Polygon of no text": (lambda: Polygon(""), "a polygon's parts are ''"),
    "Polygon of None": (lambda: Polygon(None), "a polygon's parts are None"),
    "Polygon of a part without a ring": (lambda: Polygon([[]]), "part 0 of a polygon has no ring"),
    "Segments with text for ids": (lambda: Segments(TWO, [1, 2], ids=["a", "b"]), "ids is 'a', which is not a whole"),
    "Segments with names for classes": (lambda: Segments(TWO, ["a", "b"]), "class_ids is 'a', which is not a whole"),
    "Segments with a list as more": (lambda: Segments(TWO, [1, 2], more=[1]), r"more is \[1\]; it is a list of values by"),
    "Segments with one box": (lambda: Segments(TWO, [1, 2], more={"box": 5}), "box is 5; it is a list"),
    "Classes of names": (lambda: Classes(["cat", "dog"]), r"'cat', which is not a Class: Class\(1, 'cat'\) is one"),
    "Classes of a name": (lambda: Classes("cat"), "classes is 'cat'; it is a list of Class"),
    "Classes of a dict": (lambda: Classes({1: "cat"}), "a list of Class"),
    "Classes of one": (lambda: Classes(Class(1, "cat")), "a list of Class"),
}  # fmt: skip


@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_constructors(name) -> None:
    work, said = CONSTRUCTORS[name]
    with pytest.raises(ValueError, match=said):
        work()


def test_tiny_polygons_of_coco_stay() -> None:
    tiny = [0.1, 0.1, 0.5, 0.1, 0.5, 0.4]
    assert Masks.from_coco_polygons([[tiny]], (8, 8)).areas().tolist() == [0], "a small image"
    assert Masks.from_coco_polygons([[tiny]], (20, 20), tiny=True).areas().tolist() == [0], "as said"
    assert Masks.from_coco_polygons([[tiny], [FLAT]], (20, 20)).areas()[0] == 0, "beside another in pixels"
    assert Masks.from_coco_polygons([], (20, 20)).areas().tolist() == []
    assert Masks.from_coco_polygons([[[0, 0, 1, 0, 1, 1, 0, 1]]], (20, 20)).areas().tolist() == [1], "the first pixel"


def test_classes_that_are_not_there() -> None:
    classes = Classes([Class(3, "cat"), Class(9, "void", role="ignore"), Class(5, "cell")])
    with pytest.raises(KeyError, match="7 is not the id of a class with an index; those are 3 cat, 5 cell"):
        classes.index_of(7)
    with pytest.raises(KeyError, match="'cell' is not the id of a class"):
        classes.index_of("cell")
    with pytest.raises(KeyError, match="9 is not the id of a class with an index"):
        classes.index_of(9)
    with pytest.raises(TypeError, match=r"'cell' is not a class index; classes\[name\].id is a class's id by its name"):
        classes.id_of("cell")
    with pytest.raises(IndexError, match="there is no class index 2; there are 2 classes"):
        classes.id_of(2)
    assert (classes.index_of(5), classes.id_of(1)) == (1, 5)
