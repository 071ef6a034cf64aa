"""Masks against pycocotools, SciPy and NumPy, on hand-drawn, random and huge masks."""

import pickle

import numpy as np
import pytest
import scipy.ndimage as nd
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from maskwright.core.mask import Mask
from maskwright.core.masks import Masks, as_masks

dense_batches = hnp.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=24).flatmap(
    lambda shape: hnp.arrays(np.bool_, shape)
)


def blobs(seed: int, number: int, height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    out = [nd.gaussian_filter(rng.normal(size=(height, width)), rng.choice([0.5, 2, 4])) for _ in range(number)]
    return np.stack([item > np.quantile(item, rng.uniform(0.1, 0.95)) for item in out])


def reference(dense: np.ndarray) -> list[dict]:
    return coco.encode(np.asfortranarray(dense.transpose(1, 2, 0).astype(np.uint8)))


def test_a_drawn_mask_has_the_counts_one_reads_off() -> None:
    # column by column: 0110 | 0000 | 1111 | 1000
    drawn = np.array([[0, 0, 1, 1], [1, 0, 1, 0], [1, 0, 1, 0], [0, 0, 1, 0]])
    mask = Mask.encode(drawn)
    assert mask.counts.tolist() == [1, 2, 5, 5, 3]
    assert mask.counts.dtype == np.uint32
    assert (mask.area(), mask.box()) == (7, (0, 0, 4, 4))


@given(dense_batches)
def test_decoding_gives_back_what_was_encoded(dense: np.ndarray) -> None:
    masks = Masks.encode(dense)
    assert np.array_equal(masks.decode(), dense)
    assert masks.compressed() == [each["counts"] for each in reference(dense)]
    assert Masks.from_compressed(masks.compressed(), masks.size) == masks
    assert Masks.from_counts([mask.counts for mask in masks], masks.size) == masks
    assert np.array_equal(masks.areas(), dense.sum(axis=(1, 2)))
    assert pickle.loads(pickle.dumps(masks)) == masks


@given(dense_batches, st.data())
def test_a_window_and_a_buffer(dense: np.ndarray, data: st.DataObject) -> None:
    masks = Masks.encode(dense)
    _, height, width = dense.shape
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    right, bottom = data.draw(st.integers(left + 1, width)), data.draw(st.integers(top + 1, height))
    out = np.full((len(dense), bottom - top, right - left), 7, np.uint8)
    assert masks.decode(window=(left, top, right, bottom), out=out) is out
    assert np.array_equal(out, dense[:, top:bottom, left:right])


@given(dense_batches)
def test_set_operations_are_pixelwise(dense: np.ndarray) -> None:
    other = dense[::-1]
    a, b = Masks.encode(dense), Masks.encode(other)
    assert np.array_equal((a & b).decode(), dense & other)
    assert np.array_equal((a | b).decode(), dense | other)
    assert np.array_equal((a ^ b).decode(), dense ^ other)
    assert np.array_equal((a - b).decode(), dense & ~other)
    assert np.array_equal((~a).decode(), ~dense)
    assert np.array_equal(a.union().decode(), dense.any(axis=0))
    assert np.array_equal(a.intersection().decode(), dense.all(axis=0))


@pytest.mark.parametrize("seed", range(6))
def test_iou_and_boxes_equal_pycocotools(seed: int) -> None:
    dense = np.concatenate([blobs(seed, 6, 37, 23), np.zeros((1, 37, 23), bool), np.ones((1, 37, 23), bool)])
    masks, theirs = Masks.encode(dense), reference(dense)
    crowd = [0, 1, 0, 0, 1, 0, 1, 1]
    assert np.array_equal(masks.iou(masks, is_crowd=crowd), coco.iou(theirs, theirs, crowd))
    assert np.array_equal(masks.iou(masks), coco.iou(theirs, theirs, [0] * 8))
    xywh = coco.toBbox(theirs)
    boxes = masks.boxes()
    some = masks.areas() > 0
    assert np.array_equal(np.c_[boxes[:, :2], boxes[:, 2:] - boxes[:, :2]][some], xywh[some])
    assert masks.boxes()[6].tolist() == [0, 0, 0, 0]


@given(dense_batches, st.data())
def test_flips_crops_pastes_and_sizes(dense: np.ndarray, data: st.DataObject) -> None:
    masks = Masks.encode(dense)
    _, height, width = dense.shape
    assert np.array_equal(masks.flip(horizontal=True).decode(), dense[:, :, ::-1])
    assert np.array_equal(masks.flip(horizontal=False).decode(), dense[:, ::-1])
    assert np.array_equal(masks.transpose().decode(), dense.transpose(0, 2, 1))
    left, top = data.draw(st.integers(-5, width)), data.draw(st.integers(-5, height))
    tall, wide = data.draw(st.integers(1, 30)), data.draw(st.integers(1, 30))
    padded = np.pad(dense, ((0, 0), (40, 60), (40, 60)))
    cropped = masks.crop((left, top, left + wide, top + tall))
    assert np.array_equal(cropped.decode(), padded[:, 40 + top : 40 + top + tall, 40 + left : 40 + left + wide])
    back = cropped.paste(masks.size, left=left, top=top).decode()
    inside = np.zeros(masks.size, bool)
    inside[max(top, 0) : max(top + tall, 0), max(left, 0) : max(left + wide, 0)] = True
    assert np.array_equal(back, dense & inside)
    rows = ((2 * np.arange(tall) + 1) * height) // (2 * tall)
    columns = ((2 * np.arange(wide) + 1) * width) // (2 * wide)
    assert np.array_equal(masks.resize((tall, wide)).decode(), dense[:, rows][:, :, columns])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("radius", [0, 1, 3])
def test_morphology_equals_scipy(seed: int, radius: int) -> None:
    dense = np.concatenate([blobs(seed, 4, 29, 34), np.zeros((1, 29, 34), bool), np.ones((1, 29, 34), bool)])
    masks = Masks.encode(dense)
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    elements = {
        "square": np.ones_like(x, bool), "diamond": abs(x) + abs(y) <= radius, "disk": x**2 + y**2 <= radius**2,
    }  # fmt: skip
    for name, element in elements.items():
        assert np.array_equal(
            masks.dilate(radius, name).decode(), [nd.binary_dilation(each, element) for each in dense]
        )
        assert np.array_equal(masks.erode(radius, name).decode(), [nd.binary_erosion(each, element) for each in dense])
    eroded = np.stack([nd.binary_erosion(each, np.ones((2 * radius + 1,) * 2)) for each in dense])
    assert np.array_equal(masks.boundary(radius).decode(), dense & ~eroded)


@pytest.mark.parametrize("seed", range(4))
def test_components_and_holes_equal_scipy(seed: int) -> None:
    dense = np.concatenate([blobs(seed, 5, 31, 26), np.zeros((1, 31, 26), bool), np.ones((1, 31, 26), bool)])
    masks = Masks.encode(dense)
    for connectivity, element in ((4, None), (8, np.ones((3, 3)))):
        parts, owner = masks.components(connectivity=connectivity)
        for i, each in enumerate(dense):
            labels, number = nd.label(each, element)
            mine = parts.decode()[owner == i]
            assert len(mine) == number
            assert sorted(part.sum() for part in mine) == sorted((labels == k).sum() for k in range(1, number + 1))
            assert all(np.unique(labels[part]).size == 1 for part in mine)
    assert np.array_equal(masks.fill_holes().decode(), [nd.binary_fill_holes(each) for each in dense])


@given(hnp.arrays(np.int16, hnp.array_shapes(min_dims=2, max_dims=2, max_side=20), elements=st.integers(-3, 4)))
def test_a_label_map_is_the_composite_of_its_masks(labels: np.ndarray) -> None:
    values, masks = Masks.from_label_map(labels)
    assert values.tolist() == np.unique(labels).tolist()
    assert np.array_equal(masks.composite(values), labels)
    kept, fewer = Masks.from_label_map(labels, ignore=[0])
    assert 0 not in kept
    assert np.array_equal(fewer.composite(kept), labels)  # background is 0


def test_later_masks_are_painted_on_top() -> None:
    masks = Masks.encode(np.array([[[1, 1, 1]], [[0, 1, 1]], [[0, 0, 1]]]))
    assert masks.composite([7, 8, 9]).tolist() == [[7, 8, 9]]


@given(dense_batches)
def test_points(dense: np.ndarray) -> None:
    masks = Masks.encode(dense)
    points = np.random.default_rng(0).uniform(-3, 27, (40, 2))
    found = masks.contains(points)
    for j, (x, y) in enumerate(np.floor(points).astype(int)):
        inside = 0 <= x < dense.shape[2] and 0 <= y < dense.shape[1]
        assert found[:, j].tolist() == (dense[:, y, x].tolist() if inside else [False] * len(dense))


@pytest.mark.parametrize(
    "dense",
    [
        np.zeros((4, 5), bool),
        np.ones((4, 5), bool),
        np.ones((1, 1), bool),
        np.eye(1, 9, 3, bool),
        np.eye(9, 1, -8, bool),
    ],
    ids=["empty", "full", "one pixel", "one row", "one column"],
)
def test_extremes(dense: np.ndarray) -> None:
    mask = Mask.encode(dense)
    theirs = reference(dense[None])[0]
    assert mask.compressed() == theirs["counts"]
    assert np.array_equal(mask.decode(), dense)
    assert Mask.from_polygon(mask.polygon(), mask.size) == mask
    assert mask.polygon().area() == mask.area() == dense.sum()
    assert (mask ^ mask).area() == 0
    assert mask.iou(mask) == float(dense.any())


def test_a_hundred_megapixels() -> None:
    dense = np.zeros((10_000, 10_000), np.uint8)
    dense[100:9_000, 50:9_900] = 255
    dense[4_000:5_000, 4_000:5_000] = 0
    mask = Mask.encode(dense)
    assert mask.area() == int((dense != 0).sum())
    assert mask.compressed() == coco.encode(np.asfortranarray(dense != 0).view(np.uint8))["counts"]
    assert mask.polygon().has_holes
    assert Mask.from_polygon(mask.polygon(), mask.size) == mask
    assert np.array_equal(mask.decode(), dense != 0)


def test_torch_tensors_come_in() -> None:
    torch = pytest.importorskip("torch")
    dense = np.random.default_rng(0).random((3, 7, 9)) < 0.5
    assert as_masks(torch.from_numpy(dense)) == Masks.encode(dense)
    assert Masks.from_label_map(torch.arange(6).reshape(2, 3))[0].tolist() == [0, 1, 2, 3, 4, 5]


def test_indexing_keeps_the_type() -> None:
    dense = blobs(0, 5, 9, 8)
    masks = Masks.encode(dense)
    assert np.array_equal(masks[1:4].decode(), dense[1:4])
    assert np.array_equal(masks[[4, 0]].decode(), dense[[4, 0]])
    assert np.array_equal(masks[np.array([True, False, True, False, False])].decode(), dense[[0, 2]])
    assert masks[-1] == Mask.encode(dense[-1])
    with pytest.raises(IndexError):
        masks[5]
    assert len(masks[:0]) == 0
    assert masks[:0].union().area() == 0
    assert masks[:0].decode().shape == (0, 9, 8)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Masks.from_counts([[3, 2]], (2, 2)), "sum to 5"),
        (lambda: Masks.from_counts([[4], [5, -1]], (2, 2)), "mask 1"),
        (lambda: Masks.from_counts([[]], (2, 2)), "no runs"),
        (lambda: Masks.from_compressed(["\x01"], (2, 2)), "mask 0"),
        (lambda: Masks.from_compressed(["o"], (2, 2)), "cut short"),
        (lambda: Masks.encode(np.zeros((1, 2, 2))), "threshold"),
        (lambda: Masks.encode(np.zeros((2, 2), bool)), "3 axes"),
        (lambda: Masks.empty((0, 4)), "height, width"),
        (lambda: Masks.empty((2, 2), 1) & Masks.empty((2, 3), 1), "one image"),
        (lambda: Masks.empty((2, 2), 1).dilate(-1), "radius"),
        (lambda: Masks.empty((2, 2), 1).decode(window=(0, 0, 3, 1)), "leaves the image"),
    ],
)
def test_wrong_input_is_named(call: object, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        call()


def test_empty_runs_inside_are_joined() -> None:
    # 1 zero, no one, 1 zero, 2 ones: legal in files, not canonical
    assert Mask.from_counts([1, 0, 1, 2], (2, 2)).counts.tolist() == [2, 2]
    assert Mask.from_counts([0, 4], (2, 2)).counts.tolist() == [0, 4]
    assert Mask.from_counts([0, 4, 0], (2, 2)).counts.tolist() == [0, 4]


@pytest.mark.real
def test_real_coco_masks_equal_pycocotools(real) -> None:
    import json

    content = json.loads((real("coco_mini") / "annotations").glob("instances*.json").__next__().read_text())
    sizes = {image["id"]: (image["height"], image["width"]) for image in content["images"]}
    for annotation in content["annotations"]:
        size = sizes[annotation["image_id"]]
        found = annotation["segmentation"]
        if isinstance(found, list):
            theirs = coco.merge(coco.frPyObjects(found, *size))
            mine = Masks.from_coco_polygons([found], size)[0]
        else:
            theirs = coco.frPyObjects(found, *size)
            mine = Mask.from_counts(found["counts"], size)
        assert mine.compressed() == theirs["counts"], annotation["id"]
        assert mine.area() == coco.area(theirs)
        assert Mask.from_polygon(mine.polygon(), size) == mine
