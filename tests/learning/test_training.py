"""The loop: it learns, resumes exactly, runs in two processes, and augments image and label together."""

import json
import random
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from maskwright import transforms
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.demo import build_demo_set
from maskwright.errors import ModelError, UsageError
from maskwright.runs import Run, compare, find, list_runs
from maskwright.runs.evaluation import evaluate
from maskwright.runs.record import curves, sample_metrics
from maskwright.store import Dataset, transfer
from maskwright.testing import TransformContract
from maskwright.train import Settings, data, fit
from maskwright.transforms import colour, flip, scale_crop

TINY = {"widths": [8, 8, 8, 8, 8], "decoder": 8}
SETTINGS = Settings(
    model="lite", config=TINY, epochs=2, batch_size=4, size=(64, 64), evaluations=2, precision="fp32", lr=5e-3, ema=0.9
)


@pytest.fixture
def dataset(tmp_path):
    classes, samples = build_demo_set(tmp_path / "pictures", number=10, size=(64, 80))
    transfer.import_samples(tmp_path / "dataset", classes, samples, "demo")
    with Dataset.open(tmp_path / "dataset") as opened:
        yield opened


def train(dataset, settings, name, **options):
    run = Run.start(dataset, "train", settings.to_json(), name=name)
    scores = fit(run.view, settings, run, **options)
    run.finish(scores=scores)
    return run, scores


@pytest.mark.train
def test_it_learns_and_keeps_a_whole_record(dataset) -> None:
    settings = replace(SETTINGS, epochs=40, evaluations=4, trackers=("tensorboard",), colour=False, lr=1e-2, seed=1)
    run = Run.start(dataset, "train", settings.to_json(), name="one", trackers=settings.trackers)
    scores = fit(run.view, settings, run)
    run.finish(scores=scores)
    points = curves(dataset, "one")
    assert points["train/loss"][-1][1] < 0.8 * points["train/loss"][0][1]
    assert scores["pixel_accuracy"] > 0.5
    record = find(dataset, "one")
    assert record["status"] == "done"
    assert record["revision"] == 2
    assert record["environment"]["packages"]["torch"]
    assert Settings.from_json(record["settings"]) == settings
    assert len(sample_metrics(dataset, "one", "mean_iou")) == 2
    assert list((run.folder / "tensorboard").iterdir())
    again = evaluate(dataset.where("split = 'val'"), run)
    assert again["mean_iou"] == pytest.approx(scores["mean_iou"], rel=1e-12), "stored predictions score the same"
    assert "AP" in again["mask"]
    from maskwright.predict.batch import predict_into_run

    done = predict_into_run(
        dataset.where("split = 'val'"), "one", to=str(dataset.database.folder / "out"), device="cpu"
    )
    assert done["samples"] == 2
    later = Run(dataset, done["run"], run.folder)
    assert len(later.predicted()) == 2
    assert (dataset.database.folder / "out" / "annotations" / "instances_val.json").exists()
    later.add_scores({"evaluation": evaluate(dataset, later)})
    assert find(dataset, done["run"])["scores"]["evaluation"]["mean_iou"] > 0


OTHERWISE = {
    "optimizer": "sgd", "momentum": 0.7, "schedule": "poly", "steps_per_epoch": 3, "val_steps": 1, "lr": 0.01,
    "augmentation": "strong",
}  # fmt: skip


