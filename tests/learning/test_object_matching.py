"""Which prediction is which object: by hand, and against pycocotools and hotcoco."""

import io
import json
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import pytest

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.metrics import coco_ap
from maskwright.metrics._detections import tables
from maskwright.runs import Run, evaluate, sample_metrics, segment_metrics
from maskwright.runs.by_segment import found
from maskwright.runs.evaluation import confused
from maskwright.runs.object_curves import curves, judged
from maskwright.runs.object_matching import matches
from maskwright.store import Dataset

CLASSES = Classes([Class(1, "car"), Class(2, "lamp"), Class(3, "void", role="ignore")])
SIZE = (24, 30)


def strip(*columns: tuple[int, int]) -> Masks:
    """Masks of ten rows, each from one column to before another."""
    dense = np.zeros((len(columns), 10, 40), bool)
    for mask, (left, right) in zip(dense, columns, strict=True):
        mask[:, left:right] = True
    return Masks.encode(dense) if columns else Masks.empty((10, 40))


def random_image(rng: np.random.Generator, *, crowds: bool = True) -> tuple[Segments, Segments]:
    """Boxes, and predictions near them: some moved, doubled, of another class, of equal scores, or of nothing."""

    def boxes(number: int) -> list[list[int]]:
        corners = rng.integers(0, 16, (number, 2))
        return np.concatenate([corners, corners + rng.integers(3, 9, (number, 2))], axis=1).tolist()

    def segments(boxes: list[list[int]], kinds: Any, **more: Any) -> Segments:
        dense = np.zeros((len(boxes), *SIZE), bool)
        for mask, (top, left, bottom, right) in zip(dense, boxes, strict=True):
            mask[top:bottom, left:right] = True
        return Segments(Masks.encode(dense) if len(boxes) else Masks.empty(SIZE), kinds, **more)

    own = boxes(int(rng.integers(0, 7)))
    kinds = rng.integers(1, 3, len(own))
    crowd = (rng.random(len(own)) < 0.25) & crowds
    near = [(place, [edge + int(rng.integers(-1, 2)) for edge in own[place]])
            for place in rng.integers(0, len(own), int(rng.integers(0, 9))).tolist()] if own else []  # fmt: skip
    near = [(place, [max(0, edge) for edge in box]) for place, box in near]
    others = boxes(int(rng.integers(0, 3)))
    of = np.array([kinds[place] for place, _ in near] + rng.integers(1, 3, len(others)).tolist(), np.int64)
    of = np.where(rng.random(of.size) < 0.2, 3 - of, of)
    scores = rng.choice([0.2, 0.5, 0.5, 0.7, 0.9, 0.95], of.size)
    return segments(own, kinds, is_crowd=crowd), segments([box for _, box in near] + others, of, scores=scores)


def by_pycocotools(images: list[tuple[Segments, Segments]], most: int) -> Any:
    pycocotools = pytest.importorskip("pycocotools.coco")
    from pycocotools.cocoeval import COCOeval

    truths, results = tables([coco_ap.update(pred, truth)[0] for truth, pred in images], CLASSES)
    with redirect_stdout(io.StringIO()):
        truth = pycocotools.COCO()
        truth.dataset = truths
        truth.createIndex()
        judge = COCOeval(truth, truth.loadRes(results), "segm")
        judge.params.iouThrs = np.array([0.5])
        judge.params.areaRng, judge.params.areaRngLbl = [[0, 1e10]], ["all"]
        judge.params.maxDets = [most]
        judge.evaluate()
    return [image for image in judge.evalImgs if image is not None]


