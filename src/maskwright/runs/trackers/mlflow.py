"""MLflow in an SQLite file beside the runs; look at it with `mlflow ui --backend-store-uri sqlite:///…/runs/mlflow.db`.

Where MLFLOW_TRACKING_URI is set, that server is used instead: the one way anything leaves this machine.
"""

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskwright.core.names import safe_key
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.registry import require

EXPERIMENT = "maskwright"


class _MLflow:
    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        mlflow = require("mlflow", "the tracker mlflow")
        require("alembic", "the tracker mlflow")
        if "?" in str(folder.parent.absolute()) and not os.environ.get("MLFLOW_TRACKING_URI"):
            raise UsageError("MLflow cannot keep its file in a folder with a question mark", file=folder.parent)
        store = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{folder.parent.absolute() / 'mlflow.db'}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its own use of SQLAlchemy
            self._client = mlflow.MlflowClient(tracking_uri=store)
            found = self._client.get_experiment_by_name(EXPERIMENT)
        if found is None:
            files = (
                None if "MLFLOW_TRACKING_URI" in os.environ else (folder.parent / "mlflow-files").absolute().as_uri()
            )
            identity = self._client.create_experiment(EXPERIMENT, artifact_location=files)
        else:
            identity = found.experiment_id
        self._run = self._client.create_run(identity, run_name=folder.name).info.run_id
        for name, value in settings.items():
            self._client.log_param(self._run, name, str(value)[:6000])

    def log(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._client.log_metric(self._run, name, float(value), step=step)

    def log_image(self, step: int, name: str, image: Any, plain: Any, masks: Mapping[str, Segments]) -> None:
        self._client.log_image(self._run, image, artifact_file=f"overlays/{safe_key(name)}-{step:07d}.png")

    def log_histogram(self, step: int, name: str, values: Any) -> None:
        """MLflow has no histograms: quartiles become curves."""
        import numpy as np

        if values.size:
            for share, value in zip((0, 25, 50, 75, 100), np.percentile(values, (0, 25, 50, 75, 100)), strict=True):
                self._client.log_metric(self._run, f"{name}/p{share}", float(value), step=step)

    def log_artifact(self, path: Path) -> None:
        self._client.log_artifact(self._run, str(path))

    def close(self) -> None:
        self._client.set_terminated(self._run)


def open_tracker(folder: Path, settings: dict[str, Any]) -> _MLflow:
    return _MLflow(folder, settings)