@pytest.mark.train
@pytest.mark.parametrize("more", [{}, OTHERWISE], ids=["usual", "otherwise"])
def test_resuming_is_exact(dataset, more) -> None:
    stopped = replace(SETTINGS, epochs=4, evaluations=4, **more)
    whole, _ = train(dataset, stopped, "whole")
    run = Run.start(dataset, "train", stopped.to_json(), name="parts")

    def interrupt(share, numbers) -> None:
        # In the middle of the third epoch: what was done of it is done again.
        if numbers.get("step") == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(run.view, stopped, run, report=interrupt)
    run.finish("interrupted")
    assert find(dataset, "parts")["status"] == "interrupted"
    run = Run.resume(dataset, "parts")
    fit(run.view, stopped, run, resume=True)
    from safetensors.torch import load_file

    for file in ("last.safetensors", "best.safetensors"):
        mine, theirs = load_file(run.folder / file), load_file(whole.folder / file)
        assert all(torch.equal(mine[name], theirs[name]) for name in theirs), file
    assert curves(dataset, "parts")["val/mean_iou"] == curves(dataset, "whole")["val/mean_iou"]


TRAINS = """
import json, sys
from maskwright.runs import Run, list_runs
from maskwright.store import Dataset
from maskwright.train import Settings, fit, loop
loop.KEPT = 0.0  # a checkpoint after every step: a kill is as likely in one as it is in between
settings = Settings.from_json(json.loads(sys.argv[2]))
with Dataset.open(sys.argv[1]) as dataset:
    go_on = "parts" in [record["id"] for record in list_runs(dataset)]
    run = Run.resume(dataset, "parts") if go_on else Run.start(dataset, "train", settings.to_json(), name="parts")
    print("going", flush=True)
    run.finish(scores=fit(run.view, settings, run, resume=go_on))
"""


@pytest.mark.train
@pytest.mark.timeout(1800)
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.slow
def test_killed_at_any_moment_and_gone_on_it_is_the_same_training(dataset) -> None:
    kills = 20
    settings = replace(SETTINGS, epochs=10 * kills, evaluations=kills, device="cpu", colour=True)
    whole, scores = train(dataset, settings, "whole")
    command = [sys.executable, "-c", TRAINS, dataset.place, json.dumps(settings.to_json())]
    rng = random.Random(kills)
    killed = 0
    while True:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            if child.stdout.readline() == "going\n":
                with suppress(subprocess.TimeoutExpired):
                    child.wait(rng.uniform(0.2, 2.5) if killed < kills else 600)
            going = child.poll() is None
            if going:
                child.kill()
        if not going:
            break
        killed += 1
    assert child.returncode == 0
    assert killed >= 3, "it was over before it was killed often enough to say anything"
    parts = Run.open(dataset, "parts")
    from safetensors.torch import load_file

    for file in ("last.safetensors", "best.safetensors"):
        mine, theirs = load_file(parts.folder / file), load_file(whole.folder / file)
        assert all(torch.equal(mine[name], theirs[name]) for name in theirs), file
    mine, theirs = curves(dataset, "parts"), curves(dataset, "whole")
    assert mine["val/mean_iou"] == theirs["val/mean_iou"]
    assert mine["train/loss"] == theirs["train/loss"]
    assert find(dataset, "parts")["scores"] == json.loads(json.dumps(scores))


@pytest.mark.train
@pytest.mark.slow
def test_a_time_is_kept_by_two_processes_together(dataset) -> None:
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "maskwright",
        "train", dataset.place, "--minutes", "6s", "--name", "both", "--batch-size", "4", "--size", "64", "64",
        "--model", "lite", "--device", "cpu",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    record = find(dataset, "both")
    assert (record["status"], record["settings"]["minutes"]) == ("done", 0.1)
    assert record["scores"]["mean_iou"] > 0
    assert curves(dataset, "both")["val/mean_iou"], "it was evaluated on the way"


@pytest.mark.train
def test_the_seed_fixes_everything_and_runs_compare(dataset) -> None:
    (each, a), (_, b), (_, c) = (
        train(dataset, replace(SETTINGS, seed=seed), name) for seed, name in ((0, "a"), (0, "b"), (1, "c"))
    )
    assert a == b
    assert a != c
    found = compare(dataset, "a", "c")
    assert found["settings"] == {"seed": (0, 1)}
    assert "mean_iou" in found["scores"]
    assert [record["id"] for record in list_runs(dataset)] and each.id == "a"
    with pytest.raises(UsageError, match="already"):
        Run.start(dataset, "train", {}, name="a")
    with pytest.raises(UsageError, match="no run"):
        find(dataset, "zzz")