@pytest.mark.parametrize("most", [100, 2])
@pytest.mark.parametrize("seed", range(3))
def test_matches_are_those_of_pycocotools(seed, most) -> None:
    rng = np.random.default_rng(seed)
    images = [random_image(rng) for _ in range(60)]
    wanted: dict[str, list[Any]] = {"right": [], "ignored": [], "lost": []}
    for image in by_pycocotools(images, most):
        truth, pred = images[image["image_id"] - 1]
        wanted["right"].append((image["dtMatches"][0] > 0) & ~image["dtIgnore"][0].astype(bool))
        wanted["ignored"].append(image["dtIgnore"][0].astype(bool))
        crowd = image["gtIgnore"].astype(bool)
        wanted["lost"].append(int((image["gtMatches"][0][~crowd] == 0).sum()))
        own, mine = truth.class_ids == image["category_id"], pred.class_ids == image["category_id"]
        pairs = matches(truth, pred, most=most)
        order = np.argsort(-pred.scores[mine], kind="stable")[:most]
        assert ((pairs.pred[mine] >= 0)[order] == wanted["right"][-1]).all()
        assert (pairs.passed_over[mine][order] == wanted["ignored"][-1]).all()
        assert pairs.passed_over[mine].sum() == max(0, mine.sum() - most) + wanted["ignored"][-1].sum()
        assert ((pairs.truth[own & ~truth.is_crowd] < 0) == (image["gtMatches"][0][~crowd] == 0)).all()
    assert sum(map(np.sum, wanted["right"])) > 30  # there is something to find, to pass over and to lose
    assert sum(map(np.sum, wanted["ignored"])) > 3
    assert sum(wanted["lost"]) > 20


def test_each_prediction_takes_one_object_and_the_surest_goes_first() -> None:
    truth = Segments(strip((0, 8), (10, 18), (20, 28)), [1, 1, 2], ids=[7, 8, 9])
    pred = Segments(strip((0, 6), (0, 8), (10, 14), (20, 28)), [1, 1, 1, 1], scores=[0.9, 0.8, np.nan, 0.5])
    pairs = matches(truth, pred)
    assert pairs.truth.tolist() == [0, 2, -1]  # the surest takes it, though the next covers it better
    assert pairs.pred.tolist() == [0, -1, 1, -1]  # half of it is enough
    assert matches(truth, pred, of_class=False).pred.tolist() == [0, -1, 1, 2]
    assert matches(truth, pred, threshold=0.9).pred.tolist() == [-1, 0, -1, -1]
    assert matches(truth, pred, most=1).passed_over.tolist() == [True, True, False, True]
    twins = Segments(strip((0, 8), (0, 8), (1, 8)), [1, 1, 1])
    assert matches(twins, pred[1:2]).truth.tolist() == [-1, 0, -1]  # of equal ones the last, as pycocotools does
    none = Segments.none((10, 40))
    assert (matches(none, pred).pred.tolist(), matches(truth, none).truth.tolist()) == ([-1] * 4, [-1] * 3)


def test_what_was_found_of_an_image() -> None:
    truth = Segments(strip((0, 8), (10, 18), (20, 28), (30, 40)), [1, 1, 2, 1], ids=[7, 8, 9, 5],
                     is_crowd=[False, False, False, True])  # fmt: skip
    pred = Segments(strip((0, 8), (1, 8), (20, 22), (31, 35)), [1, 1, 2, 1])
    told = found(truth, pred, CLASSES)
    assert told.ious == {7: 1.0, 8: 0.0, 9: 0.25}
    assert told.matched == {7: True, 8: False, 9: False}
    assert told.taken_for == {(0, 0): 1, (0, 2): 1, (1, 2): 1, (2, 0): 1, (2, 1): 1}
    assert (told.lost, told.invented) == (2, 2)  # twice the same car and a bit of a lamp; what lies in the crowd is not
    void = Segments(strip((0, 8)), [3])
    assert (found(void, void, CLASSES).matched, found(void, void, CLASSES).invented) == ({}, 0)


