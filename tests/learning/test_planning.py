"""Fingerprints, plans, trials, folds, sweeps, and what else surrounds the loop."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from PIL import Image
from small_networks import SMALL

from maskwright import media
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.demo import build_demo_set
from maskwright.errors import DatasetError, ModelError, UsageError
from maskwright.predict import Predictor, checkpoint, tiling
from maskwright.runs import Run, find, list_runs
from maskwright.store import Dataset, transfer
from maskwright.train import Settings, data, fit, probe
from maskwright.train.fingerprint import fingerprint
from maskwright.train.folds import fit_folds
from maskwright.train.groups import encoder_parameters, parameter_groups
from maskwright.train.plan import plan, read_plan
from maskwright.train.sweep import parse_search, sweep
from maskwright.weights import fill, read_weights

TINY = {"widths": [8, 8, 8, 8, 8], "decoder": 8}
SETTINGS = Settings(
    model="lite", config=TINY, epochs=2, batch_size=4, size=(64, 64), evaluations=1, precision="fp32", lr=5e-3, ema=0.9,
    overlays=0, device="cpu",
)  # fmt: skip


@pytest.fixture
def dataset(tmp_path):
    pytest.importorskip("skimage")
    classes, samples = build_demo_set(tmp_path / "pictures", number=10, size=(64, 80))
    transfer.import_samples(tmp_path / "dataset", classes, samples, "demo")
    with Dataset.open(tmp_path / "dataset") as opened:
        yield opened


def made(tmp_path, segments, classes, *, colour=True, number=4):
    """A dataset of one labelling over noise."""
    rng = np.random.default_rng(0)
    samples = []
    (tmp_path / "p").mkdir()
    for k in range(number):
        pixels = rng.integers(0, 255, (*segments.size, 3), dtype=np.uint8)
        if not colour:
            pixels[:] = pixels[..., :1]
        Image.fromarray(pixels).save(tmp_path / "p" / f"{k}.png")
        samples.append(
            Sample(
                str(k),
                ImageRef(str(tmp_path / "p" / f"{k}.png"), segments.size),
                segments,
                split=["train", "val"][k % 2],
            )
        )
    transfer.import_samples(tmp_path / "made", classes, samples, "made")
    return Dataset.open(tmp_path / "made")


def touching() -> Segments:
    dense = np.zeros((3, 40, 50), bool)
    dense[0, 5:15, 5:15], dense[1, 5:15, 15:25], dense[2, 30:34, 30:34] = True, True, True
    return Segments(Masks.encode(dense), [1, 1, 1])


def test_a_fingerprint_says_what_is_there(tmp_path) -> None:
    with made(tmp_path, touching(), Classes([Class(1, "cell")]), colour=False) as opened:
        facts = fingerprint(opened, opened.numbers()[:2], opened.numbers()[2:])
    assert (facts.samples, facts.training, facts.validation) == (4, 2, 2)
    assert (facts.height, facts.width, facts.largest) == (40, 50, 50)
    assert (facts.things, facts.stuff, facts.objects) == (1, 0, 3)
    assert facts.object_side == 10
    assert facts.melting == pytest.approx(2 / 3)
    assert facts.overlapping == 0
    assert facts.unlabelled == pytest.approx(1 - 216 / 2000)
    assert facts.gray
    assert facts.rarest == 1


def test_nothing_labelled_cannot_be_planned(tmp_path) -> None:
    opened = made(tmp_path, Segments.none((40, 50)), Classes([Class(1, "cell")]))
    with opened, pytest.raises(DatasetError, match="no sample has a segment"):
        plan(opened, {"device": "cpu"}, measure=False)


def test_plans_give_reasons_and_heed_what_is_given(tmp_path) -> None:
    with made(tmp_path, touching(), Classes([Class(1, "cell")]), colour=False) as opened:
        found = plan(opened, {"device": "cpu", "minutes": 7.0}, measure=False)
        assert found.settings.minutes == 7.0
        assert found.settings.turn
        assert found.settings.flip_vertical == 0.5
        assert "touch" in found.reasons["model"]
        assert set(found.reasons) <= set(Settings.names())
        own = plan(opened, {"device": "cpu", "task": "instance", "epochs": 3, "turn": False}, measure=False)
        assert own.settings.model.startswith("maskrcnn")
        assert own.settings.minutes is None
        assert not own.settings.turn
        assert own.reasons["turn"] == "given"
        path = tmp_path / "plan.yaml"
        own.write(path)
        assert read_plan(path) == own.settings, "a plan that is written reads back"
        assert "# " in path.read_text()
        again = plan(opened, {"epochs": 5}, base=read_plan(path), measure=False)
        assert again.settings == replace(own.settings, epochs=5)


def test_a_color_set_with_rare_classes(tmp_path) -> None:
    dense = np.zeros((2, 64, 64), bool)
    dense[0], dense[1, :2, :2] = True, True
    dense[0] &= ~dense[1]
    classes = Classes([Class(1, "road", "stuff"), Class(2, "pole", "stuff"), Class(3, "sky", "stuff")])
    with made(tmp_path, Segments(Masks.encode(dense), [1, 2]), classes) as opened:
        found = plan(opened, {"device": "cpu"}, measure=False).settings
    assert found.loss == "ce + dice"
    assert not found.turn
    assert found.model in ("lite", "lite/efficientnet-lite0")
    assert found.size == (64, 64)


def test_plans_that_cannot_be_read(tmp_path) -> None:
    path = tmp_path / "p.yaml"
    with pytest.raises(UsageError, match="no such plan"):
        read_plan(path)
    for text, said in ((":::\n\t", "not valid YAML"), ("- 1", "not a plan"), ("speed: 3", "no setting 'speed'"),
                       ("epochs: many", "a whole number"), ("epochs: 0", "it must be")):  # fmt: skip
        path.write_text(text)
        with pytest.raises(UsageError, match=said):
            read_plan(path)


@pytest.mark.train
def test_trials_measure_a_step_a_rate_and_a_batch(dataset) -> None:
    step, image = probe.rates(dataset, SETTINGS, seconds=0.1)
    assert 0 < step < 30
    assert 0 < image < 30
    rate, curve = probe.find_lr(dataset, SETTINGS, steps=30)
    assert 1e-5 < rate < 0.3
    assert [each for each, _ in curve] == sorted(each for each, _ in curve)
    assert probe.largest_batch(dataset, SETTINGS, limit=8) == 8
    with pytest.raises(ModelError, match="no learning rate"):
        probe.find_lr(dataset, SETTINGS, low=1e-12, high=2e-12, steps=12)


@pytest.mark.train
def test_a_plan_from_a_file_is_measured_too(dataset, tmp_path) -> None:
    path = tmp_path / "p.yaml"
    plan(dataset, {"device": "cpu", "minutes": 1.0, "model": "lite", "config": TINY}, measure=False).write(path)
    found = plan(dataset, {}, base=read_plan(path))
    assert found.minutes == 1.0
    assert "passes over" in found.reasons["minutes"]


def test_rare_classes_are_drawn_more_often(dataset) -> None:
    numbers = dataset.where("split = 'train'").numbers()
    plain = dict.fromkeys(numbers, 1.0)
    weights = data.balanced(dataset, numbers, plain, threshold=1.0)
    shown = {number: set(dataset.read([number])[0].segments.class_ids.tolist()) for number in numbers}
    share = {kind: sum(kind in each for each in shown.values()) / len(numbers) for kind in set.union(*shown.values())}
    for number in numbers:
        assert weights[number] == pytest.approx(max(max(1, (1 / share[kind]) ** 0.5) for kind in shown[number]))


def test_folds_are_parts_of_one_whole(dataset) -> None:
    everything = []
    for k in range(3):
        train, val, _ = data.split_numbers(dataset, replace(SETTINGS, fold=(k, 3)))
        assert not set(train) & set(val)
        assert len(train) + len(val) == len(dataset)
        everything += val
    assert sorted(everything) == dataset.numbers()


@pytest.mark.train
def test_folds_score_every_sample_and_predict_together(dataset) -> None:
    result = fit_folds(dataset, SETTINGS, 3, name="cv")
    assert result["samples"] == len(dataset)
    assert result["members"] == ["cv-1", "cv-2", "cv-3"]
    assert find(dataset, "cv")["kind"] == "folds"
    from maskwright.predict.batch import checkpoints_of, predict_into_run

    places = checkpoints_of(dataset, "cv")
    together = Predictor.load(places, device="cpu")
    image = media.read(dataset.read(dataset.numbers()[:1])[0].image).display()
    alone = [Predictor.load(place, device="cpu").probs(image) for place in places]
    assert np.allclose(together.probs(image), np.mean(alone, axis=0), atol=1e-6)
    assert predict_into_run(dataset, "cv", device="cpu")["samples"] == len(dataset)
    with pytest.raises(UsageError, match="at least 2"):
        fit_folds(dataset, SETTINGS, 1)


@pytest.mark.train
def test_a_sweep_goes_on_where_it_stopped(dataset) -> None:
    pytest.importorskip("optuna")
    spaces = parse_search(["lr=log(1e-4,1e-2)", "loss=ce|ce + dice", "batch_size=int(2,4)"])
    assert spaces["loss"] == ("choice", ["ce", "ce + dice"])
    settings = replace(SETTINGS, epochs=1)
    sweep(dataset, settings, spaces, 2, name="s")
    result = sweep(dataset, settings, spaces, 1, name="s")
    assert [row["number"] for row in result["trials"]] == [0, 1, 2]
    assert set(result["best"]) == set(spaces)
    assert {f"s-{k}" for k in range(3)} <= {record["id"] for record in list_runs(dataset)}
    for wrong, said in (
        ("speed=1|2", "no setting"),
        ("lr=log(2,1)", "is empty"),
        ("lr=log(a,b)", "it must be a number"),
        ("lr", "has no value"),
    ):
        with pytest.raises(UsageError, match=said):
            parse_search([wrong])


def test_encoders_may_wait_and_learn_slowly() -> None:
    from maskwright import models

    model = models.build("unet/resnet18", 3)
    mine = encoder_parameters(model)
    assert mine
    assert all(name.startswith("encoder.") for name in mine)
    groups = parameter_groups(model, replace(SETTINGS, model="unet", config={}, encoder_lr=0.1, freeze=0.5))
    assert [group["encoder"] for group in groups] == [False, True]
    assert len(groups[1]["params"]) == len(mine)
    with pytest.raises(UsageError, match="no encoder"):
        parameter_groups(models.build("unet2015", 2, base=2), replace(SETTINGS, model="unet2015", freeze=0.5))


@pytest.mark.parametrize("name", ["rfdetr", "maskrcnn", "mask2former", "oneformer", "eomt", "deeplabv3", "lite"])
def test_a_network_that_says_where_its_encoder_is_has_one_there(name) -> None:
    from maskwright import models

    model = models.build(name, 3, **SMALL.get(name, {}))
    mine = encoder_parameters(model)
    assert 0 < len(mine) < sum(1 for _ in model.parameters())


@pytest.mark.train
def test_a_frozen_encoder_stays_as_it_is(dataset) -> None:
    settings = replace(SETTINGS, freeze=1.0, ema=0.0, weight_decay=0.1)
    run = Run.start(dataset, "train", settings.to_json(), name="frozen")
    from maskwright import models

    torch.manual_seed(settings.seed)
    before = {name: each.clone() for name, each in models.build("lite", 5, **TINY).named_parameters()}
    fit(run.view, settings, run)
    after, _ = checkpoint.load(run.folder / "last.safetensors")
    mine = encoder_parameters(after)
    changed = {name for name, each in after.named_parameters() if not torch.equal(each, before[name])}
    assert not changed & mine
    assert changed


@pytest.mark.train
def test_parts_of_a_batch_add_up_to_the_whole(dataset) -> None:
    # Without normalisation over the batch and with equally many pixels in each part, four parts are one batch.
    common = replace(
        SETTINGS,
        model="unet2015",
        config={"base": 2, "padding": "valid"},
        epochs=1,
        loss="ce",
        clip=1e9,
        scale=(1.2, 1.5),
    )
    weights = []
    for parts in (1, 4):
        run = Run.start(dataset, "train", {}, name=f"p{parts}")
        fit(run.view, replace(common, accumulate=parts), run)
        weights.append(checkpoint.load(run.folder / "last.safetensors")[0].state_dict())
    for name, value in weights[0].items():
        assert torch.allclose(value, weights[1][name], atol=1e-4), name


@pytest.mark.train
def test_patience_ends_a_training_that_no_longer_gets_better(dataset) -> None:
    settings = replace(SETTINGS, epochs=30, evaluations=30, lr=1e-9, ema=0.0, patience=2)
    run = Run.start(dataset, "train", settings.to_json(), name="p")
    steps = []
    fit(run.view, settings, run, report=lambda share, numbers: steps.append(numbers.get("step", 0)))
    assert 0 < max(steps) < 30 * 2


@pytest.mark.train
def test_deep_supervision_and_histograms(dataset) -> None:
    settings = replace(SETTINGS, config={**TINY, "deep": True}, histograms=True, overlays=1)
    run = Run.start(dataset, "train", settings.to_json(), name="deep")
    fit(run.view, settings, run)
    from maskwright.runs.record import histograms

    found = histograms(dataset, "deep")
    assert any(name.startswith("gradients/") for name in found)
    rows = found["weights/head.1.weight"]
    weights = checkpoint.load(run.folder / "last.safetensors")[0].head[1].weight
    assert sum(rows[0]["counts"]) == weights.numel()
    assert rows[0]["not_finite"] == 0
    overlays = list((run.folder / "overlays").iterdir())
    with Image.open(overlays[0]) as picture:
        assert picture.size == (3 * 80, 64), "truth, prediction and error side by side"


# -- large pictures, several scales


def test_windows_cover_the_picture_and_blend_to_the_same(tmp_path) -> None:
    whole = torch.rand(3, 150, 333, generator=torch.Generator().manual_seed(0))
    for tile in (64, 100, 400):
        assert tiling.starts(333, tile)[-1] + tile >= 333
        assert max(np.diff([*tiling.starts(333, tile), 333])) <= tile

        for at_once in (1, 5):
            shapes: list[torch.Tensor] = []

            def pointwise(windows, shapes=shapes):
                shapes.append(torch.stack([whole[:, rows, columns] for rows, columns in windows]))
                return shapes[-1]

            strips = list(tiling.strips(pointwise, (150, 333), tile, at_once))
            assert [top for top, _ in strips] == tiling.starts(150, tile)
            assert np.allclose(torch.cat([strip for _, strip in strips], 1), whole, atol=1e-5)
            assert sum(map(len, shapes)) == tiling.number((150, 333), tile)
            assert max(map(len, shapes)) <= at_once


def test_several_scales_and_mirrors_are_averaged() -> None:
    from maskwright import models

    info = checkpoint.ModelInfo(
        "lite", Classes([Class(0, "a", "stuff"), Class(1, "b", "stuff")]).to_json(), TINY, tile=64
    )
    predictor = Predictor(models.build("lite", 2, **TINY), info, device="cpu", precision="fp32")
    image = np.random.default_rng(0).integers(0, 255, (90, 70, 3), dtype=np.uint8)
    probs = predictor.probs(image, flip=True, scales=(1.0, 0.75, 1.5))
    assert probs.shape == (2, 90, 70)
    assert np.allclose(probs.sum(0), 1, atol=1e-5)


@pytest.mark.parametrize("tile", [0, 64])
def test_a_network_says_that_mirrored_images_are_averaged(tile) -> None:
    from maskwright import models

    classes = Classes([Class(0, "a", "stuff"), Class(1, "b", "stuff")]).to_json()
    model = models.build("lite", 2, **TINY)
    plain, says = (
        Predictor(model, checkpoint.ModelInfo("lite", classes, TINY, tile=tile, flip=flip), device="cpu",
                  precision="fp32")
        for flip in (False, True)
    )  # fmt: skip
    image = np.random.default_rng(0).integers(0, 255, (90, 70, 3), dtype=np.uint8)
    assert np.allclose(
        says.probs(image), (plain.probs(image) + plain.probs(image[:, ::-1].copy())[..., ::-1]) / 2, atol=1e-5
    )
    assert np.array_equal(says.probs(image), plain.probs(image, flip=True))
    assert np.array_equal(says.probs(image, flip=False), plain.probs(image))
    assert not np.array_equal(says.probs(image), plain.probs(image))
    assert says.predict(image) == plain.predict(image, flip=True)
    assert np.array_equal(says.label_map(image), plain.label_map(image, flip=True))


def test_plans_average_mirrored_images_where_left_and_right_are_alike(tmp_path) -> None:
    with made(tmp_path, touching(), Classes([Class(1, "cell")])) as opened:
        alike = plan(opened, {"device": "cpu"}, measure=False)
        assert alike.settings.predict_flip
        assert "twice the time" in alike.reasons["predict_flip"]
        assert not plan(opened, {"device": "cpu", "flip_horizontal": 0.0}, measure=False).settings.predict_flip
        assert not plan(opened, {"device": "cpu", "task": "instance"}, measure=False).settings.predict_flip
        assert not plan(opened, {"device": "cpu", "predict_flip": False}, measure=False).settings.predict_flip


@pytest.mark.train
def test_a_training_leaves_predictions_of_both_sides(dataset) -> None:
    settings = replace(SETTINGS, predict_flip=True, epochs=1, evaluations=1)
    run = Run.start(dataset, "train", settings.to_json(), name="both")
    fit(run.view, settings, run)
    network = Predictor(*checkpoint.load(run.folder / "best.safetensors"), device="cpu", precision="fp32")
    assert network.info.flip
    others = 0
    for number in run.predicted():
        [sample] = dataset.read([number])
        [left] = run.predictions([(number, sample)])
        found = network.predict(sample.image)
        assert left.masks == found.masks
        assert left.class_ids.tolist() == found.class_ids.tolist()
        others += left.masks != network.predict(sample.image, flip=False).masks
    assert others


# -- weights from elsewhere


def test_weights_fill_what_they_fit(tmp_path) -> None:
    from safetensors.torch import save_file

    from maskwright import models

    source = models.build("unet/resnet18", 7)
    torch.save(source.state_dict(), tmp_path / "w.pth")
    torch.save({"state_dict": {f"module.{k}": v for k, v in source.state_dict().items()}}, tmp_path / "parallel.pth")
    save_file(
        {k.removeprefix("encoder."): v.clone() for k, v in source.state_dict().items() if k.startswith("encoder.")},
        tmp_path / "encoder.safetensors",
    )
    (tmp_path / "folder").mkdir()
    save_file(source.state_dict(), tmp_path / "folder" / "model.safetensors")
    for name in ("w.pth", "parallel.pth", "folder"):
        model = models.build("unet/resnet18", 3)
        said = fill(model, tmp_path / name).said
        assert "for other classes (3 values in place of 7) and random: segmentation_head.0" in said
        assert torch.equal(
            model.state_dict()["decoder.blocks.0.conv1.0.weight"],
            source.state_dict()["decoder.blocks.0.conv1.0.weight"],
        )
    model = models.build("fpn/resnet18", 3)
    fill(model, tmp_path / "encoder.safetensors")
    assert torch.equal(model.state_dict()["encoder.conv1.weight"], source.state_dict()["encoder.conv1.weight"])
    with pytest.raises(ModelError, match="not those of this network"):
        fill(models.build("lite", 2, **TINY), tmp_path / "w.pth")


def test_weights_that_are_refused(tmp_path) -> None:

    class Evil:
        def __reduce__(self):
            return (print, ("run",))

    torch.save({"state_dict": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(ModelError, match=r"(?s)it holds more than tensors.*weights_only"):
        read_weights(tmp_path / "evil.pth")
    (tmp_path / "bad.pt").write_bytes(b"nothing")
    for name, said in (
        ("bad.pt", "not a file of weights"),
        ("none.pth", "no such file"),
        ("hub:nobody/nothing", "not in the hub's cache"),
    ):
        with pytest.raises(ModelError, match=said):
            read_weights(name if name.startswith("hub:") else tmp_path / name)
    with pytest.raises(ModelError, match="holds no weights"):
        read_weights(tmp_path)


@pytest.mark.train
def test_training_begins_from_given_weights(dataset, tmp_path) -> None:
    first = Run.start(dataset, "train", {}, name="first")
    fit(first.view, SETTINGS, first)
    notes = []
    settings = replace(SETTINGS, weights=str(first.folder / "best.safetensors"), lr=1e-9, ema=0.0)
    second = Run.start(dataset, "train", settings.to_json(), name="second")
    fit(second.view, settings, second, report=lambda _, numbers: notes.append(numbers.get("note", "")))
    assert any("tensors come from" in note for note in notes)
    a, b = (
        checkpoint.load(run.folder / name)[0].state_dict()
        for run, name in ((first, "best.safetensors"), (second, "last.safetensors"))
    )
    assert all(
        torch.allclose(a[name], b[name], atol=1e-5) for name in a if "running" not in name and "tracked" not in name
    )


# -- trackers


@pytest.mark.train
@pytest.mark.parametrize("name", ["mlflow", "wandb", "tensorboard"])
def test_trackers_hold_curves_pictures_histograms_and_weights(dataset, name, monkeypatch) -> None:
    pytest.importorskip(name)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    settings = replace(SETTINGS, trackers=(name,), overlays=1, histograms=True, epochs=1)
    run = Run.start(dataset, "train", settings.to_json(), name="tracked", trackers=settings.trackers)
    scores = fit(run.view, settings, run)
    run.finish("done", scores)
    if name == "mlflow":
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=f"sqlite:///{run.folder.parent.absolute() / 'mlflow.db'}")
        found = client.search_runs([client.get_experiment_by_name("maskwright").experiment_id])
        assert [item.info.run_name for item in found] == ["tracked"]
        assert found[0].info.status == "FINISHED"
        assert found[0].data.params["model"] == "lite"
        assert found[0].data.metrics["val/mean_iou"] == pytest.approx(scores["mean_iou"], rel=1e-9)
        assert {list_artifact.path for list_artifact in client.list_artifacts(found[0].info.run_id)} == {
            "best.safetensors",
            "overlays",
        }
    elif name == "wandb":
        files = list(run.folder.rglob("*.wandb"))
        assert files
        assert files[0].stat().st_size > 1000
        assert [path for path in run.folder.rglob("*.png") if "media" in path.parts], "pictures wait beside it"
    else:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        events = EventAccumulator(str(run.folder / "tensorboard"))
        events.Reload()
        tags = events.Tags()
        assert "val/mean_iou" in tags["scalars"]
        assert any(image.startswith("val/") for image in tags["images"])
        assert any(histogram.startswith("weights/") for histogram in tags["histograms"])


# -- export


@pytest.fixture
def trained(tmp_path):
    from maskwright import models

    torch.manual_seed(0)
    classes = Classes([Class(0, "a", "stuff"), Class(1, "b", "stuff"), Class(2, "c", "stuff")])
    info = checkpoint.ModelInfo("lite", classes.to_json(), {"widths": (8, 16, 16, 16, 16), "decoder": 16})
    model = models.build("lite", 3, **info.config)
    for _ in range(3):  # statistics of normalisation that are not the initial ones
        model(torch.randn(4, 3, 64, 64))
    checkpoint.save(model.eval(), info, tmp_path / "m.safetensors")
    pictures = [np.random.default_rng(k).integers(0, 255, (50 + 20 * k, 90, 3), dtype=np.uint8) for k in range(3)]
    truths = [Predictor.load(tmp_path / "m.safetensors", device="cpu").label_map(image) for image in pictures]
    return tmp_path / "m.safetensors", pictures, truths


@pytest.mark.parametrize(("to", "suffix", "package"), [
    ("onnx", ".onnx", "onnxruntime"), ("openvino", ".xml", "openvino"), ("torch-export", ".pt2", "torch"),
])  # fmt: skip
def test_exported_networks_predict_the_same(trained, tmp_path, to, suffix, package) -> None:
    pytest.importorskip(package)
    from maskwright.predict.model_export import export

    source, pictures, truths = trained
    proof = export(source, tmp_path / f"out{suffix}", to, images=pictures, truths=truths)
    assert proof.max_difference < 1e-3
    assert proof.agreement > 0.9995
    assert abs(proof.drop) < 1e-3
    theirs = Predictor.load(tmp_path / f"out{suffix}", device="cpu")
    assert theirs.classes.names == ["a", "b", "c"]
    for size in ((33, 40), (128, 65)):
        image = np.random.default_rng(9).integers(0, 255, (*size, 3), dtype=np.uint8)
        mine = Predictor.load(source, device="cpu")
        mine.precision = "fp32"
        assert theirs.predict(image).size == size
        assert np.abs(theirs.probs(image) - mine.probs(image)).max() < 1e-3
    assert not [path for path in tmp_path.iterdir() if ".part" in path.name]


def test_signals_arrive_after_an_openvino_network_is_gone(trained, tmp_path) -> None:
    pytest.importorskip("openvino")
    from maskwright.predict.model_export import export

    source, pictures, truths = trained
    export(source, tmp_path / "out.xml", "openvino", images=pictures, truths=truths)
    # In a process of its own: where it fails, the kernel ends the whole process.
    code = f"""
