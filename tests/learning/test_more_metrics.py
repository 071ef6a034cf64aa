"""Boundaries, video, calibration, AP variants, intervals, and the many numbers called mIoU."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright import metrics
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.metrics import boundary_ap, boundary_f1, calibration, coco_ap, confusion, jf, lvis_ap
from maskwright.metrics._ap_bootstrap import scores as ap_scores
from maskwright.metrics._detections import evaluated

CLASSES = Classes(
    [Class(1, "cat", extra={"frequency": "r"}), Class(2, "dog", extra={"frequency": "f"}), Class(7, "grass", "stuff")]
)


def square(size, top, left, side) -> np.ndarray:
    out = np.zeros(size, bool)
    out[top : top + side, left : left + side] = True
    return out


# -- J and F ---------------------------------------------------------------------------------------------------------


def davis_f(pred, target, share=0.008) -> float:
    """The benchmark's definition with its own means: seams, dilated by a disk."""
    from skimage.morphology import dilation, disk

    def seam(seg):
        east, south, both = np.zeros_like(seg), np.zeros_like(seg), np.zeros_like(seg)
        east[:, :-1], south[:-1], both[:-1, :-1] = seg[:, 1:], seg[1:], seg[1:, 1:]
        edge = (seg ^ east) | (seg ^ south) | (seg ^ both)
        edge[-1], edge[:, -1] = seg[-1] ^ east[-1], seg[:, -1] ^ south[:, -1]
        edge[-1, -1] = False
        return edge

    reach = int(np.ceil(share * np.linalg.norm(pred.shape)))
    a, b = seam(pred), seam(target)
    near_b, near_a = dilation(b.astype(np.uint8), disk(reach)) > 0, dilation(a.astype(np.uint8), disk(reach)) > 0
    if not a.any() or not b.any():
        return float(a.any() == b.any())
    precision, recall = (a & near_b).sum() / a.sum(), (b & near_a).sum() / b.sum()
    return 0.0 if precision + recall == 0 else 2 * precision * recall / (precision + recall)


@given(st.integers(0, 10**6))
def test_contours_are_scored_as_davis_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = tuple(int(integer) for integer in rng.integers(5, 160, 2))
    a, b = (square(size, *rng.integers(0, size[0], 2), int(rng.integers(0, 40))) for _ in range(2))
    assert jf.contour_accuracy(a, b) == pytest.approx(davis_f(a, b), abs=1e-12)


def test_video_means_are_by_object_and_leave_out_the_ends() -> None:
    size = (30, 40)
    counts: list = []
    for frame in range(5):
        rows = [square(size, 5, 5, 10), square(size, 15, 20, 8)]
        truth = Segments(Masks.encode(np.stack(rows)), [1, 2], ids=[1, 2])
        wrong = frame in (0, 2)  # the first does not count
        found = Segments(
            Masks.encode(np.stack([square(size, 0, 30, 10) if wrong else rows[0], rows[1]])), [1, 2], ids=[1, 2]
        )
        counts += jf.update(found, truth, video="a", frame=frame)
    scores = jf.compute(counts)
    assert scores["j"] == pytest.approx((2 / 3 + 1) / 2)
    assert scores["f"] == pytest.approx((2 / 3 + 1) / 2)
    assert scores["j_recall"] == pytest.approx((2 / 3 + 1) / 2)
    assert jf.compute(counts, ends=True)["j"] == pytest.approx((3 / 5 + 1) / 2)
    assert scores["by_video"] == {"a": pytest.approx((2 / 3 + 1) / 2)}
    assert np.isnan(jf.compute([])["jf"])
    with pytest.raises(ValueError, match="over a truth"):
        jf.update(Segments.none((3, 3)), Segments.none((4, 3)), video="a", frame=0)


def test_objects_that_leave_the_picture_are_right_where_nothing_is_found() -> None:
    size = (20, 20)
    truth = [square(size, 2, 2, 8)] * 3 + [np.zeros(size, bool)] * 3
    counts: list = []
    for frame, mask in enumerate(truth):
        there = Segments(Masks.encode(mask[None]), [1], ids=[1]) if mask.any() else Segments.none(size)
        counts += jf.update(there, there, video="a", frame=frame)
    # The frames without the object are not in the counts, and the last of those that are is an end.
    assert jf.compute(counts)["jf"] == 1.0


# -- boundaries ------------------------------------------------------------------------------------------------------


def test_boundary_f1_by_hand() -> None:
    size = (100, 100)  # tolerance: ceil(0.008 * 141.4) = 2
    assert boundary_f1.tolerance(size) == 2
    truth = Segments(Masks.encode(square(size, 20, 20, 40)[None]), [1])
    for shift, score in ((0, 1.0), (2, 1.0), (30, None)):
        found = Segments(Masks.encode(square(size, 20, 20 + shift, 40)[None]), [1])
        result = boundary_f1.compute(boundary_f1.update(found, truth, CLASSES), CLASSES)
        if score is not None:
            assert result["boundary_f1"] == pytest.approx(score)
        else:
            assert 0 < result["boundary_f1"] < 0.5
    nothing = boundary_f1.compute(boundary_f1.update(Segments.none(size), truth, CLASSES), CLASSES)
    assert nothing["boundary_f1"] == 0.0
    empty = boundary_f1.compute(boundary_f1.update(Segments.none(size), Segments.none(size), CLASSES), CLASSES)
    assert np.isnan(empty["boundary_f1"])


