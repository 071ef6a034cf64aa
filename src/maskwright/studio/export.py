"""Labels out of the studio: a report of what a format would lose, then an archive."""

import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from maskwright import formats
from maskwright.core.names import confined
from maskwright.store import Dataset


def losses(dataset: Dataset, format: str) -> tuple[list[str], int]:
    """Sentences, and how many losses are grave."""
    view = dataset.frozen()
    found = formats.losses(view, view.classes, format)
    return formats.summary(found), sum(loss.grave for loss in found)


def archive(dataset: Dataset, format: str, *, allow_loss: bool) -> Iterator[bytes]:
    """A ZIP file's bytes. Raises what writing raises, before the first byte."""
    folder = tempfile.TemporaryDirectory(prefix="maskwright-export-")
    try:
        target = Path(folder.name) / "labels"
        view = dataset.frozen()
        formats.write(view, view.classes, target, format, allow_loss=allow_loss, images="none")
        packed = Path(folder.name) / "labels.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
            for file in sorted(target.rglob("*")):
                if file.is_file():
                    inside = file.relative_to(target).as_posix()
                    out.write(confined(target, inside), inside)
    except BaseException:
        folder.cleanup()
        raise

    def pieces() -> Iterator[bytes]:
        with folder, packed.open("rb") as file:
            while chunk := file.read(2**20):
                yield chunk

    return pieces()
