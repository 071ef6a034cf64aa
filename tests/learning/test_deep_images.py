"""Sets of 16 bits, of six bands and with alpha: trained, evaluated, predicted and exported by the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")
pytest.importorskip("onnxruntime")

from PIL import Image

from maskwright import media
from maskwright.cli import main
from maskwright.core.classes import Class, Classes
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.predict import Predictor
from maskwright.store import Dataset, transfer

SIZE, NUMBER = (48, 64), 20
CLASSES = Classes([Class(0, "low", "stuff"), Class(1, "middle", "stuff"), Class(2, "high", "stuff")])
TRAINING = (
    "--config", "widths=[8,8,8,8,8]", "--config", "decoder=8", "--epochs", "20", "--batch-size", "4", "--size", "64",
    "--scale", "0.9,1.2", "--lr", "0.01", "--ema", "0.9", "--evaluations", "2", "--overlays", "1", "--device", "cpu",
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