def test_conditions_ask_what_runs_found(place, tmp_path) -> None:
    pair = Segments(strip((0, 8), (10, 18)), [1, 2], ids=[1, 2])
    truths = {"a": pair, "b": Segments(strip((0, 20), (22, 30)), [1, 1], ids=[1, 2]), "c": Segments.none((10, 40))}
    with Dataset.create(place, CLASSES) as dataset:
        with dataset.edit("labels") as edit:
            for key, segments in truths.items():
                edit.add(Sample(key, ImageRef(f"{key}.png", (10, 40)), segments), hash_image=False)
        numbers = dataset.numbers()
        for name, predicted in (
            ("old", [pair[:1], truths["b"][:1], pair]),
            ("new", [pair[1:], truths["b"][:1], pair[:0]]),
        ):
            run = Run.start(dataset, "predict", {}, name=name, folder=tmp_path / name)
            run.add_predictions(zip(numbers, predicted, strict=True))
            evaluate(dataset, run)
            run.finish()
        assert sample_metrics(dataset, "old", "lost") == dict(zip(numbers, (1, 1, 0), strict=True))
        assert sample_metrics(dataset, "old", "invented") == dict(zip(numbers, (0, 0, 2), strict=True))
        assert sample_metrics(dataset, "new", "matched") == dict(zip(numbers, (1, 1, 0), strict=True))
        assert segment_metrics(dataset, "old", "matched") == {
            (numbers[0], 1): 1, (numbers[0], 2): 0, (numbers[1], 1): 1, (numbers[1], 2): 0,
        }  # fmt: skip

        def keys(condition: str) -> list[str]:
            return dataset.where(condition).keys()

        assert keys("run('old').lost > 0") == ["a", "b"]
        assert keys("run('old').invented > 0") == ["c"]
        missed = "run('new').matched = false and run('old').matched = false"
        assert keys(f"class = 'car' and area < 100 and {missed}") == ["b"]
        assert keys(f"class = 'car' and area > 100 and {missed}") == []
        assert keys("class = 'car' and run('new').matched = false and run('old').matched") == ["a"]
        assert keys("any(run('new').matched = true)") == ["a", "b"]
        assert keys("run('new').matched = 1") == ["a", "b"]  # without a segment's name it is the sample's number


def test_what_is_taken_for_what_is_counted_as_hotcoco_counts(tmp_path) -> None:
    hotcoco = pytest.importorskip("hotcoco")
    rng = np.random.default_rng(7)
    images = [random_image(rng, crowds=False) for _ in range(80)]
    images = [  # of equal scores either may go first there
        (truth, Segments(pred.masks, pred.class_ids, scores=rng.permutation(len(pred)) / 10)) for truth, pred in images
    ]
    truths, results = tables([coco_ap.update(pred, truth)[0] for truth, pred in images], CLASSES)
    (tmp_path / "truth.json").write_text(json.dumps(truths))
    (tmp_path / "pred.json").write_text(json.dumps(results))
    truth = hotcoco.COCO(str(tmp_path / "truth.json"))
    judge = hotcoco.COCOeval(truth, truth.load_res(str(tmp_path / "pred.json")), "segm")
    wanted = judge.confusion_matrix(iou_thr=0.5, max_det=1000)["matrix"]
    counted = np.zeros((3, 3), int)
    for truth, pred in images:
        for cell, number in found(truth, pred, CLASSES).taken_for.items():
            counted[cell] += number
    assert counted.tolist() == wanted.astype(int).tolist()
    assert (counted.reshape(-1)[:-1] > 0).all()


def test_samples_of_a_confusion_add_up_to_it(place, tmp_path) -> None:
    pair = Segments(strip((0, 8), (10, 18)), [1, 2], ids=[1, 2])
    swapped = Segments(strip((0, 8), (10, 14)), [2, 2])
    with Dataset.create(place, CLASSES) as dataset:
        with dataset.edit("labels") as edit:
            for key in "abc":
                edit.add(Sample(key, ImageRef(f"{key}.png", (10, 40)), pair), hash_image=False)
            edit.add(Sample("d", ImageRef("d.png", (10, 40)), pair[:1]), hash_image=False)
        a, b, c, d = dataset.numbers()
        run = Run.start(dataset, "predict", {}, name="x", folder=tmp_path / "x")
        run.add_predictions([(a, pair), (b, swapped), (c, Segments(strip((0, 2), (30, 40)), [2, 1])), (d, pair[:1])])
        told = evaluate(dataset, run)["confusion"]
        run.finish()
        # car, lamp, background, and nothing; an object has 80 pixels
        assert told["classes"] == ["car", "lamp", "background"]
        assert told["pixels"] == [
            [0, 0, 2 * 80], [0, 1, 80 + 20], [0, 2, 60], [1, 1, 80 + 40], [1, 2, 40 + 80], [2, 0, 100], [2, 2, 3 * 240 - 100 + 320],
        ]  # fmt: skip
        assert told["objects"] == [[0, 0, 2], [0, 1, 1], [0, 3, 1], [1, 1, 2], [1, 3, 1], [3, 0, 1], [3, 1, 1]]
        assert confused(dataset, run, "car", "lamp") == {b: 80, c: 20}
        assert list(confused(dataset, run, "lamp", "background").items()) == [(c, 80), (b, 40)]
        assert confused(dataset, run, "car", None, of="objects") == {c: 1}
        assert confused(dataset, run, None, "lamp", of="objects") == {c: 1}
        names = [*told["classes"], None]
        for of in ("pixels", "objects"):
            for truth, predicted, count in told[of]:
                assert sum(confused(dataset, run, names[truth], names[predicted], of=of).values()) == count
        with pytest.raises(UsageError, match="no class 'bus'"):
            confused(dataset, run, "bus", "car")


