"""Metrics of segments: by hand, against slow implementations of their definitions, and their counts add."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from maskwright import metrics
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.metrics import boundary_iou, instance_matching, panoptic_quality, surface_distance
from maskwright.metrics._bands import outline
from maskwright.testing import MetricContract

CLASSES = Classes(
    [
        Class(1, "cat"),
        Class(2, "dog"),
        Class(7, "grass", "stuff"),
        Class(8, "void", "stuff", "ignore"),
    ]
)


def scene(rng, size=(14, 17), crowd=False) -> Segments:
    number = int(rng.integers(0, 7))
    dense = np.zeros((number, *size), bool)
    for mask in dense:
        y, x = rng.integers(0, size[0] - 2), rng.integers(0, size[1] - 2)
        mask[y : y + rng.integers(1, 8), x : x + rng.integers(1, 8)] = True
    ids = rng.choice([1, 1, 2, 7, 8], number)
    flags = (rng.random(number) < 0.2) & (ids < 7) if crowd else None
    return Segments(Masks.encode(dense) if number else Masks.empty(size), ids, is_crowd=flags)


def moved(segments: Segments, rng) -> Segments:
    """A prediction: the truth shifted, some classes changed, some dropped."""
    keep = rng.random(len(segments)) < 0.85
    kept = segments[keep]
    masks = kept.masks.paste(kept.size, left=int(rng.integers(-1, 2)), top=int(rng.integers(-1, 2)))
    ids = np.where(rng.random(len(kept)) < 0.15, 1, kept.class_ids)
    return Segments(masks, ids)


def slow_pq(pred: Segments, target: Segments) -> dict[int, list[float]]:
    """Kirillov et al. with panopticapi's rules, pixel by pixel."""

    def flat(segments):
        out = np.zeros(segments.size, int)
        for row, mask in enumerate(segments.masks, 1):
            out[mask.decode()] = row
        kinds = {row: int(class_id) for row, class_id in enumerate(segments.class_ids, 1)}
        for row in [row for row, kind in kinds.items() if kind == 8]:
            out[out == row] = 0
        return out, {row: kind for row, kind in kinds.items() if kind != 8 and (out == row).any()}

    truth, truth_kinds = flat(target)
    found, kinds = flat(pred)
    crowds = {row for row in truth_kinds if target.is_crowd[row - 1]}
    result = {kind: [0.0, 0, 0, 0] for kind in (1, 2, 7)}
    hit_truth, hit_pred = set(), set()
    for t, kind in truth_kinds.items():
        for p, other in kinds.items():
            if t in crowds or kind != other:
                continue
            inside = ((truth == t) & (found == p)).sum()
            union = ((truth == t) | ((found == p) & (truth != 0))).sum()
            if inside / union > 0.5:
                result[kind][0] += inside / union
                result[kind][1] += 1
                hit_truth.add(t)
                hit_pred.add(p)
    for t, kind in truth_kinds.items():
        result[kind][3] += t not in hit_truth and t not in crowds
    for p, kind in kinds.items():
        if p not in hit_pred:
            own = found == p
            free = (truth[own] == 0).sum() + sum((truth[own] == t).sum() for t in crowds if truth_kinds[t] == kind)
            result[kind][2] += free / own.sum() <= 0.5
    return result


@given(st.integers(0, 10**6))
def test_panoptic_quality_equals_its_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    target = scene(rng, crowd=True)
    pred = moved(target, rng)
    counts = panoptic_quality.update(pred, target, CLASSES)
    for row, kind in enumerate((1, 2, 7)):
        assert counts[row].tolist() == pytest.approx(slow_pq(pred, target)[kind])


def test_panoptic_quality_by_hand() -> None:
    dense = np.zeros((2, 4, 10), bool)
    dense[0, :, :4] = True  # a cat of 16 pixels
    dense[1, :, 6:] = True  # grass of 16
    target = Segments(Masks.encode(dense), [1, 7])
    guess = dense.copy()
    guess[0, :, 3] = False  # 12 of the cat's 16
    guess[1] = False
    pred = Segments(Masks.encode(guess), [1, 7])
    scores = panoptic_quality.compute(panoptic_quality.update(pred, target, CLASSES), CLASSES)
    assert scores["pq_things"] == pytest.approx(0.75)
    assert scores["pq_stuff"] == 0
    assert scores["pq"] == pytest.approx(0.375)
    assert np.isnan(scores["by_class"][1]).all(), "no dog anywhere"
    perfect = panoptic_quality.compute(panoptic_quality.update(target, target, CLASSES), CLASSES)
    assert perfect["pq"] == perfect["sq"] == perfect["rq"] == 1


@given(st.integers(0, 10**6))
def test_boundary_iou_equals_erosion_by_opencv(seed: int) -> None:
    import cv2

    rng = np.random.default_rng(seed)
    target = scene(rng, (40, 60))
    pred = moved(target, rng)
    counts = boundary_iou.update(pred, target, CLASSES, distance=0.03)
    radius = max(1, round(0.03 * np.hypot(40, 60)))
    maps = [each.label_map(CLASSES) for each in (pred, target)]

    def band(mask):
        padded = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
        return mask & ~cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=radius)[1:-1, 1:-1].astype(bool)

    valid = maps[1] != 255
    for kind in range(3):
        a, b = (band(each_map == kind) & valid for each_map in maps)
        assert counts[kind].tolist() == [(a & b).sum(), (a | b).sum()]


