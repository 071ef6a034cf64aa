"""A second label file of an image that tells objects apart, beside the one that says their classes.

As VOC's SegmentationObject beside SegmentationClass, KITTI's instance/ beside semantic/, iSAID's Instance_masks.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.formats._label_files import read_label
from maskwright.formats._rasters import packed
from maskwright.formats._roles import all_words
from maskwright.media import Description

_OBJECTS = frozenset({"instance", "instances", "inst", "object", "objects"})
_CLASSES = frozenset({"semantic", "class", "classes", "cls", "categories"})


def says(folders: Iterable[str], added: str) -> str | None:
    """objects or classes, as the words of a folder say, else those that are added to file names; None for neither."""
    for names in (folders, [added]):
        found = set(all_words(names))
        if bool(found & _OBJECTS) != bool(found & _CLASSES):
            return "objects" if found & _OBJECTS else "classes"
    return None


def segments(
    values: Array, file: Path, image: Path, about: Description, hidden: Iterable[int],
    fit: Callable[[Array, Description, Path], Array],
) -> Segments:  # fmt: skip
    """A segment an object.

    values: (H, W) class numbers.  file: whose values or colours differ from object to object.  hidden: class ids
    without segments.  fit: lays the file over its image.  An object that lies in two classes is one of each.
    """
    label = read_label(file, image)
    numbers = fit(label.values if label.values.ndim == 2 else packed(label.values), about, file)
    both = values.astype(np.int64) << 32 | numbers.astype(np.int64)
    codes, masks = Masks.from_label_map(both)
    class_ids = codes >> 32
    kept = ~np.isin(class_ids, list(hidden))
    return Segments(masks[kept], class_ids[kept])
