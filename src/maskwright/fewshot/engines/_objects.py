"""Things that touch: what a learner is taught so that it can tell them apart, and how they are told apart."""

from typing import Any

import numpy as np

from maskwright.core.arrays import F32, U8, Array
from maskwright.core.classes import IGNORE_INDEX, Classes
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.registry import require


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
        """(K', H, W) probabilities of pixel classes -> segments of source `model`, scored by their mean probability.

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
        scores: list[float] = []
        size = (int(best.shape[0]), int(best.shape[1]))
        if self.rimmed:
            merged, best = self._things(probs, merged, best, masks, ids, scores)
        for index, class_ in enumerate(indexed):
            if class_.role == "background" or index in self.rimmed:
                continue
            region = best == index
            found = Masks.encode(region[None])
            if not region.any() or found.areas()[0] < self.least.get(class_.id, 4):
                continue
            ids.append(class_.id)
            masks.append(found)
            scores.append(float(merged[index][region].mean()))
        return Segments(Masks.concatenate(masks, size), ids, scores=scores, source="model")

    def _things(
        self, probs: F32, merged: F32, best: U8, masks: list[Masks], ids: list[int], scores: list[float]
    ) -> tuple[F32, U8]:
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
            scores.append(float(said[kinds[row], row] / areas[row]))
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
