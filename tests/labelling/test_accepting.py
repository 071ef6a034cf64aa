"""A run's predictions as labels of many samples: beside or in place, by class and score, without overlap, told before."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from maskwright import fewshot
from maskwright.cli import main
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.labelling import accept_run
from maskwright.labelling.project_task import set_task
from maskwright.runs import Run
from maskwright.store import Dataset

SIZE = (4, 6)


def columns(*spans: tuple[int, int]) -> Masks:
    masks = np.zeros((len(spans), *SIZE), bool)
    for mask, (low, high) in zip(masks, spans, strict=True):
        mask[:, low:high] = True
    return Masks.encode(masks)


@pytest.fixture
def dataset(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dataset]:
    """a, b and c: a car of two columns; the run "found" saw a and b: the same car, a wide lamp, and on b nothing."""
    monkeypatch.chdir(tmp_path)  # where runs of a dataset on a server have their files
    with Dataset.create(place, Classes([Class(1, "car"), Class(2, "lamp")])) as made:
        with made.edit("fill") as edit:
            for key in "abc":
                human = Segments(columns((0, 2)), [1], source="human")
                edit.add(Sample(key, ImageRef(f"/images/{key}.png", SIZE), human, "new"), hash_image=False)
        run = Run.start(made, "predict", {}, name="found")
        car_and_lamp = Segments(columns((0, 2), (1, 5)), [1, 2], scores=[0.9, 0.4], attributes=[{}, {"track": 3}])
        run.add_predictions([(made.number_of("a"), car_and_lamp), (made.number_of("b"), Segments.none(SIZE))])
        run.finish()
        yield made


def labels(dataset: Dataset, key: str) -> list[tuple[int, str, int]]:
    found = dataset[key].segments
    return list(zip(found.class_ids.tolist(), found.source, found.masks.areas().tolist(), strict=True))


def test_predictions_come_beside_the_labels_once(dataset: Dataset) -> None:
    told = accept_run(dataset, "found", dry_run=True)
    assert (told.matched, told.samples, told.added, told.removed, told.at_most) == (3, 1, 1, 0, False)
    assert (told.first[0].key, told.first[0].segment, told.first[0].before) == ("a", None, None)
    assert told.first[0].after == {"class": "lamp", "area": 16, "source": "model", "score": 0.4}
    revision = dataset.revision
    assert accept_run(dataset, "last", author="ann", message="looks right") == told
    newest = dataset.log()[0]
    assert (newest.id, newest.author, newest.message) == (revision + 1, "ann", "looks right")
    assert newest.summary == {"segments added": 1}
    assert labels(dataset, "a") == [(1, "human", 8), (2, "model", 16)]
    lamp = dataset["a"].segments[1:]
    assert lamp.attributes == [{"track": 3, "suggested_by": "found"}]
    assert lamp.scores.tolist() == [0.4]
    assert accept_run(dataset, "found").added == 0  # it is there
    assert dataset.revision == revision + 1
    assert dataset.check() == []
    dataset.restore(revision)
    assert labels(dataset, "a") == [(1, "human", 8)]


def test_predictions_come_in_place_of_the_labels_where_the_run_looked(dataset: Dataset) -> None:
    told = accept_run(dataset, "found", replace=True, dry_run=True)
    assert (told.samples, told.added, told.removed) == (2, 2, 2)
    assert [(row.key, row.after is None) for row in told.first] == [
        ("a", True),
        ("b", True),
        ("a", False),
        ("a", False),
    ]
    assert accept_run(dataset, "found", replace=True) == told
    assert dataset.log()[0].summary == {"segments added": 2, "segments removed": 2}
    assert labels(dataset, "a") == [(1, "model", 8), (2, "model", 16)]
    assert labels(dataset, "b") == []
    assert labels(dataset, "c") == [(1, "human", 8)]  # the run has not seen it
    assert dataset.check() == []


def test_only_some_classes_scores_and_samples(dataset: Dataset) -> None:
    assert accept_run(dataset, "found", least_score=0.5, dry_run=True).added == 0
    assert accept_run(dataset, "found", classes=["car"], dry_run=True).added == 0
    assert accept_run(dataset, "found", "key = 'b'", dry_run=True).samples == 0
    told = accept_run(dataset, "found", replace=True, classes=["lamp"], least_score=0.4)
    assert (told.added, told.removed) == (1, 0)
    assert labels(dataset, "a") == [(1, "human", 8), (2, "model", 16)]
    assert labels(dataset, "b") == [(1, "human", 8)]


@pytest.mark.parametrize("task", ["semantic", "panoptic"])
def test_no_pixel_becomes_two_objects_where_the_task_says_so(dataset: Dataset, task: str) -> None:
    set_task(dataset, task)  # type: ignore[arg-type]
    told = accept_run(dataset, "found", dry_run=True)
    assert (told.added, told.at_most) == (1, True)
    done = accept_run(dataset, "found")
    assert (done.added, done.at_most) == (1, False)
    assert labels(dataset, "a") == [(1, "human", 8), (2, "model", 12)]  # the car keeps its pixels
    assert accept_run(dataset, "found").added == 0
    accept_run(dataset, "found", replace=True)
    assert labels(dataset, "a") == [(1, "model", 4), (2, "model", 16)]  # the lamp lies over the car
    assert dataset.check() == []


def test_what_is_accepted_waits_no_more(dataset: Dataset) -> None:
    run = Run.start(dataset, "propagate", {}, name="guesses")
    number = dataset.number_of("c")
    run.log_samples("confidence", {number: 0.5})
    run.add_predictions([(number, Segments(columns((3, 4)), [2], scores=[0.5]))])
    run.finish()
    assert number in fewshot.waiting(dataset)
    assert accept_run(dataset, "guesses").added == 1
    assert number not in fewshot.waiting(dataset)


def test_somebody_elses_change_is_kept_and_ids_are_new(dataset: Dataset) -> None:
    assert len(dataset["a"].segments) == 1  # read here
    with Dataset.open(dataset.place) as other, other.edit("more") as edit:
        own = other["a"].segments
        edit.put("a", Segments(columns((0, 2), (5, 6)), [1, 2], ids=[*own.ids, 40], source="human"))
    accept_run(dataset, "found")
    assert dataset["a"].segments.ids.tolist() == [1, 40, 41]


def test_what_cannot_be_accepted_is_refused(dataset: Dataset) -> None:
    revision = dataset.revision
    Run.start(dataset, "train", {}, name="empty").finish()
    running = Run.start(dataset, "predict", {}, name="running")
    running.add_predictions([(dataset.number_of("a"), Segments.none(SIZE))])
    for call, said in (
        (("nobody",), "no run"), (("empty",), "no predictions"), (("running",), "under way"), (("found", "are"), "are"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=said):
            accept_run(dataset, *call)
    with pytest.raises(UsageError, match="near it: lamp"):
        accept_run(dataset, "found", classes=["lmp"])
    with pytest.raises(UsageError, match="no class is named"):
        accept_run(dataset, "found", classes=[])
    with dataset.edit("one class") as edit:
        edit.set_classes(Classes([Class(1, "car")]))
    for dry in (True, False):
        with pytest.raises(UsageError, match="id 2, which is not declared any more"):
            accept_run(dataset, "found", dry_run=dry)
    assert dataset.revision == revision + 1
    running.finish()


def test_the_command_accepts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = str(tmp_path / "set")
    with Dataset.create(place, Classes([Class(1, "car")])) as made:
        with made.edit("fill") as edit:
            edit.add(Sample("a", ImageRef("/images/a.png", SIZE), Segments.none(SIZE)), hash_image=False)
        run = Run.start(made, "predict", {}, name="found")
        run.add_predictions([(made.number_of("a"), Segments(columns((0, 2), (3, 4)), [1, 1], scores=[0.9, 0.4]))])
        run.finish()

    def said(*words: str) -> str:
        with pytest.raises(SystemExit):
            main(["set", place, *words])
        both = capsys.readouterr()
        return both.out + both.err

    assert "would be: 1 segment added" in said("--accept", "last", "--all", "--min-score", "0.5", "--dry-run")
    assert "2 segments added, on 1 of the 1 samples" in said("--accept", "found", "--where", "key = 'a'")
    assert "2 segments added, 2 segments removed" in said("--accept", "found", "--all", "--replace", "--class", "car")
    assert "about predictions; --accept RUN" in said("--all", "--replace")
    assert "as they are" in said("class=car", "--accept", "found", "--all")
