"""TensorBoard: event files in the run's folder; look at them with `tensorboard --logdir`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskwright.core.segments import Segments
from maskwright.registry import require


class _TensorBoard:
    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        require("tensorboard", "the tracker tensorboard")
        require("torch", "the tracker tensorboard")
        from torch.utils.tensorboard.writer import SummaryWriter

        self._writer = SummaryWriter(str(folder / "tensorboard"))
        rows = "\n".join(f"| {name} | {value} |" for name, value in settings.items())
        self._writer.add_text("settings", f"| setting | value |\n|---|---|\n{rows}", 0)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def log_image(self, step: int, name: str, image: Any, plain: Any, masks: Mapping[str, Segments]) -> None:
        self._writer.add_image(name, image, step, dataformats="HWC")

    def log_histogram(self, step: int, name: str, values: Any) -> None:
        if values.size:
            self._writer.add_histogram(name, values, step)

    def log_artifact(self, path: Path) -> None:
        self._writer.add_text("artifacts", str(path))

    def close(self) -> None:
        self._writer.close()


def open_tracker(folder: Path, settings: dict[str, Any]) -> _TensorBoard:
    return _TensorBoard(folder, settings)
