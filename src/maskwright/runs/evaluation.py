"""Scores of a run's predictions against the truth of a revision."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskwright import compute, metrics, registry
from maskwright.core.arrays import I64
from maskwright.core.classes import IGNORE_INDEX, Classes
from maskwright.core.names import shown_place
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.metrics import Bootstrap, coco_ap, confusion
from maskwright.runs.record import Run, clean, find
from maskwright.store import View

BATCH = 64


def evaluate(
    view: View,
    run: Run,
    *,
    instances: bool | None = None,
    extra: Sequence[str] = (),
    workers: int = 1,
    progress: Callable[[Iterable[int]], Iterable[int]] = lambda numbers: numbers,
) -> dict[str, Any]:
    """The confusion family over label maps at full size, and COCO AP where the classes are things.

    view: the truth, perhaps another revision than the run saw.  instances: force AP on or off.
    extra: further metrics by name, of `metrics.of_segments()`.
    The scores of each sample are stored with the run, and these beside those of its earlier evaluations.
    `intervals`: 95 % confidence by bootstrap over images, by name.  `set_aside`: samples that could not be scored, with
    the reason; no score counts them.
    workers: processes that count, see `compute.map`; every number is the same with any of them.
    Raises UsageError when the run predicted none of them.
    """
    view = view.frozen()
    extra = list(dict.fromkeys(registry.canonical(name) for name in extra))
    for name in extra:
        metrics.load(name)  # says why where it cannot be
        if name not in metrics.of_segments():
            raise UsageError(
                f"{name!r} is not a metric of segments", needed=f"one of {', '.join(metrics.of_segments())}"
            )
    classes = view.classes
    if classes.background is None and all(class_.kind == "thing" for class_ in classes if class_.role == "class"):
        classes = classes.with_background()
    there = set(view.numbers())
    numbers = [number for number in run.predicted() if number in there]
    if not numbers:
        way = "--model" if find(view, run.id)["kind"] == "train" else "--resume"
        raise UsageError(
            f"the run {run.id!r} holds no prediction of these samples", file=view.place,
            todo=f"Make them with: maskwright predict {shown_place(view.place)} {way} {run.id}",
        )  # fmt: skip
    wants_ap = instances if instances is not None else any(class_.kind == "thing" for class_ in classes)
    worker = _Counting(run.id, classes, extra, detects=wants_ap)
    sums = _Sums(run, classes, extra)
    # In order: ranges and the ranking of equal scores depend on it.
    outcome = compute.map(view, worker, sums, numbers=numbers, workers=workers, ordered=True, progress=progress)
    run.log_samples("mean_iou", sums.own)
    counts, detections = sums.counts, sums.detections
    scores = confusion.compute(counts)
    out: dict[str, Any] = {
        "samples": outcome.done,
        "revision": view.revision,
        **{name: scores[name] for name in (
            "mean_iou", "pixel_accuracy", "class_accuracy", "mean_dice", "frequency_weighted_iou",
        )},
        "classes": dict(zip(classes.names, scores["iou"].tolist(), strict=True)),
        "intervals": sums.spread.intervals(confusion.compute),
        "set_aside": [asdict(sample) for sample in outcome.set_aside],
    }  # fmt: skip
    if wants_ap:
        out["mask"] = coco_ap.compute(detections, classes)
        out["intervals"] |= metrics.ap_intervals(detections, classes)
    for name in extra:
        found_scores = metrics.load(name).compute(sums.more[name], classes)
        out[name] = {key: value for key, value in found_scores.items() if key != "by_class"}
        out["intervals"] |= {
            f"{name}/{key}": pair
            for key, pair in sums.spread_more[name]
            .intervals(
                lambda table, name=name: metrics.load(name).compute(table, classes)  # type: ignore[misc]
            )
            .items()
        }
    result: dict[str, Any] = clean(out)
    asked = {"where": list(view.conditions), "metrics": list(extra), "instances": wants_ap}
    run.add_evaluation(out["revision"], asked, result)
    return result


class _Counting(compute.Worker["_Counts"]):
    """A sample and what a run predicted for it -> counts, which add.

    extra: further metrics.  detects: detections are kept as well, of the classes that are things.
    """

    batch = BATCH

    def __init__(self, run: str, classes: Classes, extra: Sequence[str], *, detects: bool) -> None:
        self._run, self._classes, self._extra = run, classes, tuple(extra)
        self._things = [class_.id for class_ in classes if class_.kind == "thing"] if detects else None

    def read(self, view: View, numbers: Sequence[int]) -> list[tuple[Sample, Segments]]:
        samples = view.read(numbers)
        found = Run(view, self._run, Path()).predictions(list(zip(numbers, samples, strict=True)))
        return list(zip(samples, found, strict=True))

    def __call__(self, number: int, sample: tuple[Sample, Segments]) -> "_Counts":
        truth, pred = sample
        more = {name: metrics.load(name).update(pred, truth.segments, self._classes) for name in self._extra}
        detections = [] if self._things is None else coco_ap.update(
            pred[np.isin(pred.class_ids, self._things)],
            truth.segments[np.isin(truth.segments.class_ids, self._things)],
        )  # fmt: skip
        return _Counts(sample_counts(truth, pred, self._classes), more, detections)


@dataclass(frozen=True)
class _Counts:
    """Of one sample. more: those of further metrics, by name."""

    confusion: I64
    more: dict[str, Any]
    detections: list[dict[str, Any]]


class _Sums:
    """Of all samples, as they come in order. own: the mean IoU of each."""

    def __init__(self, run: Run, classes: Classes, extra: Sequence[str]) -> None:
        self._run = run
        kinds = classes.num_classes
        self.counts = np.zeros((kinds, kinds + 1), np.int64)
        self.spread = Bootstrap()
        self.more: dict[str, Any] = {}
        self.spread_more = {name: Bootstrap() for name in extra}
        self.detections: list[dict[str, Any]] = []
        self.own: dict[int, float] = {}

    def done(self, numbers: Sequence[int]) -> tuple[int, ...]:
        return ()  # counts are nowhere until all of them are there

    def write(self, number: int, rows: _Counts) -> None:
        self._run.beat()
        self.own[number] = float(confusion.compute(rows.confusion)["mean_iou"])
        self.counts += rows.confusion
        self.spread.add(rows.confusion)
        for name, new in rows.more.items():
            self.more[name] = new + self.more.get(name, 0)
            self.spread_more[name].add(new)
        self.detections += rows.detections


def explain(view: View, run: Run) -> list[metrics.Variant]:
    """Every common definition of "mIoU" on the run's predictions of these samples. Raises UsageError without any."""
    view = view.frozen()
    classes = view.classes
    if classes.background is None and all(class_.kind == "thing" for class_ in classes if class_.role == "class"):
        classes = classes.with_background()
    there = set(view.numbers())
    numbers = [number for number in run.predicted() if number in there]
    if not numbers:
        raise UsageError(f"the run {run.id!r} holds no prediction of these samples", file=view.place)
    found = metrics.Explanation(classes)
    kinds = classes.num_classes
    for batch in _batches(numbers):
        samples = view.read(batch)
        for sample, pred in zip(samples, run.predictions(list(zip(batch, samples, strict=True))), strict=True):
            void = sample.segments.label_map(classes) == IGNORE_INDEX
            on_void = np.bincount(pred.label_map(classes)[void], minlength=256)[:kinds]
            found.add(sample_counts(sample, pred, classes), on_void)
    return found.variants()


def sample_counts(sample: Sample, pred: Segments, classes: Classes) -> I64:
    """Confusion counts of one image. A pixel the prediction leaves open counts as background, or else as wrong."""
    background = classes.background
    open_index = 254 if background is None else classes.index_of(background.id)
    target = sample.segments.label_map(classes)
    return confusion.update(pred.label_map(classes, unlabelled=open_index), target, num_classes=classes.num_classes)


def _batches(numbers: Iterable[int]) -> Iterable[list[int]]:
    batch: list[int] = []
    for number in numbers:
        batch.append(number)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