import gc, signal, subprocess
from maskwright.predict import Predictor
signal.signal(signal.SIGCHLD, lambda *_: print("heard", flush=True))
for _ in range(2):
    Predictor.load({str(tmp_path / "out.xml")!r}, device="cpu")
    gc.collect()
subprocess.run(["true"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, set(done.stdout.split())) == (0, {"heard"}), done.stderr


def test_an_export_of_one_size_says_so(trained, tmp_path) -> None:
    pytest.importorskip("onnxruntime")
    from maskwright.predict.model_export import export

    source, pictures, truths = trained
    export(source, tmp_path / "one.onnx", "onnx", size=(96, 96), images=pictures[:1], truths=truths[:1])
    each = Predictor.load(tmp_path / "one.onnx", device="cpu")
    assert each.probs(pictures[0]).shape[1:] == pictures[0].shape[:2]
    with pytest.raises(ModelError, match="takes 96 x 96"):
        each.probs(np.zeros((200, 90, 3), np.uint8))


def test_eight_bits_pass_a_gate(trained, tmp_path) -> None:
    pytest.importorskip("onnxruntime")
    from maskwright.predict.model_export import export

    source, pictures, truths = trained
    proof = export(source, tmp_path / "small.onnx", "onnx", images=pictures, truths=truths, int8=True, gate=0.5)
    assert proof.max_difference > 0
    export(source, tmp_path / "whole.onnx", "onnx", images=pictures, truths=truths)
    assert (tmp_path / "small.onnx").stat().st_size < 0.75 * (tmp_path / "whole.onnx").stat().st_size
    assert Predictor.load(tmp_path / "small.onnx", device="cpu").label_map(pictures[0]).shape == pictures[0].shape[:2]
    with pytest.raises(ModelError, match="in eight bits mean IoU falls"):
        export(source, tmp_path / "x.onnx", "onnx", images=pictures, truths=truths, int8=True, gate=-1.0)
    assert not (tmp_path / "x.onnx").exists()
    with pytest.raises(UsageError, match="needs images"):
        export(source, tmp_path / "x.onnx", "onnx", int8=True)
    with pytest.raises(UsageError, match="does not end in"):
        export(source, tmp_path / "x.bin", "onnx")
    (tmp_path / "junk.onnx").write_bytes(b"junk")
    with pytest.raises(ModelError, match="not a readable ONNX"):
        Predictor.load(tmp_path / "junk.onnx")


# -- the command line


def test_plan_and_training_from_the_command_line(dataset, tmp_path, capsys) -> None:
    from maskwright import cli

    def run(*words: str) -> str:
        with pytest.raises(SystemExit) as stop:
            cli.main(list(words))
        out = capsys.readouterr()
        assert stop.value.code in (0, None), out.err
        return out.out

    place = dataset.place
    told = run(
        "plan",
        place,
        "--explain",
        "--model",
        "lite",
        "--epochs",
        "1",
        "--device",
        "cpu",
        "-o",
        str(tmp_path / "p.yaml"),
    )
    assert "expected:" in told
    assert "melting" in told
    tiny = ["--config", "widths=[8,8,8,8,8]", "--config", "decoder=8", "--size", "64", "64", "--device", "cpu"]
    told = run(
        "train",
        place,
        "--plan",
        str(tmp_path / "p.yaml"),
        *tiny,
        "--evaluations",
        "1",
        "--name",
        "planned",
        "--batch-size",
        "4",
    )
    assert "mean IoU" in told
    assert read_plan(dataset.database.folder / "runs" / "planned" / "plan.yaml").size == (64, 64)
    run("predict", place, "--model", "planned", "--scales", "0.5", "--flip")
    told = run("evaluate", place, "last", "-m", "boundary-f1")
    assert "95 % from" in told
    told = json.loads(run("metrics", "explain", place, "planned", "--json"))
    assert told["variants"][0]["name"] == "set, classes that occur"
    assert "boundary-f1" in run("metrics", "list")
    assert "mask2former" in run("model", "list")
    assert "lite" in run("model", "show", "planned", "--dataset", place)
    pytest.importorskip("onnxruntime")
    told = run("model", "export", "planned", "--dataset", place, "--to", "onnx")
    assert "differ by at most" in told
    run("predict", place, "--model", str(dataset.database.folder / "runs" / "planned" / "best.onnx"))


@pytest.mark.parametrize(("words", "said"), [
    (["--budget", "soon"], "a time such as 20m"),
    (["--budget", "5m", "--epochs", "3"], "it without --epochs"),
    (["--lr", "fast"], "a number, more than 0, or find"),
    (["--preset", "huge"], "no preset"),
    (["--model", "maskrcnn", "--task", "panoptic"], "finds instances"),
    (["--model", "unet2015", "--freeze", "0.5"], "no encoder"),
    (["--plan", "nowhere.yaml"], "no such plan"),
    (["--weights", "nowhere.pth"], "no such file"),
])  # fmt: skip
def test_wrong_words_are_one_sentence_and_leave_nothing(dataset, capsys, words, said) -> None:
    from maskwright import cli

    small = [] if "--model" in words else ["--config", "widths=[4,4,4,4,4]", "--config", "decoder=4"]
    limit = [] if "--budget" in words else ["--epochs", "1"]
    with pytest.raises(SystemExit) as stop:
        cli.main(["train", dataset.place, "--device", "cpu", *small, *limit, *words])
    assert stop.value.code in (1, 2)
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told
    assert not list_runs(dataset)


@pytest.mark.slow
def test_compiled_networks_train_to_the_same_files(dataset) -> None:
    settings = replace(SETTINGS, compile=True)
    run = Run.start(dataset, "train", settings.to_json(), name="compiled")
    scores = fit(run.view, settings, run)
    assert scores["mean_iou"] > 0
    again, _ = checkpoint.load(run.folder / "last.safetensors")
    assert not [name for name in again.state_dict() if "_orig_mod" in name]


def test_a_plan_takes_its_networks_from_what_they_state(monkeypatch) -> None:
    from maskwright.models import lite, proposed, segnet, stated, tasks_of

    assert proposed("semantic", "cpu")[0] == "lite"
    assert proposed("instance", "cuda")[0] == "maskrcnn/resnet50"
    monkeypatch.delattr(lite, "PROPOSED")
    monkeypatch.setattr(segnet, "PROPOSED", {("semantic", "cpu"): ("", "the test says so")}, raising=False)
    assert proposed("semantic", "cpu") == ("segnet", "the test says so")
    with pytest.raises(UsageError, match="no model is proposed for depth segmentation"):
        proposed("depth", "cpu")
    assert tasks_of("eomt/nano") == ("panoptic", "instance", "semantic")
    assert tasks_of("unet/resnet18") == ("semantic",)
    assert stated("rfdetr", "LEARNING_RATE", 1e-3) == 2e-4


def test_every_model_states_tasks_that_exist_and_one_is_proposed_for_each() -> None:
    from maskwright import models
    from maskwright.predict import tasks

    for name in models.names():
        assert set(models.tasks_of(name)) <= set(tasks.names()), name
    for task in tasks.names():
        for device in ("cpu", "cuda"):
            spec, reason = models.proposed(task, device)
            assert task in models.tasks_of(spec)
            assert reason
