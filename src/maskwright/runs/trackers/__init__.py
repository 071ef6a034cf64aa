"""Trackers, one module each: `open(folder, settings)` -> something with log, log_image and close.

The dataset's database always keeps the record; trackers are additional views of it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from maskwright import families


class Tracker(Protocol):
    """What a tracker's `open_tracker` returns."""

    def log(self, step: int, values: Mapping[str, float]) -> None: ...
    def log_image(self, step: int, name: str, image: Any) -> None: ...
    def close(self) -> None: ...


def names() -> list[str]:
    return families.names("runs.trackers")


class Fanout:
    """Sends everything to each tracker."""

    def __init__(self, trackers: Sequence[Tracker]) -> None:
        self._trackers = list(trackers)

    @classmethod
    def open(cls, chosen: Sequence[str], folder: Path, settings: dict[str, Any]) -> "Fanout":
        return cls([families.load("runs.trackers", name).open_tracker(folder, settings) for name in chosen])

    def log(self, step: int, values: Mapping[str, float]) -> None:
        for tracker in self._trackers:
            tracker.log(step, values)

    def log_image(self, step: int, name: str, image: Any) -> None:
        for tracker in self._trackers:
            tracker.log_image(step, name, image)

    def close(self) -> None:
        for tracker in self._trackers:
            tracker.close()
        self._trackers = []
