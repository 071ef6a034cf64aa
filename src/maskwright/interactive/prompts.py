"""Prompts of interactive segmentation, and what an engine answers."""

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from maskwright.core.arrays import F32, Array, Size
from maskwright.core.masks import Masks
from maskwright.errors import UsageError
from maskwright.registry import require


@dataclass(frozen=True)
class Prompts:
    """Prompts for one object of one image (for all objects of a kind where there is `text`).

    points: (N, 2) float32 (x, y) in pixels of the image, in the order they were given.  point_labels: (N,) int8, 1 on
    the object, 0 beside it.  boxes: (B, 4) float32 xyxy around the object.  mask: (h, w) float32 logits of any size, as
    a former answer's, or None.  text: what to look for, or None.
    """

    points: F32 = field(default_factory=lambda: np.zeros((0, 2), np.float32))
    point_labels: Array = field(default_factory=lambda: np.zeros(0, np.int8))
    boxes: F32 = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    mask: F32 | None = None
    text: str | None = None

    @classmethod
    def of(
        cls,
        size: Size,
        points: object = None,
        point_labels: object = None,
        boxes: object = None,
        mask: object = None,
        text: str | None = None,
    ) -> Self:
        """Checked against an image of `size`.

        Labels left out are all 1.  A boolean mask becomes logits of -8 and 8.  Raises UsageError for no prompt at all,
        for shapes that do not fit, for points and boxes outside the image, and for boxes without an inside.
        """
        height, width = size
        xy = np.asarray([] if points is None else points, np.float32).reshape(-1, 2)
        labels = np.ones(len(xy), np.int8) if point_labels is None else np.asarray(point_labels, np.int8).reshape(-1)
        around = np.asarray([] if boxes is None else boxes, np.float32).reshape(-1, 4)
        if len(labels) != len(xy):
            raise UsageError(f"there are {len(xy)} points and {len(labels)} point labels", needed="one label a point")
        if not np.isin(labels, (0, 1)).all():
            raise UsageError(f"the point label {labels.max()} is not known", needed="1 on the object, 0 beside it")
        for x, y in xy:
            if not (0 <= x <= width and 0 <= y <= height):
                raise UsageError(
                    f"the point ({x:g}, {y:g}) lies outside", needed=f"the image is {width} wide and {height} high"
                )
        for box in around:
            if not (box[0] < box[2] and box[1] < box[3] and np.isfinite(box).all()):
                raise UsageError(f"the box {box.tolist()} has no inside", needed="x0, y0, x1, y1")
            if box[2] <= 0 or box[3] <= 0 or box[0] >= width or box[1] >= height:
                raise UsageError(
                    f"the box {box.tolist()} lies outside", needed=f"the image is {width} wide and {height} high"
                )
        around = np.clip(around, 0, np.array([width, height, width, height], np.float32))
        logits = None
        if mask is not None:
            given = np.asarray(mask)
            if given.ndim != 2 or given.size == 0:
                raise UsageError(f"the mask has shape {given.shape}", needed="(height, width)")
            logits = np.where(given, 8.0, -8.0) if given.dtype == np.bool_ else given
            logits = np.ascontiguousarray(logits, np.float32)
        if not (len(xy) or len(around) or logits is not None or text):
            raise UsageError("there is no prompt", needed="a point, a box, a mask or a text")
        return cls(xy, labels, around, logits, text or None)

    def first(self, number: int) -> Self:
        """The same with only the first points."""
        return replace(self, points=self.points[:number], point_labels=self.point_labels[:number])


@dataclass(frozen=True)
class Answer:
    """What an engine thinks.

    masks: N masks at the image's size, the best first.  scores: (N,) float32, the IoU the engine expects.  logits:
    (N, h, w) float32, small, positive inside; an answer's may be the next prompt's mask.  several: the masks are
    different objects, not different answers to one question.
    """

    masks: Masks
    scores: F32
    logits: F32
    several: bool = False

    def __len__(self) -> int:
        return len(self.masks)

    def above(self, probability: float) -> Masks:
        """The masks where the engine is at least this sure, 0 to 1: less than 0.5 widens them, more narrows them.

        Bilinear over the image, so that 0.5 is close to `masks` but without an engine's own sharpening.

        probability: above 0 and below 1.
        """
        cv2: Any = require("cv2", "masks above a threshold")
        limit = float(np.log(probability / (1 - probability)))
        height, width = self.masks.size
        parts = [cv2.resize(logit, (width, height), interpolation=cv2.INTER_LINEAR) > limit for logit in self.logits]
        return Masks.encode(np.stack(parts)) if parts else self.masks


def along(line: object, spacing: float) -> Array:
    """Points of a scribble: (N, 2) corners of a drawn line -> (M, 2) points `spacing` pixels apart, with both ends."""
    corners = np.asarray(line, np.float32).reshape(-1, 2)
    if len(corners) < 2:
        return corners
    lengths = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1))])
    at = np.linspace(0, lengths[-1], max(2, int(np.ceil(lengths[-1] / spacing)) + 1))
    return np.stack([np.interp(at, lengths, corners[:, k]) for k in (0, 1)], axis=1).astype(np.float32)
