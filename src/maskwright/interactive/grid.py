"""Automatic mask generation: every object of an image, without prompts.

With a SAM: a grid of points against one embedding (Kirillov et al., "Segment Anything", ICCV 2023, appendix B), with
the published filters in another order, so that nothing is enlarged before it is likely to be good: expected IoU, then
stability on the small logits, then one compiled pass from small logits to run lengths at native size.  The grid goes
from coarse to fine, and points inside masks that are known are not asked again.  Without weights: regions of the
classical engine's hierarchy.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.core.arrays import F32, I64, U8, Array, Bool, Size
from maskwright.core.masks import Masks
from maskwright.errors import UsageError
from maskwright.interactive.embeddings import Embeddings
from maskwright.interactive.engines import Engine, PointDecoder, Proposer


@dataclass(frozen=True)
class Grid:
    """How thoroughly to look.

    side: points along each side of the image.  batch: points decoded at once.  iou, stability: least values;
    stability is the IoU of the masks at logits of +offset and -offset.  overlap: of boxes, above which the less sure
    mask goes.  same: of masks, likewise.  layers: of crops, 2^n along each side of layer n, for small things; their
    grid is `side` over `fewer`^n.  crop_overlap: share of the shorter side.  skip: points inside a mask found from a
    coarser grid, where it is smaller than this share of the image, are left out; 0 asks at every point, as the
    published algorithm does.  min_area: pixels.
    """

    side: int = 32
    batch: int = 16
    iou: float = 0.88
    stability: float = 0.95
    offset: float = 1.0
    overlap: float = 0.7
    same: float = 0.9
    layers: int = 0
    fewer: int = 1
    crop_overlap: float = 512 / 1500
    skip: float = 0.1
    min_area: int = 0


@dataclass(frozen=True)
class Found:
    """masks: N of the image's size, surest first; they may overlap and nest.  scores: (N,) float32."""

    masks: Masks
    scores: F32

    def __len__(self) -> int:
        return len(self.masks)


STANDARD = Grid()


