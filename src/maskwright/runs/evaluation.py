"""Scores of a run's predictions against the truth of a revision."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from maskwright import metrics, registry
from maskwright.core.arrays import I64
from maskwright.core.classes import IGNORE_INDEX, Classes
from maskwright.core.names import shown_place
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.metrics import Bootstrap, coco_ap, confusion
from maskwright.runs.record import Run, clean
from maskwright.store import View

BATCH = 64


def evaluate(
    view: View,
    run: Run,
    *,
    instances: bool | None = None,
    extra: Sequence[str] = (),
    progress: Callable[[Iterable[int]], Iterable[int]] = lambda numbers: numbers,
) -> dict[str, Any]:
    """The confusion family over label maps at full size, and COCO AP where the classes are things.

    view: the truth, perhaps another revision than the run saw.  instances: force AP on or off.
    extra: further metrics by name, of `metrics.of_segments()`.
    The scores of each sample are stored with the run, and these beside those of its earlier evaluations.
    `intervals`: 95 % confidence by bootstrap over images, by name.
    Raises UsageError when the run predicted none of them.
    """
    view = view.frozen()
    classes = view.classes
    if classes.background is None and all(one.kind == "thing" for one in classes if one.role == "class"):
        classes = classes.with_background()
    there = set(view.numbers())
    numbers = [number for number in run.predicted() if number in there]
    if not numbers:
        raise UsageError(
            f"the run {run.id!r} holds no prediction of these samples", file=view.place,
            todo=f"Make them with: maskwright predict {shown_place(view.place)} --model {run.id}",
        )  # fmt: skip
    extra = list(dict.fromkeys(registry.canonical(name) for name in extra))
    for name in extra:
        metrics.load(name)  # says why where it cannot be
        if name not in metrics.of_segments():
            raise UsageError(
                f"{name!r} is not a metric of segments", needed=f"one of {', '.join(metrics.of_segments())}"
            )
    more: dict[str, Any] = {}
    spread = Bootstrap()
    spread_more = {name: Bootstrap() for name in extra}
    wants_ap = instances if instances is not None else any(one.kind == "thing" for one in classes)
    kinds = classes.num_classes
    counts = np.zeros((kinds, kinds + 1), np.int64)
    detections: list[dict[str, Any]] = []
    own: dict[int, float] = {}
    for batch in _batches(progress(numbers)):
        run.beat()
        samples = view.read(batch)
        found = run.predictions(list(zip(batch, samples, strict=True)))
        for number, sample, pred in zip(batch, samples, found, strict=True):
            one = sample_counts(sample, pred, classes)
            own[number] = float(confusion.compute(one)["mean_iou"])
            counts += one
            spread.add(one)
            for name in extra:
                new = metrics.load(name).update(pred, sample.segments, classes)
                more[name] = new + more.get(name, 0)
                spread_more[name].add(new)
            if wants_ap:
                things = [one.id for one in classes if one.kind == "thing"]
                pred_things = pred[np.isin(pred.class_ids, things)]
                detections += coco_ap.update(pred_things, sample.segments[np.isin(sample.segments.class_ids, things)])
    run.log_samples("mean_iou", own)
    scores = confusion.compute(counts)
    out: dict[str, Any] = {
        "samples": len(numbers),
        "revision": view.revision,
        **{name: scores[name] for name in (
            "mean_iou", "pixel_accuracy", "class_accuracy", "mean_dice", "frequency_weighted_iou",
        )},
        "classes": dict(zip(classes.names, scores["iou"].tolist(), strict=True)),
        "intervals": spread.intervals(confusion.compute),
    }  # fmt: skip
    if wants_ap:
        out["mask"] = coco_ap.compute(detections, classes)
        out["intervals"] |= metrics.ap_intervals(detections, classes)
    for name in extra:
        found_scores = metrics.load(name).compute(more[name], classes)
        out[name] = {key: value for key, value in found_scores.items() if key != "by_class"}
        out["intervals"] |= {
            f"{name}/{key}": pair
            for key, pair in spread_more[name]
            .intervals(
                lambda table, name=name: metrics.load(name).compute(table, classes)  # type: ignore[misc]
            )
            .items()
        }
    result: dict[str, Any] = clean(out)
    asked = {"where": list(view.conditions), "metrics": list(extra), "instances": wants_ap}
    run.add_evaluation(out["revision"], asked, result)
    return result


def explain(view: View, run: Run) -> list[metrics.Variant]:
    """Every common definition of "mIoU" on the run's predictions of these samples. Raises UsageError without any."""
    view = view.frozen()
    classes = view.classes
    if classes.background is None and all(one.kind == "thing" for one in classes if one.role == "class"):
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
