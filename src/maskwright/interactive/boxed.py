"""The object in a box, for the engine that needs no weights.

Only the box and what lies around it are looked at, enlarged or made smaller to a fixed size: how large the object is in
the whole image does not matter, and objects like it elsewhere do not count as background.  What lies around the box is
not the object, what lies in its middle likelier is; colours learned from both, and the smallest cut of them, give the
mask, three times over.  A mask that does not reach near the sides of the box, which was drawn round something, is
widened until one does.

After Rother et al., "GrabCut", SIGGRAPH 2004; Lempitsky et al., "Image Segmentation with a Bounding Box Prior",
ICCV 2009, whose prior is here a bias on every pixel.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.core.arrays import F32, U8, Array, Bool
from maskwright.interactive.scene import Weights, edges_of, neighbours_of
from maskwright.registry import require

_AROUND = 0.4  # of the box's longer side: what is looked at around it
_LEAST_AROUND = 4.0  # pixels
_SIDE = 160  # pixels of the longer side of what is worked on
_MOST_ENLARGED = 4.0
_ROUNDS = 3
_MIDDLE = 1.5  # log odds of the box's middle; minus twice that is the least in its corners
_BINS = 16  # of each colour channel
_LEAST_SPAN = 12.0  # of a channel, in CIELAB units: less than that is noise
_CLIP = 3.0
_REACH = 0.6  # of the box's width and height that the mask reaches over
_WIDENINGS = 6
_HOLE = 0.02  # of the box: smaller holes are filled
_CERTAIN = 10**6


@dataclass(frozen=True)
class Found:
    """mask: (H, W) bool, of the image.  odds: (h, w) float32 of the crop x0, y0, x1, y1, positive in the mask."""

    mask: Bool
    odds: F32
    crop: tuple[int, int, int, int]


def object_in(image: U8, box: Array, weights: Weights) -> Found:
    """image: (H, W, 3) uint8 RGB.  box: (4,) xyxy.  The mask lies in the box, and is never empty."""
    cv2: Any = require("cv2", "the classical engine")
    crop, small, (x0, y0, x1, y1) = _cropped(image, box)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    height, width = lab.shape[:2]
    room = np.zeros((height, width), bool)
    room[_inside(y0, y1, height), _inside(x0, x1, width)] = True
    y, x = np.mgrid[:height, :width] + 0.5
    off = ((x - (x0 + x1) / 2) / (x1 - x0) * 2) ** 2 + ((y - (y0 + y1) / 2) / (y1 - y0) * 2) ** 2
    colours = _Colours(lab)
    neighbours = neighbours_of(np.ones((height, width), bool))
    edges = edges_of(lab.reshape(-1, 3), neighbours, weights)
    middle = (_MIDDLE * (1 - off)).clip(-2 * _MIDDLE, None)
    like, unlike = np.exp(-2 * off) * room, ~room + 0.5 * (room & (off > 1.3))
    for _ in range(_ROUNDS):
        odds = (colours.odds(like, unlike) + middle).astype(np.float32)
        mask, odds = _widened(odds, room, off, (x1 - x0, y1 - y0), neighbours, edges)
        like, unlike = mask * np.exp(-off / 2), (~mask).astype(float)
    mask = _filled(mask, _HOLE * room.sum())
    odds = np.where(mask, np.maximum(odds, 0.1), np.minimum(odds, -0.1)).astype(np.float32)
    return Found(_at_full_size(mask, crop, image, box), odds, crop)


def _cropped(image: U8, box: Array) -> tuple[tuple[int, int, int, int], U8, tuple[float, float, float, float]]:
    """-> the crop, its pixels as they are worked on, and the box in them."""
    cv2: Any = require("cv2", "the classical engine")
    x0, y0, x1, y1 = (float(value) for value in box)
    around = max(_LEAST_AROUND, _AROUND * max(x1 - x0, y1 - y0))
    left, top = int(max(0, np.floor(x0 - around))), int(max(0, np.floor(y0 - around)))
    right, bottom = int(min(image.shape[1], np.ceil(x1 + around))), int(min(image.shape[0], np.ceil(y1 + around)))
    piece = image[top:bottom, left:right]
    scale = min(_MOST_ENLARGED, _SIDE / max(piece.shape[:2]))
    height, width = (max(1, round(length * scale)) for length in piece.shape[:2])
    small = cv2.resize(piece, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    sx, sy = width / (right - left), height / (bottom - top)
    return (left, top, right, bottom), small, ((x0 - left) * sx, (y0 - top) * sy, (x1 - left) * sx, (y1 - top) * sy)


def _inside(low: float, high: float, length: int) -> slice:
    """The pixels that [low, high] covers; at least 1."""
    begin = min(length - 1, max(0, int(np.floor(low + 0.01))))
    return slice(begin, max(begin + 1, int(np.ceil(high - 0.01))))


class _Colours:
    """The colours of a crop, counted in bins that span what occurs in it."""

    def __init__(self, lab: F32) -> None:
        self.size = lab.shape[:2]
        low, high = np.percentile(lab.reshape(-1, 3), [0.5, 99.5], axis=0)
        share = (lab.reshape(-1, 3) - (low + high) / 2) / np.maximum(high - low, _LEAST_SPAN) + 0.5
        place = (share * (_BINS - 1) + 0.5).clip(0, _BINS - 1).astype(np.int64)
        self.bin = (place[:, 0] * _BINS + place[:, 1]) * _BINS + place[:, 2]

    def odds(self, like: Array, unlike: Array) -> Array:
        """(h, w) log odds of each pixel's colour, from (h, w) shares of pixels inside and outside."""
        inside, outside = self._density(like), self._density(unlike)
        least = 1e-3 * max(inside.max(), outside.max()) + 1e-9
        odds: Array = np.log((inside + least) / (outside + least)).clip(-_CLIP, _CLIP)[self.bin].reshape(self.size)
        return odds

    def _density(self, shares: Array) -> Array:
        counts = np.bincount(self.bin, shares.ravel(), _BINS**3).reshape(_BINS, _BINS, _BINS)
        spread = np.exp(-(np.arange(-3, 4) ** 2) / 2)
        for axis in range(3):
            wide = np.pad(counts, [(3, 3) if axis == padded else (0, 0) for padded in range(3)])
            counts = sum(
                weight * np.take(wide, range(shift, shift + _BINS), axis=axis) for shift, weight in enumerate(spread)
            )
        density: Array = counts.ravel() / max(counts.sum(), 1e-9)
        return density


