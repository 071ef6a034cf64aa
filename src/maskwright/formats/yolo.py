"""YOLO segmentation: a text file an image, a line an object, one polygon a line, coordinates relative.

Layout: data.yaml names classes and splits; images/… and labels/… mirror each other (Ultralytics' layout).
A line holds one ring, so parts and holes are joined to it by bridges that go and return along the same
line.  Read by the even-odd rule, as here, that is exact; tools that fill otherwise see hair-thin differences.
"""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.classes import Class, Classes
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.polygons import Polygon, rectangle
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.core.yaml_file import load_yaml
from maskwright.errors import FormatError
from maskwright.formats._contract import (
    Loss,
    Reading,
    Ready,
    common_losses,
    image_files,
    key_of,
    new_file,
    put_image,
    suffix_of,
    unique_keys,
)  # fmt: skip
from maskwright.formats._shapes import bridged
from maskwright.media import image_size

LOSES = frozenset(
    {"empty", "class", "split", "crowd", "score", "attributes", "area", "ids", "source", "weight", "fields", "shape"}
)

_SPLITS = ("train", "val", "test")


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a data.yaml with names, and labels/."""
    try:
        config = _config_file(path)
        if config is None or "names" not in load_yaml(config):
            return 0.0
        # Without labels it may be a set of nothing but background, but masks/ are label maps.
        return 0.8 if any(each_path.is_dir() for each_path in config.parent.rglob("labels")) else 0.5
    except FormatError:
        return 0.0


def _config_file(path: Path) -> Path | None:
    if path.is_file():
        return path if path.suffix in (".yaml", ".yml") else None
    found = [*path.glob("data.y*ml"), *path.glob("dataset.y*ml"), *path.glob("*.yaml"), *path.glob("*.yml")]
    return found[0] if found else None


def read(path: Path) -> Reading:
    """Images of every split that data.yaml lists. A line of five numbers is a box and becomes a rectangle."""
    file = _config_file(path)
    if file is None:
        raise FormatError("no data.yaml here", file=path)
    config = load_yaml(file)
    classes, by_index = _classes(file, config)
    root = file.parent / str(config.get("path") or ".")
    if not root.is_dir():
        root = file.parent  # `path` is often where the set once lay
    found: list[tuple[str, Path, Path]] = []
    seen: set[Path] = set()
    notes = []
    for split in _SPLITS:
        entries = config.get(split) or []
        for entry in entries if isinstance(entries, list) else [entries]:
            folder = _folder(root, file.parent, str(entry))
            if folder is None:
                notes.append(f"the {split} folder {entry!r} is not there")
                continue
            base = _images_root(folder)
            for image in image_files(folder):
                if image not in seen:
                    seen.add(image)
                    found.append((split, image, base))
    if not found:
        raise FormatError("lists no image", file=file, needed="train: or val: naming a folder of images")
    skip = bool(config.get("skip_if_label_file_missing"))

    def samples() -> Iterator[Sample]:
        for split, image, base in found:
            labels = _label_file(image, base, file.parent)
            if labels is None and skip:
                continue
            size = image_size(image)
            segments = Segments.none(size) if labels is None else _segments(labels, size, by_index)
            key = key_of(image, base)
            prefix = f"{split}/"
            yield Sample(key.removeprefix(prefix), ImageRef(str(image), size), segments, split=split)

    return Reading(classes, unique_keys(samples()), len(found), notes)


def _folder(root: Path, home: Path, entry: str) -> Path | None:
    candidates = [root / entry, home / entry, home.parent / entry, Path(entry)]
    return next((folder for folder in candidates if folder.is_dir()), None)


def _images_root(folder: Path) -> Path:
    """The folder named images at or above `folder`, which labels mirrors."""
    return next((parent for parent in (folder, *folder.parents) if parent.name == "images"), folder)


def _label_file(image: Path, base: Path, home: Path) -> Path | None:
    inner = image.relative_to(base).with_suffix(".txt")
    candidates = [base.parent / "labels" / inner, home / "labels" / inner, image.with_suffix(".txt")]
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _classes(file: Path, config: dict[str, Any]) -> tuple[Classes, dict[int, int]]:
    """The classes, and the class id that each first number of a line means."""
    names = config.get("names")
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not names:
        raise FormatError("lists no class names", file=file, needed="names: as a list or a map")
    try:
        # `maskwright` stands in sets that we wrote: every class whole, with the id the dataset calls it by.
        own = Classes.from_json(config.get("maskwright") or [])
        known = {class_.name: class_ for class_ in own}
        index = {int(number): str(name) for number, name in names.items()}
        found = Classes([*own, *(Class(number, name) for number, name in index.items() if name not in known)])
        return found, {number: found[name].id for number, name in index.items()}
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise FormatError(f"its class names cannot be read ({error!r})", file=file) from None


def _segments(file: Path, size: tuple[int, int], by_index: dict[int, int]) -> Segments:
    height, width = size
    polygons, class_ids, attributes = [], [], []
    try:
        lines = file.read_text().splitlines()
    except UnicodeDecodeError as error:
        raise FormatError(f"not a text file ({error})", file=file) from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        record = f"line {number}"
        try:
            values = [float(word) for word in line.split()]
        except ValueError:
            raise FormatError(f"{line[:40]!r} is not made of numbers", file=file, record=record) from None
        if values[0] not in by_index:
            raise FormatError(f"has the unknown class {values[0]:g}", file=file, record=record)
        points = values[1:]
        if not np.isfinite(points).all():
            raise FormatError("has a coordinate that is not a finite number", file=file, record=record)
        if len(points) == 4:
            x, y, w, h = points
            points = [x - w / 2, y - h / 2, x + w / 2, y - h / 2, x + w / 2, y + h / 2, x - w / 2, y + h / 2]
            attributes.append({"box": True})
        elif len(points) < 6 or len(points) % 2:
            raise FormatError(
                f"has {len(points)} coordinates", file=file, record=record,
                needed="a box needs 4, a polygon an even number of at least 6",
            )  # fmt: skip
        else:
            attributes.append({})
        class_ids.append(by_index[int(values[0])])
        polygons.append(Polygon([[np.array(points).reshape(-1, 2) * (width, height)]]))
    return Segments(Masks.from_polygons(polygons, size), class_ids, attributes=attributes)


def losses(sample: Sample, classes: Classes, *, boxes: bool = False) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written. boxes: written in place of
    outlines.
    """
    out = common_losses(sample, LOSES - {"split"})
    if sample.split not in _SPLITS:
        out.append(Loss(sample.key, "split"))
    for identity, class_id in zip(sample.segments.ids, sample.segments.class_ids, strict=True):
        if classes[int(class_id)].role != "class":
            out.append(Loss(sample.key, "class", int(identity)))
    # Outlines need no look: corners are written to a thousandth of a pixel, half a pixel from the nearest centre, and
    # the two ways over a bridge are the same numbers.
    for i, mask in enumerate(sample.segments.masks) if boxes else ():
        back = Mask.from_polygon(rectangle(*mask.box()), mask.size) if mask.area() else mask
        if back != mask:
            out.append(Loss(sample.key, "shape", int(sample.segments.ids[i]), (back ^ mask).area()))
    return out


