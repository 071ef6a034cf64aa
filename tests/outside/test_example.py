"""A package of somebody else: its format, loss, metric, model, tracker and transform are used as ours are."""

import json
from pathlib import Path

import numpy as np
import pytest

from maskwright import formats, metrics, registry, testing, transforms
from maskwright.demo import build_demo_set
from maskwright.errors import UsageError
from maskwright.runs import find
from maskwright.store import Dataset


@pytest.fixture
def example(installed, example_folder) -> None:
    installed(example_folder)


@pytest.mark.usefixtures("example")
class TestFormat(testing.FormatContract):
    name = "one_json"


@pytest.mark.usefixtures("example")
class TestLoss(testing.LossContract):
    name = "squared-error"


@pytest.mark.usefixtures("example")
class TestMetric(testing.MetricContract):
    name = "object-count"


@pytest.mark.usefixtures("example")
class TestModel(testing.ModelContract):
    name = "two-layers"


@pytest.mark.usefixtures("example")
class TestTracker(testing.TrackerContract):
    name = "lines"

    def curve(self, folder: Path, name: str) -> list[tuple[int, float]]:
        rows = [json.loads(line) for line in (folder / "lines.jsonl").read_text().splitlines()]
        return [(row["step"], row["values"][name]) for row in rows if row["what"] == "points" and name in row["values"]]


@pytest.mark.usefixtures("example")
class TestTransform(testing.TransformContract):
    name = "roll"


def test_names_have_one_spelling(example, make_samples, classes, tmp_path) -> None:
    from maskwright import losses, models

    for name in ("one-json", "one_json"):
        formats.write(make_samples(3), classes, tmp_path / name, name)
        assert formats.sniff(tmp_path / name) == "one-json"
        assert len(list(formats.read(tmp_path / name, format=name).samples)) == 3
        with pytest.raises(UsageError, match=r"has no option 'images'; it has indent"):
            formats.write(make_samples(3), classes, tmp_path / "x", name, images="link")
    assert "one-json" in formats.writers()
    assert {"one_json", "object_count"}.isdisjoint({*formats.names(), *metrics.of_segments()})
    assert "object-count" in metrics.of_segments()
    assert metrics.load("object_count") is metrics.load("object-count")
    logits, target = testing.losses.batch()
    values = {losses.parse(text)(logits, target).item() for text in ("squared-error", "squared_error(power=2)")}
    assert len(values) == 1
    assert losses.parse("1 * generalised_dice")(logits, target) == losses.parse("generalised-dice")(logits, target)
    assert models.tasks_of("two_layers") == models.tasks_of("two-layers") == ("semantic",)
    image = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    pushed, _ = transforms.parse("roll(share=1)")(image, image[..., 0], np.random.default_rng(0))
    assert np.array_equal(np.sort(pushed, axis=1), np.sort(image, axis=1))
    for wrong, said in (("roll(far=1)", "has no option 'far'; it has share"), ("roll(", "cannot be read"),
                        ("rol", "Did you mean 'roll'")):  # fmt: skip
        with pytest.raises(UsageError, match=said):
            transforms.parse(wrong)


def test_what_is_installed_is_seen_again_after_forgetting(example_folder, monkeypatch) -> None:
    assert registry.outside("losses") == []
    with monkeypatch.context() as patch:
        patch.syspath_prepend(example_folder)
        assert registry.outside("losses") == [], "entry points are asked once"
        registry.forget()
        assert registry.outside("losses") == ["squared-error"]
    registry.forget()
    assert registry.outside("losses") == []


@pytest.fixture
def run(command, example_folder):
    def run(*words: object) -> str:
        done = command([example_folder], *words)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    return run


@pytest.fixture
def demo_set(tmp_path) -> Path:
    known, samples = build_demo_set(tmp_path / "pictures", number=8, size=(64, 64))
    formats.write(samples, known, tmp_path / "coco", "coco")
    return tmp_path / "coco"


def test_labels_from_the_command_line(run, command, example_folder, demo_set, tmp_path) -> None:
    said = run("convert", demo_set, tmp_path / "json", "--to", "one_json", "--check")
    assert "wrote 8 samples as one-json" in said
    run("convert", tmp_path / "json", tmp_path / "back", "--to", "coco", "--check")
    imported = run("import", tmp_path / "json", tmp_path / "dataset", "--format", "one_json", "--json")
    assert json.loads(imported)["format"] == "one-json"
    run("export", tmp_path / "dataset", tmp_path / "out", "--format", "one-json", "-o", "indent=2")
    assert (tmp_path / "out" / "one.json").read_text().startswith("{\n  ")
    refused = command([example_folder], "convert", demo_set, tmp_path / "no", "--to", "one-json", "--images", "link")
    assert (refused.returncode, "has no option 'images'" in refused.stderr) == (2, True)


@pytest.mark.slow
@pytest.mark.train
def test_learning_from_the_command_line(run, demo_set, tmp_path) -> None:
    dataset = tmp_path / "dataset"
    run("import", demo_set, dataset)
    run(
        "train", dataset, "--model", "two_layers", "--config", "width=4", "--loss", "ce + 0.5*squared_error(power=1.5)",
        "--transform", "roll(share=0.3)", "--transform", "colour", "--epochs", 1, "--batch-size", 4, "--size", 32, 32,
        "--evaluations", 1, "--name", "small", "--tracker", "lines",
    )  # fmt: skip
    with Dataset.open(dataset) as opened:
        assert find(opened, "small")["settings"]["transforms"] == ["roll(share=0.3)", "colour"]
    told = (dataset / "runs" / "small" / "lines.jsonl").read_text()
    assert '"what": "points"' in told
    assert told.endswith('{"what": "end"}\n')
    predicted = json.loads(run("predict", dataset, "--model", "small", "--to", tmp_path / "predicted", "--format",
                               "one_json", "--json"))  # fmt: skip
    assert (tmp_path / "predicted" / "one.json").is_file()
    scores = json.loads(run("evaluate", dataset, predicted["run"], "--metric", "object_count", "--json"))
    assert scores["object-count"]["objects"] > 0
    assert "share_wrong" in run("evaluate", dataset, predicted["run"], "-m", "object_count")


def test_lists_name_it(run) -> None:
    assert "object-count" in run("metrics", "list")
    assert "CC0-1.0" in run("model", "list")
    assert json.loads(run("doctor", "--json"))["plugins"] == {
        "formats": ["one-json"], "losses": ["squared-error"], "metrics": ["object-count"], "models": ["two-layers"],
        "runs.trackers": ["lines"], "transforms": ["roll"],
    }  # fmt: skip


def test_a_transform_that_changes_sizes_is_said(tmp_path) -> None:
    from maskwright.train import Settings, data

    image, segments = testing.transforms.scene()
    settings = Settings(size=(64, 64), transforms=("scale-crop(size=(32, 32))",))
    with pytest.raises(UsageError, match=r"'scale-crop.*' changes the size of windows"):
        data.augmented(image, segments, np.random.default_rng(0), settings)
