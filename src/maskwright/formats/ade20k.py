"""ADE20K, read only: the 150-class benchmark's index PNGs, and the full release's _seg and _parts PNGs.

Benchmark (http://sceneparsing.csail.mit.edu): annotations/{training,validation}, 0 is unlabelled and ignored, 1 … 150
are objectInfo150.txt's.  Full release (https://groups.csail.mit.edu/vision/datasets/ADE20K): the class is
R // 10 * 256 + G and B numbers the instances; parts stand in PNGs of their own.  Nobody writes that layout: write a
label map or COCO panoptic instead.
"""

import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _aside, _listing
from maskwright.formats._aside import Aside
from maskwright.formats._contract import Reading, image_beside, image_files, key_of
from maskwright.formats._json import load
from maskwright.formats._pairs import alone
from maskwright.formats._rasters import fitting, read_map, read_raster
from maskwright.media import Description, describe

LOSES: frozenset[str] = frozenset()

_SPLITS = {"training": "train", "validation": "val"}


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a folder with *_seg.png files, or with
    annotations/training.
    """
    if not path.is_dir():
        return 0.0
    pngs = _listing.current().of_kind(path, ".png")
    if any(file.name.startswith("ADE_") and file.name.endswith("_seg.png") for file in pngs):
        return 0.95
    return 0.9 if any((path / "annotations" / split).is_dir() for split in _SPLITS) else 0.0


def read(path: Path, *, parts: bool = True) -> Reading:
    """parts: of the full release, read the parts as segments above their objects, with the attribute "part"."""
    full = sorted(path.rglob("*_seg.png"))
    return _full(path, full, parts) if full else _benchmark(path)


def _benchmark(path: Path) -> Reading:
    labels = [file for split in _SPLITS for file in image_files(path / "annotations" / split)]
    if not labels:
        raise FormatError("no annotations/training or annotations/validation here", file=path)
    table = path / "objectInfo150.txt"
    names: dict[int, str] = {}
    if table.is_file():
        for line in table.read_text(errors="replace").splitlines()[1:]:
            cells = line.split("\t")
            if len(cells) >= 5 and cells[0].strip().isdigit():
                names[int(cells[0])] = cells[4].split(",")[0].strip()
    rows = [Class(0, "unlabelled", "stuff", "ignore")]
    taken: set[str] = set()
    for value in range(1, 151):
        name = names.get(value, str(value))
        rows.append(Class(value, name if name not in taken else f"{name} {value}", "stuff"))
        taken.add(name)
    classes = Classes(rows)

    def sample_of(label: Path) -> Sample:
        key = key_of(label, path / "annotations")
        image = image_beside(path / "images", key)
        if image is None:
            raise FormatError("has no image in images/", file=label)
        about_image = describe(image)
        segments = Segments.from_label_map(read_map(label, about_image))
        wrong = [int(class_id) for class_id in segments.class_ids if int(class_id) not in classes]
        if wrong:
            raise FormatError(f"has the value {wrong[0]}", file=label, needed="0 … 150")
        first, rest = key.split("/", 1)
        return Sample(rest, ImageRef(str(image), about_image.size), segments, split=_SPLITS[first])

    labelled = {key_of(label, path / "annotations") for label in labels}
    found = [key_of(image, path / "images") for split in _SPLITS for image in image_files(path / "images" / split)]
    samples = _aside.current().samples(labels, sample_of, lambda label: (label, None))
    return Reading(classes, samples, len(labels), alone([key for key in found if key not in labelled], []))


def _full(path: Path, files: list[Path], parts: bool) -> Reading:
    """Class ids are the release's own indices; names come from the text beside each image, where it has one."""
    names: dict[int, str] = {}
    aside = _aside.current()
    for file in files:
        for each_code in _codes(file, parts):
            names.setdefault(each_code, "")
        with aside.record():
            names |= {code: name for code, name in _names(file).items() if code in names}
    rows, taken = [], set()
    for code in sorted(names):
        name = names[code] or f"class {code}"
        rows.append(Class(code, name if name not in taken else f"{name} {code}", "thing"))
        taken.add(name)
    classes = Classes(rows)

    def sample_of(file: Path) -> Sample:
        key = key_of(file, path).removesuffix("_seg")
        image = image_beside(path, key)
        if image is None:
            raise FormatError("has no image beside it", file=file)
        about_image = describe(image)
        split = next((short for long, short in _SPLITS.items() if long in Path(key).parts), None)
        segments = _segments(file, about_image, parts, aside)
        return Sample(key, ImageRef(str(image), about_image.size), segments, split=split)

    return Reading(classes, aside.samples(files, sample_of, lambda file: (file, None)), len(files))


def _levels(file: Path, parts: bool) -> list[Path]:
    """The PNG of objects, then those of parts, of parts of parts, …"""
    stem = file.name.removesuffix("_seg.png")
    more = sorted(file.parent.glob(f"{stem}_parts_*.png"), key=lambda path: int(re.findall(r"\d+", path.stem)[-1]))
    return [file, *(more if parts else [])]


def _coded(file: Path, image: Description | None = None) -> Any:
    pixels = read_raster(file)[0] if image is None else fitting(read_raster(file)[0], image, file)
    if pixels.ndim != 3:
        raise FormatError("has one channel", file=file, needed="the class in red and green, the instance in blue")
    wide = pixels.astype(np.int64)
    return wide[..., 0] // 10 * 256 + wide[..., 1], wide[..., 2]


def _codes(file: Path, parts: bool) -> set[int]:
    """Of the levels that can be read."""
    levels = _aside.readable(_levels(file, parts), lambda level: np.unique(_coded(level)[0]))
    return {int(code) for codes in levels for code in codes} - {0}


def _names(file: Path) -> dict[int, str]:
    stem = file.name.removesuffix("_seg.png")
    about = file.with_name(f"{stem}.json")
    if not about.is_file():
        return {}
    try:
        objects = load(about)["annotation"]["object"]
        return {
            int(each_object["name_ndx"]): str(each_object.get("raw_name") or each_object["name"])
            for each_object in objects
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"cannot be read ({error!r})", file=about) from None


def _segments(file: Path, image: Description, parts: bool, aside: Aside) -> Segments:
    """Of objects, and of those of their parts' PNGs that are not broken: these are put aside."""
    masks, class_ids, attributes = [], [], []
    for level, png in enumerate(_levels(file, parts)):
        with aside.record(png) if level else nullcontext():
            codes, numbers = _coded(png, image)
            values, found = Masks.from_label_map(np.where(codes > 0, codes << 8 | numbers, 0), ignore=[0])
            masks.append(found)
            class_ids += [int(value) >> 8 for value in values]
            attributes += [{"part": level} if level else {} for _ in values]
    return Segments(Masks.concatenate(masks, image.size), class_ids, attributes=attributes)
