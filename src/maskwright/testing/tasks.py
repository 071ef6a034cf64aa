"""What every task of a network promises."""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from maskwright import registry
from maskwright.core.classes import Classes
from maskwright.core.segments import Segments
from maskwright.testing.metrics import guesses
from maskwright.testing.samples import CLASSES, make_samples


class TaskContract:
    """A task, as `maskwright train --task` takes it. name: the task's.  exact: whether truth itself scores 1."""

    name: str
    exact = True

    @property
    def module(self) -> ModuleType:
        return registry.load("predict.tasks", self.name)

    def classes(self) -> Classes:
        """What a network learns of `CLASSES`."""
        learned, _ = self.module.learned(CLASSES)
        assert isinstance(learned, Classes)
        return learned

    def truths(self, folder: Path) -> list[Segments]:
        """Of some images, with the classes that are learned alone; one of them without a segment."""
        known = [class_.id for class_ in self.classes()]
        samples = make_samples(folder, 8, seed=4, overlap=False)
        return [sample.segments[np.isin(sample.segments.class_ids, known)] for sample in samples]

    def scores(self, pairs: list[tuple[Segments, Segments]]) -> dict[str, Any]:
        counts = self.module.nothing(self.classes())
        for pred, target in pairs:
            counts = counts + self.module.update(pred, target, self.classes())
        found: dict[str, Any] = self.module.compute(counts, self.classes())
        return found

    def test_it_says_for_which_classes_it_is(self) -> None:
        assert isinstance(self.module.suits(CLASSES), bool)
        assert self.module.problem(CLASSES) is None, "they have things, stuff and a background"
        note = self.module.learned(CLASSES)[1]
        assert note is None or isinstance(note, str)
        assert {class_.id for class_ in self.classes()} <= {class_.id for class_ in CLASSES}
        assert 0 <= self.module.THRESHOLD < 1

    def test_segments_of_an_object_are_grouped(self, tmp_path: Path) -> None:
        for truth in self.truths(tmp_path):
            found = self.module.groups(truth, self.classes())
            assert found is None or len(found) == len(truth)

    def test_truth_is_the_best_prediction(self, tmp_path: Path) -> None:
        samples = make_samples(tmp_path, 8, seed=4, overlap=False)
        known = [class_.id for class_ in self.classes()]
        near = [pred[np.isin(pred.class_ids, known)] for pred in guesses(samples)]
        truths = self.truths(tmp_path)
        best = self.scores([(truth, truth) for truth in truths])
        found = self.scores(list(zip(near, truths, strict=True)))
        assert best[self.module.MAIN] > found[self.module.MAIN]
        assert not self.exact or best[self.module.MAIN] > 1 - 1e-9
        assert all(isinstance(best[name], float) for name in (self.module.MAIN, *self.module.CURVE))
        assert self.module.headline(best, "val")

    def test_scores_of_nothing_are_no_error(self) -> None:
        scores = self.module.compute(self.module.nothing(self.classes()), self.classes())
        assert self.module.MAIN in scores
