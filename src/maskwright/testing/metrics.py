"""What every metric of segments promises."""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from maskwright import metrics, registry
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.testing.samples import CLASSES, make_samples


def guesses(samples: list[Sample], seed: int = 0) -> list[Segments]:
    """Predictions that are nearly right: moved by a pixel, some dropped, some of another class, with scores."""
    rng = np.random.default_rng(seed)
    found = []
    for sample in samples:
        kept = sample.segments[rng.random(len(sample.segments)) < 0.8]
        masks = kept.masks.paste(kept.size, left=int(rng.integers(-1, 2)), top=int(rng.integers(-1, 2)))
        class_ids = np.where(rng.random(len(kept)) < 0.2, 1, kept.class_ids)
        found.append(Segments(masks, class_ids, scores=rng.random(len(kept))))
    return found


class MetricContract:
    """A metric of `update(pred, target, classes)`, as `maskwright evaluate --metric` takes it.

    The first score that is one number is its main one, which HIGHER_IS_BETTER is about.
    """

    name: str

    @property
    def module(self) -> ModuleType:
        return registry.load("metrics", self.name)

    def main(self, counts: Any) -> float:
        scores = self.module.compute(counts, CLASSES)
        return next(value for value in scores.values() if isinstance(value, float))

    def counts(self, pairs: list[tuple[Segments, Segments]]) -> list[Any]:
        return [self.module.update(pred, target, CLASSES) for pred, target in pairs]

    def pairs(self, folder: Path) -> list[tuple[Segments, Segments]]:
        """(prediction, truth) of some images, one of them without a segment."""
        samples = make_samples(folder, 10, seed=3, overlap=False)
        return list(zip(guesses(samples), (sample.segments for sample in samples), strict=True))

    def test_counts_of_images_are_arrays_of_one_shape_that_add(self, tmp_path: Path) -> None:
        pairs = self.pairs(tmp_path)
        counts = self.counts(pairs)
        assert len({np.asarray(each).shape for each in counts}) == 1
        assert all(isinstance(each, np.ndarray) for each in counts)
        halves = sum(self.counts(pairs[:4])) + sum(self.counts(pairs[4:]))
        assert np.allclose(sum(counts), halves, rtol=1e-12)
        assert np.allclose(sum(counts), sum(self.counts(pairs[::-1])), rtol=1e-9)

    def test_nothing_that_it_is_given_changes(self, tmp_path: Path) -> None:
        pairs, same = self.pairs(tmp_path), self.pairs(tmp_path)
        total = sum(self.counts(pairs))
        kept = total.copy()
        self.module.compute(total, CLASSES)
        assert np.array_equal(total, kept)
        assert all(ours == theirs for pair, other in zip(pairs, same, strict=True)
                   for ours, theirs in zip(pair, other, strict=True))  # fmt: skip

    def test_truth_is_the_best_prediction(self, tmp_path: Path) -> None:
        pairs = self.pairs(tmp_path)
        found = self.main(sum(self.counts(pairs)))
        best = self.main(sum(self.counts([(target, target) for _, target in pairs])))
        assert best > found if self.module.HIGHER_IS_BETTER else best < found

    def test_scores_of_nothing_are_no_error(self, tmp_path: Path) -> None:
        total = sum(self.counts(self.pairs(tmp_path)))
        scores = self.module.compute(np.zeros_like(total), CLASSES)
        assert all(isinstance(name, str) for name in scores)

    def test_it_has_intervals(self, tmp_path: Path) -> None:
        spread = metrics.Bootstrap(replicates=20)
        counts = self.counts(self.pairs(tmp_path))
        for each in counts:
            spread.add(each)
        found = spread.intervals(lambda sums: self.module.compute(sums, CLASSES))
        scores = self.module.compute(sum(counts), CLASSES)
        assert {name for name, value in scores.items() if isinstance(value, float) and value == value} <= set(found)
        assert all(low <= high for low, high in found.values())