def test_precision_is_that_of_pycocotools_and_calibration_that_of_hotcoco(tmp_path) -> None:
    pycocotools, hotcoco = pytest.importorskip("pycocotools.coco"), pytest.importorskip("hotcoco")
    from pycocotools.cocoeval import COCOeval

    rng = np.random.default_rng(3)
    images = [random_image(rng) for _ in range(60)]
    images = [(truth, Segments(pred.masks, pred.class_ids, scores=rng.random(len(pred)))) for truth, pred in images]
    found = curves([judged(truth, pred, CLASSES) for truth, pred in images], CLASSES)
    truths, results = tables([coco_ap.update(pred, truth)[0] for truth, pred in images], CLASSES)
    (tmp_path / "truth.json").write_text(json.dumps(truths))
    (tmp_path / "pred.json").write_text(json.dumps(results))
    with redirect_stdout(io.StringIO()):
        coco = pycocotools.COCO()
        coco.dataset = truths
        coco.createIndex()
        judge = COCOeval(coco, coco.loadRes(results), "segm")
        judge.evaluate()
        judge.accumulate()
    for place, name in enumerate(("car", "lamp")):
        wanted = judge.eval["precision"][0, :, place, 0, -1]
        assert 0.1 < wanted.mean() < 0.9
        np.testing.assert_allclose(np.nan_to_num(found.precision[name]), wanted, rtol=0, atol=1e-12)
    crowds = sum(int(truth.is_crowd.sum()) for truth, _ in images)
    assert sum(found.objects.values()) == len(truths["annotations"]) - crowds

    truth = hotcoco.COCO(str(tmp_path / "truth.json"))
    other = hotcoco.COCOeval(truth, truth.load_res(str(tmp_path / "pred.json")), "segm")
    other.evaluate()
    told = other.calibration(n_bins=10, iou_threshold=0.5)
    assert found.calibration[:, 0].tolist() == [bin_["count"] for bin_ in told["bins"]]
    assert found.expected_error == pytest.approx(told["ece"], abs=1e-12)


def test_curves_by_hand() -> None:
    truth = Segments(strip((0, 2), (10, 18), (20, 28)), [1, 1, 2])
    pred = Segments(strip((0, 2), (30, 38), (10, 16), (20, 28)), [1, 1, 1, 2], scores=[0.95, 0.7, 0.65, np.nan])
    found = curves([judged(truth, pred, CLASSES)], CLASSES)
    assert found.objects == {"car": 2, "lamp": 1}
    assert found.precision["car"].tolist() == [1.0] * 51 + [2 / 3] * 50
    assert np.isnan(found.precision["lamp"][1:]).all()  # what has no score is nothing to rank
    assert found.calibration[[6, 9]].tolist() == [[2, 0.5, pytest.approx(0.675)], [1, 1.0, 0.95]]
    assert found.expected_error == pytest.approx((2 * 0.175 + 0.05) / 3)
    assert found.sizes.tolist() == [[16, 64, 1, 1.0], [64, 256, 2, 0.875]]
    none = curves([], CLASSES)
    assert (dict(none.precision), np.isnan(none.expected_error), none.sizes.shape) == ({}, True, (0, 4))
