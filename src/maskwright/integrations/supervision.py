"""Roboflow's supervision: `Detections`."""

from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.core.classes import Classes
from maskwright.core.masks import Masks
from maskwright.core.polygons import rectangle
from maskwright.core.segments import Segments
from maskwright.registry import require

if TYPE_CHECKING:
    from supervision import Detections


def to_detections(segments: Segments, classes: Classes) -> "Detections":
    """Dense masks (N, H, W) bool, boxes xyxy, class indices, scores where all have one, names in `data`.

    Segments of ignored classes are left out: they have no index.
    """
    supervision = require("supervision", "making Detections")
    kept = (
        segments[[classes[int(class_id)].role != "ignore" for class_id in segments.class_ids]]
        if len(segments)
        else segments
    )
    scores = kept.scores
    return supervision.Detections(  # type: ignore[no-any-return]
        xyxy=kept.masks.boxes().astype(np.float32).reshape(-1, 4),
        mask=kept.masks.decode(),
        class_id=classes.indices(kept.class_ids).astype(int),
        confidence=None if np.isnan(scores).any() else scores.astype(np.float32),
        data={"class_name": np.array([classes[int(class_id)].name for class_id in kept.class_ids], dtype=str)},
    )


def from_detections(detections: "Detections", size: tuple[int, int], classes: Classes) -> Segments:
    """Masks where there are some, else rectangles. class_id: the index in `classes`. Source: model.

    Raises ValueError for detections without class ids.
    """
    found: Any = detections
    if found.class_id is None and len(found):
        raise ValueError("the detections have no class_id")
    if found.mask is not None:
        masks = Masks.encode(np.asarray(found.mask)) if len(found) else Masks.empty(size)
    else:
        masks = Masks.from_polygons([rectangle(*box) for box in np.asarray(found.xyxy).tolist()], size)
    ids = [classes.id_of(int(each)) for each in (found.class_id if len(found) else [])]
    scores = None if found.confidence is None else np.asarray(found.confidence, np.float64)
    return Segments(masks, ids, scores=scores, source="model")
