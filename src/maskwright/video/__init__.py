"""Masks on some frames of a video -> masks through all of it."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from maskwright import registry
from maskwright.core import typed
from maskwright.media.frames import Frames
from maskwright.video.following import Followed, follow
from maskwright.video.suggest import CLASSES, TrackingRun, masks_of, samples_of, track_dataset
from maskwright.video.tracking import Tracked, track

__all__ = [
    "CLASSES", "Followed", "Frames", "Tracked", "TrackingRun", "follow", "load", "masks_of", "names", "read_options",
    "samples_of", "track", "track_dataset",
]  # fmt: skip


def names() -> list[str]:
    """The names of all engines that track objects, ours and other packages', sorted, such as "classical"; none is
    imported.
    """
    return registry.names("video.engines")


def load(name: str) -> ModuleType:
    """An engine's module by name; its `load(**options)` makes the engine. Raises UsageError for a name nobody has."""
    return registry.load("video.engines", name)


def read_options(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options as people write them -> as the engine `name` takes them. Raises UsageError for those it does not have."""
    return typed.engine_options(load(name), options)
