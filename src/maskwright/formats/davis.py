"""DAVIS: video frames in JPEGImages, one indexed PNG a frame in Annotations whose values number the objects.

Layout: https://davischallenge.org.  The 2016 release has 0 and 255 only: one object.  In later ones 255 beside other
numbers is a region that is ignored.  images/<video>/ and masks/<video>/ with numbered frames are read alike.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.names import confined, shown
from maskwright.core.plurals import many
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _aside
from maskwright.formats._contract import (
    Loss,
    Reading,
    common_losses,
    image_files,
    key_of,
    new_file,
    object_numbers,
    put_image,
    read_about,
    suffix_of,
    unique_keys,
    write_about,
)  # fmt: skip
from maskwright.formats._pairs import alone
from maskwright.formats._plausible import Noted
from maskwright.formats._rasters import fitting, read_map, voc_palette, write_raster
from maskwright.media import image_size

KEEPS = frozenset({"sequence"})
LOSES = frozenset(
    {"classes", "overlap", "empty", "crowd", "score", "attributes", "area", "order", "source", "weight", "fields"}
)

_RESOLUTIONS = ("480p", "1080p", "Full-Resolution")
_VOID = 255
_SLACK = 0.01  # video tools round frame sizes; labels up to one per cent larger or smaller are scaled, with a note


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a folder with Annotations by video and JPEGImages."""
    if not path.is_dir() or (path / "meta.json").is_file():
        return 0.0
    if _folders(path) is None:
        return 0.0
    return 0.9 if (path / "JPEGImages").is_dir() else 0.79


def _folders(path: Path) -> tuple[Path, Path] | None:
    """The folders below which images and labels have the same paths."""
    frames_folder, labels = path / "JPEGImages", path / "Annotations"
    if frames_folder.is_dir() and labels.is_dir():
        for name in _RESOLUTIONS:
            if (frames_folder / name).is_dir() and (labels / name).is_dir():
                return frames_folder / name, labels / name
        return (frames_folder, labels) if next(labels.rglob("*.png"), None) else None
    frames_folder, labels = path / "images", path / "masks"
    if not frames_folder.is_dir() or not labels.is_dir():
        return None
    videos = [each_path for each_path in labels.iterdir() if each_path.is_dir()]
    frames = [file for video in videos for file in image_files(video)]
    numbered = frames and all(file.stem.isdigit() for file in frames)
    return (frames_folder, labels) if numbered and not image_files_here(labels) else None


def image_files_here(folder: Path) -> bool:
    """Whether a folder holds files itself, not only folders; hidden ones do not count."""
    return any(path.is_file() and not path.name.startswith(".") for path in folder.iterdir())


def read(path: Path, *, frames: Literal["labelled", "all"] = "labelled") -> Reading:
    """frames: labelled, or all: then frames without a PNG come without segments and with the field "unlabelled"."""
    folders = _folders(path)
    if folders is None:
        raise FormatError("no JPEGImages and Annotations with frames here", file=path)
    frames_folder, labels = folders
    about = read_about(path)
    void = any(_VOID in values and len(values) > 2 for values in _few(labels))
    rows = [Class(1, "object", "thing")] + ([Class(_VOID, "void", "stuff", "ignore")] if void else [])
    classes = Classes(rows)
    listed = _splits(path)
    notes: list[str] = []
    found: list[tuple[Path, Path | None, str, int]] = []
    bare: list[str] = []
    partners: set[Path] = set()
    for folder in sorted({file.parent for file in image_files(frames_folder)}):
        for number, image in enumerate(image_file for image_file in image_files(folder) if image_file.parent == folder):
            label = labels / image.relative_to(frames_folder).with_suffix(".png")
            if label.is_file() or frames == "all":
                video = folder.relative_to(frames_folder).as_posix()
                found.append((image, label if label.is_file() else None, video, number))
                partners.add(label)
            else:
                bare.append(key_of(image, frames_folder))
    if not found:
        raise FormatError("no frame has a label", file=labels)
    lone = [key_of(file, labels) for file in sorted(labels.rglob("*.png")) if file not in partners]
    notes += alone([], lone, "frame")
    if bare:
        said = f"{len(bare)} frames have no label, such as {shown(bare[0])}; -o frames=all reads them, too"
        notes.append(Noted(said, "images without labels", len(bare), shown(bare[0])))

    scaled: list[str] = []

    def sample_of(item: tuple[Path, Path | None, str, int]) -> Sample:
        image, label, video, number = item
        size = image_size(image)
        key = key_of(image, frames_folder)
        segments = Segments.none(size) if label is None else _segments(label, classes)
        if segments.size != size:
            if max(abs(a - b) / b for a, b in zip(segments.size, size, strict=True)) > _SLACK:
                fitting(np.zeros(segments.size, np.uint8), size, label or image)
            scaled.append(key)
            segments = segments.with_masks(segments.masks.resize(size))
        split = about.splits.get(key) if about else listed.get(video)
        fields = {"unlabelled": True} if label is None else {}
        place = ImageRef(str(image), size, video=video, frame=number)
        return Sample(key, place, segments, split=split, fields=fields)

    aside = _aside.current()

    def samples() -> Iterator[Sample]:
        yield from aside.samples(found, sample_of, lambda item: (item[1] or item[0], None))
        if scaled:
            notes.append(
                f"{many(len(scaled), 'label')} of another size than the frame, by a hair, scaled to it (nearest), "
                f"for instance {scaled[0]}"
            )

    return Reading(classes, samples(), len(found), notes)


