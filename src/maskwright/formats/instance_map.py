"""Instance maps: an image and, beside it, a label image whose values number the objects of one class.

As Cellpose saves them (x.png and x_masks.png or x_cp_masks.tif) and ilastik exports them ("x_Object Identities.tif").
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats._contract import (
    Loss,
    Reading,
    common_losses,
    image_beside,
    key_of,
    new_file,
    put_image,
    read_about,
    suffix_of,
    unique_keys,
    write_about,
)  # fmt: skip
from maskwright.formats._rasters import fitting, read_array, read_map, write_raster
from maskwright.media import Description, describe

LOSES = frozenset(
    {"classes", "overlap", "empty", "crowd", "score", "attributes", "area", "order", "source", "weight", "fields"}
)

_ENDINGS = ("_cp_masks", "_masks", "_Object Identities", "-labels", "_instances")
_SUFFIXES = (".png", ".tif", ".tiff", ".npy")


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a folder with images and a map beside each."""
    return 0.85 if path.is_dir() and next(_pairs(path, None, None), None) is not None else 0.0


def _pairs(path: Path, images: str | None, labels: str | None) -> Iterator[tuple[str, Path, Path]]:
    """Key, image and label image."""
    if images is not None or labels is not None:
        home = path / (labels or ".")
        for file in sorted(home.rglob("*")):
            if file.suffix.lower() in _SUFFIXES:
                key = key_of(file, home)
                image = image_beside(path / (images or "."), _stem(key) or key)
                if image is not None and image != file:
                    yield _stem(key) or key, image, file
        return
    for file in sorted(path.rglob("*")):
        stem = _stem(key_of(file, path)) if file.suffix.lower() in _SUFFIXES else None
        if stem is not None:
            image = image_beside(path, stem) or image_beside(path, f"{stem}_img")  # as Cellpose calls it
            if image is not None:
                yield stem, image, file


def _stem(key: str) -> str | None:
    return next((key.removesuffix(ending) for ending in _ENDINGS if key.endswith(ending)), None)


def read(path: Path, *, images: str | None = None, labels: str | None = None, class_name: str = "object") -> Reading:
    """images, labels: folders below `path`, where the two do not lie side by side.  class_name: what they show."""
    pairs = list(_pairs(path, images, labels))
    if not pairs:
        if next(path.rglob("*_seg.npy"), None) is not None:
            raise FormatError(
                "holds Cellpose's _seg.npy only, which are pickles and can run anything", file=path,
                todo="Save the masks as PNG or TIFF in Cellpose: File, Save masks.",
            )  # fmt: skip
        raise FormatError("no label image beside an image", file=path, needed=f"names ending in {', '.join(_ENDINGS)}")
    about = read_about(path)
    classes = Classes([Class(1, class_name, "thing")])

    def samples() -> Iterator[Sample]:
        for key, image, label in pairs:
            about_image = describe(image)
            labelled = _map(label, about_image)
            below = labelled < 0
            if below.any():
                negative.append(key)
                labelled = np.where(below, 0, labelled)
            values, masks = Masks.from_label_map(labelled, ignore=[0])
            split = about.splits.get(key) if about else None
            segments = Segments(masks, [1] * len(masks), ids=values)
            yield Sample(key, ImageRef(str(image), about_image.size), segments, split=split)

    def told() -> Iterator[Sample]:
        yield from samples()
        if negative:
            notes.append(
                f"values below 0 are not objects; {len(negative)} label images have some, such as {negative[0]}"
            )

    notes: list[str] = []
    negative: list[str] = []
    return Reading(classes, unique_keys(told()), len(pairs), notes)


def _map(file: Path, image: Description) -> Array:
    return fitting(read_array(file), image, file) if file.suffix.lower() == ".npy" else read_map(file, image)


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    renumbered = [int(id_) for id_ in sample.segments.ids if not 0 < id_ < 65536]
    return common_losses(sample, LOSES, classes) + [Loss(sample.key, "ids", number) for number in renumbered]


def write(samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy") -> None:
    """x.png and x_masks.png, 16 bits, as Cellpose reads them.  images: copy or link; the layout needs them."""
    splits = {}
    for sample in unique_keys(samples):
        put_image(sample, folder, sample.key + suffix_of(sample), images)
        segments = sample.segments.visible()
        ids = [int(id_) for id_ in segments.ids]
        free = iter(number for number in range(1, 65536) if number not in ids)
        ids = [id_ if 0 < id_ < 65536 else next(free) for id_ in ids]
        values = np.zeros(sample.image.size, np.uint16)
        segments.masks.composite(ids, out=values)
        write_raster(new_file(folder, f"{sample.key}_masks.png"), values)
        splits[sample.key] = sample.split
    write_about(folder, "instance-map", classes, splits)
