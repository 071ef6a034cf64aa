"""Scores of a run's predictions against the truth of a revision."""

import hashlib
import json
from array import array
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import sqlalchemy as sql

from maskwright import __version__, compute, metrics, registry
from maskwright.core.arrays import F64, I64
from maskwright.core.classes import IGNORE_INDEX, Classes
from maskwright.core.names import check_name, shown, shown_place
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.errors import DatasetError, UsageError
from maskwright.metrics import Bootstrap, coco_ap, confusion, error_kinds
from maskwright.runs import files, object_curves
from maskwright.runs.by_segment import Found, found
from maskwright.runs.record import Run, clean, evaluations, find
from maskwright.runs.unscored import NOT_LEARNED, left_out, never_learned, shown_by, unscored
from maskwright.store import View, hashes, schema

Rows = TypeVar("Rows")

BATCH = 64


def evaluate(
    view: View,
    run: Run,
    *,
    instances: bool | None = None,
    extra: Sequence[str] = (),
    name: str | None = None,
    workers: int = 1,
    progress: Callable[[Iterable[int]], Iterable[int]] = lambda numbers: numbers,
) -> dict[str, Any]:
    """The confusion family over label maps at full size, and COCO AP where the classes are things.

    view: the truth, perhaps another revision than the run saw.  instances: force AP on or off.
    extra: further metrics by name, of `metrics.of_segments()`.  name: of this evaluation among the run's, one word.
    The scores of each sample are stored with the run, and these beside those of its earlier evaluations.  So is what
    was found: `iou` and `matched` of each segment, and of each sample how many are `matched`, `lost` and `invented`.
    `confusion`: (truth, prediction, count) of `pixels` and of `objects`, those that are not 0, by places in its
    `classes`; the number of classes stands for nothing: what is left open, lost or invented.
    `error_kinds`: where there is AP, as `metrics.error_kinds` has them.
    `intervals`: 95 % confidence by bootstrap over images, by name.  `set_aside`: samples that could not be scored, with
    the reason; no score counts them.  `unscored`: classes that no sample of the view shows, or that the network never
    learned, with the reason; they have no score and enter no mean.
    workers: processes that count, see `compute.map`; every number is the same with any of them.
    Each sample's counts are kept in the run's folder until all are there: where this is cut off, the same call goes on
    with them and gives the same numbers, as long as the predictions are the same.
    Raises DatasetError where none of them has a label, UsageError when the run predicted none of them, and for a name
    that is none or that the run has already.
    """
    view = view.frozen()
    called = {} if name is None else {"name": _new_name(view, run, name)}
    extra = list(dict.fromkeys(registry.canonical(metric) for metric in extra))
    for metric in extra:
        metrics.load(metric)  # says why where it cannot be
        if metric not in metrics.of_segments():
            raise UsageError(
                f"{metric!r} is not a metric of segments", needed=f"one of {', '.join(metrics.of_segments())}"
            )
    classes = scored_classes(view.classes)
    numbers = _predicted(view, run)
    if getattr(view, "annotator", None) is None:
        _check_labelled(view, numbers)
    none = unscored(classes, shown_by(view, numbers))
    never = never_learned(view, find(view, run.id))
    none |= {class_.name: NOT_LEARNED for class_ in classes if class_.name in never}
    wants_ap = instances if instances is not None else any(class_.kind == "thing" for class_ in classes)
    worker = _Counting(run.id, classes, extra, detects=wants_ap)
    asked = {"where": list(view.conditions), "metrics": list(extra), "instances": wants_ap}
    asked |= {} if view.annotator is None else {"annotator": view.annotator}
    sums = _Sums(classes, extra, left_out(classes, none))
    with _journal(view, run, {"work": "evaluate", **asked}, classes, numbers) as journal:
        sink = _InOrder(run, journal, numbers, sums.add)
        outcome = compute.map(view, worker, sink, numbers=numbers, workers=workers, ordered=True, progress=progress)
        sink.rest()
        result = _scores(view, sums, outcome, classes, extra, wants_ap)
        result |= {"unscored": none} if none else {}
        run.log_samples("mean_iou", sums.own)
        run.log_segments("iou", sums.ious.arrays())
        run.log_segments("matched", sums.matched.arrays(), kind="bool")
        for metric, values in sums.objects.items():
            run.log_samples(metric, values)
        run.add_evaluation(result["revision"], asked | called, result)
    return result


