"""Moving an image, and a target, be it a label map or segments."""

from typing import Any, TypeVar

import numpy as np

from maskwright.core.arrays import Array, Size
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.registry import require

Target = TypeVar("Target", Any, Segments)  # (H, W) uint8 class indices, or Segments

CHANNELS = 4  # OpenCV's moves, averages, borders and colours are made for so many
Border = tuple[int, int, int, int]  # pixels above, below, left and right


def placed(target: Target, part: tuple[int, int, int, int], size: Size, border: Border, fill: int) -> Target:
    """A rectangle of a target, scaled by nearest neighbour, with a border around it.

    part: (top, bottom, left, right) inside the target.  size: what it is scaled to.  border: in pixels of the answer,
    in which a label map gets `fill` and segments nothing.
    """
    top, bottom, left, right = part
    above, below, before, after = border
    if isinstance(target, Segments):
        masks = target.masks.crop((left, top, right, bottom)).resize(size)
        if any(border):
            masks = masks.paste((size[0] + above + below, size[1] + before + after), left=before, top=above)
        return target.moved(masks)
    cv2 = require("cv2", "the augmentation scale-crop")
    moved = cv2.resize(target[top:bottom, left:right], size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    return cv2.copyMakeBorder(moved, *border, cv2.BORDER_CONSTANT, value=fill) if any(border) else moved


def mirrored(target: Target, *, horizontal: bool) -> Target:
    if isinstance(target, Segments):
        return target.moved(target.masks.flip(horizontal=horizontal))
    return flipped(target, horizontal=horizontal)


def turned(target: Target, quarters: int) -> Target:
    """Counter-clockwise, as np.rot90."""
    if isinstance(target, Segments):
        dense = np.rot90(target.masks.decode(), quarters, axes=(1, 2))
        masks = Masks.encode(np.ascontiguousarray(dense)) if len(target) else Masks.empty(dense.shape[1:])
        return target.moved(masks)
    return rotated(target, quarters)


def flipped(pixels: Array, *, horizontal: bool) -> Array:
    """(H, W) or (H, W, C), as the reversed view would be, in order; OpenCV moves whole pixels, thirty times faster."""
    if _plain(pixels):
        found: Array = require("cv2", "the augmentation flip").flip(pixels, 1 if horizontal else 0)
        return found.reshape(pixels.shape)
    return np.ascontiguousarray(pixels[:, ::-1] if horizontal else pixels[::-1])


def rotated(pixels: Array, quarters: int) -> Array:
    """(H, W) or (H, W, C), counter-clockwise, as np.rot90."""
    if quarters % 4 and _plain(pixels):
        cv2 = require("cv2", "the augmentation flip")
        ways = (cv2.ROTATE_90_COUNTERCLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_CLOCKWISE)
        found: Array = cv2.rotate(pixels, ways[quarters % 4 - 1])
        return found.reshape(*found.shape[:2], *pixels.shape[2:])
    return np.ascontiguousarray(np.rot90(pixels, quarters))


def _plain(pixels: Array) -> bool:
    return pixels.dtype in (np.uint8, np.float32) and (pixels.ndim == 2 or pixels.shape[2] <= CHANNELS)
