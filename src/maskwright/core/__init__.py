"""The shared types: masks, polygons, classes, segments, samples, sequences, geometry.

They are loaded when they are first asked for: much of this room works without NumPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = [
    "IGNORE_INDEX", "Class", "Classes", "Column", "ImageRef", "Mask", "Masks", "Polygon", "Sample", "Segments",
    "Sequence", "box_iou", "ring_area", "xywh_to_xyxy", "xyxy_to_xywh",
]  # fmt: skip

if TYPE_CHECKING:
    from maskwright.core.classes import IGNORE_INDEX, Class, Classes
    from maskwright.core.columns import Column
    from maskwright.core.geometry import box_iou, ring_area, xywh_to_xyxy, xyxy_to_xywh
    from maskwright.core.mask import Mask
    from maskwright.core.masks import Masks
    from maskwright.core.polygons import Polygon
    from maskwright.core.sample import ImageRef, Sample
    from maskwright.core.segments import Segments
    from maskwright.core.sequence import Sequence
else:
    _HOME = {
        "IGNORE_INDEX": "classes",
        "Class": "classes",
        "Classes": "classes",
        "Column": "columns",
        "ImageRef": "sample",
        "Mask": "mask",
        "Masks": "masks",
        "Polygon": "polygons",
        "Sample": "sample",
        "Segments": "segments",
        "Sequence": "sequence",
        "box_iou": "geometry",
        "ring_area": "geometry",
        "xywh_to_xyxy": "geometry",
        "xyxy_to_xywh": "geometry",
    }

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module 'maskwright.core' has no attribute {name!r}")
        return getattr(import_module(f"maskwright.core.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
