"""From semantic labels to instances, where someone asks for it."""

from collections.abc import Collection

import numpy as np

from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.errors import UsageError

WAYS = ("components", "watershed")


def split(segments: Segments, class_ids: Collection[int], way: str, *, distance: int = 5) -> Segments:
    """Each segment of `class_ids` in its parts, the others as they are.

    way: components, the 8-connected parts; or watershed, which also cuts where a part is narrow: basins of the distance
    to the border around its maxima, at least `distance` pixels apart.
    """
    if way not in WAYS:
        raise UsageError(f"segments cannot be split by {way!r}", needed=f"one of {', '.join(WAYS)}")
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
