"""Things that touch: what a learner is taught so that it can tell them apart, and how they are told apart."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from maskwright.core.arrays import F32, U8, Array
from maskwright.core.classes import IGNORE_INDEX, Classes
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.registry import require

#: How much surer learners are of pixels than they are right: chosen on nuclei of DSB 2018, with three labelled images.
OVERSURE = 1.8
#: How far beyond an object its outline may be thought to lie: a share of its side, and pixels at least and at most.
BEYOND, LEAST_BEYOND, MOST_BEYOND = 0.25, 2, 15


def expected_iou(probs: F32, masks: Masks, indices: Sequence[int]) -> F32:
    """(N,) 0 … 1: with which IoU an object is likely to be right, by the probabilities of its pixels and around.

    The pixels that are expected to be shared, of those that are expected to be covered by either: an object that could
    as well end elsewhere is not sure, however sure its middle is.  Pixels of other objects are not counted as around.

    probs: (K, H, W) of classes.  masks: N objects that share no pixel.  indices: of the objects' classes in `probs`.
    """
    cv2: Any = require("cv2", "learning from examples")
    height, width = probs.shape[1:]
    taken = masks.composite(np.ones(len(masks), np.uint8))
    out = np.zeros(len(masks), np.float32)
    for row, (box, area, index) in enumerate(zip(masks.boxes().tolist(), masks.areas().tolist(), indices, strict=True)):
        reach = int(np.clip(BEYOND * area**0.5, LEAST_BEYOND, MOST_BEYOND))
        left, top, right, bottom = max(0, box[0] - reach), max(0, box[1] - reach), box[2] + reach, box[3] + reach
        window = (left, top, min(width, right), min(height, bottom))
        own = masks[row : row + 1].decode(window=window)[0]
        around = cv2.dilate(own.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) > 0
        here = (slice(window[1], window[3]), slice(window[0], window[2]))
        sure = probs[index][here]
        around &= taken[here] == 0
        out[row] = (sure[own].sum() / (area + sure[around].sum())) ** OVERSURE
    return np.clip(out, 0, 1)


class Lessons:
    """Classes of pixels taught for classes of segments.

    A thing class of which an image has several gets two: its inside, and its rim (where it ends or touches another).
    """

    def __init__(self, classes: Classes, samples: list[Segments]) -> None:
        """Which classes need rims is seen from the samples."""
        self.classes = classes if classes.background is not None or not _gaps(samples) else classes.with_background()
        several: set[int] = set()
        areas: dict[int, list[int]] = {}
        for segments in samples:
            ids, counts = np.unique(segments.class_ids[~segments.is_crowd], return_counts=True)
            several |= {int(id_) for id_, count in zip(ids, counts, strict=True) if count > 1}
            for class_id, area in zip(segments.class_ids, segments.masks.areas(), strict=True):
                areas.setdefault(int(class_id), []).append(int(area))
        indexed = [class_ for class_ in self.classes if class_.role != "ignore"]
        self.rimmed = [
            index for index, class_ in enumerate(indexed)
            if class_.role == "class" and class_.kind == "thing" and class_.id in several
        ]  # fmt: skip
        #: A thing's typical side in pixels, by class index.
        self.sides = {
            index: float(np.sqrt(np.median(areas[indexed[index].id]))) if areas.get(indexed[index].id) else 20.0
            for index in self.rimmed
        }
        #: Areas below which a found segment is noise, by class id.
        self.least = {name: max(4, int(0.1 * np.percentile(values, 5))) for name, values in areas.items()}
        self.number = len(indexed) + len(self.rimmed)

    def rim_of(self, index: int) -> int:
        return self.classes.num_classes + self.rimmed.index(index)

    def teach(self, segments: Segments) -> U8:
        """(H, W) classes of pixels; IGNORE_INDEX where nothing is known."""
        out: U8 = segments.label_map(self.classes)
        if not self.rimmed:
            return out
        top = segments.visible()
        indices = self.classes.indices(top.class_ids)
        for index in self.rimmed:
            rows = np.flatnonzero((indices == index) & ~top.is_crowd)
            if not len(rows):
                continue
            width = int(np.clip(round(self.sides[index] / 12), 1, 4))
            rims = top.masks[rows] - top.masks[rows].erode(width)
            rim = rims.union().decode()
            out[rim & (out == index)] = self.rim_of(index)
        return out

    def merged(self, probs: F32) -> F32:
        """(K', H, W) of pixel classes -> (K, H, W) of classes: rims belong to their things."""
        kinds = self.classes.num_classes
        out = probs[:kinds].copy()
        for index in self.rimmed:
            out[index] += probs[self.rim_of(index)]
        return out

    def segments(self, probs: F32) -> Segments:
        """(K', H, W) probabilities of pixel classes -> segments of source `model`, scored by `expected_iou`.

        A stuff class, or a thing of which images have one, is one segment.  The other things are told apart first,
        whatever they are (insides are seeds that grow over what is likelier theirs than not, by watershed), and then
        each is of the class that its pixels speak for together.  What the samples suggest is noise is left out.
        """
        classes = self.classes
        merged = self.merged(probs)
        best = merged.argmax(axis=0).astype(np.uint8)
        indexed = [class_ for class_ in classes if class_.role != "ignore"]
        masks: list[Masks] = []
        ids: list[int] = []
        size = (int(best.shape[0]), int(best.shape[1]))
        if self.rimmed:
            merged, best = self._things(probs, merged, best, masks, ids)
        for index, class_ in enumerate(indexed):
            if class_.role == "background" or index in self.rimmed:
                continue
            region = best == index
            found = Masks.encode(region[None])
            if not region.any() or found.areas()[0] < self.least.get(class_.id, 4):
                continue
            ids.append(class_.id)
            masks.append(found)
        together = Masks.concatenate(masks, size)
        places = {class_.id: index for index, class_ in enumerate(indexed)}
        scores = expected_iou(merged, together, [places[class_id] for class_id in ids])
        return Segments(together, ids, scores=scores, source="model")

    def _things(self, probs: F32, merged: F32, best: U8, masks: list[Masks], ids: list[int]) -> tuple[F32, U8]:
        """Adds the things that come in numbers -> merged, and best, where what was noise is something else."""
        things = np.array(self.rimmed)
        indexed = [class_ for class_ in self.classes if class_.role != "ignore"]
        region = np.isin(best, things)
        if not region.any():
            return merged, best
        inside, rim = probs[things].sum(axis=0), probs[[self.rim_of(index) for index in self.rimmed]].sum(axis=0)
        shares = merged[things][:, region].sum(axis=1)
        side = float(np.average([self.sides[index] for index in self.rimmed], weights=shares))
        parts = self._split(region, inside, rim, side)
        numbers, found = Masks.from_label_map(parts, ignore=[0])
        # (things, parts): what the pixels of each part say together.
        said = np.stack([
            np.bincount(parts.ravel(), merged[index].ravel(), int(parts.max()) + 1)[numbers] for index in self.rimmed
        ])  # fmt: skip
        areas = found.areas()
        kinds = said.argmax(axis=0)
        least = np.array([self.least.get(indexed[index].id, 4) for index in self.rimmed])
        keep = areas >= least[kinds]
        for row in np.flatnonzero(keep):
            ids.append(indexed[self.rimmed[kinds[row]]].id)
            masks.append(found[row : row + 1])
        noise = np.isin(parts, numbers[~keep])
        if noise.any():
            best = best.copy()
            others = merged.copy()
            others[things] = -1
            best[noise] = others.argmax(axis=0)[noise]
        return merged, best

    def _split(self, region: Array, inside: F32, rim: F32, side: float) -> Array:
        """(H, W) int32, 0 outside the region, a number for each thing."""
        cv2: Any = require("cv2", "learning from examples")
        watershed: Any = require("skimage.segmentation", "telling things apart").watershed
        level = cv2.GaussianBlur(inside - rim, (0, 0), max(0.5, side / 20))
        number, parts = cv2.connectedComponents((region & (level > 0)).astype(np.uint8), connectivity=4)
        areas = np.bincount(parts.ravel(), minlength=number)
        small = areas < max(3, 0.02 * side * side)
        small[0] = False
        seeds = np.where(small[parts], 0, parts)
        grown = watershed(-level, seeds, mask=region)
        # Parts of the region that no seed reached are things of their own.
        _, rest = cv2.connectedComponents((region & (grown == 0)).astype(np.uint8), connectivity=4)
        out: Array = np.where(rest > 0, rest + number, grown).astype(np.int32)
        return out


def _gaps(samples: list[Segments]) -> bool:
    """Is any pixel in no segment?"""
    return any(segments.masks.union().area() < segments.size[0] * segments.size[1] for segments in samples)


def known(labels: U8) -> Array:
    """(H, W) bool: pixels that teach."""
    return np.asarray(labels != IGNORE_INDEX)
