"""What earlier versions wrote is read: a dataset with its runs, their checkpoints and states, and a snapshot.

`data/version2` holds six images of discs and bars, labelled and tagged; a training that ended (`first`), one that was
killed (`broken-off`), a prediction with its scores, and a snapshot.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright import media
from maskwright.runs import find
from maskwright.store import Dataset, doctor, snapshot

DATA = Path(__file__).parent / "data" / "version2"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    shutil.copytree(DATA / "set", tmp_path / "set")
    return tmp_path / "set"


def called(*arguments: object) -> Any:
    command = [sys.executable, "-m", "maskwright", *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def drawn(k: int) -> np.ndarray:
    """(2, 64, 64) bool: the disc and the bar of the k-th image."""
    y, x = np.mgrid[:64, :64] + 0.5
    return np.stack([np.hypot(y - 20, x - 20 - k) < 9, (abs(y - 45) < 4) & (abs(x - 30) < 14 + k)])


def test_the_dataset_says_what_was_drawn(old: Path) -> None:
    with Dataset.open(old) as dataset:
        assert dataset.resolve("labelled") == 2
        assert dataset.classes.names == ["ground", "disc", "bar"]
        for k, sample in enumerate(dataset):
            assert np.array_equal(sample.segments.masks.decode(), drawn(k))
            assert sample.segments.class_ids.tolist() == [2, 7]
            assert sample.fields == {"temp": k}
            assert media.read(sample.image).display()[drawn(k)[0]].tolist()[0] == [200, 40, 40]
        report = doctor.verify(dataset, deep=True)
        assert (report.problems, report.images) == ([], 6)


def test_the_snapshot_holds_the_same(old: Path) -> None:
    classes, samples = snapshot.read(DATA / "labelled.parquet")
    with Dataset.open(old) as dataset:
        assert classes.to_json() == dataset.classes.to_json()
        held = list(samples)
        assert [sample.key for sample in held] == list(dataset.keys())
        for sample in held:
            assert dataset[sample.key].segments.masks == sample.segments.masks


def test_its_predictions_have_the_scores_they_had(old: Path) -> None:
    known = json.loads((DATA / "evaluate.json").read_text())
    found = called("evaluate", old, "predict-20261127-143347-be8a")
    for name in ("mean_iou", "pixel_accuracy", "mean_dice", "frequency_weighted_iou", "classes", "intervals"):
        assert found[name] == known[name], name


@pytest.mark.train
def test_its_checkpoint_predicts_and_a_killed_training_goes_on(old: Path) -> None:
    pytest.importorskip("torch")
    called("predict", old, "--model", "first")
    assert called("evaluate", old, "last")["mean_iou"] == pytest.approx(0.291015625, abs=1e-6)
    called("train", old, "--resume", "broken-off")
    with Dataset.open(old) as dataset:
        record = find(dataset, "broken-off")
        assert record["status"] == "done"
        assert record["scores"]["main"] == "mean_iou"
