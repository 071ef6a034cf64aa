"""What every tracker promises."""

from pathlib import Path

import numpy as np
import pytest

from maskwright import registry
from maskwright.runs.trackers import Tracker
from maskwright.testing.transforms import scene


class TrackerContract:
    """A tracker, as `maskwright train --tracker` takes it. name: the tracker's."""

    name: str

    def open(self, folder: Path) -> Tracker:
        """As a run opens it, in the run's folder and with settings of every kind."""
        settings = {"model": "lite", "epochs": 3, "lr": 1e-3, "turn": False, "size": [64, 64], "weights": None}
        opened: Tracker = registry.load("runs.trackers", self.name).open_tracker(folder, settings)
        return opened

    def curve(self, folder: Path, name: str) -> list[tuple[int, float]] | None:
        """Points of a curve as the tracker kept them, in order; None, as here, where a test cannot ask it."""
        return None

    @pytest.fixture
    def run(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A run's folder; the current one is elsewhere and empty."""
        (tmp_path / "runs" / "first").mkdir(parents=True)
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        return tmp_path / "runs" / "first"

    def test_all_that_a_training_says_is_taken(self, run: Path) -> None:
        image, segments = scene()
        weights = run / "best.safetensors"
        weights.write_bytes(b"weights")
        values = np.random.default_rng(0).normal(size=500).astype(np.float32)
        before = image.copy(), values.copy(), scene()[1]
        tracker = self.open(run)
        for step in range(3):
            tracker.log(step, {"train/loss": 1.5 - step, "val/mean_iou": 0.25 * step})
        tracker.log(3, {})
        tracker.log_image(3, "first", image, image, {"truth": segments, "prediction": segments[:0]})
        tracker.log_image(3, "second", image, None, {})
        tracker.log_histogram(3, "weights/layer", values)
        tracker.log_histogram(3, "weights/none", values[:0])
        tracker.log_artifact(weights)
        tracker.close()
        assert np.array_equal(image, before[0])
        assert np.array_equal(values, before[1])
        assert segments == before[2]
        assert weights.read_bytes() == b"weights"
        if (found := self.curve(run, "train/loss")) is not None:
            assert found == [(0, 1.5), (1, 0.5), (2, -0.5)]

    def test_nothing_is_written_outside_the_runs(self, run: Path) -> None:
        tracker = self.open(run)
        tracker.log(0, {"train/loss": 1.0})
        tracker.close()
        assert list(Path.cwd().iterdir()) == []
        assert sorted(path.name for path in run.parents[1].iterdir()) == ["elsewhere", "runs"]

    def test_a_run_that_goes_on_opens_it_again(self, run: Path) -> None:
        for step in (1, 2):
            tracker = self.open(run)
            tracker.log(step, {"train/loss": 1.0 / step})
            tracker.close()
        if (found := self.curve(run, "train/loss")) is not None:
            assert found == [(1, 1.0), (2, 0.5)]