def everything(image: U8, engine: Engine, grid: Grid = STANDARD, *, embeddings: Embeddings | None = None) -> Found:
    """Automatic mask generation: all that the engine sees in an image, surest first.

    image: (H, W, 3) uint8 RGB.  grid: how thoroughly to look.  embeddings: where what the engine encodes is kept.
    Nothing found gives no masks. Raises UsageError for engines that only answer.
    """
    size: Size = (image.shape[0], image.shape[1])
    kept = embeddings or Embeddings()
    if isinstance(engine, Proposer):
        found = Found(*engine.propose(kept.get(engine, image)))
        return _sure(found, found.masks.areas() >= max(1, grid.min_area))
    if not isinstance(engine, PointDecoder):
        raise UsageError("this engine answers prompts only", needed="classical, or one of the SAM family")
    parts, sizes = [], []
    for layer, (left, top, right, bottom) in _crops(size, grid):
        piece = np.ascontiguousarray(image[top:bottom, left:right])
        found = _one(engine, kept.get(engine, piece), grid, max(1, grid.side // grid.fewer**layer))
        found = _sure(found, ~_cut_off(found.masks.boxes(), (left, top, right, bottom), size))
        parts.append(Found(found.masks.paste(size, left=left, top=top), found.scores))
        sizes.append(np.full(len(found), (right - left) * (bottom - top)))
    joined = Found(
        Masks.concatenate([part.masks for part in parts], size), np.concatenate([part.scores for part in parts])
    )
    if grid.layers:  # of two crops that show the same, the closer one
        joined = _sure(joined, survivors(joined.masks.boxes(), 1 / np.concatenate(sizes), grid.overlap))
    order = np.argsort(-joined.scores, kind="stable")
    joined = _sure(joined, order)
    joined = _sure(joined, joined.masks.areas() >= max(1, grid.min_area))
    return _sure(joined, _different(joined.masks, grid.same))


def _one(engine: PointDecoder, encoded: Any, grid: Grid, side: int) -> Found:
    """One crop."""
    size: Size = (int(encoded["size"][0]), int(encoded["size"][1]))
    kept = Found(Masks.empty(size), np.zeros(0, np.float32))
    for points in _levels(side, grid.skip > 0):
        places = points * np.array([size[1], size[0]], np.float32)
        if len(kept) and grid.skip > 0:
            small = kept.masks[np.flatnonzero(kept.masks.areas() < grid.skip * size[0] * size[1])]
            if len(small):
                places = places[~small.contains(places).any(axis=0)]
        new = [kept]
        new += [
            _decoded(engine, encoded, places[begin : begin + grid.batch], size, grid)
            for begin in range(0, len(places), grid.batch)
        ]
        whole = Found(
            Masks.concatenate([path.masks for path in new], size), np.concatenate([path.scores for path in new])
        )
        kept = _sure(whole, survivors(whole.masks.boxes(), whole.scores, grid.overlap))
    return kept


def _decoded(engine: PointDecoder, encoded: Any, places: F32, size: Size, grid: Grid) -> Found:
    points = engine.frame(size, places)[:, None]
    logits, scores = engine.decode(encoded, points=points, labels=np.ones(points.shape[:2], np.int64))
    logits, scores = logits.reshape(-1, *logits.shape[2:]), scores.reshape(-1)
    good = np.flatnonzero(scores > grid.iou)
    if grid.stability > 0 and len(good):
        # Small masks tell nearly as well; what is near the limit is looked at once more below.
        nearly = _stability(logits[good], grid.offset)
        good = good[nearly > grid.stability - 0.05]
    logits, scores = logits[good], scores[good]
    if not len(logits):
        return Found(Masks.empty(size), scores)
    masks, surely, perhaps = engine.masks(logits, size, (0.0, grid.offset, -grid.offset))
    stable = surely.areas() > grid.stability * perhaps.areas() if grid.stability > 0 else np.ones(len(masks), bool)
    return _sure(Found(masks, scores), stable & (masks.areas() > 0))


def _stability(logits: F32, offset: float) -> F32:
    surely = (logits > offset).sum(axis=(1, 2))
    out: F32 = (surely / np.maximum((logits > -offset).sum(axis=(1, 2)), 1)).astype(np.float32)
    return out


def _levels(side: int, coarse: bool) -> Iterator[F32]:
    """(N, 2) points in 0 … 1: all at once, or every fourth, then every second, then the rest."""
    along = (np.arange(side, dtype=np.float32) + 0.5) / side
    y, x = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
    steps = [4, 2, 1] if coarse and side >= 8 else [1]
    asked = np.zeros((side, side), bool)
    for step in steps:
        here = (y % step == step // 2) & (x % step == step // 2) if step > 1 else np.ones((side, side), bool)
        here &= ~asked
        asked |= here
        yield np.stack([along[x[here]], along[y[here]]], axis=1)


def survivors(boxes: I64, scores: Array, limit: float) -> I64:
    """Greedy suppression: (N, 4) xyxy -> rows kept, best first, none with a box IoU above the limit to a better one."""
    wide = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    areas = wide[:, 0] * wide[:, 1]
    order = np.argsort(-np.asarray(scores), kind="stable")
    kept: list[int] = []
    gone = np.zeros(len(boxes), bool)
    for row in order:
        if gone[row]:
            continue
        kept.append(int(row))
        low = np.maximum(boxes[row, :2], boxes[:, :2])
        high = np.minimum(boxes[row, 2:], boxes[:, 2:])
        shared = np.maximum(high - low, 0).prod(axis=1)
        gone |= shared > limit * np.maximum(areas[row] + areas - shared, 1)
    return np.array(kept, np.int64)


def _different(masks: Masks, limit: float) -> Bool:
    """Which of the masks, surest first, are not nearly a surer mask."""
    keep = np.ones(len(masks), bool)
    if len(masks) > 1:
        iou = masks.iou(masks)
        for row in range(1, len(masks)):
            keep[row] = not (iou[row, :row][keep[:row]] > limit).any()
    return keep


def _sure(found: Found, rows: Array) -> Found:
    chosen = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
    return Found(found.masks[chosen], found.scores[chosen])


def _crops(size: Size, grid: Grid) -> Iterator[tuple[int, tuple[int, int, int, int]]]:
    """(layer, xyxy): the image, then for each layer 2^n by 2^n crops that overlap."""
    yield 0, (0, 0, size[1], size[0])
    for layer in range(1, grid.layers + 1):
        number = 2**layer
        shared = int(grid.crop_overlap * min(size) * 2 / number)
        spans = []
        for length in (size[1], size[0]):
            each = -(-(shared * (number - 1) + length) // number)
            spans.append(
                [(min(length, k * (each - shared)), min(length, k * (each - shared) + each)) for k in range(number)]
            )
        for x0, x1 in spans[0]:
            for y0, y1 in spans[1]:
                yield layer, (x0, y0, x1, y1)


def _cut_off(boxes: I64, crop: tuple[int, int, int, int], size: Size, near: int = 20) -> Bool:
    """Masks that end at an edge of the crop that is none of the image's: another crop shows them whole."""
    whole = (0, 0, size[1], size[0])
    # Far edges are of the last pixel, as in the published code.
    placed = boxes - np.array([0, 0, 1, 1]) + np.array([crop[0], crop[1]] * 2)
    cut = np.zeros(len(boxes), bool)
    for side in range(4):
        at_crop = np.abs(placed[:, side] - crop[side]) <= near
        at_image = np.abs(placed[:, side] - whole[side]) <= near
        cut |= at_crop & ~at_image
    return cut
