"""Random forest over pixels at several scales: learns in seconds, needs no weights.

After Berg et al., "ilastik", Nature Methods 2019, and Arganda-Carreras et al., "Trainable Weka Segmentation", 2017,
with things told apart by learned rims.  The trees are scikit-learn's; they are walked by a compiled loop, a dozen times
as fast as its own.  A second forest sees what the first says around a pixel (Tu, "Auto-context", CVPR 2008); it is
taught on answers of trees that did not see the pixel's image.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright import media
from maskwright.core.arrays import F32, U8, Array, Size
from maskwright.core.classes import Classes
from maskwright.core.sample import Sample
from maskwright.fewshot.engines._features import SIGMAS, features, has_colour
from maskwright.fewshot.engines._objects import Lessons, known
from maskwright.fewshot.prediction import Prediction, entropy
from maskwright.media import Window
from maskwright.registry import require

#: Pixels of a strip: memory stays bounded on large images.
TILE = 2**20
AROUND = (2.0, 6.0, 14.0)


def load(**options: Any) -> "Forest":
    """options: see `Forest`."""
    require("sklearn", "the forest")
    require("cv2", "the forest")
    return Forest(**options)


class Forest:
    """trees, depth: of each of the two forests.  pixels: taught of each image.  position: x and y are features too.

    context: use the second forest.  seed: same samples, same seed, same forest.
    """

    def __init__(
        self, *, trees: int = 16, depth: int = 13, pixels: int = 12_000, position: bool = False, context: bool = True,
        sigmas: Sequence[float] = SIGMAS, seed: int = 0,
    ) -> None:  # fmt: skip
        self.trees, self.depth, self.pixels, self.position = trees, depth, pixels, position
        self.context, self.sigmas, self.seed = context, tuple(sigmas), seed
        self.window: Window | None = None
        self._samples: list[Sample] = []
        self._taught: list[_Taught] = []
        self._first: _Trees | None = None
        self._second: _Trees | None = None
        self.lessons: Lessons | None = None
        self.colour = False

    def fit(self, samples: Sequence[Sample], classes: Classes) -> None:
        self._classes = classes
        self._samples, self._taught, self.colour, self.lessons = [], [], False, None
        self.add(samples)

    def add(self, samples: Sequence[Sample]) -> None:
        """Only new samples are read (all, where they show that things come in numbers or colours); then the forests
        grow anew from all pixels kept.
        """
        self._samples += samples
        if not self._samples:
            raise ValueError("a forest needs at least one labelled sample")
        before = (self.colour, [] if self.lessons is None else self.lessons.rimmed)
        images = [media.read(sample.image).display(self.window) for sample in samples]
        self.colour = self.colour or any(map(has_colour, images))
        self.lessons = Lessons(self._classes, [each_sample.segments for each_sample in self._samples])
        if self._taught and before != (self.colour, self.lessons.rimmed):
            self._taught = []
            images = [media.read(sample.image).display(self.window) for sample in self._samples]
        for sample, image in zip(self._samples[len(self._taught) :], images, strict=True):
            self._taught.append(self._teach(sample, image, self.lessons))
        self._grow(self.lessons)

    def _teach(self, sample: Sample, image: U8, lessons: Lessons) -> "_Taught":
        """Pixels, their classes and weights: rare classes are drawn more often, and weigh less for it."""
        labels = lessons.teach(sample.segments).ravel()
        rng = np.random.default_rng((self.seed, len(self._taught)))
        there = np.unique(labels[known(labels)])
        picked: list[Array] = [np.zeros(0, np.int64)]
        weights: list[Array] = [np.zeros(0)]
        for value in there:
            own = np.flatnonzero(labels == value)
            fair = self.pixels // (2 * len(there)) + int(self.pixels / 2 * len(own) / labels.size)
            take = min(len(own), fair)
            picked.append(rng.choice(own, take, replace=False))
            weights.append(np.full(take, len(own) / take))
        at = np.concatenate(picked)
        found = self._features(image)
        weight = np.concatenate(weights).astype(np.float32)
        return _Taught(sample, at, labels[at].astype(np.int64), weight, found.reshape(-1, found.shape[2])[at])

    def _features(self, image: U8) -> F32:
        return features(image, sigmas=self.sigmas, colour=self.colour, position=self.position)

    def _grow(self, lessons: Lessons) -> None:
        groups = np.concatenate([np.full(len(each.at), k) for k, each in enumerate(self._taught)])
        if not len(groups):
            raise ValueError("the labelled samples teach no pixel: all of them are ignored")
        x, y, weight = (
            np.concatenate([getattr(each, name) for each in self._taught]) for name in ("features", "labels", "weights")
        )
        self._first = _Trees(x, y, weight / weight.mean(), self, self.trees, lessons.number)
        self._second = None
        if not self.context:
            return
        around = []
        folds = min(3, len(self._taught))
        teachers: dict[int, _Trees] = {}
        for k, each in enumerate(self._taught):
            # Trees that did not see this image say about it what trees say about a new image.
            fold = k % folds
            others = groups % folds != fold
            if fold not in teachers:
                teachers[fold] = (
                    self._first
                    if not others.any()
                    else _Trees(x[others], y[others], weight[others], self, max(6, self.trees // 3), lessons.number)
                )
            context = self._context(teachers[fold], self._features(media.read(each.sample.image).display(self.window)))
            around.append(context.reshape(-1, context.shape[2])[each.at])
        wide = np.concatenate([x, np.concatenate(around)], axis=1)
        self._second = _Trees(wide, y, weight / weight.mean(), self, self.trees, lessons.number)

    def probs(self, image: U8) -> F32:
        """(K', H, W) probabilities of what was taught; see `Lessons`."""
        if self._first is None or self.lessons is None:
            raise ValueError("the forest has learned nothing yet: call fit")
        height, width = image.shape[:2]
        if height * width <= TILE:
            return self._probs(self._first, image, 0, height)
        # Strips, with the overlap that the widest scale needs.
        margin = int(3 * max(self.sigmas) + (3 * max(AROUND) if self.context else 0))
        rows = max(2 * margin, TILE // width)
        out = np.empty((self.lessons.number, height, width), np.float32)
        for top in range(0, height, rows):
            low, high = max(0, top - margin), min(height, top + rows + margin)
            part = self._probs(self._first, image[low:high], low, height)
            out[:, top : top + rows] = part[:, top - low : top - low + rows]
        return out

    def _probs(self, trees: "_Trees", image: U8, top: int, height: int) -> F32:
        found = self._features(image)
        if self.position:
            found[..., -2] = ((np.arange(image.shape[0], dtype=np.float32) + top) / height)[:, None]
        if self._second is None:
            return trees.probs(found)
        return self._second.probs(found, self._context(trees, found))

    def _context(self, trees: "_Trees", found: F32) -> F32:
        """(H, W, K' * 4) what the first forest says here and around; asked at every second pixel of each row."""
        return _surroundings(trees.probs(np.ascontiguousarray(found[::2, ::2])), (found.shape[0], found.shape[1]))

    def predict(self, image: U8) -> Prediction:
        probs = self.probs(image)
        assert self.lessons is not None
        return Prediction(self.lessons.segments(probs), entropy(self.lessons.merged(probs)))


@dataclass(frozen=True)
class _Taught:
    """at: (P,) pixels by flat index, with their labels, weights and (P, F) features."""

    sample: Sample
    at: Array
    labels: Array
    weights: F32
    features: F32


class _Trees:
    """scikit-learn's forest as flat arrays."""

    def __init__(self, x: F32, y: Array, weight: F32, settings: Forest, trees: int, number: int) -> None:
        ensemble: Any = require("sklearn.ensemble", "the forest")
        forest = ensemble.RandomForestClassifier(
            trees, max_depth=settings.depth, min_samples_leaf=3, max_features="sqrt", random_state=settings.seed,
            max_samples=0.5 if len(x) > 1000 else None,
        ).fit(x, y, sample_weight=weight)  # fmt: skip
        feature, threshold, child, place_of, roots, depths, leaves = [], [], [], [], [], [], []
        nodes, rows = 0, 0
        for each in forest.estimators_:
            tree = each.tree_
            # Children side by side, so that one index finds both.
            order, place = _paired(tree.children_left, tree.children_right)
            leaf = tree.children_left[order] < 0
            feature.append(np.where(leaf, 0, tree.feature[order]))
            threshold.append(np.where(leaf, np.inf, tree.threshold[order]))
            child.append(np.where(leaf, np.arange(len(order)), place[tree.children_left[order]]) + nodes)
            row = np.zeros(len(order), np.int64)
            row[leaf] = rows + np.arange(int(leaf.sum()))
            place_of.append(row)
            depths.append(tree.max_depth)
            shares = np.zeros((int(leaf.sum()), number), np.float32)
            shares[:, forest.classes_] = tree.value[order][leaf, 0]
            leaves.append(shares / shares.sum(axis=1, keepdims=True))
            roots.append(nodes)
            nodes, rows = nodes + len(order), rows + len(shares)
        self._arrays = (
            np.concatenate(feature).astype(np.int32), np.concatenate(threshold).astype(np.float32),
            np.concatenate(child).astype(np.int32), np.array(roots, np.int32), np.array(depths, np.int32),
            np.concatenate(place_of).astype(np.int32), np.concatenate(leaves),
        )  # fmt: skip

    def probs(self, found: F32, more: F32 | None = None) -> F32:
        """(H, W, F) and perhaps (H, W, G) -> (K', H, W)."""
        from maskwright.fewshot.kernels.trees import forest_probs

        own = np.ascontiguousarray(found).reshape(-1, found.shape[2])
        rest = np.zeros((1, 1), np.float32) if more is None else np.ascontiguousarray(more).reshape(len(own), -1)
        flat = forest_probs(own, rest, *self._arrays)
        return np.ascontiguousarray(flat.reshape(*found.shape[:2], -1).transpose(2, 0, 1))


def _paired(left: Array, right: Array) -> tuple[Array, Array]:
    """Breadth first -> order (N,) of the old nodes, place (N,) of each old node in it."""
    order = [0]
    at = 0
    while at < len(order):
        node = order[at]
        if left[node] >= 0:
            order += [int(left[node]), int(right[node])]
        at += 1
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return np.array(order), place


def _surroundings(probs: F32, size: Size) -> F32:
    """(K', h, w) -> (H, W, K' * 4): the probabilities as they are and around, at three scales of native pixels."""
    cv2: Any = require("cv2", "the forest")
    layers = []
    height, width = probs.shape[1:]
    scale = height / size[0]
    for prob in probs:
        for sigma in (0.0, *AROUND):
            wide = sigma * scale
            factor = 4 if wide > 2.5 and min(height, width) >= 64 else 1
            small = prob
            if factor > 1:
                small = cv2.resize(prob, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
            if wide:
                small = cv2.GaussianBlur(small, (0, 0), max(wide / factor, 0.3))
            layers.append(cv2.resize(small, size[::-1], interpolation=cv2.INTER_LINEAR))
    return np.stack(layers, axis=2)


#: What the options are for; their types and names are read off it.
OPTIONS = Forest
