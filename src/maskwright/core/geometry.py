"""Points and boxes.

Points are (x, y) in pixels, float; the origin is the image's top-left corner, so the first pixel's
centre is (0.5, 0.5).  Boxes exclude their far edge: a box around that one pixel is xyxy (0, 0, 1, 1).
"""

import numpy as np

from maskwright.core.arrays import F64, Array


def xyxy_to_xywh(boxes: Array) -> Array:
    """(..., 4) left, top, right, bottom -> left, top, width, height."""
    return np.concatenate([boxes[..., :2], boxes[..., 2:] - boxes[..., :2]], axis=-1)


def xywh_to_xyxy(boxes: Array) -> Array:
    """(..., 4) left, top, width, height -> left, top, right, bottom."""
    return np.concatenate([boxes[..., :2], boxes[..., :2] + boxes[..., 2:]], axis=-1)


def box_iou(a: Array, b: Array) -> F64:
    """(N, 4) and (M, 4) xyxy -> (N, M) float64. Two boxes without area have IoU 0."""
    a, b = np.asarray(a, np.float64).reshape(-1, 4), np.asarray(b, np.float64).reshape(-1, 4)
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    inside = np.prod(np.clip(high - low, 0, None), axis=-1)
    area_a, area_b = np.prod(a[:, 2:] - a[:, :2], axis=-1), np.prod(b[:, 2:] - b[:, :2], axis=-1)
    union = area_a[:, None] + area_b[None] - inside
    ratio: F64 = np.divide(inside, union, out=np.zeros_like(inside), where=union > 0)
    return ratio


def ring_area(ring: Array) -> float:
    """Signed area of a ring (K, 2) by the shoelace formula; positive when it runs clockwise on the screen."""
    x, y = ring[:, 0], ring[:, 1]
    return float(x[:-1] @ y[1:] - x[1:] @ y[:-1] + x[-1] * y[0] - x[0] * y[-1]) / 2