@pytest.mark.train
def test_two_processes_train_as_one_and_score_the_same(dataset, tmp_path) -> None:
    # Without batch normalisation, dropout and ignored pixels, the mean of two halves' gradients is the gradient of the whole.
    settings = replace(
        SETTINGS,
        model="unet2015",
        config={"base": 2, "padding": "valid"},
        epochs=1,
        loss="ce",
        clip=1e9,
        device="cpu",
        scale=(1.2, 1.5),
    )
    _, alone = train(dataset, settings, "alone")
    program = tmp_path / "go.py"
    program.write_text(
        "import json, os, sys\n"
        "from maskwright.store import Dataset\n"
        "from maskwright.runs import Run\n"
        "from maskwright.runs.record import folder_of\n"
        "from maskwright.train import Settings, fit\n"
        "settings = Settings.from_json(json.loads(sys.argv[2]))\n"
        "dataset = Dataset.open(sys.argv[1])\n"
        "main = os.environ['RANK'] == '0'\n"
        "run = Run.start(dataset, 'train', settings.to_json(), name='both') if main else Run(dataset.frozen(), '', folder_of(dataset, 'both'))\n"
        "scores = fit(run.view, settings, run)\n"
        "run.finish(scores=scores) if main else None\n"
    )
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
        str(program), dataset.place, json.dumps(settings.to_json()),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    from safetensors.torch import load_file

    runs = tmp_path / "dataset" / "runs"
    mine, theirs = (load_file(runs / name / "last.safetensors") for name in ("both", "alone"))
    for name, value in theirs.items():
        assert torch.allclose(mine[name], value, atol=2e-4), name
    both = find(dataset, "both")["scores"]
    assert both["mean_iou"] == pytest.approx(alone["mean_iou"], abs=0.02)
    assert curves(dataset, "both")["val/mean_iou"][-1][1] == pytest.approx(both["mean_iou"], rel=1e-12), "shared counts"


def test_a_loss_that_explodes_is_said(dataset) -> None:
    with pytest.raises(ModelError, match="the loss became"):
        train(dataset, replace(SETTINGS, lr=1e30, clip=1e30, warmup=0.0), "bang")


def test_weights_choose_and_exclude(dataset) -> None:
    key = dataset.where("split = 'train'").keys()[0]
    with dataset.edit("weights") as edit:
        edit.set(key, weight=0.0)
        edit.set(dataset.where("split = 'train'").keys()[1], weight=100.0)
    numbers, val, note = data.split_numbers(dataset, SETTINGS)
    assert dataset.number_of(key) not in numbers
    assert (len(numbers), len(val), note) == (7, 2, None)
    order = data.epoch_order(numbers, dataset.weights(), SETTINGS, 0)
    assert len(order) % SETTINGS.batch_size == 0
    assert order.count(dataset.number_of(dataset.where("split = 'train'").keys()[1])) > len(order) / 2


def test_augmentation_moves_image_and_label_together() -> None:
    # The label is drawn into the image, so they must still agree afterwards.
    rng = np.random.default_rng(0)
    label = np.zeros((50, 70), np.uint8)
    label[10:30, 20:50] = 1
    image = np.repeat(label[..., None] * 200, 3, axis=2)
    for _ in range(30):
        pixels, target = scale_crop.apply(image, label, rng, size=(32, 32), scale=(0.5, 2.0))
        pixels, target = flip.apply(pixels, target, rng, vertical=0.5, turn=True)
        assert pixels.shape == (32, 32, 3)
        known = target != 255
        assert ((pixels[..., 0] > 100) == (target == 1))[known].mean() > 0.93
        assert set(np.unique(target)) <= {0, 1, 255}
        bright, same = colour.apply(pixels, target, rng)
        assert same is target
        assert bright.dtype == np.uint8
    small, padded = scale_crop.apply(image, label, rng, size=(64, 64), scale=(0.3, 0.3))
    assert (padded == 255).any()
    assert (small[padded == 255] < 60).mean() > 0.9


