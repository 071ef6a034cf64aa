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
from maskwright.formats import _aside, _listing
from maskwright.formats._contract import (
    Loss,
    Reading,
    common_losses,
    image_beside,
    image_files,
    key_of,
    new_file,
    put_image,
    read_about,
    suffix_of,
    unique_keys,
    write_about,
)  # fmt: skip
from maskwright.formats._label_files import read_label
from maskwright.formats._object_numbers import numbers_of
from maskwright.formats._pairs import alone, find, why_objects
from maskwright.formats._rasters import read_array, read_map, write_raster
from maskwright.formats._roles import split_of
from maskwright.formats._scaling import Scaling, command_for
from maskwright.media import describe

LOSES = frozenset(
    {"classes", "overlap", "empty", "crowd", "score", "attributes", "area", "order", "source", "weight", "fields"}
)

_ENDINGS = ("_cp_masks", "_masks", "_Object Identities", "-labels", "_instances")
_SUFFIXES = (".png", ".tif", ".tiff", ".npy")


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: images with a map beside each, or label maps whose values
    certainly number objects.
    """
    if not path.is_dir():
        return 0.0
    if next(_pairs(path, None, None), None) is not None:
        return 0.85
    try:
        layout = find(path)
    except FormatError:
        return 0.0
    return 0.83 if layout.pairs and why_objects(layout) is not None else 0.0


def _pairs(
    path: Path, images: str | None, labels: str | None, lone: list[str] | None = None
) -> Iterator[tuple[str, Path, Path]]:
    """Key, image and label image. lone: where labels without an image are named."""
    apart = images is not None or labels is not None
    home = path / (labels or ".")
    for file in _listing.current().where(home, lambda name: _listing.suffix_of(name) in _SUFFIXES):
        key = key_of(file, home)
        stem = _stem(key)
        if apart:
            stem = stem or key
            image = image_beside(path / (images or "."), stem)
        elif stem is not None:
            image = image_beside(path, stem) or image_beside(path, f"{stem}_img")  # as Cellpose calls it
        else:
            continue
        if image is not None and image != file:
            yield stem, image, file
        elif lone is not None and _stem(key) is not None:
            lone.append(key)


def _lone_images(path: Path, images: str | None, pairs: list[tuple[str, Path, Path]]) -> list[str]:
    used = {file for _, image, label in pairs for file in (image, label)}
    home = path / (images or ".")
    found = [key_of(file, home) for file in image_files(home) if file not in used]
    return [key for key in found if _stem(key) is None]


def _stem(key: str) -> str | None:
    return next((key.removesuffix(ending) for ending in _ENDINGS if key.endswith(ending)), None)


def read(
    path: Path, *, images: str | None = None, labels: str | None = None, class_name: str = "object", scale: bool = False
) -> Reading:
    """images, labels: folders below `path`, where the two do not lie side by side; images/ and masks/ or labels/ are
    found without.  class_name: what they show.  scale: whether labels of another resolution than their image, and of
    its shape, are scaled to it, by nearest neighbours.
    """
    lone: list[str] = []
    pairs = list(_pairs(path, images, labels, lone))
    lone_images = _lone_images(path, images, pairs)
    splits = {key: split_of(image.relative_to(path).parent.parts) for key, image, _ in pairs}
    if not pairs and images is None and labels is None and path.is_dir():
        layout = find(path)
        pairs = [(pair.key, pair.image, pair.label) for pair in layout.pairs]
        splits |= {pair.key: pair.split for pair in layout.pairs}
        lone_images, lone = layout.lone_images, layout.lone_labels
    if not pairs or all(label.name.endswith("_seg.npy") for _, _, label in pairs):
        if next(path.rglob("*_seg.npy"), None) is not None:
            raise FormatError(
                "holds Cellpose's _seg.npy only, which are pickles and can run anything", file=path,
                todo="Save the masks as PNG or TIFF in Cellpose: File, Save masks.",
            )  # fmt: skip
        raise FormatError("no label image beside an image", file=path, needed=f"names ending in {', '.join(_ENDINGS)}")
    about = read_about(path)
    classes = Classes([Class(1, class_name, "thing")])

    aside = _aside.current()
    given = {"images": images, "labels": labels, "class_name": None if class_name == "object" else class_name}
    scaling = Scaling(asked=scale, command=command_for("instance-map", path, given))

    def sample_of(pair: tuple[str, Path, Path]) -> Sample:
        key, image, label = pair
        about_image = describe(image)
        labelled = scaling.fit(_map(label, image), about_image, label)
        below = labelled < 0
        if below.any():
            negative.append(key)
            labelled = np.where(below, 0, labelled)
        values, masks = Masks.from_label_map(labelled, ignore=[0])
        split = about.splits.get(key) if about else splits.get(key)
        segments = Segments(masks, [1] * len(masks), ids=values)
        return Sample(key, ImageRef(str(image), about_image.size), segments, split=split)

    def samples() -> Iterator[Sample]:
        yield from aside.samples(pairs, sample_of, lambda pair: (pair[2], None))
        if negative:
            notes.append(
                f"values below 0 are not objects; {len(negative)} label images have some, such as {negative[0]}"
            )
        notes.extend(scaling.notes())

    notes = alone(lone_images, lone)
    negative: list[str] = []
    return Reading(classes, samples(), len(pairs), notes)


def _map(file: Path, image: Path) -> Array:
    """(H, W) numbers of a file, which may stand in its red channel alone."""
    if file.suffix.lower() in (".npy", ".npz"):
        return read_array(file)
    label = read_label(file, image) if file.suffix.lower() == ".png" else None
    numbers = numbers_of(label) if label is not None else None
    return read_map(file) if numbers is None else numbers


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