def _check_labelled(view: View, numbers: Sequence[int]) -> None:
    """Raises DatasetError where no sample has a label, and none is called finished: there is nothing to compare."""
    bare = view.where("count() = 0 and (state is null or state = 'open')").numbers()
    if set(numbers) <= set(bare):
        raise DatasetError(
            f"none of the {len(numbers)} samples that were predicted has a label", file=view.place,
            needed="truth to compare with", todo="Label some, or score others: --where 'count() > 0'.",
        )  # fmt: skip


def _new_name(view: View, run: Run, name: str) -> str:
    checked = check_name(name, "an evaluation's name")
    if any(done["settings"].get("name") == checked for done in evaluations(view, run.id)):
        raise UsageError(
            f"the run {run.id!r} has an evaluation {checked!r} already", file=view.place, todo="Choose another --name."
        )
    return checked


def scored_classes(classes: Classes) -> Classes:
    """The classes of label maps: with a background where all others are things."""
    if classes.background is None and all(class_.kind == "thing" for class_ in classes if class_.role == "class"):
        return classes.with_background()
    return classes


def _predicted(view: View, run: Run) -> list[int]:
    """The view's samples that the run predicted, in order. Raises UsageError for none."""
    there = set(view.numbers())
    if not there:
        where = " and ".join(view.conditions)
        raise UsageError(f"no sample to score{f' where {where}' if where else ''}", file=view.place)
    numbers = [number for number in run.predicted() if number in there]
    if not numbers:
        way = "--model" if find(view, run.id)["kind"] == "train" else "--resume"
        raise UsageError(
            f"the run {run.id!r} holds no prediction of these samples", file=view.place,
            todo=f"Make them with: maskwright predict {shown_place(view.place)} {way} {run.id}",
        )  # fmt: skip
    return numbers


def _journal(
    view: View, run: Run, work: Mapping[str, Any], classes: Classes, numbers: Sequence[int]
) -> compute.Journal:
    """Where counts are kept while the work goes on; others than these samples', predictions and classes never fit."""
    table = schema.predictions
    query = sql.select(table.c.hash).where(table.c.run == run.id)
    with view.database.reading() as connection:
        predictions = hashes.together(connection.execute(query).scalars())
    about = {
        **work, "run": run.id, "revision": view.revision, "classes": classes.to_json(),
        "samples": hashlib.sha256(json.dumps(numbers).encode()).hexdigest(), "predictions": predictions,
        "version": __version__,
    }  # fmt: skip
    return compute.Journal(run.folder if (run.folder / files.MARK).is_file() else None, about)


def _scores(
    view: View, sums: "_Sums", outcome: compute.Outcome, classes: Classes, extra: Sequence[str], wants_ap: bool
) -> dict[str, Any]:
    counts, detections = sums.counts, sums.detections
    scores = sums.computed(counts)
    out: dict[str, Any] = {
        "samples": outcome.done + outcome.before,
        "revision": view.revision,
        **{name: scores[name] for name in (
            "mean_iou", "pixel_accuracy", "class_accuracy", "mean_dice", "frequency_weighted_iou",
        )},
        "classes": dict(zip(classes.names, scores["iou"].tolist(), strict=True)),
        "intervals": sums.spread.intervals(sums.computed),
        "set_aside": [asdict(sample) for sample in outcome.set_aside],
        "confusion": {
            "classes": list(classes.names),
            "pixels": [(*cell, counts[cell]) for cell in zip(*map(np.ndarray.tolist, np.nonzero(counts)), strict=True)],
            "objects": sorted((*cell, number) for cell, number in sums.taken_for.items()),
        },
    }  # fmt: skip
    if wants_ap:
        detections = coco_ap.without(detections, sums.left_out)
        out["mask"] = coco_ap.compute(detections, classes)
        out["intervals"] |= metrics.ap_intervals(detections, classes)
        out["error_kinds"] = error_kinds.compute(detections, classes)
    for name in extra:
        compute = metrics.load(name).compute
        with registry.naming("metrics", name):
            found_scores = compute(sums.more[name], classes)
            spread = sums.spread_more[name].intervals(lambda table, compute=compute: compute(table, classes))  # type: ignore[misc]
        out[name] = {key: value for key, value in found_scores.items() if key != "by_class"}
        out["intervals"] |= {f"{name}/{key}": pair for key, pair in spread.items()}
    result: dict[str, Any] = clean(out)
    return result


