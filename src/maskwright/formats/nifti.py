"""NIfTI volumes, read only: each slice along the last axis is a sample, its spacing and affine kept.

Layouts: nnU-Net's imagesTr/case_0000.nii.gz + labelsTr/case.nii.gz with dataset.json, or images/ + labels/ with files
of one name.  Write a label map instead.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core import pages
from maskwright.core.arrays import Array
from maskwright.core.classes import Class, Classes
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats._contract import Reading, unique_keys
from maskwright.formats._json import load
from maskwright.formats._rasters import whole_numbers

LOSES: frozenset[str] = frozenset()

_FOLDERS = (("imagesTr", "labelsTr", "train"), ("imagesVal", "labelsVal", "val"), ("imagesTs", "labelsTs", "test"),
            ("images", "labels", None), ("images", "masks", None), ("image", "label", None))  # fmt: skip


def sniff(path: Path) -> float:
    return 0.9 if path.is_dir() and _pairs(path, None) else 0.0


def _stem(file: Path) -> str:
    return file.name.removesuffix(".gz").removesuffix(".nii")


def _pairs(path: Path, channel: int | None) -> list[tuple[str, Path, Path, str | None]]:
    out = []
    for left, right, split in _FOLDERS:
        labels = sorted((path / right).glob("*.nii*"))
        pictures = {_stem(one): one for one in (path / left).glob("*.nii*")}
        for label in labels:
            stem = _stem(label)
            names = [f"{stem}_{channel or 0:04d}", *([] if channel else [stem])]
            image = next((pictures[name] for name in names if name in pictures), None)
            if image is not None:
                out.append((stem, image, label, split))
    return out


def read(path: Path, *, channel: int | None = None, empty: bool = True) -> Reading:
    """channel: which of nnU-Net's channels is the picture.  empty: read slices without a label, too.

    Value 0 is the background, as dataset.json declares it; pixels of an "ignore" label are ignored.
    """
    found = _pairs(path, channel)
    if not found:
        raise FormatError("no NIfTI labels beside volumes", file=path, needed="imagesTr/ and labelsTr/")
    classes = _classes(path, [label for _, _, label, _ in found])
    layers = []
    for stem, image, label, split in found:
        number, size = pages.shape(label)
        if pages.shape(image) != (number, size):
            raise FormatError(
                f"has {number} slices of {size[0]} x {size[1]}", file=label,
                needed=f"as its volume: {pages.shape(image)[0]} of {' x '.join(map(str, pages.shape(image)[1]))}",
            )  # fmt: skip
        layers += [(stem, image, label, split, page) for page in range(number)]

    def samples() -> Iterator[Sample]:
        about: dict[Path, dict[str, Any]] = {}
        for stem, image, label, split, page in layers:
            if label not in about:
                header = pages.volume(str(label))
                spacing = [float(step) for step in header.header.get_zooms()]
                about = {label: {"spacing": spacing, "affine": np.asarray(header.affine).tolist()}}
            values = _map(label, page)
            segments = Segments.from_label_map(values, ignore=[0])
            wrong = [int(one) for one in segments.class_ids if int(one) not in classes]
            if wrong:
                raise FormatError(f"has the undeclared value {wrong[0]}", file=label, record=f"slice {page}")
            if len(segments) or empty:
                reference = ImageRef(f"{image}#page={page}", segments.size, video=stem, frame=page)
                yield Sample(f"{stem}/{page:04d}", reference, segments, split=split, fields={"nifti": about[label]})

    return Reading(classes, unique_keys(samples()), len(layers) if empty else None)


def _map(label: Path, page: int) -> Array:
    values = whole_numbers(pages.read(label, page), label)
    if values.ndim != 2:
        raise FormatError("has more than three axes", file=label, needed="one label a voxel")
    return values


def _classes(path: Path, labels: list[Path]) -> Classes:
    about = path / "dataset.json"
    names: dict[int, str] = {}
    if about.is_file():
        try:
            for left, right in load(about)["labels"].items():
                # nnU-Net 2 writes name: value, the decathlon value: name.
                value, name = (left, right) if str(left).isdigit() else (right, left)
                names[int(value)] = str(name)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormatError(f"its labels cannot be read ({error!r})", file=about) from None
    else:
        for label in labels:
            for page in range(pages.shape(label)[0]):
                names |= {int(value): str(value) for value in np.unique(_map(label, page))}
    names = {0: "background", **{value: name for value, name in names.items() if value}}
    return Classes(
        Class(value, name, "stuff", "background" if value == 0 else "ignore" if name == "ignore" else "class")
        for value, name in sorted(names.items())
    )
