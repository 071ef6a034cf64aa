"""A dataset by its place: a dataset, a database URL, a folder of images that becomes one, or a video that gets one."""

import os
from collections.abc import Container, Iterator
from pathlib import Path

from maskwright.core.classes import Class, Classes
from maskwright.core.names import natural, safe_key, shown, told_apart
from maskwright.core.plurals import many
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.core.sequence import Sequence
from maskwright.errors import FormatError, UsageError
from maskwright.media import IMAGE_SUFFIXES, image_size, is_image_file, pages, sequences
from maskwright.media.checksums import Hashing
from maskwright.media.pages import dicom
from maskwright.media.sequences import SequenceOfImages
from maskwright.store import checks, sequence_samples
from maskwright.store.dataset import Dataset
from maskwright.store.transfer import import_samples

#: Behind the name of a video or a stack: the folder of its dataset, beside it.
BESIDE = ".maskwright"


def open_place(place: str, *, classes: str | None = None, every: int = 1) -> tuple[Dataset, list[str]]:
    """Open what is at a place -> the dataset, and notes for the person: what was made, taken in or left out.

    A folder of images gets a file maskwright.db beside them; opened again, it takes in images that are new.
    Videos and files of many images in it are sequences, and folders of DICOM slices.  A video or such a file itself
    gets a dataset in a folder beside it, clip.mp4.maskwright, which is opened again the next time.
    classes: names with commas, for a new dataset.  every: of a sequence that is taken in, each n-th image.
    Raises UsageError, FormatError, DatasetError.
    """
    notes: list[str] = []
    if os.path.isfile(place) and sequences.is_sequence(place):  # noqa: PTH113 - of strange names a Path raises
        return _beside(Path(place), classes, every)
    if "://" in place or Dataset.exists(place):
        dataset = Dataset.open(place)
        if classes:
            notes.append(f"the dataset has classes of its own: {', '.join(dataset.classes.names[:10])}")
    else:
        folder = Path(place)
        if folder.is_file():
            raise UsageError(
                "is a file", file=place, needed="a folder of images, a video, a file of several images, or a dataset",
                todo="Give the folder that it lies in.",
            )  # fmt: skip
        if not folder.is_dir():
            raise UsageError("there is no such folder", file=place, needed="a folder of images, or a dataset")
        if not _images(folder):
            raise UsageError("the folder holds no image", file=place, needed=", ".join(IMAGE_SUFFIXES))
        dataset = Dataset.create(folder, named_classes(classes))
        notes.append(f"made a dataset in {folder / 'maskwright.db'}; the images stay where they are")
    if "://" not in place and Path(place).is_dir():
        notes += _take_in(dataset, Path(place), every)
    return dataset, notes


def look_again(dataset: Dataset) -> list[str]:
    """Take in images that came into the dataset's folder since it was opened -> notes, as `open_place` has them.

    Raises UsageError for a dataset on a server, which has no folder.
    """
    folder = dataset.database.folder
    if folder is None:
        raise UsageError(
            "the dataset is a database on a server, which has no folder of images", file=dataset.place,
            todo="Take images in with: maskwright import FOLDER DATASET",
        )  # fmt: skip
    return _take_in(dataset, folder, 1)


def named_classes(names: str | None) -> Classes:
    """Classes of things from their names. Raises UsageError for one that is there twice.

    names: with commas; one class, object, when not given.
    """
    found = [part.strip() for part in (names or "object").split(",") if part.strip()]
    try:
        return Classes([Class(k + 1, name, "thing") for k, name in enumerate(found)])
    except ValueError as error:
        raise UsageError(str(error)) from None


