"""Trackers, one module each: `open_tracker(folder, settings)` -> a `Tracker`.

The dataset's database always keeps the record; trackers are additional views of it.  None sends anything anywhere
unless its own settings say so.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from maskwright import registry
from maskwright.core.segments import Segments


class Tracker(Protocol):
    """What a tracker's `open_tracker` returns."""

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Points of curves."""

    def log_image(self, step: int, name: str, image: Any, plain: Any, masks: Mapping[str, Segments]) -> None:
        """image: (H, W, 3) uint8 as drawn.  plain: without anything drawn.  masks: what belongs on it, by kind."""

    def log_histogram(self, step: int, name: str, values: Any) -> None:
        """values: (N,) finite numbers."""

    def log_artifact(self, path: Path) -> None:
        """A file to keep."""

    def close(self) -> None:
        """Nothing comes after this."""


def names() -> list[str]:
    return registry.names("runs.trackers")


class Fanout:
    """Sends everything to each tracker."""

    def __init__(self, trackers: Sequence[Tracker]) -> None:
        self._trackers = list(trackers)

    @classmethod
    def open(cls, chosen: Sequence[str], folder: Path, settings: dict[str, Any]) -> "Fanout":
        return cls([registry.load("runs.trackers", name).open_tracker(folder, settings) for name in chosen])

    def log(self, step: int, values: Mapping[str, float]) -> None:
        for tracker in self._trackers:
            tracker.log(step, values)

    def log_image(self, step: int, name: str, image: Any, plain: Any, masks: Mapping[str, Segments]) -> None:
        for tracker in self._trackers:
            tracker.log_image(step, name, image, plain, masks)

    def log_histogram(self, step: int, name: str, values: Any) -> None:
        for tracker in self._trackers:
            tracker.log_histogram(step, name, values)

    def log_artifact(self, path: Path) -> None:
        for tracker in self._trackers:
            tracker.log_artifact(path)

    def close(self) -> None:
        for tracker in self._trackers:
            tracker.close()
        self._trackers = []
