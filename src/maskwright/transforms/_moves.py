"""Moving a target, be it a label map or segments; the image's own moves lie with each augmentation."""

from typing import Any, TypeVar

import numpy as np

from maskwright.core.arrays import Size
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.registry import require

Target = TypeVar("Target", Any, Segments)  # (H, W) uint8 class indices, or Segments


def window(target: Target, top: int, left: int, size: Size, fill: int) -> Target:
    """What a window shows; beyond the image a label map gets `fill` and segments nothing."""
    height, width = size
    if isinstance(target, Segments):
        return target.moved(target.masks.crop((left, top, left + width, top + height)))
    y0, x0 = max(top, 0), max(left, 0)
    y1, x1 = min(top + height, target.shape[0]), min(left + width, target.shape[1])
    inside = target[y0:y1, x0:x1]
    if inside.shape == (height, width):
        return inside
    cv2 = require("cv2", "the augmentation scale-crop")
    border = (y0 - top, top + height - y1, x0 - left, left + width - x1)
    return cv2.copyMakeBorder(inside, *border, cv2.BORDER_CONSTANT, value=fill)


def resized(target: Target, size: Size) -> Target:
    """Nearest neighbour."""
    if isinstance(target, Segments):
        return target.moved(target.masks.resize(size))
    cv2 = require("cv2", "the augmentation scale-crop")
    return cv2.resize(target, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)


def mirrored(target: Target, *, horizontal: bool) -> Target:
    if isinstance(target, Segments):
        return target.moved(target.masks.flip(horizontal=horizontal))
    return np.ascontiguousarray(target[:, ::-1] if horizontal else target[::-1])


def turned(target: Target, quarters: int) -> Target:
    """Counter-clockwise, as np.rot90."""
    if isinstance(target, Segments):
        dense = np.rot90(target.masks.decode(), quarters, axes=(1, 2))
        masks = Masks.encode(np.ascontiguousarray(dense)) if len(target) else Masks.empty(dense.shape[1:])
        return target.moved(masks)
    return np.ascontiguousarray(np.rot90(target, quarters))
