"""An image as the classical engine sees it: colours, superpixels, edges, and distances along them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.core.arrays import F32, U8, Array, Bool, Size
from maskwright.registry import require

#: (dy, dx) of each direction; direction d ^ 1 leads back.
DIRECTIONS = ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, -1), (1, -1), (-1, 1))
LENGTHS = np.array([1, 1, 1, 1, 2**0.5, 2**0.5, 2**0.5, 2**0.5], np.float32)


@dataclass(frozen=True)
class Weights:
    """What the parts of the energy weigh.  Lengths are shares of the image's diagonal.

    Fitted by random search on half of Berkeley's 100 objects and a seventh of COCO_MVal's, for few clicks to IoU 0.90.
    """

    side: int = 400  # the longer side of the image that the cut works on
    cell: float = 0.029  # a superpixel's side
    compactness: float = 10.0
    global_spread: float = 8.0  # in CIELAB units: how far one colour speaks for another, anywhere
    local_spread: float = 14.0  # the same, nearby
    near: float = 0.08  # what nearby is
    texture: float = 0.444
    global_colour: float = 1.0
    local_colour: float = 0.83
    geodesic: float = 4.0
    edge_cost: float = 4.0
    smooth: float = 12.0
    contrast: float = 1.0
    keep: float = 1.0
    reach: float = 0.156  # how far from a click the mask may change freely
    cells: float = 0.642
    softness: float = 0.05
    click: float = 4.0
    brush: float = 0.012
    most: float = 0.12
    hard: float = 0.35
    soft: float = 0.609
    border: float = 0.35
    spill: float = 0.3
    start: float = 0.25
    clip: float = 3.0
    rounds: int = 2
    hole: float = 0.003  # of the image's area: smaller holes are filled


class Scene:
    """size: of the working image.  scale: working pixels a native pixel."""

    def __init__(self, image: U8, weights: Weights) -> None:
        """image: (H, W, 3) uint8 RGB."""
        cv2: Any = require("cv2", "the classical engine")
        from maskwright.interactive.kernels.superpixels import superpixels

        self.native: Size = (image.shape[0], image.shape[1])
        self.image = image
        self.scale = min(1.0, weights.side / max(self.native))
        height, width = (max(1, round(each * self.scale)) for each in self.native)
        self.size: Size = (height, width)
        small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA) if self.scale < 1 else image
        self.lab: F32 = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        self.diagonal = float(np.hypot(height, width))
        calm = cv2.GaussianBlur(self.lab, (0, 0), 1.0)
        step = max(6.0, weights.cell * self.diagonal)
        self.owner: Array = superpixels(np.ascontiguousarray(calm), step, weights.compactness, 5)
        flat = self.owner.ravel()
        number = int(flat.max()) + 1
        self.counts = np.maximum(1, np.bincount(flat, minlength=number)).astype(np.float32)

        def mean(values: Array) -> F32:
            return (np.bincount(flat, values.ravel(), number) / self.counts).astype(np.float32)

        slopes = [cv2.Sobel(calm, cv2.CV_32F, *way, scale=0.25) for way in ((1, 0), (0, 1))]
        slope = np.sqrt((slopes[0] ** 2 + slopes[1] ** 2).sum(axis=2))
        step_cost = 1 + weights.edge_cost * np.minimum(slope / (slope.mean() + 1e-3), 4)
        self.cost: F32 = (step_cost / self.diagonal).astype(np.float32)
        grain = cv2.GaussianBlur(np.abs(self.lab - cv2.GaussianBlur(self.lab, (0, 0), 3)).sum(axis=2), (0, 0), 4)
        colours = np.stack(
            [mean(0.7 * calm[..., 0]), mean(calm[..., 1]), mean(calm[..., 2]), weights.texture * mean(grain)], axis=1
        )
        y, x = np.mgrid[:height, :width]
        places = np.stack([mean(y), mean(x)], axis=1) / self.diagonal
        self.colours: F32 = colours.astype(np.float32)
        apart = _squares(colours)
        # Row s: how much each superpixel has to say about s.
        self.alike: F32 = np.exp(-apart / (2 * weights.global_spread**2))
        self.alike_near: F32 = np.exp(
            -apart / (2 * weights.local_spread**2) - _squares(places) / (2 * weights.near**2)
        ).astype(np.float32)
        everything = np.ones(self.size, bool)
        self.neighbours = neighbours_of(everything)
        self.edges = edges_of(self.lab.reshape(-1, 3), self.neighbours, weights)

    def likelihood(self, inside: F32, outside: F32, weights: Weights) -> F32:
        """(S,) log odds of each superpixel from (H, W) shares of pixels known to be inside and outside."""
        flat, number = self.owner.ravel(), len(self.counts)
        f = np.bincount(flat, inside.ravel(), number).astype(np.float32)
        b = np.bincount(flat, outside.ravel(), number).astype(np.float32)
        # By colour alone: densities, so that a large background does not win by its size.
        dense_f, dense_b = self.alike @ (f / max(f.sum(), 1e-6)), self.alike @ (b / max(b.sum(), 1e-6))
        least = 1e-3 * max(dense_f.max(), dense_b.max()) + 1e-9
        everywhere = np.log((dense_f + least) / (dense_b + least))
        # Nearby: shares.
        least = 0.02 * self.counts.mean()
        nearby = np.log((self.alike_near @ f + least) / (self.alike_near @ b + least))
        clip = weights.clip
        odds: F32 = weights.global_colour * everywhere.clip(-clip, clip)
        odds += weights.local_colour * nearby.clip(-clip, clip)
        return odds

    def distance(self, seeds: Bool, floor: F32 | None = None) -> F32:
        """(H, W) geodesic distance to the seeds, in diagonals where the image is flat.  floor: never farther."""
        from maskwright.interactive.kernels.distances import geodesic

        far = np.where(seeds, np.float32(0), np.float32(1e6))
        out: F32 = geodesic(self.cost, far if floor is None else np.minimum(far, floor), 2)
        return out


def _squares(rows: Array) -> F32:
    """(N, N) squared distances between (N, D) rows."""
    norms = (rows**2).sum(axis=1)
    out: F32 = np.maximum(norms[:, None] + norms[None] - 2 * (rows @ rows.T), 0).astype(np.float32)
    return out


def neighbours_of(nodes: Bool) -> Array:
    """(H, W) which pixels are nodes -> (N, 8) int32, the node in each direction in row order, -1 for none."""
    height, width = nodes.shape
    number = np.full((height + 2, width + 2), -1, np.int32)
    total = int(nodes.sum())
    number[1:-1, 1:-1][nodes] = np.arange(total, dtype=np.int32)
    out = np.empty((total, 8), np.int32)
    for d, (dy, dx) in enumerate(DIRECTIONS):
        out[:, d] = number[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width][nodes]
    return out


def edges_of(lab: F32, neighbours: Array, weights: Weights) -> Array:
    """(N, 8) int32 capacities: what separating two neighbours costs, less where their colours differ.

    lab: (N, 3).  Boykov and Jolly, ICCV 2001, equation 3, with the contrast measured against the image's own mean.
    """
    apart = np.empty(neighbours.shape, np.float32)
    for d in range(0, 8, 2):  # the way back costs the same
        there = neighbours[:, d]
        apart[:, d] = ((lab - lab[there]) ** 2).sum(axis=1)
        known = there >= 0
        apart[there[known], d + 1] = apart[known, d]
    real = neighbours >= 0
    typical = float(apart[real].mean()) + 1e-3 if real.any() else 1.0
    apart[~real] = 0
    weight = 0.95 * np.exp(-weights.contrast * apart / (2 * typical)) + 0.05
    out: Array = (100 * weights.smooth * weight / LENGTHS).astype(np.int32)
    out[~real] = 0
    return out
