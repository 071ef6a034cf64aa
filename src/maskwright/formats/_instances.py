"""From semantic labels to instances, where someone asks for it."""

from collections.abc import Collection
from typing import Any

import numpy as np

from maskwright.core.classes import Classes
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments

#: So many images are looked at for objects that lie in one segment.
_LOOKED_AT = 50


def split(segments: Segments, class_ids: Collection[int], way: str, *, distance: int = 5) -> Segments:
    """Each segment of `class_ids` in its parts, the others as they are.

    way: components, the 8-connected parts; or watershed, which also cuts where a part is narrow: basins of the distance
    to the border around its maxima, at least `distance` pixels apart.
    """
    masks, ids = [], []
    for row, class_id in enumerate(segments.class_ids.tolist()):
        own = segments.masks[row : row + 1]
        if class_id in class_ids:
            own = own.components(connectivity=8)[0] if way == "components" else _basins(own, distance)
        masks.append(own)
        ids += [class_id] * len(own)
    return Segments(Masks.concatenate(masks, segments.size), ids, source="import")


def _basins(mask: Masks, distance: int) -> Masks:
    from maskwright.registry import require

    ndimage = require("scipy.ndimage", "the watershed")
    feature = require("skimage.feature", "the watershed")
    segmentation = require("skimage.segmentation", "the watershed")
    inside = np.pad(mask.decode()[0], 1)
    depth = ndimage.distance_transform_edt(inside)
    parts, _ = ndimage.label(inside, np.ones((3, 3)))
    peaks = feature.peak_local_max(depth, min_distance=distance, labels=parts, exclude_border=False)
    seeds = np.zeros(inside.shape, np.int64)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    basins = segmentation.watershed(-depth, seeds, mask=inside)
    return Masks.from_label_map(np.ascontiguousarray(basins[1:-1, 1:-1].astype(np.int64)), ignore=[0])[1]


class Parted:
    """Whether the one segment of a class is likely many objects: it lies in many parts of like size."""

    def __init__(self, classes: Classes) -> None:
        """Nothing is looked at where there are more than two classes: those are seldom objects alone."""
        self._names = {class_.id: class_.name for class_ in classes if class_.role == "class"}
        self._left = _LOOKED_AT if len(self._names) <= 2 else 0
        self._parts: dict[int, list[int]] = {}

    def look(self, segments: Segments) -> None:
        if self._left <= 0:
            return
        self._left -= 1
        for row, class_id in enumerate(segments.class_ids.tolist()):
            if class_id in self._names:
                areas = segments.masks[row : row + 1].components(connectivity=8)[0].areas()
                spread = 2 * areas.max(initial=0) < areas.sum()  # the largest part is less than half of all
                self._parts.setdefault(class_id, []).append(len(areas) if spread else 1)

    def told(self) -> Any:
        """What was seen, as of `_marks.State`."""
        return [self._left, list(self._parts.items())]

    def restore(self, told: Any) -> None:
        """Be as it was when `told` said this."""
        self._left, parts = told
        self._parts = {class_id: list(numbers) for class_id, numbers in parts}

    def notes(self) -> list[str]:
        many = {class_id: float(np.median(parts)) for class_id, parts in self._parts.items() if np.median(parts) >= 3}
        if not many:
            return []
        said = " and ".join(
            f"{self._names[class_id]!r} lies in about {number:.0f}" for class_id, number in many.items()
        )
        return [f"{said} parts an image and is one segment; --option instances=components makes every part an object"]
