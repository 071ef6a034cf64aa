"""The engine that needs no weights: colour models, geodesic distances and graph cuts.

Every click is one step.  Colours of what is known to be inside and outside speak for the superpixels like them,
everywhere and nearby; distances along the image's edges speak for what is near a click; and the mask so far speaks for
itself, least near the newest click.  Two rounds of smallest cut and new colour models give the mask at 400 pixels;
a cut over a narrow band along its border gives it at the image's own size.  What a box holds is found in `boxed`, in
a view of its own.

A click stands in the middle of an error, so its distance to the mask's border is that error's size: so far it speaks
with its whole weight, for ever.  Steps are kept, so that a further click costs one step and undoing costs none.

After Boykov and Jolly, ICCV 2001; Rother et al., "GrabCut", SIGGRAPH 2004; Gulshan et al., "Geodesic Star Convexity
for Interactive Image Segmentation", CVPR 2010.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from maskwright.core.arrays import F32, U8, Array, Bool
from maskwright.core.masks import Masks
from maskwright.interactive.prompts import Answer, Prompts
from maskwright.interactive.scene import Scene, Weights, edges_of, neighbours_of
from maskwright.registry import require

_CERTAIN = 10**6


def load(**options: Any) -> "Classical":
    """options: fields of `Weights`."""
    require("cv2", "the classical engine")
    return Classical(Weights(**options))


@dataclass(frozen=True)
class Step:
    """mask: (h, w) bool at working size, None before the first.  odds: (h, w) float32.

    reaches: the clicks', in order.  whole: the mask at the image's size, where it is known better than at working size.
    """

    mask: Bool | None
    odds: F32 | None
    reaches: tuple[float, ...]
    whole: Masks | None = None


@dataclass
class Encoded:
    """An image, and the steps taken on it, by the prompts that led there."""

    scene: Scene
    steps: dict[bytes, Step]

    @property
    def nbytes(self) -> int:
        """With room for the steps to come."""
        pixels = self.scene.size[0] * self.scene.size[1]
        return int(self.scene.image.nbytes + self.scene.alike.nbytes * 2 + pixels * (64 + 28 + 64 * 5))


class Classical:
    """The engine; keeps nothing itself."""

    takes = frozenset({"points", "boxes", "mask"})
    key = None

    def __init__(self, weights: Weights) -> None:
        self.weights = weights

    def encode(self, image: U8) -> Encoded:
        return Encoded(Scene(image, self.weights), {})

    def answer(self, encoded: Encoded, prompts: Prompts) -> Answer:
        """One mask.  The same prompts in the same order always give the same mask.

        A stroke (points of one label, each close to the last) is one step.  Where there are points, `mask` matters
        only as what the first of them corrects.
        """
        scene = encoded.scene
        begun = b"".join((prompts.boxes.tobytes(), b"" if prompts.mask is None else prompts.mask.tobytes()))
        step = encoded.steps.get(begun)
        if step is None:
            step = self._begin(scene, prompts)
            _keep(encoded.steps, begun, step)
        for until in _strokes(prompts, scene):
            name = begun + prompts.points[:until].tobytes() + prompts.point_labels[:until].tobytes()
            known = encoded.steps.get(name)
            if known is None:
                known = self._advance(scene, prompts.first(until), step)
                _keep(encoded.steps, name, known)
            step = known
        assert step.mask is not None
        assert step.odds is not None
        mask = self._refined(scene, step, prompts) if step.whole is None else step.whole.decode()[0]
        odds = np.where(step.mask, np.maximum(step.odds, 0.1), np.minimum(step.odds, -0.1)).astype(np.float32)
        return Answer(Masks.encode(mask[None]), np.array([_expected_iou(step.mask, step.odds)], np.float32), odds[None])

    def propose(self, encoded: Encoded) -> tuple[Masks, F32]:
        """Up to 300 regions of the hierarchy, the most persistent first; they nest. Scores are their persistence."""
        cv2: Any = require("cv2", "the classical engine")
        from maskwright.interactive.hierarchy import Hierarchy, chosen

        # Finer superpixels than a click needs: nothing smaller than one is ever found.
        scene = Scene(encoded.scene.image, replace(self.weights, cell=min(self.weights.cell, 0.018)))
        tree = Hierarchy(scene)
        regions = chosen(tree, most=300, smallest=0.0005, largest=0.7, limit=0.8)
        parts = []
        for region in regions:
            small = cv2.GaussianBlur(tree.mask(int(region)).astype(np.float32), (0, 0), 0.8)
            large = cv2.resize(small, scene.native[::-1], interpolation=cv2.INTER_LINEAR)
            parts.append(Masks.encode((large > 0.5)[None]))
        scores = tree.persistence()[regions].astype(np.float32)
        return Masks.concatenate(parts, scene.native), scores

    def _begin(self, scene: Scene, prompts: Prompts) -> Step:
        if prompts.mask is not None:
            cv2: Any = require("cv2", "the classical engine")
            odds = cv2.resize(prompts.mask, scene.size[::-1], interpolation=cv2.INTER_LINEAR)
            return Step(odds > 0, odds, ())
        if not len(prompts.boxes):
            return Step(None, None, ())
        return self._boxed(scene, prompts.boxes)

    def _boxed(self, scene: Scene, boxes: F32) -> Step:
        """What is in the boxes, together."""
        cv2: Any = require("cv2", "the classical engine")
        from maskwright.interactive.boxed import object_in

        whole = np.zeros(scene.native, bool)
        odds = np.full(scene.size, -2, np.float32)
        for box in boxes:
            found = object_in(scene.image, box, self.weights)
            whole |= found.mask
            left, top, right, bottom = (round(float(edge * scene.scale)) for edge in found.crop)
            left, top = min(left, scene.size[1] - 1), min(top, scene.size[0] - 1)
            window = np.s_[top : max(top + 1, bottom), left : max(left + 1, right)]
            size = odds[window].shape
            odds[window] = np.maximum(odds[window], cv2.resize(found.odds, size[::-1], interpolation=cv2.INTER_AREA))
        mask = cv2.resize(whole.astype(np.float32), scene.size[::-1], interpolation=cv2.INTER_AREA) > 0.5
        if not mask.any():  # smaller than a working pixel
            rows, columns = np.nonzero(whole)
            row, column = int(rows.mean() * scene.scale), int(columns.mean() * scene.scale)
            mask[min(row, mask.shape[0] - 1), min(column, mask.shape[1] - 1)] = True
        return Step(mask, odds, (), Masks.encode(whole[None]))

    def _advance(self, scene: Scene, prompts: Prompts, before: Step) -> Step:
        """The mask after the last stroke of `prompts`."""
        from maskwright.interactive.kernels.distances import bumps

        weights = self.weights
        xy = (prompts.points * scene.scale).astype(np.float32)
        labels = prompts.point_labels.astype(bool)
        reaches = (*before.reaches, *self._reaches(scene, xy, labels, before))
        radii = np.array(reaches, np.float32)
        newest = np.arange(len(xy)) >= len(before.reaches)
        hard = weights.hard * radii
        inside, beside = _stamped(scene, xy[labels], hard[labels]), _stamped(scene, xy[~labels], hard[~labels])
        new = _stamped(scene, xy[newest], hard[newest])
        now = bool(labels[-1])
        if now:
            beside &= ~new
        else:
            inside &= ~new
        room = _room(scene, prompts)
        floor = np.full(scene.size, 1e6, np.float32)
        floor[[0, -1]] = floor[:, [0, -1]] = weights.border
        to_new = scene.distance(new)
        # Where no click is on the object, the mask that the click corrects stands for one, far from it.
        known = inside if inside.any() or before.mask is None else before.mask & (to_new > weights.reach)
        to_inside = scene.distance(known) if known.any() else np.full(scene.size, 2, np.float32)
        to_beside = scene.distance(beside | ~room, floor)
        prior = np.zeros(scene.size, np.float32)
        bumps(xy, np.where(labels, 1, -1).astype(np.float32), weights.soft * radii, prior)
        prior = (weights.click * prior.clip(-1, 1)).astype(np.float32)
        prior += weights.geodesic * ((to_beside - to_inside) / (to_beside + to_inside + 1e-3)).clip(-1, 1)
        if before.mask is None:
            edge = np.zeros(scene.size, np.float32)
            edge[:3] = edge[-3:] = edge[:, :3] = edge[:, -3:] = 1
            like = np.exp(-4 * to_inside / weights.start)
            unlike = (1 - np.exp(-to_inside / weights.start)) * (weights.spill + edge)
        else:
            free = np.exp(-((to_new / weights.reach) ** 2))
            trust = np.where(before.mask == now, 1, 1 - free)
            like, unlike = before.mask * trust, ~before.mask * trust
            keep = 1 - free
            if not newest.all():
                to_rest = scene.distance(_stamped(scene, xy[~newest], hard[~newest]))
                keep += weights.cells / (1 + np.exp(-((to_new - to_rest) / weights.softness).clip(-20, 20)))
            prior += weights.keep * np.where(before.mask, keep, -keep)
        mask, odds = self._cut(scene, like, unlike, prior, inside, beside | ~room)
        return Step(mask, odds, reaches)

    def _reaches(self, scene: Scene, xy: F32, labels: Bool, before: Step) -> tuple[float, ...]:
        """Of the newest stroke's points, in working pixels."""
        weights, done = self.weights, len(before.reaches)
        brush = weights.brush * scene.diagonal
        if before.mask is None:
            return (2 * brush,) * (len(xy) - done)
        if len(xy) - done > 1:
            return (brush,) * (len(xy) - done)
        cv2: Any = require("cv2", "the classical engine")
        (x, y), now = xy[-1], bool(labels[-1])
        column, row = min(int(x), scene.size[1] - 1), min(int(y), scene.size[0] - 1)
        if before.mask[row, column] == now:
            return (brush,)
        wrong = (before.mask != now).astype(np.uint8)
        reach = min(float(cv2.distanceTransform(wrong, cv2.DIST_L2, 3)[row, column]), weights.most * scene.diagonal)
        others = xy[:done][labels[:done] != now]
        if len(others):
            reach = min(reach, 0.6 * float(np.hypot(*(others - xy[-1]).T).min()))
        return (max(reach, 1.0),)

    def _cut(self, scene: Scene, like: Array, unlike: Array, prior: F32, inside: Bool, beside: Bool) -> Any:
        """-> (h, w) bool and the (h, w) float32 log odds it was cut from."""
        from maskwright.interactive.kernels.cut import smallest_cut

        weights, area = self.weights, scene.size[0] * scene.size[1]
        boost = np.float32(0.01 * area / max(1, inside.sum()))
        room = ~beside
        for _ in range(weights.rounds):
            odds = scene.likelihood(like + boost * inside, unlike + boost * beside, weights)[scene.owner] + prior
            terminal = np.clip(100 * odds, -_CERTAIN, _CERTAIN).astype(np.int32)
            terminal[inside], terminal[beside] = _CERTAIN, -_CERTAIN
            cut = smallest_cut(scene.neighbours, scene.edges.copy(), terminal.ravel())
            mask = _tidied(cut.reshape(scene.size), inside, beside, weights.hole * area) & room
            sure = 1 / (1 + np.exp(-np.abs(odds)))
            like, unlike = mask * sure, ~mask * sure
        if not mask.any():  # nothing is left: the likeliest pixel
            mask.flat[np.argmax(np.where(room, odds, -np.inf))] = True
        return mask, odds.astype(np.float32)

    def _refined(self, scene: Scene, step: Step, prompts: Prompts) -> Bool:
        """The mask at native size: the border moves within a band of what one working pixel can hide."""
        from maskwright.interactive.kernels.cut import smallest_cut
        from maskwright.interactive.kernels.distances import stamp

        assert step.mask is not None
        labels = prompts.point_labels.astype(bool)
        if scene.scale == 1:
            return step.mask
        cv2: Any = require("cv2", "the classical engine")
        level = cv2.GaussianBlur(np.where(step.mask, 1, -1).astype(np.float32), (0, 0), 0.7)
        big = cv2.resize(level, scene.native[::-1], interpolation=cv2.INTER_LINEAR)
        out: Bool = big > 0
        reach = int(np.ceil(1 / scene.scale))
        element = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
        raw = out.astype(np.uint8)
        band = cv2.dilate(raw, element) != cv2.erode(raw, element)
        if band.any():
            rows, columns = np.flatnonzero(band.any(axis=1)), np.flatnonzero(band.any(axis=0))
            window = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            # One more ring of pixels, fixed, ties the band to what it lies between.
            nodes = cv2.dilate(band[window].astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
            neighbours = neighbours_of(nodes)
            lab = cv2.cvtColor(scene.image[window][nodes][None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0]
            terminal = (100 * 25 * big[window][nodes]).astype(np.int32)
            fixed = ~band[window][nodes]
            terminal[fixed] = np.where(out[window][nodes][fixed], _CERTAIN, -_CERTAIN)
            cut = smallest_cut(neighbours, edges_of(lab, neighbours, self.weights), terminal)
            out[window][nodes] = cut
        for value in (True, False):
            hit = np.zeros(scene.native, bool)
            chosen = labels == value
            stamp(prompts.points[chosen], np.full(int(chosen.sum()), 0.5, np.float32), hit)
            out[hit] = value
        return out


def _room(scene: Scene, prompts: Prompts) -> Bool:
    """(h, w) where the object can be: in a box where there is one."""
    if not len(prompts.boxes):
        return np.ones(scene.size, bool)
    room = np.zeros(scene.size, bool)
    for x0, y0, x1, y1 in prompts.boxes * scene.scale:
        top, left = max(0, int(np.floor(y0))), max(0, int(np.floor(x0)))
        room[top : max(top + 1, int(np.ceil(y1))), left : max(left + 1, int(np.ceil(x1)))] = True
    return room


def _stamped(scene: Scene, xy: F32, radii: F32) -> Bool:
    from maskwright.interactive.kernels.distances import stamp

    out = np.zeros(scene.size, bool)
    stamp(np.ascontiguousarray(xy), np.maximum(radii, 1).astype(np.float32), out)
    return out


def _tidied(mask: Bool, inside: Bool, beside: Bool, hole: float) -> Bool:
    """Only the parts that a click is on, without small holes that no click made."""
    cv2: Any = require("cv2", "the classical engine")
    number, part = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    wanted = np.zeros(number, bool)
    if inside.any():
        wanted[part[inside]] = True
        wanted[0] = False
    elif number > 1:
        wanted[1:] = np.bincount(part.ravel())[1:] >= 0.1 * np.bincount(part.ravel())[1:].max()
    mask = wanted[part]
    number, part, stats, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] < hole
    small[0] = False
    small[part[beside]] = False
    return np.asarray(mask | small[part], bool)


def _expected_iou(mask: Bool, odds: F32) -> float:
    """Were each pixel inside with the chance its odds give, the mask would have this IoU on average (nearly)."""
    chance = 1 / (1 + np.exp(-odds.clip(-30, 30)))
    cut = np.where(mask, np.maximum(chance, 0.5), np.minimum(chance, 0.5))
    return float(cut[mask].sum() / max(mask.sum() + cut[~mask].sum(), 1e-6))


def _strokes(prompts: Prompts, scene: Scene) -> list[int]:
    """Where each stroke ends: number of points up to it."""
    if not len(prompts.points):
        return []
    step = np.hypot(*np.diff(prompts.points, axis=0).T) * scene.scale / scene.diagonal
    joined = (step < 0.02) & (np.diff(prompts.point_labels) == 0)
    return [*(np.flatnonzero(~joined) + 1).tolist(), len(prompts.points)]


def _keep(steps: dict[bytes, Step], name: bytes, step: Step) -> None:
    """The 64 newest: a person goes back further by clicking again."""
    steps[name] = step
    while len(steps) > 64:
        del steps[next(iter(steps))]


#: What the options are for; their types and names are read off it.
OPTIONS = Weights
