"""What a file looks like at a glance: a label, with few values in whole areas, or a photograph."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import Array
from maskwright.errors import MaskwrightError
from maskwright.formats._drawn import FLAT, VALUES, flatness
from maskwright.formats._label_files import read_label
from maskwright.formats._rasters import packed
from maskwright.formats._scaling import alike
from maskwright.media import describe, read

#: Files larger than this are not opened for a look.
_LARGE = 64 << 20


@dataclass(frozen=True)
class Look:
    """values: of a label, (H, W) integers or packed colours; None where they were not read.

    is_label: None where that cannot be told.  fits: whether it is of its image's size, either way up; is_alike: of its
    shape at least.
    binary: two values at most, one of them 0.  broken: whether a file of the two cannot be read at all, so that another
    pair has to tell.
    """

    values: Array | None = None
    is_label: bool | None = None
    fits: bool = True
    binary: bool = False
    broken: bool = False
    is_alike: bool = True


def look(label: Path, image: Path) -> Look:
    """At a label file and its image. A label that cannot be read is none; without its image nothing is known of it."""
    try:
        if label.stat().st_size > _LARGE or label.suffix.lower() in (".npz", ".mat"):
            return Look()
        about: Any = describe(image)
    except (MaskwrightError, OSError):
        return Look(broken=True)
    try:
        found = read_label(label, image)
    except (MaskwrightError, OSError):
        return Look(is_label=False, broken=not _opens(label))
    if found.planes:
        return Look(None, True)
    values = found.values if found.values.ndim == 2 else packed(found.values)
    fits = values.shape in (about.size, about.stored_size)
    is_alike = any(alike(values.shape, size) for size in (about.size, about.stored_size))
    if found.lossy:
        bright = (values > 191).mean(), (values < 64).mean()
        return Look(values, bool(sum(bright) > 0.9), fits, binary=True, is_alike=is_alike)
    distinct = np.unique(values)
    few = len(distinct) <= VALUES
    flat = flatness(values) if values.shape[1] > 1 else 1.0
    binary = len(distinct) <= 2 and (len(distinct) < 2 or int(distinct[0]) == 0)
    return Look(values, few or flat > FLAT, fits, binary, is_alike=is_alike)


def _opens(file: Path) -> bool:
    """Whether it can be read as an image, of whatever it is."""
    try:
        read(str(file))
    except (MaskwrightError, OSError):
        return False
    return True


def same_areas(left: Array, right: Array) -> bool:
    """Whether two labels divide the image alike, whatever numbers or colours they use."""
    if left.shape != right.shape:
        return False
    first, second = (np.unique(values, return_inverse=True)[1].reshape(-1) for values in (left, right))
    both = np.unique(first.astype(np.int64) << 32 | second)
    return len(both) == len(np.unique(first)) == len(np.unique(second))