def detections(seed: int, images: int = 8) -> list:
    rng = np.random.default_rng(seed)
    counts: list = []
    for _ in range(images):
        size = (60, 50)
        number = int(rng.integers(1, 6))
        dense = np.stack([square(size, *rng.integers(0, 40, 2), int(rng.integers(4, 20))) for _ in range(number)])
        truth = Segments(Masks.encode(dense), rng.integers(1, 3, number), is_crowd=rng.random(number) < 0.15)
        moved = np.stack([np.roll(each, tuple(rng.integers(-2, 3, 2)), (0, 1)) for each in dense])
        found = Segments(
            Masks.encode(moved), np.where(rng.random(number) < 0.8, truth.class_ids, 1), scores=rng.random(number)
        )
        counts += coco_ap.update(found, truth)
    return counts


def test_boundary_ap_matches_by_the_smaller_of_both_ious() -> None:
    """pycocotools with its IoU replaced, over bands of our own."""
    import contextlib
    import io

    coco = pytest.importorskip("pycocotools.coco")
    from pycocotools.cocoeval import COCOeval

    counts = detections(1)
    from maskwright.metrics._detections import tables

    truths, results = tables(counts, CLASSES)

    class Both(COCOeval):
        def computeIoU(self, image, kind):  # noqa: N802
            whole = super().computeIoU(image, kind)
            if not len(whole):
                return whole
            gt, dt = self._gts[image, kind], self._dts[image, kind]
            dt = [dt[k] for k in np.argsort([-each["score"] for each in dt], kind="mergesort")]
            size = tuple(gt[0]["segmentation"]["size"])
            radius = max(1, round(0.02 * float(np.hypot(*size))))
            bands = [
                Masks.from_compressed([row["segmentation"]["counts"] for row in rows], size).boundary(radius)
                for rows in (dt, gt)
            ]
            plain = np.array([not each["iscrowd"] for each in gt])
            out = np.array(whole)
            out[:, plain] = np.minimum(out[:, plain], bands[0].iou(bands[1])[:, plain])
            return out

    with contextlib.redirect_stdout(io.StringIO()):
        truth = coco.COCO()
        truth.dataset = truths
        truth.createIndex()
        evaluation = Both(truth, truth.loadRes(results), "segm")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    found = boundary_ap.compute(counts, CLASSES)
    for name, value in zip(boundary_ap.NAMES, evaluation.stats, strict=True):
        assert found[name] == pytest.approx(value, abs=1e-12) or (np.isnan(found[name]) and value == -1), name
    assert found["AP"] < coco_ap.compute(counts, CLASSES)["AP"]
    assert np.isnan(boundary_ap.compute([], CLASSES)["AP"])


def test_lvis_ap_forgives_what_was_not_labelled() -> None:
    size = (40, 40)
    truth = Segments(Masks.encode(square(size, 2, 2, 12)[None]), [1])
    both = Segments(
        Masks.encode(np.stack([square(size, 2, 2, 12), square(size, 20, 20, 9)])), [1, 2], scores=[0.9, 0.8]
    )
    dogs = Segments(Masks.encode(square(size, 20, 20, 9)[None]), [2])
    only_dog = lvis_ap.update(dogs[[0]], dogs)
    plain = lvis_ap.compute(only_dog + lvis_ap.update(both, truth), CLASSES)
    assert plain["AP"] == pytest.approx(1.0), "the dog may be there: nobody said that it is not"
    judged = lvis_ap.compute(only_dog + lvis_ap.update(both, truth, negative=[2]), CLASSES)
    assert judged["AP"] < 1.0, "said not to be there, it is wrong"
    assert plain["APr"] == pytest.approx(1.0)
    assert np.isnan(plain["APc"])


# -- calibration -----------------------------------------------------------------------------------------------------


def test_calibration_by_hand() -> None:
    probs = np.zeros((2, 2, 5))
    probs[0] = 0.9
    probs[1] = 0.1
    target = np.array([[0, 0, 0, 0, 1], [0, 0, 0, 255, 1]])
    found = calibration.compute(calibration.update(probs, target))
    # Nine pixels at 0.9, seven of them right; Brier 0.02 where right, 1.62 where wrong.
    assert found["ece"] == pytest.approx(0.9 - 7 / 9)
    assert found["mce"] == pytest.approx(0.9 - 7 / 9)
    assert found["brier"] == pytest.approx((7 * 0.02 + 2 * 1.62) / 9)
    assert np.isnan(calibration.compute(calibration.update(probs, np.full((2, 5), 255)))["ece"])


