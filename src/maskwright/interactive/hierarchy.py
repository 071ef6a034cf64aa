"""An image's regions from superpixels up to the whole, joined one pair after the other.

After Arbelaez et al., "Contour Detection and Hierarchical Image Segmentation", PAMI 2011, and Uijlings et al.,
"Selective Search", IJCV 2013: the pair whose common border is faintest and whose colours are most alike goes first,
small ones before large ones.  A region that stays itself for long, while much around it is joined, is likely to be
something.
"""

import heapq

import numpy as np

from maskwright.core.arrays import F32, I64, Array, Bool
from maskwright.interactive.scene import Scene


class Hierarchy:
    """Regions 0 … S-1 are the scene's superpixels, S … 2S-2 what they were joined to, the last one everything.

    parent: (2S-1,) int64, -1 for the last.  cost: (2S-1,) float32, at what dissimilarity it was made.  area: pixels of
    the working image.
    """

    def __init__(self, scene: Scene) -> None:
        leaves = len(scene.counts)
        total = 2 * leaves - 1
        self.parent: I64 = np.full(total, -1)
        self.cost: F32 = np.zeros(total, np.float32)
        self.area: F32 = np.zeros(total, np.float32)
        self.area[:leaves] = scene.counts
        self.first, self.last = np.zeros(total, np.int64), np.zeros(total, np.int64)
        colours = np.zeros((total, scene.colours.shape[1]), np.float32)
        colours[:leaves] = scene.colours
        near = _borders(scene)
        unit = float(scene.counts.mean())
        heap: list[tuple[float, int, int]] = []

        def dissimilar(a: int, b: int) -> float:
            length, strength = near[a][b]
            apart = float(np.linalg.norm(colours[a] - colours[b]))
            small = min(self.area[a], self.area[b]) / unit
            return float((0.5 * strength / length + 0.5 * apart) * small**0.25)

        for a in range(leaves):
            for b in near[a]:
                if a < b:
                    heapq.heappush(heap, (dissimilar(a, b), a, b))
        children: dict[int, tuple[int, int]] = {}
        new = leaves
        while heap and new < total:
            cost, a, b = heapq.heappop(heap)
            if self.parent[a] >= 0 or self.parent[b] >= 0:
                continue
            self.parent[a] = self.parent[b] = new
            children[new] = (a, b)
            # What is joined later is never more alike.
            self.cost[new] = max(cost, self.cost[a], self.cost[b])
            self.area[new] = self.area[a] + self.area[b]
            colours[new] = (colours[a] * self.area[a] + colours[b] * self.area[b]) / self.area[new]
            joined: dict[int, tuple[float, float]] = {}
            for side in (a, b):
                for other, (length, strength) in near.pop(side).items():
                    if other in (a, b):
                        continue
                    old = joined.get(other, (0.0, 0.0))
                    joined[other] = (old[0] + length, old[1] + strength)
                    near[other].pop(side, None)
            near[new] = joined
            for other, border in joined.items():
                near[other][new] = border
                heapq.heappush(heap, (dissimilar(other, new), other, new))
            new += 1
        self.number = new
        self._order(children, leaves)
        self.scene = scene

    def _order(self, children: dict[int, tuple[int, int]], leaves: int) -> None:
        """Number the superpixels so that each region is a span of them."""
        self.rank = np.zeros(leaves, np.int64)
        stack = [self.number - 1]
        order: list[int] = []
        while stack:
            region = stack.pop()
            if region < leaves:
                self.rank[region] = len(order)
                order.append(region)
            else:
                stack += reversed(children[region])
        for region in range(self.number):
            if region < leaves:
                self.first[region] = self.rank[region]
                self.last[region] = self.rank[region] + 1
            else:
                a, b = children[region]
                self.first[region] = min(self.first[a], self.first[b])
                self.last[region] = max(self.last[a], self.last[b])

    def persistence(self) -> F32:
        """(number,) 0 … 1: how much dearer the next joining is than the one that made the region, and large ones first.

        A superpixel was made by none; what a typical one joins at stands for that.  The weight of size is tried, not
        derived: without it specks come first (measured on COCO's objects).
        """
        cost = self.cost[: self.number].copy()
        leaves = (self.number + 1) // 2
        joined = self.cost[self.parent[:leaves]]
        cost[:leaves] = np.minimum(np.median(joined), joined) if leaves > 1 else 0
        inner = self.parent[: self.number] >= 0
        above = self.cost[self.parent[: self.number][inner]]
        out = np.zeros(self.number, np.float32)
        out[inner] = np.log1p(above - cost[inner]) * np.sqrt(self.area[: self.number][inner])
        return out / max(float(out.max(initial=0)), 1e-9)

    def mask(self, region: int) -> Bool:
        """(h, w) of the working image."""
        rank = self.rank[self.scene.owner]
        out: Bool = (rank >= self.first[region]) & (rank < self.last[region])
        return out


def _borders(scene: Scene) -> dict[int, dict[int, tuple[float, float]]]:
    """Superpixel -> neighbour -> (length of the border, colour steps across it summed)."""
    owner, lab = scene.owner.astype(np.int64), scene.lab
    number = len(scene.counts)
    codes, steps = [], []
    for a, b, p, q in (
        (owner[:, :-1], owner[:, 1:], lab[:, :-1], lab[:, 1:]), (owner[:-1], owner[1:], lab[:-1], lab[1:]),
    ):  # fmt: skip
        differ = a != b
        low, high = np.minimum(a[differ], b[differ]), np.maximum(a[differ], b[differ])
        codes.append(low * number + high)
        steps.append(np.linalg.norm(p[differ] - q[differ], axis=1))
    pairs, where, lengths = np.unique(np.concatenate(codes), return_inverse=True, return_counts=True)
    strength = np.bincount(where, np.concatenate(steps))
    near: dict[int, dict[int, tuple[float, float]]] = {k: {} for k in range(number)}
    for pair, length, total in zip(pairs.tolist(), lengths.tolist(), strength.tolist(), strict=True):
        a, b = divmod(pair, number)
        near[a][b] = near[b][a] = (float(length), float(total))
    return near


def chosen(hierarchy: Hierarchy, *, most: int, smallest: float, largest: float, limit: float) -> Array:
    """Regions worth showing, the most persistent first.

    smallest, largest: shares of the image.  limit: a region this like one of its own ancestors or descendants (IoU)
    that is already chosen is left out; only those overlap, so areas tell.
    """
    whole = float(hierarchy.area[: hierarchy.number].max())
    area = hierarchy.area[: hierarchy.number]
    score = hierarchy.persistence()
    order = [
        int(each) for each in np.argsort(-score, kind="stable")
        if smallest * whole <= area[each] <= largest * whole and score[each] > 0
    ]  # fmt: skip
    kept: list[int] = []
    for region in order:
        span = (hierarchy.first[region], hierarchy.last[region])
        others = np.array(kept, np.int64)
        if len(others):
            inside = (hierarchy.first[others] <= span[0]) & (span[1] <= hierarchy.last[others])
            around = (hierarchy.first[others] >= span[0]) & (span[1] >= hierarchy.last[others])
            ratio = np.minimum(area[others], area[region]) / np.maximum(area[others], area[region])
            if ((inside | around) & (ratio > limit)).any():
                continue
        kept.append(region)
        if len(kept) == most:
            break
    return np.array(kept, np.int64)
