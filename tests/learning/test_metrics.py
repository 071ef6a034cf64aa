"""Confusion family and COCO AP against scikit-learn, pycocotools and published tables."""

import contextlib
import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from maskwright import formats
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.metrics import coco_ap, confusion


def test_a_drawn_example() -> None:
    truth = np.array([[0, 0, 1, 1], [0, 255, 1, 2]])
    pred = np.array([[0, 1, 1, 1], [0, 0, 0, 2]])
    counts = confusion.update(pred, truth, num_classes=4)
    assert counts.tolist() == [[2, 1, 0, 0, 0], [1, 2, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]]
    scores = confusion.compute(counts)
    assert scores["pixel_accuracy"] == 5 / 7
    assert scores["iou"].tolist()[:3] == [2 / 4, 2 / 4, 1]
    assert np.isnan(scores["iou"][3])
    assert scores["mean_iou"] == (0.5 + 0.5 + 1) / 3
    assert scores["class_accuracy"] == (2 / 3 + 2 / 3 + 1) / 3
    assert scores["frequency_weighted_iou"] == pytest.approx((3 * 0.5 + 3 * 0.5 + 1) / 7)


@given(st.integers(0, 10**6), st.integers(2, 9), st.integers(1, 900))
def test_counts_equal_scikit_learn_and_add(seed: int, kinds: int, pixels: int) -> None:
    rng = np.random.default_rng(seed)
    truth = np.repeat(rng.integers(0, kinds, pixels), rng.integers(1, 40)).astype(np.uint8)
    pred = np.where(rng.random(truth.size) < 0.1, rng.integers(0, kinds, truth.size), truth).astype(np.uint8)
    truth[rng.random(truth.size) < 0.05] = 255
    keep = truth != 255
    counts = confusion.update(pred, truth, num_classes=kinds)
    expected = np.zeros((kinds, kinds), int)
    if keep.any():
        expected = sk.confusion_matrix(truth[keep], pred[keep], labels=range(kinds))
    assert np.array_equal(counts[:, :-1], expected)
    half = truth.size // 2
    parts = [confusion.update(pred[part], truth[part], num_classes=kinds) for part in (slice(half), slice(half, None))]
    assert np.array_equal(parts[0] + parts[1], counts)
    if keep.any():
        scores = confusion.compute(counts)
        used = sorted(set(truth[keep]) | set(pred[keep]))
        assert scores["mean_iou"] == pytest.approx(
            sk.jaccard_score(truth[keep], pred[keep], labels=used, average="macro"), rel=1e-12
        )
        assert scores["pixel_accuracy"] == pytest.approx(sk.accuracy_score(truth[keep], pred[keep]), rel=1e-12)
        assert np.nanmean(scores["dice"]) == pytest.approx(
            sk.f1_score(truth[keep], pred[keep], labels=used, average="macro"), rel=1e-12
        )


def test_other_kinds_of_labels() -> None:
    truth, pred = np.array([300, 7, -1]), np.array([300, 9, 2])
    counts = confusion.update(pred, truth, num_classes=301, ignore_index=-1)
    assert counts.sum() == 2
    assert counts[300, 300] == 1
    wrong = confusion.update(np.array([250], np.uint8), np.array([1], np.uint8), num_classes=3)
    assert wrong[1].tolist() == [0, 0, 0, 1], "a prediction outside the classes is wrong, not dropped"
    with pytest.raises(ValueError, match="outside 0"):
        confusion.update(np.array([0]), np.array([9]), num_classes=3)
    with pytest.raises(ValueError, match="differ in shape"):
        confusion.update(np.zeros((2, 2), int), np.zeros((2, 3), int), num_classes=3)


@given(
    st.integers(0, 10**6),
    st.sampled_from([2, 13, 253, 254, 255]),
    st.sampled_from([None, 255, 254, 0, 7, -1, 300]),
    st.sampled_from([np.uint8, np.int64, np.int16, np.uint16]),
    st.sampled_from([np.uint8, np.int64, np.int32]),
)
def test_counts_of_any_type_and_ignored_label(seed: int, kinds: int, ignore: int | None, a: type, b: type) -> None:
    rng = np.random.default_rng(seed)
    truth = np.repeat(rng.integers(0, kinds, 60), 5).astype(a)
    pred = rng.integers(0, 256, truth.size).astype(b)
    some = rng.random(truth.size) < 0.1
    if ignore is not None and ignore <= np.iinfo(a).max and ignore >= np.iinfo(a).min:
        truth[some] = ignore
    expected = np.zeros((kinds, kinds + 1), int)
    for t, p in zip(truth.tolist(), pred.tolist(), strict=True):
        if t != ignore:
            expected[t, p if p < kinds and p != ignore else kinds] += 1
    assert np.array_equal(confusion.update(pred, truth, num_classes=kinds, ignore_index=ignore), expected)


def test_nothing_counted_is_nan() -> None:
    scores = confusion.compute(np.zeros((3, 4), np.int64))
    assert all(np.isnan(scores[name]) for name in ("mean_iou", "pixel_accuracy", "class_accuracy"))


def published(text: str) -> list[float]:
    part = text.split("type=segm")[1].split("type=", maxsplit=1)[0]
    return [float(line.rsplit("=", 1)[1]) for line in part.splitlines() if "] =" in line]


@pytest.mark.real
def test_coco_ap_equals_the_published_table_and_pycocotools(real) -> None:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    pytest.importorskip("hotcoco")
    home = real("coco_eval_reference")
    reading = formats.read(home / "instances_val2014_100.json")
    results = json.loads((home / "instances_val2014_fakesegm100_results.json").read_text())
    by_image: dict[int, list] = {}
    for result in results:
        by_image.setdefault(result["image_id"], []).append(result)
    counts: coco_ap.Counts = []
    # Equal scores of different images are ranked by the images' order; pycocotools takes them by id.
    for sample in sorted(reading.samples, key=lambda sample: sample.fields["coco"]["id"]):
        mine = by_image.get(sample.fields["coco"]["id"], [])
        masks = Masks.from_compressed([each["segmentation"]["counts"] for each in mine], sample.image.size)
        pred = Segments(masks, [each["category_id"] for each in mine], scores=[each["score"] for each in mine])
        counts += coco_ap.update(pred, sample.segments)
    scores = coco_ap.compute(counts, reading.classes)
    table = published((home / "val2014_fake_eval_res.txt").read_text())
    assert [round(scores[name], 3) for name in coco_ap.NAMES] == table
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(home / "instances_val2014_100.json"))
        plain = [
            {key: result[key] for key in ("image_id", "category_id", "segmentation", "score")} for result in results
        ]
        theirs = COCOeval(truth, truth.loadRes(plain), "segm")
        theirs.evaluate()
        theirs.accumulate()
        theirs.summarize()
    assert np.allclose([scores[name] for name in coco_ap.NAMES], theirs.stats, rtol=0, atol=1e-12)


def test_ap_of_perfect_and_of_nothing(make_samples, classes) -> None:
    pytest.importorskip("hotcoco")
    samples = make_samples(6, overlap=False)
    perfect = [each for sample in samples for each in coco_ap.update(sample.segments, sample.segments)]
    assert coco_ap.compute(perfect, classes)["AP"] == pytest.approx(1)
    nothing = [each for sample in samples for each in coco_ap.update(sample.segments[:0], sample.segments)]
    assert coco_ap.compute(nothing, classes)["AP"] == 0
    assert np.isnan(coco_ap.compute([], classes)["AP"])