def _beside(file: Path, classes: str | None, every: int) -> tuple[Dataset, list[str]]:
    """The dataset of one video or stack."""
    place = file.with_name(f"{file.name}{BESIDE}")
    if Dataset.exists(place):
        notes = ["the dataset has classes of its own"] if classes else []
        notes += ["the dataset has its images already, and --every is of those that are taken in"] if every > 1 else []
        return Dataset.open(place), [*notes, f"opened the dataset in {place}"]
    found = sequences.find(file, every=every)
    result = import_samples(
        place, named_classes(classes), sequence_samples.samples_of(found), f"images of {file.name}",
        columns=[sequence_samples.TIME] if found.times else [], sequences=[sequence_samples.sequence_of(found)],
    )  # fmt: skip
    told = f"made a dataset of {result['samples']} images of {file.name} in {place}; the file stays where it is"
    return Dataset.open(place), [*found.notes, told]


def _images(folder: Path) -> list[Path]:
    """Images, and files of many, in the order people read their names."""
    found = [
        path for path in folder.rglob("*")
        if not any(part.startswith(".") or part.endswith(BESIDE) for part in path.relative_to(folder).parts)
        and path.is_file() and (is_image_file(path) or sequences.is_sequence(path))
    ]  # fmt: skip
    return sorted(found, key=lambda path: [natural(part) for part in path.relative_to(folder).parts])


def _take_in(dataset: Dataset, folder: Path, every: int) -> list[str]:
    """Images in the folder that no sample shows; only where the folder itself holds the samples' images."""
    known = {Path(file).resolve() for file in {pages.page_of(sample.image.uri)[0] for sample in dataset}}
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
        declared: list[Sequence] = []
        with dataset.edit("images from the folder") as edit:
            keys = set(dataset.keys())
            for sample in hashing.follow(_samples(new, folder, keys, notes, declared, every)):
                edit.add(sample)
                added += 1
            for sequence in declared:
                edit.add_sequence(sequence)
        notes += [*hashing.notes(), f"took in {many(added, 'image')}"]
        dataset.keep_window()
    return notes


def _samples(
    files: list[Path], folder: Path, keys: set[str], notes: list[str], declared: list[Sequence], every: int
) -> Iterator[Sample]:
    """Samples without labels.

    keys: that are taken.  notes: what was left out and why is appended.  declared: sequences that were found are
    appended.
    """
    root = folder.resolve()
    series = _series(files, every, notes)
    for path in _places(files, series):
        name = path.relative_to(folder).with_suffix("").as_posix() if path != folder else path.resolve().name
        if not path.resolve().is_relative_to(root):
            notes.append(f"{shown(name)} was left out: a link that leads out of the folder")
            continue
        try:
            uri = checks.uri(str(path))
            found = series.get(path)
            if found is None and sequences.is_sequence(path):
                found = sequences.find(path, every=every)
            size = image_size(path) if found is None else (1, 1)
        except (FormatError, UsageError) as error:
            notes.append(f"{shown(name)} was left out: {error}")
            continue
        key = safe_key(name)
        while key in keys:
            key = told_apart(key, name) if key == safe_key(name) else f"{key}_"
        keys.add(key)
        if found is None:
            yield Sample(key, ImageRef(uri, size), Segments.none(size))
            continue
        notes += [f"{shown(name)}: {note}" for note in found.notes]
        declared.append(sequence_samples.sequence_of(found, key))
        for sample in sequence_samples.samples_of(found, key):
            keys.add(sample.key)
            yield sample


def _series(files: list[Path], every: int, notes: list[str]) -> dict[Path, SequenceOfImages]:
    """Folders of which all images here are slices of one DICOM series. notes: why another is not, is appended."""
    by_folder: dict[Path, list[Path]] = {}
    for path in files:
        by_folder.setdefault(path.parent, []).append(path)
    out = {}
    for home, own in by_folder.items():
        slices = sum(path.name.lower().endswith(dicom.SUFFIXES) for path in home.iterdir())
        if len(own) == slices > 1:  # all are new, and nothing else is there
            try:
                out[home] = sequences.find(home, every=every)
            except FormatError as error:
                notes.append(f"{shown(home.name)}: its files are images of their own, as {error.found}")
    return out


def _places(files: list[Path], series: Container[Path]) -> Iterator[Path]:
    """The files, and in place of those of a series their folder, once."""
    done = set()
    for path in files:
        place = path.parent if path.parent in series else path
        if place not in done:
            done.add(place)
            yield place
