"""Splits that have their share of everything, and classes of which nothing can be said."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from maskwright import metrics
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import DatasetError
from maskwright.metrics import confusion
from maskwright.predict.tasks import instance, panoptic, semantic
from maskwright.runs import Run, evaluations
from maskwright.runs.evaluation import evaluate
from maskwright.runs.unscored import NOT_LEARNED, NOT_SHOWN, never_learned, shown_by, told, unscored
from maskwright.store import Dataset
from maskwright.train import Settings, data, stratified
from maskwright.train.task import Task

SIZE = (24, 24)
CLASSES = Classes(
    [Class(1, "cat", "thing"), Class(2, "dog", "thing"), Class(3, "grass", "stuff"), Class(0, "bg", "stuff", "background"),
     Class(9, "blurred", "stuff", "ignore")]
)  # fmt: skip
SETTINGS = Settings()


def squares(*drawn: tuple[int, int, int], crowd: bool = False) -> Segments:
    """(class id, place of the corner, side) each."""
    dense = np.zeros((len(drawn), *SIZE), bool)
    for row, (_, at, side) in enumerate(drawn):
        dense[row, at : at + side, at : at + side] = True
    masks = Masks.encode(dense) if drawn else Masks.empty(SIZE)
    return Segments(masks, [kind for kind, _, _ in drawn], is_crowd=[crowd] * len(drawn))


@pytest.fixture
def made(tmp_path):
    opened: list[Dataset] = []

    def make(
        labels: list[Segments], splits: list[str] | None = None, videos: list[str | None] | None = None
    ) -> Dataset:
        dataset = Dataset.create(tmp_path / str(len(opened)), CLASSES)
        opened.append(dataset)
        with dataset.edit("samples") as edit:
            for number, segments in enumerate(labels):
                video = {} if videos is None else {"video": videos[number], "frame": number}
                split = {} if splits is None else {"split": splits[number]}
                edit.add(Sample(f"s{number}", ImageRef("/nowhere/x.png", SIZE, **video), segments, **split))
        return dataset

    yield make
    for dataset in opened:
        dataset.close()


# -- splits


def varied(number: int, seed: int = 0) -> list[Segments]:
    """Cats on all, of three sizes; a dog on every sixth; grass on every third."""
    rng = np.random.default_rng(seed)
    out = []
    for place in rng.permutation(number).tolist():
        drawn = [(1, 0, (3, 6, 12)[place % 3])]
        drawn += [(2, 13, 4)] if place % 6 == 0 else []
        drawn += [(3, 18, 5)] if place % 3 == 1 else []
        out.append(squares(*drawn))
    return out


def shares(dataset: Dataset, val: list[int]) -> dict[tuple[int, int], tuple[int, int]]:
    shown = stratified.strata(dataset)
    whole = Counter(stratum for number in dataset.numbers() for stratum in shown.get(number, ()))
    mine = Counter(stratum for number in val for stratum in shown.get(number, ()))
    return {stratum: (mine[stratum], number) for stratum, number in whole.items()}


def test_a_drawn_split_has_a_fifth_of_each_class_and_of_each_size(made) -> None:
    dataset = made(varied(60))
    assert {kind for kind, _ in shares(dataset, [])} == {1, 2, 3}
    assert len([stratum for stratum in shares(dataset, []) if stratum[0] == 1]) == 4, "the class and three sizes"
    drawn = set()
    plainly = 0
    for seed in range(15):
        train, val, note = data.split_numbers(dataset, replace(SETTINGS, seed=seed))
        assert sorted(train + val) == dataset.numbers()
        assert len(val) == 12
        for stratum, (inside, number) in shares(dataset, val).items():
            assert abs(inside - number / 5) <= 1, (stratum, inside, number)
        assert note is not None
        assert "their share of each class and of each size of its objects" in note
        drawn.add(tuple(val))
        _, other, _ = data.split_numbers(dataset, replace(SETTINGS, seed=seed, stratify=False))
        plainly += any(abs(inside - number / 5) > 1 for inside, number in shares(dataset, other).values())
    assert len(drawn) > 10, "the seed decides"
    assert plainly > 5, "by chance alone shares are further off"


def test_folds_have_their_share_of_each_class_and_cut_everything(made) -> None:
    dataset = made(varied(40))
    everything: list[int] = []
    for k in range(4):
        _, val, _ = data.split_numbers(dataset, replace(SETTINGS, fold=(k, 4)))
        assert len(val) == 10
        for stratum, (inside, number) in shares(dataset, val).items():
            assert abs(inside - number / 4) <= 1.5, (stratum, inside, number)
        everything += val
    assert sorted(everything) == dataset.numbers()


def test_sequences_stay_whole_and_what_is_rare_still_validates(made) -> None:
    """Twelve sequences of five frames; dogs are on three of them alone, two of which are needed to learn from."""
    labels, videos = [], []
    for clip in range(12):
        for _ in range(5):
            labels.append(squares((1, 0, 6), *([(2, 13, 4)] if clip in (2, 5, 7) else [])))
            videos.append(f"clip{clip}")
    dataset = made(labels, videos=videos)
    of = dataset.sequences.of_samples()
    for seed in range(8):
        train, val, note = data.split_numbers(dataset, replace(SETTINGS, seed=seed))
        assert not {of[number] for number in train} & {of[number] for number in val}
        assert 5 <= len(val) <= 12
        assert note is not None
        assert note.endswith("; sequences stay whole")
        assert {1, 2} <= shown_by(dataset, val)
        assert {1, 2} <= shown_by(dataset, train)


def test_a_class_that_one_image_shows_is_learned_and_not_judged(made) -> None:
    dataset = made([*(squares((1, 0, 5)) for _ in range(14)), squares((1, 0, 5), (2, 10, 4))])
    for seed in range(6):
        train, val, _ = data.split_numbers(dataset, replace(SETTINGS, seed=seed))
        assert 2 in shown_by(dataset, train)
        assert 2 not in shown_by(dataset, val)


def test_a_run_that_was_stored_before_draws_as_it_did() -> None:
    stored = Settings(seed=3).to_json()
    del stored["stratify"]
    assert Settings.from_json(stored) == Settings(seed=3, stratify=False)
    assert Settings.from_json(Settings().to_json()).stratify


# -- what has no score


def test_what_is_in_no_image_that_is_scored_has_no_score_and_enters_no_mean() -> None:
    """Truth: cat and ground. The prediction has dog where there is ground: a miss of ground, and no dog's score.

    By hand, of 4 pixels: truth 0 0 1 1, prediction 0 2 1 1. IoU of ground 1/2, of cat 1; of dog 0 of 1, where it counts.
    """
    counts = confusion.update(np.array([0, 2, 1, 1]), np.array([0, 0, 1, 1]), num_classes=3)
    assert confusion.compute(counts)["iou"].tolist() == [0.5, 1.0, 0.0]
    assert confusion.compute(counts)["mean_iou"] == 0.5
    found = confusion.compute(counts, left_out=[2])
    assert found["mean_iou"] == 0.75
    assert np.isnan(found["iou"][2])
    assert np.isnan(found["precision"][2])
    assert found["pixel_accuracy"] == 0.75, "the pixel is wrong all the same"


def test_every_task_leaves_out_what_has_no_score() -> None:
    truth, pred = squares((1, 0, 10), (3, 12, 10)), squares((1, 0, 10), (2, 12, 10))
    for task in (semantic, panoptic):
        counts = task.update(pred, truth, CLASSES)
        assert task.compute(counts, CLASSES)["classes"]["dog"] == 0
        found = task.compute(counts, CLASSES, left_out={2})
        assert np.isnan(found["classes"]["dog"])
        assert found[task.MAIN] > task.compute(counts, CLASSES)[task.MAIN]
    both = squares((1, 0, 10), (2, 12, 6))
    counts = instance.update(squares((1, 0, 10)), both, CLASSES)
    assert instance.compute(counts, CLASSES)["AP"] == pytest.approx(0.5)
    assert instance.compute(counts, CLASSES, left_out={2})["AP"] == pytest.approx(1.0)
    task = Task("semantic", CLASSES, unscored={"dog": NOT_LEARNED})
    assert np.isnan(task.scores(semantic.update(both, both, CLASSES))["classes"]["dog"])
    assert Task("semantic", CLASSES).scores(semantic.update(both, both, CLASSES))["classes"]["dog"] == 1


def test_classes_that_nobody_shows_are_named_with_the_reason(made) -> None:
    dataset = made([squares((1, 0, 5)), squares((2, 0, 5), crowd=True), squares((1, 0, 4), (3, 10, 5))],
                   splits=["train", "train", "val"])  # fmt: skip
    train, val, _ = data.split_numbers(dataset, SETTINGS)
    assert shown_by(dataset, train) == {1, 2}, "a crowd is learned from in a label map"
    found = unscored(CLASSES, shown_by(dataset, val), shown_by(dataset, train))
    assert found == {"dog": NOT_SHOWN, "grass": NOT_LEARNED}
    said = told(found)
    assert said == f"2 classes have no score and enter no mean: 'dog' ({NOT_SHOWN}), 'grass' ({NOT_LEARNED})"
    assert told({}) is None
    assert told({"dog": NOT_SHOWN}) == f"1 class has no score and enters no mean: 'dog' ({NOT_SHOWN})"


def predicted(dataset: Dataset, labels: list[Segments], name: str = "one") -> Run:
    run = Run.start(dataset, "predict", {}, name=name)
    run.add_predictions(zip(dataset.numbers(), labels, strict=True))
    run.finish()
    return run


def test_an_evaluation_scores_no_class_that_its_truth_lacks(made) -> None:
    truth = [squares((1, 0, 10)), squares((1, 5, 8))]
    dataset = made(truth)
    run = predicted(dataset, [squares((1, 0, 10), (2, 12, 6)), squares((1, 5, 8))])
    scores = evaluate(dataset, run)
    assert scores["unscored"] == {"dog": NOT_SHOWN, "grass": NOT_SHOWN}
    assert scores["classes"]["dog"] is None
    assert scores["classes"]["cat"] == 1
    right = 2 * 24 * 24 - 100 - 64
    assert scores["mean_iou"] == pytest.approx((1 + (right - 36) / right) / 2)
    low, high = scores["intervals"]["mean_iou"]
    assert low <= scores["mean_iou"] <= high
    assert evaluations(dataset, "one")[0]["scores"]["unscored"] == scores["unscored"]


def test_what_a_network_never_learned_is_not_held_against_it(made) -> None:
    dataset = made([squares((1, 0, 10), (3, 15, 6)), squares((1, 5, 8), (2, 15, 5))])
    trained = Run.start(dataset, "train", {}, name="net")
    trained.finish(scores={"unscored": {"grass": NOT_LEARNED, "dog": NOT_SHOWN}})
    run = Run.start(dataset, "predict", {"networks": [{"model": "net", "checksum": ""}]}, name="found")
    run.add_predictions(zip(dataset.numbers(), [squares((1, 0, 10)), squares((1, 5, 8), (2, 15, 5))], strict=True))
    run.finish()
    record = {"kind": "predict", "settings": {"networks": [{"model": "net"}]}, "scores": {}}
    assert never_learned(dataset, record) == {"grass"}
    for networks, known in (
        ([{"model": "/a/file", "unlearned": ["dog", "grass"]}, {"model": "net"}], {"grass"}),
        ([{"model": "/a/file", "unlearned": []}, {"model": "net"}], set()),
        ([{"model": "/a/file"}, {"model": "net"}], set()),
    ):
        record["settings"]["networks"] = networks
        assert never_learned(dataset, record) == known
    scores = evaluate(dataset, run)
    assert scores["unscored"] == {"grass": NOT_LEARNED}
    assert scores["classes"]["dog"] == 1
    assert scores["classes"]["grass"] is None
    assert scores["mean_iou"] > 0.9


def test_without_any_label_there_is_nothing_to_compare(made) -> None:
    dataset = made([Segments.none(SIZE), Segments.none(SIZE)])
    run = predicted(dataset, [Segments.none(SIZE), squares((1, 0, 5))])
    with pytest.raises(DatasetError, match="none of the 2 samples that were predicted has a label; truth to compare"):
        evaluate(dataset, run)
    assert evaluations(dataset, "one") == []


@pytest.mark.parametrize("name", metrics.of_segments())
def test_where_everything_is_ignored_no_metric_has_a_score(name: str) -> None:
    """Whatever is predicted there: neither 1 nor 0."""
    module = metrics.load(name)
    truth = Segments(Masks.encode(np.ones((1, *SIZE), bool)), [9])
    for pred in (Segments.none(SIZE), squares((1, 0, 10), (3, 12, 8)).replace(scores=[0.9, 0.8])):
        scores = module.compute(module.update(pred, truth, CLASSES), CLASSES)
        numbers = [value for value in scores.values() if isinstance(value, float)]
        assert numbers
        assert all(np.isnan(value) for value in numbers), scores


def test_an_evaluation_of_what_is_ignored_has_no_score(made) -> None:
    dataset = made([Segments(Masks.encode(np.ones((1, *SIZE), bool)), [9])] * 2)
    run = predicted(dataset, [squares((1, 0, 5)), squares((3, 0, 5))])
    scores = evaluate(dataset, run)
    assert scores["mean_iou"] is scores["pixel_accuracy"] is None
    assert semantic.headline({"mean_iou": None, "classes": {}, "pixel_accuracy": None}, "val").startswith("no mean IoU")


def test_where_little_is_ignored_objects_there_are_no_mistake_and_others_are() -> None:
    matching = metrics.load("instance-matching")
    dense = np.zeros((2, *SIZE), bool)
    dense[0, :8, :8], dense[1, 12:, 12:] = True, True
    truth = Segments(Masks.encode(dense), [1, 9])
    on_ignored, elsewhere = squares((1, 0, 8), (2, 14, 6)), squares((1, 0, 8), (2, 8, 4))
    assert matching.compute(matching.update(on_ignored, truth, CLASSES), CLASSES)["precision"] == 1
    assert matching.compute(matching.update(elsewhere, truth, CLASSES), CLASSES)["precision"] == 0.5
