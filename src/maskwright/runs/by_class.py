"""What a run took for what, class by class, counted anew from its predictions."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from maskwright.core.arrays import I64
from maskwright.core.classes import Classes
from maskwright.metrics import Bootstrap, confusion
from maskwright.runs.evaluation import BATCH, sample_counts, scored_classes
from maskwright.runs.record import Run
from maskwright.store import View


@dataclass(frozen=True, eq=False)
class ByClass:
    """counts: (K, K + 1) int64, rows truth, columns prediction, as `metrics.confusion.update` has them.

    classes: K of them.  intervals: 95 % confidence of each class's IoU, by its name, by bootstrap over images; a class
    without an IoU has none.
    """

    counts: I64
    classes: Classes
    intervals: dict[str, tuple[float, float]]


def by_class(
    view: View,
    run: Run,
    numbers: Sequence[int],
    *,
    progress: Callable[[Iterable[int]], Iterable[int]] = lambda numbers: numbers,
) -> ByClass:
    """Counts over some samples, of pixels at full size.

    view: the truth.  numbers: samples of the view that the run predicted; none give counts of zero.  progress: told of
    every sample.  Raises DatasetError for a prediction that is not what was written.
    """
    classes = scored_classes(view.classes)
    kinds = classes.num_classes
    counts, spread = np.zeros((kinds, kinds + 1), np.int64), Bootstrap()
    follow = iter(progress(numbers))
    for begin in range(0, len(numbers), BATCH):
        batch = list(numbers[begin : begin + BATCH])
        samples = view.read(batch)
        for sample, found in zip(samples, run.predictions(list(zip(batch, samples, strict=True))), strict=True):
            next(follow, None)
            own = sample_counts(sample, found, classes)
            counts += own
            spread.add(own)
    next(follow, None)

    def ious(table: I64) -> dict[str, float]:
        return dict(zip(classes.names, confusion.compute(table)["iou"].tolist(), strict=True))

    return ByClass(counts, classes, spread.intervals(ious))