class _Comparing(compute.Worker[Rows]):
    """Gets every sample with what a run predicted for it."""

    batch = BATCH

    def __init__(self, run: str, classes: Classes) -> None:
        self._run, self._classes = run, classes

    def read(self, view: View, numbers: Sequence[int]) -> list[tuple[Sample, Segments]]:
        samples = view.read(numbers)
        found = Run(view, self._run, Path()).predictions(list(zip(numbers, samples, strict=True)))
        return list(zip(samples, found, strict=True))


#: Confusion counts of one sample, those of further metrics by name, detections, and what was found of its segments.
#: All of it plain, as `Found.plain` has it, so that a journal keeps it.
_Counts = tuple[I64, dict[str, Any], list[dict[str, Any]], tuple[Any, ...]]


class _Counting(_Comparing[_Counts]):
    """A sample and what a run predicted for it -> counts, which add.

    extra: further metrics.  detects: detections are kept as well, of the classes that are things.
    """

    def __init__(self, run: str, classes: Classes, extra: Sequence[str], *, detects: bool) -> None:
        super().__init__(run, classes)
        self._extra = tuple(extra)
        self._things = [class_.id for class_ in classes if class_.kind == "thing"] if detects else None

    def __call__(self, number: int, sample: tuple[Sample, Segments]) -> _Counts:
        truth, pred = sample
        more = {}
        for name in self._extra:
            with registry.naming("metrics", name):
                more[name] = metrics.load(name).update(pred, truth.segments, self._classes)
        detections = [] if self._things is None else coco_ap.update(
            pred[np.isin(pred.class_ids, self._things)],
            truth.segments[np.isin(truth.segments.class_ids, self._things)],
        )  # fmt: skip
        objects = found(truth.segments, pred, self._classes)
        return sample_counts(truth, pred, self._classes), more, detections, objects.plain()


class _Confusing(_Comparing[int]):
    """A sample and what a run predicted for it -> how often one class is taken for another.

    cell: indices of the truth's class and of the prediction's, the number of classes for nothing.  of: as `confused`.
    """

    def __init__(self, run: str, classes: Classes, cell: tuple[int, int], of: str) -> None:
        super().__init__(run, classes)
        self._cell, self._of = cell, of

    def __call__(self, number: int, sample: tuple[Sample, Segments]) -> int:
        truth, pred = sample
        if self._of == "objects":
            return found(truth.segments, pred, self._classes).taken_for.get(self._cell, 0)
        return int(sample_counts(truth, pred, self._classes)[self._cell])


class _Judging(_Comparing[object_curves.Judged]):
    """A sample and what a run predicted for it -> how sure that was, and how right."""

    def __call__(self, number: int, sample: tuple[Sample, Segments]) -> object_curves.Judged:
        truth, pred = sample
        return object_curves.judged(truth.segments, pred, self._classes)


class _Kept(Generic[Rows]):
    """Rows by number, in memory."""

    def __init__(self) -> None:
        self.rows: dict[int, Rows] = {}

    def done(self, numbers: Sequence[int]) -> Collection[int]:
        return ()

    def write(self, number: int, rows: Rows) -> None:
        self.rows[number] = rows


