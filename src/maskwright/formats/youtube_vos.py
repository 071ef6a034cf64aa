"""YouTube-VOS, read only: JPEGImages and Annotations a video, and meta.json with the category of each object.

Layout: https://youtube-vos.org.  Write DAVIS for the same pictures without categories.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample, image_size
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats._contract import Reading, image_files, unique_keys
from maskwright.formats._json import load
from maskwright.formats._rasters import read_map

LOSES: frozenset[str] = frozenset()

_SPLITS = {"train": "train", "valid": "val", "val": "val", "test": "test"}


def sniff(path: Path) -> float:
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
    objects: dict[Path, dict[str, dict[int, str]]] = {home: _objects(home / "meta.json") for home, _ in parts}
    names = sorted({name for videos in objects.values() for video in videos.values() for name in video.values()})
    classes = Classes(Class(number, name, "thing") for number, name in enumerate(names, 1))
    found: list[tuple[Path, Path, Path, str | None, str, int]] = []
    for home, split in parts:
        for folder in sorted(one for one in (home / "JPEGImages").iterdir() if one.is_dir()):
            for number, image in enumerate(image_files(folder)):
                label = home / "Annotations" / folder.name / f"{image.stem}.png"
                if label.is_file():
                    found.append((home, image, label, split, folder.name, number))

    def samples() -> Iterator[Sample]:
        for home, image, label, split, video, number in found:
            size = image_size(image)
            values, masks = Masks.from_label_map(read_map(label, size), ignore=[0])
            known = objects[home].get(video, {})
            missing = [int(value) for value in values if int(value) not in known]
            if missing:
                raise FormatError(
                    f"has object {missing[0]}, of which meta.json says nothing", file=label, record=f"video {video}"
                )
            class_ids = [classes[known[int(value)]].id for value in values]
            segments = Segments(masks, class_ids, ids=values)
            yield Sample(f"{video}/{image.stem}", ImageRef(str(image), size, video=video, frame=number), segments,
                         split=split)  # fmt: skip

    return Reading(classes, unique_keys(samples()), len(found))


def _objects(file: Path) -> dict[str, dict[int, str]]:
    content: Any = load(file)
    try:
        return {
            str(video): {int(number): str(one["category"]) for number, one in about["objects"].items()}
            for video, about in content["videos"].items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"cannot be read ({error!r})", file=file) from None