def test_calibration_equals_torchmetrics() -> None:
    torch = pytest.importorskip("torch")
    classification = pytest.importorskip("torchmetrics.functional.classification")
    rng = np.random.default_rng(0)
    logits = torch.from_numpy(rng.normal(size=(4, 30, 31)) * 2)
    probs, target = logits.softmax(0), torch.from_numpy(rng.integers(0, 4, (30, 31)))
    theirs = classification.multiclass_calibration_error(
        probs.flatten(1).T, target.flatten(), num_classes=4, n_bins=calibration.BINS, norm="l1"
    )
    assert calibration.compute(calibration.update(probs, target))["ece"] == pytest.approx(float(theirs), rel=1e-6)


# -- intervals -------------------------------------------------------------------------------------------------------


def test_intervals_cover_what_they_should() -> None:
    """The true accuracy lies inside about 95 of 100 intervals."""
    inside = 0
    for trial in range(60):
        rng = np.random.default_rng(trial)
        bootstrap = metrics.Bootstrap(seed=trial)
        for _ in range(120):
            right = int(rng.binomial(50, 0.7))
            bootstrap.add(np.array([right, 50]))
        low, high = bootstrap.intervals(lambda counts: {"accuracy": float(counts[0] / counts[1])})["accuracy"]
        inside += low <= 0.7 <= high
    assert 51 <= inside <= 60
    assert metrics.Bootstrap().intervals(lambda counts: {}) == {}


def test_ap_with_every_image_once_is_cocos() -> None:
    counts = detections(2, images=12)
    whole = coco_ap.compute(counts, CLASSES)
    found = ap_scores(evaluated(counts, CLASSES).eval_imgs, np.ones(len(counts)))
    assert found == pytest.approx((whole["AP"], whole["AP50"], whole["AP75"]), abs=1e-12)
    twice = ap_scores(evaluated(counts, CLASSES).eval_imgs, np.full(len(counts), 2.0))
    assert twice[1] == pytest.approx(found[1], abs=0.02), "everything twice changes next to nothing"
    low, high = metrics.ap_intervals(counts, CLASSES)["AP"]
    assert low < whole["AP"] < high
    assert metrics.ap_intervals([], CLASSES) == {}


# -- explain ---------------------------------------------------------------------------------------------------------


def test_every_mean_iou_is_the_one_its_library_computes() -> None:
    torch = pytest.importorskip("torch")
    torchmetrics = pytest.importorskip("torchmetrics")
    from segmentation_models_pytorch import metrics as smp
    from torchmetrics.segmentation import MeanIoU

    rng = np.random.default_rng(0)
    kinds, number = 4, 3
    truth = rng.integers(0, 3, (number, 10, 10))
    truth[0][truth[0] == 2] = 1
    pred = np.where(rng.random(truth.shape) < 0.7, truth, rng.integers(0, 3, truth.shape))
    pred[0][pred[0] == 2] = 0
    classes = Classes([Class(k, f"c{k}", "stuff") for k in range(kinds)])
    explained = metrics.Explanation(classes)
    for p, t in zip(pred, truth, strict=True):
        explained.add(confusion.update(p, t, num_classes=kinds), np.zeros(kinds, np.int64))
    found = {variant.name: variant.value for variant in explained.variants()}
    p, t = torch.from_numpy(pred), torch.from_numpy(truth)
    counts = smp.get_stats(p, t, mode="multiclass", num_classes=kinds)
    theirs = {
        "set, classes that occur": torchmetrics.JaccardIndex("multiclass", num_classes=kinds)(p, t),
        "set, absent classes 1": smp.iou_score(*counts, reduction="macro"),
        "set, all classes as one": smp.iou_score(*counts, reduction="micro"),
        "image, mean over pairs": MeanIoU(num_classes=kinds, input_format="index")(p, t),
        "image, absent classes 1": smp.iou_score(*counts, reduction="macro-imagewise"),
        "image, all classes as one": smp.iou_score(*counts, reduction="micro-imagewise"),
    }
    for name, value in theirs.items():
        assert found[name] == pytest.approx(float(value), rel=1e-5), name
    assert next(iter(found)) == "set, classes that occur"
    assert found["set, Dice"] > found["set, classes that occur"]
    assert found["image, worst 5 %"] <= found["image, median"]


def test_monais_mean_iou() -> None:
    torch = pytest.importorskip("torch")
    monai = pytest.importorskip("monai.metrics")
    rng = np.random.default_rng(1)
    truth, pred = rng.integers(0, 3, (2, 3, 9, 9))
    classes = Classes([Class(k, f"c{k}", "stuff") for k in range(3)])
    explained = metrics.Explanation(classes)
    for p, t in zip(pred, truth, strict=True):
        explained.add(confusion.update(p, t, num_classes=3), np.zeros(3, np.int64))
    hot = [torch.nn.functional.one_hot(torch.from_numpy(each), 3).permute(0, 3, 1, 2) for each in (pred, truth)]
    metric = monai.MeanIoU(include_background=True)
    metric(*hot)
    found = {variant.name: variant.value for variant in explained.variants()}
    assert found["image, mean over images"] == pytest.approx(float(metric.aggregate()), rel=1e-5)
