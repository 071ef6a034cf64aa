"""YouTube-VOS: JPEGImages and Annotations a video, and meta.json with the category of each object.

Layout: https://youtube-vos.org.  Below train/, valid/ and test/, or at the top.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
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
from maskwright.formats._json import load
from maskwright.formats._pairs import alone
from maskwright.formats._rasters import read_map, voc_palette, write_raster
from maskwright.media import describe

KEEPS = frozenset({"sequence"})
LOSES = frozenset(
    {"overlap", "empty", "crowd", "score", "attributes", "area", "ids", "order", "source", "weight", "fields"}
)

_SPLITS = {"train": "train", "valid": "val", "val": "val", "test": "test"}
_FOLDERS = {"train": "train", "val": "valid", "test": "test"}


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a folder with JPEGImages, Annotations and meta.json."""
    return 0.95 if path.is_dir() and _parts(path) else 0.0


def _parts(path: Path) -> list[tuple[Path, str | None]]:
    """Folders with a meta.json of their own, and their split."""
    homes = [(path, _SPLITS.get(path.name))] + [(path / name, split) for name, split in _SPLITS.items()]
    return [(home, split) for home, split in homes if _is_part(home)]


def _is_part(home: Path) -> bool:
    return (home / "meta.json").is_file() and (home / "JPEGImages").is_dir() and (home / "Annotations").is_dir()


def read(path: Path) -> Reading:
    """Frames that have a label; the video, the frame's index and the object's number are kept."""
    parts = _parts(path)
    if not parts:
        raise FormatError("no meta.json beside JPEGImages and Annotations", file=path)
    about = read_about(path)
    objects: dict[Path, dict[str, dict[int, str]]] = {home: _objects(home / "meta.json") for home, _ in parts}
    names = sorted({name for videos in objects.values() for video in videos.values() for name in video.values()})
    classes = about.classes if about else Classes(Class(number, name) for number, name in enumerate(names, 1))
    found: list[tuple[Path, Path, Path, str | None, str, int]] = []
    notes: list[str] = []
    for home, split in parts:
        partners: set[Path] = set()
        frames_folder = home / "JPEGImages"
        for folder in sorted({file.parent for file in image_files(frames_folder)}):
            video = folder.relative_to(frames_folder).as_posix()
            for number, image in enumerate(
                image_file for image_file in image_files(folder) if image_file.parent == folder
            ):
                label = home / "Annotations" / image.relative_to(frames_folder).with_suffix(".png")
                if label.is_file():
                    found.append((home, image, label, split, video, number))
                    partners.add(label)
        labels = home / "Annotations"
        lone = [key_of(file, labels) for file in sorted(labels.rglob("*.png")) if file not in partners]
        notes += alone([], lone, "frame")

    ids = {class_.name: class_.id for class_ in classes}

    def sample_of(item: tuple[Path, Path, Path, str | None, str, int]) -> Sample:
        home, image, label, split, video, number = item
        about_image = describe(image)
        values, masks = Masks.from_label_map(read_map(label, about_image), ignore=[0])
        known = objects[home].get(video, {})
        missing = [int(value) for value in values if known.get(int(value)) not in ids]
        if missing:
            raise FormatError(
                f"has object {missing[0]}, of which meta.json says nothing", file=label, record=f"video {video}"
            )
        segments = Segments(masks, [ids[known[int(value)]] for value in values], ids=values)
        key = key_of(image, home / "JPEGImages")
        own = about.splits.get(key, split) if about else split
        return Sample(key, ImageRef(str(image), about_image.size, video=video, frame=number), segments, split=own)

    samples = _aside.current().samples(found, sample_of, lambda item: (item[2], None))
    return Reading(classes, samples, len(found), notes)


def _objects(file: Path) -> dict[str, dict[int, str]]:
    content: Any = load(file)
    try:
        return {
            str(video): {int(number): str(each_object["category"]) for number, each_object in about["objects"].items()}
            for video, about in content["videos"].items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"cannot be read ({error!r})", file=file) from None


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    return common_losses(sample, LOSES)


def write(samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy") -> None:
    """A folder a split; the key's folder is the video.  images: copy or link; the layout needs them.

    An object's number is its `track`, or the segment's id, unless the video has that number for another class.
    """
    videos: dict[str, dict[str, dict[int, tuple[int, list[str]]]]] = {}
    splits = {}
    for sample in unique_keys(samples):
        home = _FOLDERS.get(sample.split or "", "train")
        frame, video = Path(sample.key).name, Path(sample.key).parent.as_posix()
        put_image(sample, folder, f"{home}/JPEGImages/{sample.key}{suffix_of(sample)}", images)
        segments = sample.segments.visible()
        segments = segments[segments.masks.areas() > 0]
        known = videos.setdefault(home, {}).setdefault(video, {})
        numbers: list[int] = []
        for identity, class_id in zip(object_numbers(segments), segments.class_ids.tolist(), strict=True):
            number = identity
            if not 0 < number < 65536 or number in numbers or known.get(number, (class_id,))[0] != class_id:
                number = next(
                    n for n in range(1, 65536) if n not in numbers and known.get(n, (class_id,))[0] == class_id
                )
            numbers.append(number)
            known.setdefault(number, (class_id, []))[1].append(frame)
        values = np.zeros(sample.image.size, np.uint8 if max(numbers, default=0) < 256 else np.uint16)
        segments.masks.composite(numbers, out=values)
        write_raster(new_file(folder, f"{home}/Annotations/{sample.key}.png"), values, voc_palette())
        splits[sample.key] = sample.split
    for home, by_video in videos.items():
        content = {
            video: {
                "objects": {
                    str(number): {"category": classes[class_id].name, "frames": frames}
                    for number, (class_id, frames) in sorted(objects.items())
                }
            }
            for video, objects in by_video.items()
        }
        new_file(folder, f"{home}/meta.json").write_text(json.dumps({"videos": content}, ensure_ascii=False))
    write_about(folder, "youtube-vos", classes, splits)