def test_a_window_larger_than_the_image_shows_all_of_it_where_it_lies() -> None:
    """What is beyond the image is zeros and ignored; what is inside keeps its place and its scale to half a pixel."""
    label = np.zeros((48, 64), np.uint8)
    label[12:36, 16:48] = 1
    image = np.repeat(label[..., None] * 100 + 100, 3, axis=2)
    segments = Segments(Masks.encode(label[None] == 1), [5])
    for seed in range(30):
        made = [
            scale_crop.apply(image, target, np.random.default_rng(seed), size=(96, 80), scale=(0.4, 0.9))
            for target in (label, segments)
        ]
        (pixels, target), (again, moved) = made
        assert np.array_equal(pixels, again)
        assert moved.size == target.shape == pixels.shape[:2] == (96, 80)
        assert np.array_equal(pixels[..., 0] == 0, target == 255)
        assert (moved.masks.decode()[0] == (target == 1)).mean() > 0.98
        rows, columns = (np.flatnonzero((target == 1).any(axis=axis)) for axis in (1, 0))
        known = [np.flatnonzero((target != 255).any(axis=axis)) for axis in (1, 0)]
        if known[0].size < 96 and known[1].size < 80:  # all of the image is there, and the box is half of it
            for part, whole in ((rows, known[0]), (columns, known[1])):
                assert abs(part.size - whole.size / 2) <= 1
                assert abs((part[0] + part[-1]) - (whole[0] + whole[-1])) <= 2


class TestEveryTransform(TransformContract):
    @pytest.fixture(autouse=True, params=transforms.names())
    def one_of_them(self, request) -> None:
        self.name = request.param
        # Windows of scale-crop have a size of their own, and turns swap an oblong's sides.
        self.keeps_size = request.param not in ("scale-crop", "flip")
        self.agreement = 0.98 if request.param in ("scale-crop", "scale", "crop") else 1.0
        special = {"flip": {"turn": True, "vertical": 0.5}, "scale-crop": {"size": (32, 40)}, "colour": {}}
        self.options = special.get(self.name, {"chance": 0.8})


def test_settings_that_cannot_be() -> None:
    for wrong in ({"epochs": 0}, {"scale": (1.0, 0.5)}, {"size": (16, 64)}, {"ema": 1.0}, {"minutes": -1.0}):
        with pytest.raises(UsageError, match="must be"):
            Settings(**wrong)
    assert Settings.from_json(json.loads(json.dumps(SETTINGS.to_json()))) == SETTINGS


@pytest.mark.parametrize(("apply", "said"), [
    (lambda image, target, rng: (image / 255, target), "answers an image of float64"),
    (lambda image, target, rng: (image, target.astype(np.int64)), "answers a target of int64"),
    (lambda image, target, rng: (image, target + 70), "makes labels that were not there"),
    (lambda image, target, rng: None, "ends in TypeError"),
    (lambda image, target, rng: 1 / 0, "ends in ZeroDivisionError"),
    (lambda image, target, rng: (image[:8], target[:8]), "changes the size of windows"),
])  # fmt: skip
def test_a_transform_by_name_that_answers_something_else_is_named(apply, said, monkeypatch) -> None:
    data._further.cache_clear()
    monkeypatch.setattr(transforms, "parse", lambda spec: apply)
    settings = Settings(size=(64, 64), transforms=("mine(a=1)",))
    image, target = np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64), np.uint8)
    with pytest.raises(UsageError, match=rf"the transform 'mine\(a=1\)' {said}"):
        data.augmented(image, target, np.random.default_rng(0), settings)
    data._further.cache_clear()
