"""Points and boxes.

Points are (x, y) in pixels, float; the origin is the image's top-left corner, so the first pixel's
centre is (0.5, 0.5).  Boxes exclude their far edge: a box around that one pixel is xyxy (0, 0, 1, 1).
"""

import numpy as np

from maskwright.core.arrays import F64, Array
from maskwright.core.values import numbers


def xyxy_to_xywh(boxes: Array) -> Array:
    """Boxes (…, 4) left, top, right, bottom -> (…, 4) left, top, width, height, of the same dtype.

    Raises ValueError for another last axis.

    >>> mw.core.xyxy_to_xywh(np.array([[2, 3, 10, 4]]))
    array([[2, 3, 8, 1]])
    """
    boxes = _of_four(boxes)
    return np.concatenate([boxes[..., :2], boxes[..., 2:] - boxes[..., :2]], axis=-1)


def xywh_to_xyxy(boxes: Array) -> Array:
    """Boxes (…, 4) left, top, width, height -> (…, 4) left, top, right, bottom, of the same dtype.

    Raises ValueError for another last axis.

    >>> mw.core.xywh_to_xyxy(np.array([[2, 3, 8, 1]]))
    array([[ 2,  3, 10,  4]])
    """
    boxes = _of_four(boxes)
    return np.concatenate([boxes[..., :2], boxes[..., :2] + boxes[..., 2:]], axis=-1)


def box_iou(a: Array, b: Array) -> F64:
    """(N, 4) and (M, 4) xyxy -> (N, M) float64. Two boxes without area have IoU 0.

    Raises ValueError for boxes of another shape.
    """
    a, b = checked_boxes(a), checked_boxes(b)
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


def checked_points(points: object) -> F64:
    """(P, 2) float64 (x, y), P >= 0. Raises ValueError for another shape and for numbers that are not finite."""
    return _rows(points, "points", 2, "(P, 2), x and y")


def checked_boxes(boxes: object) -> F64:
    """(N, 4) float64, N >= 0. Raises ValueError for another shape and for numbers that are not finite."""
    return _rows(boxes, "boxes", 4, "(N, 4)")


def _rows(values: object, what: str, width: int, needed: str) -> F64:
    found = numbers(values, what)
    if not found.size and found.ndim <= 2:
        return np.zeros((0, width))
    if found.ndim != 2 or found.shape[1] != width:
        raise ValueError(f"{what} have the shape {found.shape}; they are {needed}")
    if not np.isfinite(found).all():
        raise ValueError(f"{what} hold a coordinate that is not a finite number")
    return found


def _of_four(boxes: Array) -> Array:
    found = np.asarray(boxes)
    if not found.ndim or found.shape[-1] != 4:
        raise ValueError(f"boxes have the shape {found.shape}; their last axis is 4 long")
    return found
