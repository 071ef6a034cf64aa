"""The images that a training drew on its way, as `Run.log_image` keeps them."""

import re
from dataclasses import dataclass
from pathlib import Path

from maskwright.runs.files import folder_of
from maskwright.runs.record import find
from maskwright.store import View

_FILE = re.compile(r"(?P<name>.+)-(?P<step>\d{7,})\.jpg", re.DOTALL)


@dataclass(frozen=True)
class KeptImage:
    """name: of its file, without the step.  step: at which it was drawn.  file: a JPEG."""

    name: str
    step: int
    file: Path


def kept_images(dataset: View, id: str) -> list[KeptImage]:
    """By name, then by step; none for a run without.

    id: the run's, or the beginning of it.  Raises UsageError for a run that is not there.
    """
    place = folder_of(dataset, find(dataset, id)["id"]) / "overlays"
    if not place.is_dir():
        return []
    found = [(match, file) for file in place.iterdir() if (match := _FILE.fullmatch(file.name))]
    images = [KeptImage(match["name"], int(match["step"]), file) for match, file in found]
    return sorted(images, key=lambda image: (image.name, image.step))
