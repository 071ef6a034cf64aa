"""Values that runs give to samples and segments, and what people say of a run."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
import sqlalchemy as sql

from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.runs import Run, evaluate, find, list_runs, run_columns, sample_metrics, segment_ious, segment_metrics
from maskwright.store import Dataset, doctor, migrations, schema


@pytest.fixture
def dataset(place: str, make_samples, classes) -> Dataset:
    with Dataset.create(place, classes) as created:
        with created.edit("add") as edit:
            for sample in make_samples(6):
                edit.add(sample, hash_image=False)
        yield created


def start(dataset: Dataset, name: str, folder) -> Run:
    return Run.start(dataset, "predict", {}, name=name, folder=folder)


def test_values_by_segment_are_read_back(dataset: Dataset, tmp_path) -> None:
    run = start(dataset, "a", tmp_path)
    run.log_segments("iou", {(1, 1): 0.5, (1, 2**40): float("nan"), (2, 1): 1})
    found = segment_metrics(dataset, "a", "iou")
    assert math.isnan(found.pop((1, 2**40)))
    assert found == {(1, 1): 0.5, (2, 1): 1.0}
    run.log_segments("iou", (np.array([2, 3]), np.array([1, 7]), np.array([0.25, 0.75], np.float32)), add=True)
    run.log_segments("loss", {(9, 9): 3.0})
    found = segment_metrics(dataset, "a", "iou")
    assert (len(found), found[2, 1], found[3, 7]) == (4, 0.25, 0.75)
    run.log_segments("iou", {(4, 4): 0.0})
    assert segment_metrics(dataset, "a", "iou") == {(4, 4): 0.0}
    assert segment_metrics(dataset, "a", "loss") == {(9, 9): 3.0}
    assert segment_metrics(dataset, "a", "none") == {}
    with pytest.raises(UsageError, match=r"arrays of \[2, 1, 2\]"):
        run.log_segments("iou", ([1, 2], [1], [0.5, 0.5]))
    assert segment_metrics(dataset, "a", "iou") == {(4, 4): 0.0}


def test_an_evaluation_keeps_the_iou_of_every_segment(dataset: Dataset, tmp_path) -> None:
    run = start(dataset, "a", tmp_path)
    numbers = dataset.numbers()
    shifted = [(number, sample.segments.with_masks(sample.segments.masks.dilate(1)))
               for number, sample in zip(numbers, dataset, strict=True)]  # fmt: skip
    run.add_predictions(shifted)
    evaluate(dataset, run)
    found = segment_metrics(dataset, "a", "iou")
    for number, sample in zip(numbers, dataset, strict=True):
        wanted = segment_ious(sample.segments, dict(shifted)[number])
        assert {segment: found[number, segment] for segment in wanted} == wanted
    assert len(found) == sum((~sample.segments.is_crowd).sum() for sample in dataset)
    low = dataset.where("any(last.iou < 0.9)").numbers()
    assert low == sorted({number for (number, _), value in found.items() if value < 0.9})
    assert low


def test_values_of_many_samples_go_into_one_call(dataset: Dataset, tmp_path) -> None:
    """More than a statement has places for values."""
    run = start(dataset, "a", tmp_path)
    many = {number: float(number) for number in range(70_000)}
    run.log_samples("loss", many)
    run.log_samples("loss", dict.fromkeys(many, 1.0) | {70_001: 2.0}, add=True)
    found = sample_metrics(dataset, "a", "loss")
    assert (len(found), found[5], found[70_001]) == (70_001, 1.0, 2.0)


def test_values_of_runs_are_columns_named_by_run(dataset: Dataset, tmp_path) -> None:
    assert run_columns(dataset) == []
    first, last = start(dataset, "first", tmp_path), start(dataset, "last-one", tmp_path)
    first.log_samples("mean iou", {1: 0.5})
    first.log_segments("iou", {(1, 1): 0.5})
    last.add_predictions([(1, dataset.read([1])[0].segments)])
    last.log_vectors("look", [1, 2], np.eye(2, 3, dtype=np.float16))
    told = [(column.name, column.kind, column.owner, column.length) for column in run_columns(dataset)]
    assert told == [
        ("last-one.look", "vector", "sample", 3), ("last-one.segments found", "number", "sample", None),
        ("first.mean iou", "number", "sample", None), ("first.iou", "number", "segment", None),
    ]  # fmt: skip
    last.discard()
    second = start(dataset, "second", tmp_path)
    second.log_vectors("look", [1], np.eye(1))
    assert run_columns(dataset)[0].name == "second.look"
    assert [column.name for column in run_columns(dataset)[1:]] == ["first.mean iou", "first.iou"]
    with pytest.raises(UsageError, match="of kind number, not vector; another name"):
        first.log_vectors("iou", [1], np.eye(1, 3), segments=[1])
    with pytest.raises(UsageError, match="of kind vector, not number; another name"):
        second.log_samples("look", {1: 0.5})
    assert segment_metrics(dataset, "first", "iou") == {(1, 1): 0.5}


def test_a_run_that_is_discarded_leaves_no_values(dataset: Dataset, tmp_path) -> None:
    run = start(dataset, "a", tmp_path)
    run.log_samples("x", {1: 0.5})
    run.log_segments("x", {(1, 1): 0.5})
    run.log_vectors("y", [1], np.eye(1))
    run.discard()
    with dataset.database.reading() as connection:
        for table in (schema.run_samples, schema.run_segments, schema.run_columns, schema.vectors):
            assert connection.execute(sql.select(sql.func.count()).select_from(table)).scalar() == 0


def test_vectors_of_a_run_are_its_own(dataset: Dataset, tmp_path) -> None:
    first, second = start(dataset, "first", tmp_path), start(dataset, "second", tmp_path)
    keys, values = dataset.keys(), np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)
    first.log_vectors("look", keys, values)
    second.log_vectors("look", [1], np.ones((1, 4)))
    dataset.vectors.write("look", [2], np.zeros((1, 4)))
    assert np.array_equal(first.vectors.read("look", keys), values)
    assert first.vectors.nearest("look", values[3], 1).samples.tolist() == [4]
    first.log_vectors("look", [2], np.ones((1, 4)), add=True)
    assert first.vectors.read("look", [1, 2]).tolist() == [values[0].tolist(), [1, 1, 1, 1]]
    first.log_vectors("look", [2], np.ones((1, 7)))  # another length takes the place of what was there
    assert [batch.values.shape for batch in first.vectors.batches("look")] == [(1, 7)]
    assert [batch.samples.tolist() for batch in second.vectors.batches("look")] == [[1]]
    assert not doctor.verify(dataset, images=False).problems
    with pytest.raises(UsageError, match=r"\(N, 7\) numbers"):
        first.log_vectors("look", [2], np.ones((1, 4)), add=True)


def test_tags_and_notes(dataset: Dataset, tmp_path) -> None:
    run = start(dataset, "a", tmp_path)
    assert (run.tags, run.notes) == ((), "")
    run.tags = ["baseline", "good", "baseline"]
    run.notes = "one line\nanother, with 'quotes'"
    run.finish()
    again = dataset.run("a")
    assert again.tags == dataset.runs[0].tags == ("baseline", "good")
    assert again.notes == dataset.runs[0].notes == find(dataset, "a")["notes"] == "one line\nanother, with 'quotes'"
    again.tags = ()
    assert list_runs(dataset)[0]["tags"] == []
    for wrong in (["two words/"], ["last"], "baseline", [""]):
        with pytest.raises(UsageError, match="tag"):
            again.tags = wrong
    for wrong in ("\0", 7):
        with pytest.raises(UsageError, match="notes"):
            again.notes = wrong
    assert again.tags == ()


def test_tags_and_notes_on_the_command_line(tmp_path, make_samples, classes) -> None:
    place = tmp_path / "dataset"
    with Dataset.create(place, classes) as dataset:
        with dataset.edit("add") as edit:
            edit.add(make_samples(1)[0])
        Run.start(dataset, "predict", {}, name="a").finish()

    def runs(*words: str) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-m", "maskwright", "runs", str(place), *words]
        return subprocess.run(program, capture_output=True, text=True)

    done = runs("a", "--tags", "baseline, good", "--notes", "the first")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(runs("a", "--json").stdout)["tags"] == ["baseline", "good"]
    assert "baseline good" in runs().stdout
    assert "notes: the first" in runs("a", "--tags", "none").stdout
    assert json.loads(runs("--json").stdout)["runs"][0]["tags"] == []
    refused = runs("--tags", "x")
    assert (refused.returncode, "of one run" in refused.stderr) == (2, True)


def test_datasets_of_before_learn_what_values_their_runs_have(dataset: Dataset, tmp_path) -> None:
    run = start(dataset, "a", tmp_path)
    run.log_samples("iou", {1: 0.5, 2: 0.5})
    run.log_segments("loss", {(1, 1): 0.5})
    with dataset.database.writing() as connection:
        connection.execute(schema.run_columns.delete())
        migrations.STEPS[3](connection)
    assert [(column.name, column.owner) for column in run_columns(dataset)] == [
        ("a.iou", "sample"), ("a.loss", "segment"),
    ]  # fmt: skip


def test_the_iou_of_each_segment() -> None:
    stack = np.zeros((4, 4, 4), bool)
    stack[0, :2] = stack[1, 2:] = stack[2, :, :1] = stack[3] = True  # 8, 8, 4 and 16 pixels
    truth = Segments(Masks.encode(stack), [1, 1, 2, 1], ids=[10, 20, 30, 40], is_crowd=[0, 0, 0, 1])
    found = np.zeros((3, 4, 4), bool)
    found[0, :1] = found[1, :, :2] = found[2, :2] = True  # 4 of the first's 8; half of each; exactly the first
    pred = Segments(Masks.encode(found), [1, 2, 2])
    assert segment_ious(truth, pred) == {10: 0.5, 20: 0.0, 30: 0.5}
    none = Segments.none((4, 4))
    assert segment_ious(truth, none) == {10: 0.0, 20: 0.0, 30: 0.0}
    assert segment_ious(none, pred) == {}