def _few(labels: Path) -> Iterator[set[int]]:
    """The values of each video's first label."""
    folders = sorted({file.parent for file in labels.rglob("*.png")})
    yield from _aside.readable(folders, lambda folder: set(np.unique(read_map(min(folder.glob("*.png")))).tolist()))


def _splits(path: Path) -> dict[str, str]:
    out: dict[str, str] = {}
    for file in sorted((path / "ImageSets").rglob("*.txt")):
        if file.stem in ("train", "val", "test"):
            for line in file.read_text(errors="replace").split():
                name = line.split("/")[3] if line.startswith("/JPEGImages/") and line.count("/") >= 4 else line
                out.setdefault(name, file.stem)
    return out


def _segments(label: Path, classes: Classes) -> Segments:
    values, masks = Masks.from_label_map(read_map(label), ignore=[0])
    if values.tolist() == [_VOID]:
        return Segments(masks, [1], ids=[1])
    class_ids = [_VOID if value == _VOID and _VOID in classes else 1 for value in values.tolist()]
    return Segments(masks, class_ids, ids=values)


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    numbers = zip(sample.segments.ids.tolist(), object_numbers(sample.segments), strict=True)
    changed = [own for own, number in numbers if number != own or not _fits(number)]
    return common_losses(sample, LOSES, classes) + [Loss(sample.key, "ids", own) for own in changed]


def _fits(identity: int) -> bool:
    return 0 < identity < 65536 and identity != _VOID


def write(samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy") -> None:
    """JPEGImages, Annotations and ImageSets; 16-bit gray PNGs where a number is above 254.  images: copy or link."""
    splits: dict[str, str | None] = {}
    for sample in unique_keys(samples):
        put_image(sample, folder, f"JPEGImages/{_RESOLUTIONS[2]}/{sample.key}{suffix_of(sample)}", images)
        segments = sample.segments.visible()
        ids = object_numbers(segments)
        free = iter(number for number in range(1, 65536) if _fits(number) and number not in ids)
        ids = [id_ if _fits(id_) else next(free) for id_ in ids]
        values = np.zeros(sample.image.size, np.uint8 if max(ids, default=0) < _VOID else np.uint16)
        segments.masks.composite(ids, out=values)
        target = new_file(folder, f"Annotations/{_RESOLUTIONS[2]}/{sample.key}.png")
        write_raster(target, values, voc_palette())
        splits[sample.key] = sample.split
    confined(folder, "ImageSets/2017").mkdir(parents=True)
    for split in ("train", "val", "test"):
        videos = sorted({Path(key).parent.as_posix() for key, own in splits.items() if own == split})
        if videos:
            new_file(folder, f"ImageSets/2017/{split}.txt").write_text("".join(f"{video}\n" for video in videos))
    write_about(folder, "davis", classes, splits)
