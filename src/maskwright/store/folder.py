"""A dataset by its place: a dataset, a database URL, or a folder of images that becomes one."""

from collections.abc import Iterator
from pathlib import Path

from maskwright.core.classes import Class, Classes
from maskwright.core.names import safe_key, shown, told_apart
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, UsageError
from maskwright.media import IMAGE_SUFFIXES, image_size
from maskwright.media.checksums import Hashing
from maskwright.store import checks
from maskwright.store.dataset import Dataset


def open_place(place: str, *, classes: str | None = None) -> tuple[Dataset, list[str]]:
    """Open what is at a place -> the dataset, and notes for the person: what was made, taken in or left out.

    A folder of images gets a file maskwright.db beside them; opened again, it takes in images that are new.
    classes: names with commas, for a new dataset.  Raises UsageError, FormatError, DatasetError.
    """
    notes: list[str] = []
    if "://" in place or Dataset.exists(place):
        dataset = Dataset.open(place)
        if classes:
            notes.append(f"the dataset has classes of its own: {', '.join(dataset.classes.names[:10])}")
    else:
        folder = Path(place)
        if not folder.is_dir():
            raise UsageError("there is no such folder", file=place, needed="a folder of images, or a dataset")
        if not _images(folder):
            raise UsageError("the folder holds no image", file=place, needed=", ".join(IMAGE_SUFFIXES))
        names = [part.strip() for part in (classes or "object").split(",") if part.strip()]
        try:
            dataset = Dataset.create(folder, Classes([Class(k + 1, name, "thing") for k, name in enumerate(names)]))
        except ValueError as error:
            raise UsageError(str(error)) from None
        notes.append(f"made a dataset in {folder / 'maskwright.db'}; the images stay where they are")
    if "://" not in place and Path(place).is_dir():
        notes += _take_in(dataset, Path(place))
    return dataset, notes


def _images(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.rglob("*")
        if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()
        and not any(part.startswith(".") for part in path.parts[-2:])
    )  # fmt: skip


def _take_in(dataset: Dataset, folder: Path) -> list[str]:
    """Images in the folder that no sample shows; only where the folder itself holds the samples' images."""
    known = {Path(sample.image.uri).resolve() for sample in dataset}
    root = folder.resolve()
    if known and not any(name.is_relative_to(root) for name in known):
        return []
    new = [image for image in _images(folder) if image.resolve() not in known]
    # A run's images and exports beside the dataset are none to label.
    new = [path for path in new if not known or "runs" not in path.relative_to(folder).parts]
    notes: list[str] = []
    added = 0
    if new:
        hashing = Hashing()
        with dataset.edit("images from the folder") as edit:
            for sample in hashing.follow(_samples(new, folder, set(dataset.keys()), notes)):
                edit.add(sample)
                added += 1
        notes += [*hashing.notes(), f"took in {added} images"]
    return notes


def _samples(files: list[Path], folder: Path, keys: set[str], notes: list[str]) -> Iterator[Sample]:
    """Samples without labels. keys: that are taken. notes: what was left out and why is appended."""
    root = folder.resolve()
    for path in files:
        name = path.relative_to(folder).with_suffix("").as_posix()
        if not path.resolve().is_relative_to(root):
            notes.append(f"{shown(name)} was left out: a link that leads out of the folder")
            continue
        try:
            uri = checks.uri(str(path))
            size = image_size(path)
        except (FormatError, UsageError) as error:
            notes.append(f"{shown(name)} was left out: {error}")
            continue
        key = safe_key(name)
        while key in keys:
            key = told_apart(key, name) if key == safe_key(name) else f"{key}_"
        keys.add(key)
        yield Sample(key, ImageRef(uri, size), Segments.none(size))
