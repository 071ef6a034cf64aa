"""Sets of 16 bits, of six bands and with alpha: trained, evaluated, predicted and exported by the command line."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from PIL import Image
from safetensors.torch import save_file

from maskwright import media, models, registry
from maskwright.cli import main
from maskwright.core.classes import Class, Classes
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.predict import ModelInfo, Predictor
from maskwright.predict.checkpoint import load_info, save
from maskwright.predict.layout import Layout
from maskwright.runs import Run
from maskwright.store import Dataset, transfer
from maskwright.train import Settings, fit, loop

SIZE, NUMBER = (48, 64), 15
CLASSES = Classes([Class(0, "low", "stuff"), Class(1, "middle", "stuff"), Class(2, "high", "stuff")])
TRAINING = (
    "--config", "widths=[8,8,8,8,8]", "--config", "decoder=8", "--epochs", "18", "--batch-size", "4", "--size", "64",
    "--scale", "0.9,1.2", "--lr", "0.01", "--ema", "0.9", "--evaluations", "1", "--overlays", "1", "--device", "cpu",
    "--precision", "fp32",
)  # fmt: skip


def truth(rng: np.random.Generator) -> np.ndarray:
    """(H, W) of three classes in stripes of chance: no shape tells which is which."""
    rows = np.sort(rng.choice(np.arange(8, SIZE[0] - 8), 2, replace=False))
    kinds = rng.permutation(3)
    return np.repeat(kinds[np.searchsorted(rows, np.arange(SIZE[0]), side="right")][:, None], SIZE[1], 1).astype(
        np.uint8
    )


def sixteen_bits(file: Path, label: np.ndarray, rng: np.random.Generator) -> str:
    """Three levels out of 65,536, 40 apart, as one microscope has them; in some images a pixel burns."""
    image = (1000 + 40 * label.astype(np.int64) + rng.normal(0, 8, label.shape)).astype(np.uint16)
    if rng.random() < 0.3:
        image[3, 5] = 65535
    Image.fromarray(image).save(file.with_suffix(".png"))
    return str(file.with_suffix(".png"))


def six_bands(file: Path, label: np.ndarray, rng: np.random.Generator) -> str:
    """Reflectance in six bands, of which the fifth knows; here and there nothing was measured."""
    image = rng.normal(0.2, 0.02, (*SIZE, 6)).astype(np.float32)
    image[..., 4] += 0.05 * label
    image[:2, :2] = np.nan
    np.save(file.with_suffix(".npy"), image[None])
    return f"{file.with_suffix('.npy')}#page=0"


def with_alpha(file: Path, label: np.ndarray, rng: np.random.Generator) -> str:
    """Colours of chance, and what shows through says the class."""
    image = rng.integers(0, 255, (*SIZE, 4), dtype=np.uint8)
    image[..., 3] = 105 + 70 * label
    Image.fromarray(image).save(file.with_suffix(".png"))
    return str(file.with_suffix(".png"))


def made(folder: Path, write: Callable[..., str]) -> dict[str, np.ndarray]:
    """A dataset of these images in `folder / "set"` -> the truth by key."""
    (folder / "images").mkdir()
    rng = np.random.default_rng(4)
    labels = {f"image{number:02}": truth(rng) for number in range(NUMBER)}
    samples = [
        Sample(key, ImageRef(write(folder / "images" / key, label, rng), SIZE), Segments.from_label_map(label))
        for key, label in labels.items()
    ]
    transfer.import_samples(folder / "set", CLASSES, samples, "made")
    return labels


def called(capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words] + ["--json"])
    found = capsys.readouterr()
    assert stop.value.code == 0, found.err
    return json.loads(found.out)


@pytest.mark.train
@pytest.mark.parametrize(
    ("write", "channels", "dtype"),
    [
        (sixteen_bits, ("gray",), "uint16"),
        (six_bands, ("0", "1", "2", "3", "4", "5"), "float32"),
        (with_alpha, ("red", "green", "blue", "alpha"), "uint8"),
    ],
)
def test_what_tells_classes_apart_is_learned_and_exported(tmp_path, capsys, write, channels, dtype) -> None:
    labels = made(tmp_path, write)
    place = tmp_path / "set"
    scores = called(capsys, "train", place, "--name", "deep", *TRAINING)
    assert scores["mean_iou"] > 0.8, "a third is chance"
    assert list((Path(scores["folder"]) / "overlays").iterdir())
    shown = called(capsys, "model", "show", "deep", "--dataset", place)
    assert (tuple(shown["channels"]), shown["dtype"]) == (channels, dtype)
    assert any("normalised" in note for note in shown["notes"])

    exported = tmp_path / "deep.onnx"
    proof = called(capsys, "model", "export", "deep", "--dataset", place, "--to", "onnx", "--output", exported)
    assert proof["agreement"] > 0.9995
    for model, out in (("deep", "from_run"), (str(exported), "from_file")):
        run = called(capsys, "predict", place, "--model", model, "--to", tmp_path / out, "-f", "label-map")
        assert (run["samples"], run["set_aside"]) == (NUMBER, [])
        assert called(capsys, "evaluate", place, run["run"])["mean_iou"] > 0.8
        files = {file.stem: np.array(Image.open(file)) for file in (tmp_path / out).rglob("*.png")}
        agree = [float((files[key] == label).mean()) for key, label in labels.items()]
        assert len(agree) == NUMBER
        assert np.mean(agree) > 0.85
    # An array of native numbers, the file and the sample's reference are one image.
    predictor = Predictor.load(exported)
    with Dataset.open(place) as dataset:
        sample = dataset[0]
    image = media.read(sample.image)
    found = predictor.predict(image.pixels)
    assert found == predictor.predict(sample.image) == predictor.predict(sample.image.uri) == predictor.predict(image)


TINY = Settings(
    config={"widths": [4, 4, 4, 4, 4], "decoder": 4}, epochs=1, batch_size=4, size=(64, 64), evaluations=1, overlays=0,
    device="cpu", precision="fp32",
)  # fmt: skip


@pytest.mark.train
def test_channels_are_picked_weights_are_fitted_and_a_run_goes_on_as_it_began(tmp_path, capsys, monkeypatch) -> None:
    made(tmp_path, six_bands)
    place = tmp_path / "set"
    colours = tmp_path / "colours.safetensors"
    save_file(models.build("lite", 3, **TINY.config).state_dict(), colours)
    with Dataset.open(place) as dataset:
        settings = replace(TINY, channels=("4", "0"), weights=str(colours))
        run = Run.start(dataset, "train", settings.to_json(), name="two")
        said: list[str] = []
        fit(run.view, settings, run, report=lambda _, numbers: said.extend(filter(None, [numbers.get("note")])))
        run.finish("interrupted")
        assert any(
            "the first layer, stem.0.0.weight, repeats its weights of 3 channels in order for 2" in note
            for note in said
        )
        info = load_info(run.folder / "best.safetensors")
        assert info.channels == ("4", "0")
        assert set(info.notes) <= set(said)
        assert len(info.notes) == 2
        # What the training set is like is not asked again: images may have come since.
        monkeypatch.setattr(loop, "layout_of", None)
        assert loop.ready(run.view, settings, resume=run.folder).layout == info.layout
    shown = called(capsys, "model", "show", "two", "--dataset", place)
    assert shown["channels"] == ["4", "0"]


def test_images_of_several_kinds_are_refused_before_anything_is_made(tmp_path, capsys) -> None:
    made(tmp_path, sixteen_bits)
    odd = tmp_path / "images" / "image07.png"
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(odd)
    with pytest.raises(SystemExit) as stop:
        main(["train", str(tmp_path / "set"), *TRAINING, "--name", "mixed"])
    assert stop.value.code == 1
    said = " ".join(capsys.readouterr().err.split())
    assert f"{odd}: the image has red, green, blue of uint8; gray of uint16, as other images" in said
    assert not (tmp_path / "set" / "runs" / "mixed").exists()


def test_a_misfit_is_set_aside_when_predicting(tmp_path, capsys) -> None:
    labels = made(tmp_path, sixteen_bits)
    layout = Layout(("gray",), "uint16", (900.0,), (1200.0,), (0.5,), (0.3,))
    model = models.build("lite", 3, 1, **TINY.config)
    save(model, ModelInfo("lite", CLASSES.to_json(), TINY.config).taking(layout), tmp_path / "m.safetensors")
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(tmp_path / "images" / "image07.png")
    found = called(capsys, "predict", tmp_path / "set", "--model", tmp_path / "m.safetensors")
    assert found["samples"] == len(labels) - 1
    assert "image07.png: the image has red, green, blue of uint8; gray of uint16" in str(found["set_aside"])


def test_a_model_for_colours_only_says_so_before_the_training(tmp_path, monkeypatch) -> None:
    made(tmp_path, six_bands)

    def build(num_classes: int, in_channels: int = 3) -> object:
        if in_channels != 3:
            raise UsageError(f"lite takes images of 3 channels, not {in_channels}", todo="Pick three with --channels.")
        return None

    monkeypatch.setattr(registry.load("models", "lite"), "build", build)
    with Dataset.open(tmp_path / "set") as dataset, pytest.raises(UsageError, match="3 channels, not 6"):
        loop.ready(dataset, Settings(device="cpu"))
