"""What every format module offers, and what they share.

A format is a module with

    LOSES: frozenset[str]                        what the format cannot hold, of the words in CAUSES
    sniff(path) -> float                         how sure it is that it can read this, 0 to 1
    read(path, **options) -> Reading
    losses(sample, classes) -> list[Loss]        what writing this sample would lose
    write(samples, classes, folder, **options)   into an empty folder that appears only when all is written
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from maskwright.core.classes import Classes
from maskwright.core.sample import Sample
from maskwright.errors import FormatError, UsageError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")

#: What a format may lose. Grave ones stop a write unless they are allowed; the others are only reported.
CAUSES = {
    "shape": "the mask read back differs in some pixels",
    "overlap": "pixels that an upper segment covers",
    "instances": "segments of one class become one",
    "empty": "a segment without a pixel",
    "class": "a segment of a background or ignored class",
    "crowd": "the crowd flag",
    "score": "the score",
    "attributes": "attributes of the segment",
    "area": "the area a file stated, a polygon's, where it is not the pixel count",
    "ids": "the segment's id, which is renumbered",
    "order": "the z-order",
    "source": "who made the segment",
    "weight": "the sampling weight",
    "fields": "the sample's own fields",
    "split": "the split",
}
MINOR = frozenset({"area", "ids", "split", "source", "weight", "fields", "order"})


@dataclass(frozen=True)
class Loss:
    """One thing a write loses. segment: its id, None for the whole sample. pixels: how many are lost."""

    key: str
    cause: str
    segment: int | None = None
    pixels: int = 0

    @property
    def grave(self) -> bool:
        return self.cause not in MINOR


@dataclass
class Reading:
    """Classes first, then samples one by one. total: how many will come. notes: what the user should know."""

    classes: Classes
    samples: Iterator[Sample]
    total: int | None = None
    notes: list[str] = field(default_factory=list)


def common_losses(sample: Sample, loses: frozenset[str]) -> list[Loss]:
    """The losses that need no knowledge of the format but its LOSES."""
    segments, out = sample.segments, []
    areas = segments.masks.areas()
    for i in range(len(segments)):
        identity = int(segments.ids[i])
        found = {
            "empty": areas[i] == 0,
            "crowd": segments.is_crowd[i],
            "score": segments.scores[i] == segments.scores[i],
            "attributes": bool(segments.attributes[i].keys() - {"area"}),
            "area": "area" in segments.attributes[i],
            "ids": identity != i + 1,
            "source": segments.source[i] != "import",
        }
        out += [Loss(sample.key, cause, identity) for cause, yes in found.items() if yes and cause in loses]
    found = {"weight": sample.weight != 1, "fields": bool(sample.fields), "split": sample.split is not None}
    return out + [Loss(sample.key, cause) for cause, yes in found.items() if yes and cause in loses]


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A new folder beside `folder` that takes its place when the block ends well, and vanishes otherwise."""
    if folder.exists() and any(folder.iterdir() if folder.is_dir() else [folder]):
        raise UsageError("the place to write to is not empty", file=folder, todo="Choose a new folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield stage
        stage.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        stage.rename(folder)
    except OSError as error:
        raise FormatError(f"cannot be written ({error.strerror or error})", file=error.filename or folder) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def image_files(folder: Path) -> list[Path]:
    """All images below a folder, sorted, hidden ones left out."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def key_of(path: Path, root: Path) -> str:
    """A sample's key: the path below `root` without its suffix."""
    return path.relative_to(root).with_suffix("").as_posix()


def put_image(sample: Sample, target: Path, images: str) -> None:
    """Bring a sample's image to `target`. images: copy, link (symbolic) or none."""
    if images == "none":
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    source = Path(sample.image.uri)
    if images == "link":
        target.symlink_to(source.resolve())
        return
    try:
        if "://" in sample.image.uri:
            from maskwright.families import require

            fsspec = require("fsspec", f"copying {sample.image.uri}")
            with fsspec.open(sample.image.uri, "rb") as remote, open(target, "wb") as local:
                shutil.copyfileobj(remote, local)
        else:
            shutil.copyfile(source, target)
    except FileNotFoundError:
        raise FormatError(
            "the image is not there", file=source, record=f"sample {sample.key!r}",
            todo="Put it back, or write labels only with --images none.",
        ) from None  # fmt: skip


def suffix_of(sample: Sample) -> str:
    return os.path.splitext(sample.image.uri)[1].lower() or ".png"  # noqa: PTH122 - a URI is no path


def unique_keys(samples: Iterable[Sample]) -> Iterator[Sample]:
    """Pass samples on; two with one key would overwrite each other."""
    seen = set()
    for sample in samples:
        if sample.key in seen:
            raise FormatError(f"two samples have the key {sample.key!r}", todo="Rename one of the images.")
        seen.add(sample.key)
        yield sample
