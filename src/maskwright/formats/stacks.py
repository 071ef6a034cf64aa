"""Label stacks, read only: pages of TIFF and OME-TIFF files, or .npy arrays (N, H, W), beside images of as many.

Each page is a sample named file/page.  Write a label map or an instance map instead.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats._contract import Reading, unique_keys
from maskwright.formats._pairs import IMAGES, LABELS
from maskwright.formats._rasters import whole_numbers
from maskwright.media import pages

LOSES: frozenset[str] = frozenset()

_SUFFIXES = (".tif", ".tiff", ".npy")


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a folder with TIFF or .npy files of several pages and
    their labels.
    """
    try:
        return 0.88 if path.is_dir() and any(pages.shape(label)[0] > 1 for _, label in _pairs(path)[:3]) else 0.0
    except FormatError:
        return 0.0


def _pairs(path: Path) -> list[tuple[Path, Path]]:
    """Images and labels of one name, in paired folders."""
    for left in IMAGES:
        for right in LABELS:
            if not (path / left).is_dir() or not (path / right).is_dir():
                continue
            files = sorted(each_path for each_path in (path / right).iterdir() if each_path.suffix.lower() in _SUFFIXES)
            pairs = [(_beside(path / left, label), label) for label in files]
            found = [(image, label) for image, label in pairs if image is not None]
            if found:
                return found
    return []


def _beside(folder: Path, label: Path) -> Path | None:
    stem = label.name.split(".")[0]
    names = [stem, stem.removesuffix("_mask"), stem.removesuffix("_masks"), stem.removesuffix("_label")]
    found = (path for name in names for path in sorted(folder.glob(f"{name}.*")) if path.suffix.lower() in _SUFFIXES)
    return next(found, None)


def read(path: Path, *, names: str | None = None, background: int = 0, instances: bool = False) -> Reading:
    """names: class names by comma, in the order of the values.  background: the value of pixels without a segment.

    instances: the values number objects of one class, which keep them from page to page.
    """
    found = _pairs(path)
    if not found:
        raise FormatError("no TIFF or .npy labels beside images", file=path, needed="images/ and labels/")
    layers: list[tuple[str, Path, Path, int]] = []
    values: set[int] = set()
    for image, label in found:
        number, size = pages.shape(label)
        if pages.shape(image) != (number, size):
            raise FormatError(
                f"has {number} pages of {size[0]} x {size[1]}", file=label,
                needed=f"as its image: {pages.shape(image)[0]} of {' x '.join(map(str, pages.shape(image)[1]))}",
            )  # fmt: skip
        layers += [(f"{label.name.split('.')[0]}/{page:04d}", image, label, page) for page in range(number)]
        if not instances:
            for page in range(number):
                values |= set(np.unique(_map(label, page)).tolist())
    classes = Classes([Class(1, (names or "object").split(",")[0])]) if instances else _classes(
        sorted(values - {background}), names, path
    )  # fmt: skip

    def samples() -> Iterator[Sample]:
        for key, image, label, page in layers:
            own, masks = Masks.from_label_map(_map(label, page), ignore=[background])
            segments = Segments(masks, [1] * len(own) if instances else own, ids=own if instances else None)
            uri = f"{image}#page={page}"
            yield Sample(key, ImageRef(uri, masks.size, video=key.rsplit("/", 1)[0], frame=page), segments)

    return Reading(classes, unique_keys(samples()), len(layers))


def _map(label: Path, page: int) -> Array:
    values = pages.read(label, page)
    if values.ndim != 2:
        raise FormatError("holds colours", file=label, needed="one number a pixel")
    return whole_numbers(values, label)


def _classes(values: list[int], names: str | None, path: Path) -> Classes:
    given = [name.strip() for name in names.split(",")] if names else [str(value) for value in values]
    if len(given) != len(values):
        raise FormatError(f"the values are {values}", file=path, needed=f"one name each, not {len(given)}")
    return Classes(Class(value, name, "stuff") for value, name in zip(values, given, strict=True))