def prepare(sample: Sample, classes: Classes, *, boxes: bool = False) -> str:
    """The lines of a sample's file."""
    declared = [class_ for class_ in classes if class_.role == "class"]
    index = {class_.id: number for number, class_ in enumerate(declared)}
    text = box_text if boxes else ring_text
    return "".join(
        f"{index[int(sample.segments.class_ids[i])]} {text(mask, *sample.image.size)}\n"
        for i, mask in enumerate(sample.segments.masks)
        if mask.area() and int(sample.segments.class_ids[i]) in index
    )


def write(
    samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy", boxes: bool = False,
    ready: Ready | None = None,
) -> None:  # fmt: skip
    """images: copy, link or none.  boxes: write boxes, for detectors, instead of outlines.

    Classes get YOLO's contiguous numbers; data.yaml keeps the old ids, too.
    ready: what gives a sample's rows in place of `prepare`.
    """
    import yaml

    declared = [class_ for class_ in classes if class_.role == "class"]
    splits = set()
    ready = ready or (lambda sample: prepare(sample, classes, boxes=boxes))
    for sample in unique_keys(samples):
        split = sample.split if sample.split in _SPLITS else "train"
        splits.add(split)
        put_image(sample, folder, f"images/{split}/{sample.key}{suffix_of(sample)}", images)
        new_file(folder, f"labels/{split}/{sample.key}.txt").write_text(ready(sample))
    about = {
        "path": ".",
        **{split: f"images/{split}" for split in _SPLITS if split in splits},
        "names": {number: class_.name for number, class_ in enumerate(declared)},
        "maskwright": classes.to_json(),
    }
    new_file(folder, "data.yaml").write_text(yaml.safe_dump(about, sort_keys=False, allow_unicode=True))


def ring_text(mask: Mask, height: int, width: int) -> str:
    """One mask as relative coordinates of one bridged ring, exact to a thousandth of a pixel.

    height, width: of the image.
    """
    ring = bridged(mask.polygon())
    digits = _digits(height, width)
    return " ".join(f"{x / width:.{digits}g} {y / height:.{digits}g}" for x, y in ring)


def box_text(mask: Mask, height: int, width: int) -> str:
    """One mask's box: middle, width and height, relative."""
    left, top, right, bottom = mask.box()
    sides = ((left + right) / 2 / width, (top + bottom) / 2 / height, (right - left) / width, (bottom - top) / height)
    return " ".join(f"{side:.{_digits(height, width)}g}" for side in sides)


def _digits(height: int, width: int) -> int:
    return max(6, math.ceil(math.log10(max(height, width))) + 3)
