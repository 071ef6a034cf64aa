"""What a network was trained on is told where it is scored; runs are found by their tags."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from command_line import run
from PIL import Image

from maskwright import train
from maskwright.core.classes import Class, Classes
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import DatasetError, UsageError
from maskwright.runs import Run
from maskwright.store import Dataset, transfer
from maskwright.train import data
from maskwright.train.plan import plan, read_plan

TINY = ("--config", "widths=[4,4,4,4,4]", "--config", "decoder=4", "--size", "32", "--epochs", "1", "--overlays", "0",
        "--evaluations", "1", "--device", "cpu", "--from-scratch")  # fmt: skip
LABEL = np.repeat([[0, 1]], 32, axis=1).repeat(48, axis=0)
CLASSES = Classes([Class(0, "left", "stuff"), Class(1, "right", "stuff")])


def a_set(folder, splits):
    """One image for each of the splits. -> its place"""
    samples = []
    for k, split in enumerate(splits):
        file = folder / f"{k}.png"
        Image.fromarray(np.full((*LABEL.shape, 3), 10 * k, np.uint8)).save(file)
        own = {} if split is None else {"split": split}
        samples.append(Sample(str(k), ImageRef(str(file), LABEL.shape), Segments.from_label_map(LABEL), **own))
    transfer.import_samples(folder / "set", CLASSES, samples, "made")
    return folder / "set"


def answered(capsys, *words):
    code, out, errors = run(capsys, *words, "--json")
    assert code == 0, out + errors
    return json.loads(out)


@pytest.mark.train
def test_an_evaluation_says_how_many_samples_were_trained_on(tmp_path, capsys) -> None:
    place = a_set(tmp_path, [None] * 10)
    answered(capsys, "train", place, "--name", "net", "--tag", "first", *TINY)
    answered(capsys, "predict", place, "--model", "net", "--name", "whole", "--tag", "second", "--device", "cpu")
    assert answered(capsys, "evaluate", place, "whole")["trained_on"] == 8
    assert answered(capsys, "evaluate", place, "net")["trained_on"] == 0
    code, out, _ = run(capsys, "evaluate", place, "whole")
    assert code == 0
    assert "8 of these 10 samples were trained on" in out

    listed = answered(capsys, "runs", place)["runs"]
    assert [record["id"] for record in listed] == ["whole", "net"]
    assert [record["id"] for record in answered(capsys, "runs", place, "--tag", "second")["runs"]] == ["whole"]
    _, out, _ = run(capsys, "runs", place)
    (row,) = [line for line in out.splitlines() if line.startswith("whole ")]
    assert f"{answered(capsys, 'evaluate', place, 'whole')['mean_iou']:.4f}" in row
    code, _, errors = run(capsys, "train", place, "--tag", "two words", *TINY)
    assert code == 2
    assert "a run's tag is 'two words'; one word; give --tag once for each" in errors


@pytest.mark.train
def test_a_function_of_ones_own_is_trained_with_as_the_docs_say(tmp_path) -> None:
    seen = []

    def mirror(image, mask):
        seen.append(image.shape)
        return {"image": image[:, ::-1], "mask": mask[:, ::-1]}

    def other(**data):
        assert set(data) == {"image", "mask"}
        return data

    with Dataset.open(a_set(tmp_path, [None] * 5)) as dataset:
        view = dataset.frozen()
        settings = train.Settings(
            model="lite", config={"widths": (4, 4, 4, 4, 4), "decoder": 4}, epochs=1, size=(32, 32), batch_size=2,
            overlays=0, evaluations=1, device="cpu",
        )  # fmt: skip
        run_ = Run.start(view, "train", settings.to_json(), name="mirrored")
        run_.finish("done", train.fit(view, settings, run_, further=[mirror, other]))
    assert seen


def test_splits_that_are_not_there_are_refused(tmp_path) -> None:
    with Dataset.open(a_set(tmp_path, ["train"] * 6)) as dataset:
        with pytest.raises(DatasetError, match=r"no sample of the split 'nosuch'; splits are train \(6\)"):
            data.split_numbers(dataset, train.Settings(train_split="nosuch", val_split="nothere"))
        with pytest.raises(DatasetError, match=r"no sample of the split 'nothere'; splits are train \(6\)"):
            data.split_numbers(dataset, train.Settings(val_split="nothere"))
        with pytest.raises(DatasetError, match="no sample to train on where split = 'x'; samples with labels"):
            data.split_numbers(dataset.where("split = 'x'"), train.Settings())


def test_where_only_training_samples_are_declared_a_fifth_of_them_validates(tmp_path) -> None:
    """As many downloads have it, coco128 among them."""
    with Dataset.open(a_set(tmp_path, ["test"] * 3 + ["train"] * 10 + [None] * 2)) as dataset:
        train_numbers, val_numbers, note = data.split_numbers(dataset, train.Settings())
        assert {*train_numbers, *val_numbers} == set(dataset.where("split = 'train'").numbers())
        assert "only 'train' is declared: 2 of 10 samples, drawn by the seed, validate" in note


def test_samples_of_other_splits_are_not_drawn(tmp_path) -> None:
    with Dataset.open(a_set(tmp_path, ["test"] * 3 + [None] * 10)) as dataset:
        train_numbers, val_numbers, note = data.split_numbers(dataset, train.Settings())
        assert {*train_numbers, *val_numbers} == set(dataset.where("split is null").numbers())
        assert "2 of 10 samples, drawn by the seed, validate" in note
        with pytest.raises(DatasetError, match=r"no sample of the split 'a'; splits are test \(3\)"):
            data.split_numbers(dataset, train.Settings(train_split="a", val_split="b"))
        with pytest.raises(DatasetError, match=r"no sample of the split 'b'; splits are test \(3\)"):
            data.split_numbers(dataset, train.Settings(val_split="b"))
    (tmp_path / "none").mkdir()
    with (
        Dataset.open(a_set(tmp_path / "none", [None] * 4)) as dataset,
        pytest.raises(DatasetError, match=r"(?s)no sample of the split 'a'; no split is declared.*Leave --train-split"),
    ):
        data.split_numbers(dataset, train.Settings(train_split="a", val_split="b"))


def test_an_empty_plan_and_a_transform_that_nobody_has_are_refused_at_once(tmp_path, capsys) -> None:
    (tmp_path / "plan.yaml").write_text("\n")
    with pytest.raises(UsageError, match="the plan is empty; settings, one a line, such as epochs: 40"):
        read_plan(tmp_path / "plan.yaml")
    place = a_set(tmp_path, [None] * 4)
    for spec, words in (
        ("cutmix", "--transform: 'cutmix' is not among maskwright's transforms"),
        ("elastic(knots=-3)", "--transform: the transform 'elastic' cannot work with knots=-3"),
        ("mosaic(chance=2)", "--transform: the transform 'mosaic': chance is 2; a chance is from 0 to 1"),
        ("elastic(foo=3)", "--transform: the transform 'elastic' has no option 'foo'"),
    ):
        code, _, errors = run(capsys, "train", place, "--transform", spec)
        assert code == 2, errors
        assert words in errors
    with Dataset.open(place) as dataset, pytest.raises(UsageError, match="'cutmix' is not among"):
        plan(dataset, {"transforms": ("cutmix",), "device": "cpu"}, measure=False)


def test_nothing_is_predicted_or_scored_without_a_word(tmp_path, capsys) -> None:
    place = a_set(tmp_path, [None] * 5)
    for words in (("predict", place, "--model", "x", "--where", "split = 'val'"),):
        code, _, errors = run(capsys, *words)
        assert code == 2
        assert "no sample to predict where split = 'val'" in errors


def test_steps_of_an_epoch_say_nothing_within_a_time(tmp_path) -> None:
    with Dataset.open(a_set(tmp_path, [None] * 10)) as dataset:
        settings = train.Settings(
            model="lite", config={"widths": (4, 4, 4, 4, 4), "decoder": 4}, minutes=1.0, steps_per_epoch=5,
            size=(32, 32), device="cpu",
        )  # fmt: skip
        from maskwright.train.loop import ready

        assert any(
            "steps_per_epoch changes nothing where a time is given" in note for note in ready(dataset, settings).notes
        )
        assert not any("steps_per_epoch" in note for note in ready(dataset, train.Settings(
            model="lite", config=settings.config, epochs=1, steps_per_epoch=5, size=(32, 32), device="cpu")).notes)  # fmt: skip


def test_windows_that_do_not_fit_are_refused_before_anything_is_measured(tmp_path) -> None:
    given = {"model": "lite", "size": (40, 40), "device": "cpu"}
    said = r"windows of \(40, 40\) do not fit lite; multiples of 32"
    with Dataset.open(a_set(tmp_path, [None] * 4)) as dataset, pytest.raises(UsageError, match=said):
        plan(dataset, given, measure=False)