def curves_of_objects(view: View, run: Run, *, workers: int = 1) -> object_curves.ObjectCurves:
    """Precision by recall, calibration, and IoU by size, of what a run predicted; see `object_curves.ObjectCurves`.

    view: what was evaluated.  workers: processes that compare.  Raises UsageError where the run predicted none of it.
    """
    view = view.frozen()
    classes = scored_classes(view.classes)
    kept: _Kept[object_curves.Judged] = _Kept()
    compute.map(view, _Judging(run.id, classes), kept, numbers=_predicted(view, run), workers=workers)
    return object_curves.curves([kept.rows[number] for number in sorted(kept.rows)], classes)


def confused(
    view: View, run: Run, truth: str | None, predicted: str | None, *, of: str = "pixels", workers: int = 1
) -> dict[int, int]:
    """The samples where one class is taken for another, and how often, most first: a cell of `evaluate`'s confusion.

    view: what was evaluated.  truth, predicted: names of classes, the same one for what is right; None for nothing:
    predicted of what is left open or lost, truth of what is invented.  of: pixels or objects.
    workers: processes that count.  Raises UsageError for a name that is none, and where the run predicted none of them.
    """
    view = view.frozen()
    classes = scored_classes(view.classes)
    for name in (truth, predicted):
        if name is not None and name not in classes.names:
            raise UsageError(f"there is no class {shown(name)!r} that is scored", file=view.place)
    if of not in ("pixels", "objects"):
        raise UsageError(f"there is no confusion of {shown(of)!r}", needed="pixels or objects")
    sides = [classes.num_classes if name is None else classes.names.index(name) for name in (truth, predicted)]
    numbers = set(_predicted(view, run))
    by_name = {class_.name: class_ for class_ in classes}
    if truth is not None and by_name[truth].role != "background":
        samples, kinds, _, _ = view.class_areas()
        numbers &= set(samples[kinds == by_name[truth].id].tolist())
    if predicted is not None and by_name[predicted].role != "background":
        numbers &= run.predicted_class(by_name[predicted].id)
    kept: _Kept[int] = _Kept()
    worker = _Confusing(run.id, classes, (sides[0], sides[1]), of)
    compute.map(view, worker, kept, numbers=sorted(numbers), workers=workers)
    some = [(number, count) for number, count in kept.rows.items() if count]
    return dict(sorted(some, key=lambda row: (-row[1], row[0])))


class _InOrder:
    """Keeps rows in a journal, and hands them on in the order of their numbers: those of an earlier call as well.

    Ranges and the ranking of equal scores depend on the order.  add: what gets every number with its rows.
    """

    def __init__(
        self, run: Run, journal: compute.Journal, numbers: Sequence[int], add: Callable[[int, Any], None]
    ) -> None:
        self._run, self._journal, self._add = run, journal, add
        self._before = deque(number for number in sorted(numbers) if number in journal)

    def done(self, numbers: Sequence[int]) -> Collection[int]:
        return self._journal.done(numbers)

    def write(self, number: int, rows: Any) -> None:
        self._run.beat()
        self._journal.write(number, rows)
        while self._before and self._before[0] < number:
            self._hand_on()
        self._add(number, rows)

    def rest(self) -> None:
        """What was there before and comes after the last new one."""
        while self._before:
            self._hand_on()

    def _hand_on(self) -> None:
        number = self._before.popleft()
        self._add(number, self._journal[number])


class _OfSegments:
    """A value of many segments: which sample's, which segment, and the value."""

    def __init__(self) -> None:
        self._samples, self._segments, self._values = array("q"), array("q"), array("d")

    def add(self, number: int, values: Mapping[int, float]) -> None:
        """Of one sample, by the segment's id."""
        self._samples.extend([number] * len(values))
        self._segments.extend(values)
        self._values.extend(values.values())

    def arrays(self) -> tuple[I64, I64, F64]:
        """(N,) sample numbers, (N,) segments' ids, (N,) values."""
        return np.asarray(self._samples), np.asarray(self._segments), np.asarray(self._values)