def _widened(
    odds: F32, room: Bool, off: Array, wide: tuple[float, float], neighbours: Array, edges: Array
) -> tuple[Bool, F32]:
    """The smallest cut whose mask reaches over enough of the box, and the odds that it was cut from.

    wide: the box's width and height.
    """
    from maskwright.interactive.kernels.cut import smallest_cut

    step = 0.5
    for _ in range(_WIDENINGS):
        terminal = np.clip(100 * odds, -_CERTAIN, _CERTAIN).astype(np.int32)
        terminal[~room] = -_CERTAIN
        mask = _middle_parts(smallest_cut(neighbours, edges.copy(), terminal.ravel()).reshape(room.shape) & room, off)
        if mask.any():
            rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
            reach = min((np.ptp(columns) + 1) / wide[0], (np.ptp(rows) + 1) / wide[1])
            if reach >= _REACH:
                return mask, odds
        odds = odds + np.float32(step)
        step *= 1.6
    return (mask if mask.any() else room & (off <= max(1.0, float(off[room].min())))), odds


def _middle_parts(mask: Bool, off: Array) -> Bool:
    """Without the parts that have little in the middle of the box."""
    cv2: Any = require("cv2", "the classical engine")
    number, part = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    weight = np.bincount(part.ravel(), np.exp(-2 * off).ravel(), number)
    weight[0] = 0
    wanted = weight >= max(0.25 * weight.max(), 1e-12)
    out: Bool = wanted[part]
    return out


def _filled(mask: Bool, hole: float) -> Bool:
    cv2: Any = require("cv2", "the classical engine")
    _, part, stats, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] < hole
    small[0] = False
    out: Bool = mask | small[part]
    return out


def _at_full_size(mask: Bool, crop: tuple[int, int, int, int], image: U8, box: Array) -> Bool:
    """A crop's mask -> (H, W), in the box, with at least the pixel in its middle."""
    cv2: Any = require("cv2", "the classical engine")
    left, top, right, bottom = crop
    size = (right - left, bottom - top)
    way = cv2.INTER_AREA if len(mask) > size[1] else cv2.INTER_LINEAR
    height, width = image.shape[:2]
    out = np.zeros((height, width), bool)
    room = _inside(box[1], box[3], height), _inside(box[0], box[2], width)
    large = np.zeros_like(out)
    large[top:bottom, left:right] = cv2.resize(mask.astype(np.float32), size, interpolation=way) > 0.5
    out[room] = large[room]
    if not out.any():
        out[(room[0].start + room[0].stop - 1) // 2, (room[1].start + room[1].stop - 1) // 2] = True
    return out
