"""Gray, one-class, tiny and very unbalanced sets: trained and evaluated by the command line, and told what it is worth."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from command_line import run
from PIL import Image

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.store import transfer

pytestmark = pytest.mark.train

SIZE = (48, 64)
QUICK = (
    "--config", "widths=[8,8,8,8,8]", "--config", "decoder=8", "--batch-size", "4", "--size", "32", "--scale", "0.9,1.2",
    "--lr", "0.01", "--ema", "0.9", "--evaluations", "1", "--overlays", "1", "--device", "cpu", "--precision", "fp32",
    "--from-scratch",
)  # fmt: skip
THING = Class(1, "cell", "thing")
STUFF = Classes([Class(0, "soil", "stuff"), Class(1, "leaf", "stuff")])


def a_set(folder: Path, classes: Classes, labels: list[np.ndarray], *, gray: bool = False, split: Any = None) -> Path:
    """A dataset of these label maps, -1 where nothing is, under images that show them. -> its place."""
    (folder / "images").mkdir()
    rng = np.random.default_rng(1)
    samples = []
    for number, label in enumerate(labels):
        pixels = (60 + 90 * (label[..., None] > 0) + rng.normal(0, 8, (*SIZE, 3))).clip(0, 255).astype(np.uint8)
        file = folder / "images" / f"{number}.png"
        Image.fromarray(pixels[..., 0] if gray else pixels).save(file)
        own = {} if split is None else {"split": split(number)}
        indices, masks = Masks.from_label_map(label, ignore=[-1])
        samples.append(Sample(file.stem, ImageRef(str(file), SIZE), Segments(masks, indices), **own))
    transfer.import_samples(folder / "set", classes, samples, "made")
    return folder / "set"


def squares(number: int, ground: int, drawn: int = 1, every: int = 1) -> list[np.ndarray]:
    """Label maps of one square each. every: only each so-many-th image has it."""
    rng = np.random.default_rng(2)
    found = []
    for k in range(number):
        label = np.full(SIZE, ground, np.int64)
        row, column = rng.integers(0, (SIZE[0] - 20, SIZE[1] - 20))
        if k % every == 0:
            label[row : row + 20, column : column + 20] = drawn
        found.append(label)
    return found


def trained(capsys: Any, place: Path, *more: object) -> tuple[dict[str, Any], str]:
    """What the training m says: its numbers, and its notes."""
    code, out, said = run(capsys, "train", place, "--name", "m", *QUICK, *more, "--json")
    assert code == 0, out + said
    found = json.loads(out)
    return found, "; ".join(found["notes"])


def evaluated(capsys: Any, place: Path) -> dict[str, Any]:
    code, out, said = run(capsys, "predict", place, "--model", "m", "--name", "p", "--device", "cpu", "--json")
    assert code == 0, said
    code, out, said = run(capsys, "evaluate", place, "p", "--json")
    assert code == 0, said
    return json.loads(out)


def test_a_gray_set_is_learned(tmp_path, capsys) -> None:
    place = a_set(tmp_path, STUFF, squares(15, 0), gray=True)
    scores, _ = trained(capsys, place, "--epochs", "18")
    assert scores["mean_iou"] > 0.85
    assert "unscored" not in evaluated(capsys, place)


def test_one_class_of_things_is_learned_against_what_no_segment_covers(tmp_path, capsys) -> None:
    place = a_set(tmp_path, Classes([THING]), squares(15, -1))
    scores, said = trained(capsys, place, "--task", "semantic", "--epochs", "18")
    assert "pixels without a segment become the class background" in said
    assert scores["mean_iou"] > 0.85
    found = evaluated(capsys, place)
    assert found["classes"]["cell"] > 0.7


def test_the_only_class_without_a_background_has_nothing_to_be_learned(tmp_path, capsys) -> None:
    """It trained on nothing, and its score was 1.0."""
    place = a_set(tmp_path, Classes([Class(1, "leaf", "stuff")]), squares(10, -1))
    code, _, said = run(capsys, "train", place, "--name", "m", *QUICK, "--epochs", "1")
    assert code == 1
    assert "there is nothing to learn: 'leaf' is the only class, and no background is beside it" in said
    assert not (place / "runs" / "m").exists()


def test_three_images_are_learned_and_their_score_is_called_little(tmp_path, capsys) -> None:
    place = a_set(tmp_path, STUFF, squares(3, 0))
    scores, said = trained(capsys, place, "--epochs", "40")
    assert "1 sample validates: a score of so few says little" in said
    assert scores["mean_iou"] > 0.6


def test_one_image_is_refused_in_one_sentence(tmp_path, capsys) -> None:
    place = a_set(tmp_path, STUFF, squares(1, 0))
    code, _, said = run(capsys, "train", place, "--name", "m", *QUICK, "--epochs", "1")
    assert code == 1
    assert "there is one sample, which cannot both be learned from and judge" in said
    assert "Label one more." in said
    assert not (place / "runs" / "m").exists()


def test_a_rare_class_is_on_both_sides_and_one_that_is_not_is_named(tmp_path, capsys) -> None:
    """Four of twenty images show the rare class; of the declared splits only one does."""
    place = a_set(tmp_path, STUFF, squares(20, 0, every=5))
    _, said = trained(capsys, place, "--epochs", "1")
    assert "with their share of each class" in said
    assert "no score" not in said

    (tmp_path / "declared").mkdir()
    place = a_set(
        tmp_path / "declared",
        STUFF,
        squares(20, 0, every=10),
        split=lambda number: "val" if number % 5 == 1 else "train",
    )
    scores, said = trained(capsys, place, "--epochs", "1")
    assert "1 class has no score and enters no mean: 'leaf' (no image that is scored shows it)" in said
    assert scores["unscored"] == {"leaf": "no image that is scored shows it"}


def test_a_class_that_was_never_learned_is_not_held_against_a_file(tmp_path, capsys) -> None:
    """The checkpoint says so itself, wherever it lies."""
    place = a_set(
        tmp_path, STUFF, squares(10, 0, every=5), split=lambda number: "val" if number % 5 == 0 else "train"
    )  # fmt: skip
    scores, said = trained(capsys, place, "--epochs", "1")
    assert "'leaf' (no training image shows it)" in said
    file = tmp_path / "network.safetensors"
    (Path(scores["folder"]) / "best.safetensors").rename(file)
    code, _, said = run(capsys, "predict", place, "--model", file, "--name", "p", "--device", "cpu")
    assert code == 0, said
    code, out, said = run(capsys, "evaluate", place, "p", "--json")
    assert code == 0, said
    assert json.loads(out)["unscored"] == {"leaf": "no training image shows it"}
