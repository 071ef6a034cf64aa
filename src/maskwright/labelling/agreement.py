"""How far people agree who labelled the same samples."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from maskwright.core.classes import Classes
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.labelling import gestures, own_labels, workflow
from maskwright.labelling.assignments import FINISHED
from maskwright.metrics import confusion, instance_matching
from maskwright.store import Dataset


@dataclass(frozen=True)
class Agreement:
    """first, second: who labelled; None stands for the shared labels.

    mean_iou: of the pixels, over the classes that one of the two has there; NaN where both labelled nothing.  f1: of
    the objects, at IoU 0.5; NaN without things.  Both are the same either way round.
    """

    number: int
    key: str
    first: str | None
    second: str
    mean_iou: float
    f1: float


def between(first: Segments, second: Segments, classes: Classes) -> tuple[float, float]:
    """(mean IoU, F1) of two people's segments over one image, as in `Agreement`. first, second: over the same image."""
    whole = classes if classes.background is not None else classes.with_background()
    counts = confusion.update(
        first.label_map(whole), second.label_map(whole), num_classes=whole.num_classes
    )[:, : whole.num_classes]  # fmt: skip
    background = whole.background
    there = np.ones(whole.num_classes, bool)
    if background is not None:
        there[whole.index_of(background.id)] = False
    inside = np.diag(counts)
    union = counts.sum(axis=0) + counts.sum(axis=1) - inside
    shown = there & (union > 0)
    iou = float(np.mean(inside[shown] / union[shown])) if shown.any() else float("nan")
    return iou, float(instance_matching.compute(instance_matching.update(first, second, classes), classes)["f1"])


def agreements(dataset: Dataset, numbers: Iterable[int] | None = None) -> list[Agreement]:
    """Of every sample that two or more have finished, least agreement first.  numbers: of these samples only."""
    classes = dataset.classes
    wanted = None if numbers is None else set(numbers)
    out: list[Agreement] = []
    for row in gestures.overview(dataset):
        people = row.workflow.own_labels
        if not people or (wanted is not None and row.number not in wanted):
            continue
        labels: list[tuple[str | None, Segments]] = []
        if row.workflow.state in FINISHED:
            labels.append((None, dataset.read([row.number])[0].segments))
        labels += [(person, own_labels.read(dataset, row.number, person)[0]) for person in people]
        for k, (first, mine) in enumerate(labels):
            for second, theirs in labels[k + 1 :]:
                iou, f1 = between(mine, theirs, classes)
                out.append(Agreement(row.number, row.key, first, str(second), iou, f1))
    return sorted(out, key=lambda item: (np.isnan(item.mean_iou), item.mean_iou))


def labels_of(dataset: Dataset, number: int, who: str | None) -> Segments:
    """What somebody labelled on a sample apart, or with None the shared labels.

    Raises UsageError for labels apart that are not finished: nobody looks at them before.
    """
    if who is None:
        return dataset.read([number])[0].segments
    if who not in workflow.of(dataset, number).own_labels:
        raise UsageError(f"{who} has not finished labels of their own on image {number}")
    return own_labels.read(dataset, number, who)[0]
