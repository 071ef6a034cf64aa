"""Sets with a folder a class: the same names again in every folder, each file the mask of one class."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats._aside import Aside
from maskwright.formats._label_files import read_label
from maskwright.formats._pairs import Pair
from maskwright.media import Description

#: A mask of gray with soft edges is cut here.
_HALF = 128


def classes_of(names: list[str]) -> Classes:
    """Background, then the folders in the order of their names, from 1 on."""
    background = Class(0, "background", "stuff", "background", (0, 0, 0))
    return Classes([background, *(Class(number, name, "stuff") for number, name in enumerate(names, 1))])


def segments(
    pair: Pair, image: Description, classes: Classes, aside: Aside, fit: Callable[[Array, Description, Path], Array]
) -> Segments:
    """A segment a class that is drawn in this image; they may overlap.

    A file that is broken, or more than one mask, is put aside.  fit: lays masks over the image.
    """
    masks, class_ids = [], []
    for name, file in sorted(pair.by_class.items()):
        with aside.record(file):
            pixels = fit(drawn(file, pair.image), image, file)
            if pixels.any():
                masks.append(Masks.encode(pixels[None]))
                class_ids.append(classes[name].id)
    return Segments(Masks.concatenate(masks, image.size), class_ids)


def drawn(file: Path, image: Path) -> Array:
    """(H, W) bool: where a mask is not black, or at least half as bright as white where it has soft edges."""
    label = read_label(file, image)
    values = label.values
    if label.planes:
        raise FormatError("holds planes", file=file, needed="one mask of one class")
    if values.ndim == 3:
        values = values.max(axis=2)
    found = np.unique(values)
    if label.lossy or (len(found) > 2 and int(found[0]) == 0 and int(found[-1]) == 255):
        return np.asarray(values >= _HALF)
    if len(found) > 2:
        raise FormatError(f"holds {len(found)} values", file=file, needed="one mask of one class")
    return np.asarray(values != 0)