@given(st.integers(0, 10**6))
def test_surface_distances_equal_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    target = scene(rng)
    pred = moved(target, rng)
    counts = surface_distance.update(pred, target, CLASSES, tolerance=1.0)
    wanted = target.label_map(CLASSES)
    given_map = np.where(wanted == 255, 255, pred.label_map(CLASSES))
    for kind in range(3):
        a, b = (np.argwhere(outline(each == kind)) for each in (given_map, wanted))
        if not len(a) and not len(b):
            assert not counts[kind].any()
        elif not len(a) or not len(b):
            assert counts[kind, 1:4].tolist() == pytest.approx([np.hypot(14, 17)] * 3)
            assert counts[kind, 4:].tolist() == [0, len(a) + len(b)]
        else:
            away = cdist(a, b)
            there, back = away.min(axis=1), away.min(axis=0)
            both = np.concatenate([there, back])
            hd95 = max(np.percentile(there, 95), np.percentile(back, 95))
            assert counts[kind].tolist() == pytest.approx(
                [1, both.max(), hd95, both.mean(), (both <= 1).sum(), len(both)]
            )


def test_two_squares() -> None:
    """A square of 4 and the same three to the right: every outline pixel has a known nearest one."""
    dense = np.zeros((2, 12, 20), bool)
    dense[0, 4:8, 4:8], dense[1, 4:8, 7:11] = True, True
    target, pred = (Segments(Masks.encode(each[None]), [1]) for each in dense)
    classes = CLASSES.with_background()  # without one, pixels outside the truth would not count
    cat = surface_distance.compute(surface_distance.update(pred, target, classes), classes)["by_class"][0]
    assert cat[0] == cat[1] == 3
    assert cat[3] == pytest.approx(16 / 24), "of twelve outline pixels each, the outer column's four are three away"


def most_pairs(possible) -> int:
    """The most pairs without using a row or a column twice, by augmenting paths."""
    partner: dict[int, int] = {}

    def place(row, seen) -> bool:
        for column in np.flatnonzero(possible[row]).tolist():
            if column not in seen:
                seen.add(column)
                if column not in partner or place(partner[column], seen):
                    partner[column] = row
                    return True
        return False

    return sum(place(row, set()) for row in range(len(possible)))


@given(st.integers(0, 10**6))
def test_instance_matching_equals_its_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    target = scene(rng)
    target = target[np.array([CLASSES[int(kind)].role != "ignore" for kind in target.class_ids], bool)]
    pred = moved(target, rng)
    counts = instance_matching.update(pred, target, CLASSES)
    truth = [(int(c), m.decode()) for c, m in zip(target.class_ids, target.masks, strict=True) if c < 7]
    found = [(int(c), m.decode()) for c, m in zip(pred.class_ids, pred.masks, strict=True) if c < 7 and m.area()]
    iou = np.array([[(a == b) * (x & y).sum() / (x | y).sum() for b, y in found] for a, x in truth]).reshape(
        len(truth), len(found)
    )
    for row, threshold in enumerate(instance_matching.THRESHOLDS):
        hits = most_pairs(iou >= threshold)
        assert counts[row].tolist() == [hits, len(found) - hits, len(truth) - hits]
    inside = union = 0
    used = set()
    for row, (_, x) in enumerate(truth):
        best = int(iou[row].argmax()) if found else -1
        if best < 0 or iou[row, best] == 0:
            union += x.sum()
        else:
            inside += (x & found[best][1]).sum()
            union += (x | found[best][1]).sum()
            used.add(best)
    union += sum(y.sum() for k, (_, y) in enumerate(found) if k not in used)
    assert counts[-1, :2].tolist() == pytest.approx([inside, union])


class TestEveryMetric(MetricContract):
    @pytest.fixture(autouse=True, params=metrics.of_segments())
    def one_of_them(self, request) -> None:
        self.name = request.param


@pytest.mark.parametrize("name", metrics.of_segments())
def test_counts_add_and_perfection_is_best(name) -> None:
    module = metrics.load(name)
    rng = np.random.default_rng(3)
    scenes = [scene(rng) for _ in range(12)]
    preds = [moved(each_scene, rng) for each_scene in scenes]
    total = sum(module.update(p, t, CLASSES) for p, t in zip(preds, scenes, strict=True))
    halves = [
        sum(module.update(p, t, CLASSES) for p, t in zip(preds[part], scenes[part], strict=True))
        for part in (slice(0, 5), slice(5, 12))
    ]
    assert np.allclose(total, halves[0] + halves[1], rtol=1e-12)
    found = {k: v for k, v in module.compute(total, CLASSES).items() if isinstance(v, float)}
    best = module.compute(sum(module.update(t, t, CLASSES) for t in scenes), CLASSES)
    for key, value in found.items():
        lower = key in ("hd", "hd95", "assd")
        assert best[key] == (0 if lower else 1) or np.isnan(best[key]), key
        assert np.isnan(value) or (value >= 0 if lower else 0 <= value <= 1), key
    nothing = module.compute(np.zeros_like(total), CLASSES)
    assert all(np.isnan(value) for value in nothing.values() if isinstance(value, float))


def test_sizes_must_agree() -> None:
    with pytest.raises(ValueError, match="size"):
        panoptic_quality.update(Segments.none((2, 2)), Segments.none((2, 3)), CLASSES)