class _Sums:
    """Of all samples, as they come in order. own: the mean IoU of each.

    ious, matched: of every segment.  objects: how many of a sample's are matched, lost and invented, by those words.
    """

    def __init__(self, classes: Classes, extra: Sequence[str], without: frozenset[int] = frozenset()) -> None:
        kinds = classes.num_classes
        self.left_out = without
        self._indices = [classes.index_of(class_id) for class_id in without]
        self.counts = np.zeros((kinds, kinds + 1), np.int64)
        self.spread = Bootstrap()
        self.more: dict[str, Any] = {}
        self.spread_more = {name: Bootstrap() for name in extra}
        self.detections: list[dict[str, Any]] = []
        self.own: dict[int, float] = {}
        self.ious, self.matched = _OfSegments(), _OfSegments()
        self.taken_for: Counter[tuple[int, int]] = Counter()
        self.objects: dict[str, dict[int, float]] = {"matched": {}, "lost": {}, "invented": {}}

    def computed(self, counts: I64) -> dict[str, Any]:
        return confusion.compute(counts, left_out=self._indices)

    def add(self, number: int, rows: _Counts) -> None:
        counts, more, detections, kept = rows
        objects = Found.of_plain(kept)
        self.ious.add(number, objects.ious)
        self.matched.add(number, objects.matched)
        self.objects["matched"][number] = len(objects.matched) - objects.lost
        self.taken_for.update(objects.taken_for)
        self.objects["lost"][number] = objects.lost
        self.objects["invented"][number] = objects.invented
        self.own[number] = float(self.computed(counts)["mean_iou"])
        self.counts += counts
        self.spread.add(counts)
        for name, new in more.items():
            self.more[name] = new + self.more.get(name, 0)
            self.spread_more[name].add(new)
        self.detections += detections


def explain(
    view: View,
    run: Run,
    *,
    workers: int = 1,
    progress: Callable[[Iterable[int]], Iterable[int]] = lambda numbers: numbers,
) -> list[metrics.Variant]:
    """Every common definition of "mIoU" on the run's predictions of these samples. Raises UsageError without any.

    workers: processes that count.  Cut off and started again, it goes on, as `evaluate` does.  The first sample that
    cannot be compared ends it with its error.
    """
    view = view.frozen()
    classes = scored_classes(view.classes)
    numbers = _predicted(view, run)
    found = metrics.Explanation(classes)
    about = {"work": "explain", "where": list(view.conditions)}
    with _journal(view, run, about, classes, numbers) as journal:
        sink = _InOrder(run, journal, numbers, lambda _, rows: found.add(*rows))
        compute.map(
            view, _Explaining(run.id, classes), sink, numbers=numbers, workers=workers, ordered=True, strict=True,
            progress=progress,
        )  # fmt: skip
        sink.rest()
    return found.variants()


class _Explaining(_Comparing[tuple[I64, I64]]):
    """A sample and what a run predicted -> confusion counts, and by class what is predicted on ignored pixels."""

    def __call__(self, number: int, sample: tuple[Sample, Segments]) -> tuple[I64, I64]:
        truth, pred = sample
        void = truth.segments.label_map(self._classes) == IGNORE_INDEX
        on_void = np.bincount(pred.label_map(self._classes)[void], minlength=256)[: self._classes.num_classes]
        return sample_counts(truth, pred, self._classes), on_void


def sample_counts(sample: Sample, pred: Segments, classes: Classes) -> I64:
    """Confusion counts of one image. A pixel the prediction leaves open counts as background, or else as wrong."""
    background = classes.background
    open_index = 254 if background is None else classes.index_of(background.id)
    target = sample.segments.label_map(classes)
    return confusion.update(pred.label_map(classes, unlabelled=open_index), target, num_classes=classes.num_classes)
