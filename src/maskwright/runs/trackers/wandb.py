"""Weights & Biases, offline: files in the run's folder, sent only by `wandb sync`.

Where WANDB_MODE is set, it is heeded: "online" sends while it trains.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskwright.core.segments import Segments
from maskwright.registry import require


class _Wandb:
    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self._wandb = require("wandb", "the tracker wandb")
        folder.mkdir(parents=True, exist_ok=True)
        self._run = self._wandb.init(
            project="maskwright", name=folder.name, dir=str(folder), config=settings,
            mode=os.environ.get("WANDB_MODE", "offline"), reinit="create_new",
            settings=self._wandb.Settings(silent=True, console="off", x_disable_stats=True, save_code=False),
        )  # fmt: skip

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log({**values, "step": step})

    def log_image(self, step: int, name: str, image: Any, plain: Any, masks: Mapping[str, Segments]) -> None:
        """Masks of class ids over the plain image, to be switched on and off."""
        layers = {
            kind: {"mask_data": mask.masks.composite(mask.class_ids, background=0)} for kind, mask in masks.items()
        }
        shown = image if plain is None else plain
        self._run.log({name: self._wandb.Image(shown, masks=layers or None), "step": step})

    def log_histogram(self, step: int, name: str, values: Any) -> None:
        if values.size:
            self._run.log({name: self._wandb.Histogram(values), "step": step})

    def log_artifact(self, path: Path) -> None:
        artifact = self._wandb.Artifact(f"{self._run.name}-{path.stem}", type="model")
        artifact.add_file(str(path))
        self._run.log_artifact(artifact)

    def close(self) -> None:
        self._run.finish()


def open_tracker(folder: Path, settings: dict[str, Any]) -> _Wandb:
    return _Wandb(folder, settings)
