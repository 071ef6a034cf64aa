"""Tidying what an engine answers."""

from dataclasses import dataclass

import numpy as np

from maskwright.core.arrays import Array, Bool
from maskwright.core.masks import Masks
from maskwright.interactive.prompts import Prompts


@dataclass(frozen=True)
class Cleanup:
    """What is done to every mask, in this order.  The defaults do nothing.

    keep_clicked: leave only the parts (eight neighbours) that a positive point is on, where there is one.  min_area:
    drop parts of fewer pixels.  fill_holes: fill holes (four neighbours) of at most this many pixels; -1 fills all.
    smooth: opening, then closing by a disk of this radius.  Clicks hold after all: a hole or part that a point asked
    for stays, and the pixel under each point is as it was clicked.
    """

    keep_clicked: bool = False
    min_area: int = 0
    fill_holes: int = 0
    smooth: int = 0

    def __call__(self, masks: Masks, prompts: Prompts) -> Masks:
        if self == Cleanup():
            return masks
        on = prompts.points[prompts.point_labels == 1]
        beside = prompts.points[prompts.point_labels == 0]
        cleaned = [self._one(masks[k : k + 1], on, beside) for k in range(len(masks))]
        return Masks.concatenate(cleaned, masks.size)

    def _one(self, mask: Masks, on: Array, beside: Array) -> Masks:
        if self.keep_clicked or self.min_area > 1:
            parts, _ = mask.components(connectivity=8)
            keep = parts.areas() >= self.min_area
            clicked = _holds(parts, on)
            keep = clicked if self.keep_clicked and clicked.any() else keep | clicked
            mask = Masks.concatenate([parts[keep]], mask.size).union().batch if keep.any() else mask - mask
        if self.smooth:
            mask = mask.erode(self.smooth, "disk").dilate(self.smooth, "disk")
            mask = mask.dilate(self.smooth, "disk").erode(self.smooth, "disk")
        if self.fill_holes:
            holes, _ = mask.holes().components(connectivity=4)
            small = (holes.areas() <= self.fill_holes) if self.fill_holes > 0 else np.ones(len(holes), bool)
            small &= ~_holds(holes, beside)
            if small.any():
                mask = mask | holes[small].union().batch
        return _clicked(mask, on, beside)


def _holds(masks: Masks, points: Array) -> Bool:
    """(N,) bool: a point lies in the mask."""
    if not len(points) or not len(masks):
        return np.zeros(len(masks), bool)
    out: Bool = np.asarray(masks.contains(points).any(axis=-1))
    return out


def _clicked(mask: Masks, on: Array, beside: Array) -> Masks:
    """The pixel under each point as it was clicked."""
    height, width = mask.size
    for points, inside in ((on, True), (beside, False)):
        if len(points):
            spots = np.zeros((1, height, width), bool)
            column = np.clip(points[:, 0].astype(int), 0, width - 1)
            spots[0, np.clip(points[:, 1].astype(int), 0, height - 1), column] = True
            mask = mask | Masks.encode(spots) if inside else mask - Masks.encode(spots)
    return mask
