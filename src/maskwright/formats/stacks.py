"""Label stacks, read only: pages of TIFF and OME-TIFF files, or .npy arrays (N, H, W), beside images of as many.

Each page is a sample named file/page.  Write a label map or an instance map instead.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _aside
from maskwright.formats._contract import Reading
from maskwright.formats._pairs import alone, find
from maskwright.formats._rasters import whole_numbers
from maskwright.formats._roles import split_of_name
from maskwright.media import pages

LOSES: frozenset[str] = frozenset()

_SUFFIXES = (".tif", ".tiff", ".npy")
#: So many labels tell whether they have several pages.
_LOOKED_INTO = 3


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a folder with TIFF or .npy files of several pages and
    their labels.
    """
    try:
        found = _pairs(path)[:_LOOKED_INTO] if path.is_dir() else []
    except FormatError:
        return 0.0
    return 0.88 if any(number > 1 for number, _ in _aside.readable((label for _, label in found), pages.shape)) else 0.0


def _pairs(path: Path) -> list[tuple[Path, Path]]:
    """Images and labels that pair, of files that can have several pages."""
    pairs = [(pair.image, pair.label) for pair in find(path).pairs]
    return [files for files in pairs if all(file.suffix.lower() in _SUFFIXES for file in files)]


def read(path: Path, *, names: Sequence[str] | None = None, background: int = 0, instances: bool = False) -> Reading:
    """names: class names by comma, in the order of the values.  background: the value of pixels without a segment.

    instances: the values number objects of one class, which keep them from page to page.
    """
    found = _pairs(path)
    if not found:
        raise FormatError("no TIFF or .npy labels beside images", file=path, needed="images/ and labels/")
    layers: list[tuple[str, Path, Path, int]] = []
    aside = _aside.current()
    for image, label in found:
        with aside.record(label, whole=True):
            number, size = pages.shape(label)
            if pages.shape(image) != (number, size):
                raise FormatError(
                    f"has {number} pages of {size[0]} x {size[1]}", file=label,
                    needed=f"as its image: {pages.shape(image)[0]} of {' x '.join(map(str, pages.shape(image)[1]))}",
                )  # fmt: skip
            layers += [(f"{label.name.split('.')[0]}/{page:04d}", image, label, page) for page in range(number)]
    values: set[int] = set()
    if not instances:
        values.update(*_aside.readable(layers, lambda layer: np.unique(_map(*layer[2:])).tolist()))
    classes = Classes([Class(1, next(iter(names or ()), "object"))]) if instances else _classes(
        sorted(values - {background}), names, path
    )  # fmt: skip

    def sample_of(layer: tuple[str, Path, Path, int]) -> Sample:
        key, image, label, page = layer
        own, masks = Masks.from_label_map(_map(label, page), ignore=[background])
        segments = Segments(masks, [1] * len(own) if instances else own, ids=own if instances else None)
        uri = f"{image}#page={page}"
        reference = ImageRef(uri, masks.size, video=key.rsplit("/", 1)[0], frame=page)
        return Sample(key, reference, segments, split=split_of_name(image.stem))

    samples = aside.samples(layers, sample_of, lambda layer: (layer[2], f"page {layer[3]}"))
    return Reading(classes, samples, len(layers), _alone(found))


def _alone(found: list[tuple[Path, Path]]) -> list[str]:
    """Notes of files without a partner, in the folders of those that have one."""
    lone = [
        [file.name for file in sorted(home.iterdir()) if file.suffix.lower() in _SUFFIXES and file not in used]
        for home, used in ((partners[0].parent, set(partners)) for partners in zip(*found, strict=True))
    ]
    return alone(lone[0], lone[1])


def _map(label: Path, page: int) -> Array:
    try:
        values = pages.read(label, page)
    except FormatError as error:
        raise error.at(file=label, record=f"page {page}") from error.__cause__
    if values.ndim != 2:
        raise FormatError("holds colours", file=label, needed="one number a pixel")
    return whole_numbers(values, label)


def _classes(values: list[int], names: Sequence[str] | None, path: Path) -> Classes:
    given = list(names or ()) or (["object"] if len(values) == 1 else [str(value) for value in values])
    if len(given) != len(values):
        raise FormatError(f"the values are {values}", file=path, needed=f"one name each, not {len(given)}")
    return Classes(Class(value, name, "stuff") for value, name in zip(values, given, strict=True))
