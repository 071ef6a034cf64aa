"""Three labelled examples, the rest by the program, and what that saves.

The truth of the demo set's images is known, so what is suggested can be judged, and an annotator can be played.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maskwright import fewshot, media
from maskwright.core.classes import Classes
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.interactive import Session, annotate
from maskwright.metrics import confusion
from maskwright.store import Dataset

#: A segment is right as it is from this IoU on, and clicked until it reaches it.
RIGHT = 0.85
#: What one click takes a person, looking included. Assumed; everything else is measured.
SECONDS_A_CLICK = 2.0
MOST = 10


@dataclass(frozen=True)
class Saved:
    """images: labelled by the program.  mean_iou: of its labels, over them.  expected: what it said before.

    segments: of these images; right: of them, so many need no touch.  clicks_each: what one takes by clicking.
    clicks: with the program: the examples, and what is not right.  clicks_alone: without it.
    """

    examples: int
    images: int
    mean_iou: float
    expected: float
    segments: int
    right: int
    clicks_each: float
    clicks: int
    clicks_alone: int
    seconds: float

    @property
    def minutes_saved(self) -> float:
        return (self.clicks_alone - self.clicks) * SECONDS_A_CLICK / 60


def propagate(folder: str | Path, classes: Classes, samples: Sequence[Sample], *, examples: int = 3) -> Saved:
    """Label `samples` from `examples` of them in a new dataset: suggestions are accepted as they are, and judged."""
    shown = _telling(samples, examples)
    dataset = Dataset.create(Path(folder), classes)
    with dataset, dataset.edit("images, three of them labelled") as edit:
        for k, sample in enumerate(samples):
            edit.add(sample if k in shown else sample.with_segments(Segments.none(sample.image.size)))
    with Dataset.open(folder) as opened:
        done = fewshot.propagate(opened, opened, fewshot.learner("forest"), folds=examples)
        rest = [sample for k, sample in enumerate(samples) if k not in shown]
        fewshot.accept(opened, done.run, [sample.key for sample in rest])
        counts = np.zeros((classes.num_classes, classes.num_classes + 1), np.int64)
        right = number = 0
        for sample in rest:
            found = opened[sample.key].segments
            truth = sample.segments.visible()
            counts += confusion.update(
                found.label_map(classes), truth.label_map(classes), num_classes=classes.num_classes
            )
            right += _right(found, truth)
            number += len(truth)
    each = _clicks([samples[k] for k in shown])
    labelled = sum(len(samples[k].segments) for k in shown)
    return Saved(
        len(shown), len(rest), float(confusion.compute(counts)["mean_iou"]), done.quality, number, right, each,
        round(each * (labelled + number - right)), round(each * (labelled + number)), done.seconds,
    )  # fmt: skip


def _telling(samples: Sequence[Sample], number: int) -> list[int]:
    """Samples that show as many classes as can be, by greedy choice, then as many segments."""
    chosen: list[int] = []
    seen: set[int] = set()
    for _ in range(min(number, len(samples))):
        best = max(
            (k for k in range(len(samples)) if k not in chosen),
            key=lambda k: (len(set(samples[k].segments.class_ids.tolist()) - seen), len(samples[k].segments), -k),
        )
        chosen.append(best)
        seen |= set(samples[best].segments.class_ids.tolist())
    return sorted(chosen)


def _right(found: Segments, truth: Segments) -> int:
    """Segments of the truth that a found one of their class matches well enough."""
    if not len(found) or not len(truth):
        return 0
    iou = found.masks.iou(truth.masks) * (found.class_ids[:, None] == truth.class_ids[None])
    return int((iou.max(axis=0) >= RIGHT).sum())


def _clicks(samples: Sequence[Sample]) -> float:
    """Clicks that a segment takes with the classical engine, played on these samples."""
    used: list[int] = []
    for sample in samples:
        session = Session(media.read(sample.image).display())
        for mask in sample.segments.visible().masks:
            curve = annotate(session, mask.decode(), clicks=MOST, until=RIGHT)
            used.append(len(curve.ious))
    return float(np.mean(used)) if used else 0.0
