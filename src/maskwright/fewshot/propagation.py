"""From the labelled samples of a dataset to the others, as suggestions.

Suggestions are rows of a run, as predictions are, not of the dataset: a person's labels are never touched, and
accepting one is what writes it.  The next round learns from what was accepted or fixed as well.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from maskwright import compute, media
from maskwright.core.classes import Classes
from maskwright.core.plurals import many
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.errors import MaskwrightError, UsageError
from maskwright.fewshot.prediction import Learner, Prediction
from maskwright.labelling import gestures, workflow
from maskwright.metrics import confusion
from maskwright.runs import Run, find, list_runs
from maskwright.runs.files import folder_of
from maskwright.runs.record import FOUND, clean_settings, recorded_view, sample_metrics
from maskwright.store import Dataset, View
from maskwright.store.dataset import user_name

KIND = "propagate"
_METRIC = "confidence"


@dataclass(frozen=True)
class Round:
    """What one round of propagation did.

    run: where the suggestions are.  labelled: samples it learned from.  suggested: samples it has suggestions for.
    quality: expected mean IoU, by cross-validation on the labelled samples; NaN with one of them.  before: that of the
    last round with fewer labels, if any.  rising: another round of labels is likely to help.  least: the keys of the
    least certain samples, least certain first.  set_aside: samples that nothing could be suggested for, with
    the reason.  rate: suggestions a second, once it had learned.  objects: masks that are suggested.  empty: of the
    suggested samples, those on which nothing was found.
    """

    run: str
    engine: str
    labelled: int
    suggested: int
    quality: float
    before: float | None
    rising: bool
    seconds: float
    least: list[str]
    set_aside: tuple[compute.SetAside, ...] = ()
    rate: float = 0.0
    objects: int = 0
    empty: int = 0

    @property
    def words(self) -> str:
        """What was made, or why nothing was, in a few sentences."""
        images = many(self.suggested - self.empty if self.objects else self.suggested, "image")
        if self.objects:
            parts = [f"{many(self.objects, 'mask')} suggested on {images}, learned from {self.labelled}."]
            if np.isfinite(self.quality):
                parts.append(f"Expected mean IoU {self.quality:.2f}, measured on the finished images.")
            if self.empty:
                parts.append(f"Nothing was found on {many(self.empty, 'image')}.")
        elif self.suggested:
            parts = [f"No mask was made: nothing on {images} looks like what was learned from {self.labelled}."]
            parts.append("Finish one that shows what is missed, and try again.")
        elif self.set_aside:
            parts = ["No mask was made."]
        else:
            parts = ["No mask was made: every image is finished, or has labels already."]
        if self.set_aside:
            parts.append(f"{many(len(self.set_aside), 'image')} could not be worked on.")
        return " ".join(parts)


def labelled(view: View) -> tuple[list[int], list[int]]:
    """Numbers of the samples that have a segment made or approved by a person, and of those that have none.

    Labels that came with an import count as a person's.
    """
    yes: list[int] = []
    no: list[int] = []
    numbers = view.numbers()
    for begin in range(0, len(numbers), 256):
        chunk = numbers[begin : begin + 256]
        for number, sample in zip(chunk, view.read(chunk), strict=True):
            (yes if any(source != "model" for source in sample.segments.source) else no).append(number)
    return yes, no


def propagate(
    dataset: Dataset,
    view: View,
    learner: Learner,
    *,
    engine: str = "forest",
    examples: Sequence[str] = (),
    numbers: Sequence[int] | None = None,
    folds: int = 5,
    gain: float = 0.005,
    limit: int | None = None,
    settings: dict[str, Any] | None = None,
    workers: int = 1,
    progress: Callable[[Iterable[int]], Iterable[int]] = lambda numbers: numbers,
    learning: Callable[[Iterable[int]], Iterable[int]] = lambda steps: steps,
) -> Round:
    """Learn from the labelled samples of the view, suggest for the others, rank by confidence.

    examples: keys of the samples to learn from; all labelled ones when empty, and then the others get suggestions even
    where they have labels.  numbers: of the others, suggest for these only.  folds: of the cross-validation, 0 for
    none.  gain: the expected quality has to rise by this from the last round for `rising`.  limit: samples to suggest
    for, at most.  settings: of the engine; kept with the run.  workers: processes that suggest, each with what was
    learned; see `compute.map`.  progress, learning: wrap the numbers that are suggested for,
    and the steps that are learned in before.

    An interrupted round with the same engine, settings, examples and revision goes on where it stopped. Raises
    UsageError without any labelled sample.  learner: an engine that is ready to fit, of the name `engine`.
    """
    import time

    begun = time.perf_counter()
    view = view.frozen()
    if examples:
        known = [view.number_of(key) for key in examples]
        chosen = set(known)
        rest = [number for number in view.numbers() if number not in chosen]
    else:
        known, rest = labelled(view)
    if numbers is not None:
        wanted = set(numbers)
        rest = [number for number in rest if number in wanted]
    if not known:
        raise UsageError(
            "no sample has labels to learn from", file=view.place,
            todo="Label a few in the studio, or import their labels.",
        )  # fmt: skip
    classes = view.classes
    kept = clean_settings({
        "engine": engine, "options": settings or {}, "examples": sorted(view.read([n])[0].key for n in known),
        "where": list(view.conditions),
    })  # fmt: skip
    samples = view.read(known)
    learner.window = view.window
    quality = cross_validated(learner, samples, classes, folds, learning)
    learner.fit(samples, classes)
    run = resumed(dataset, view, KIND, kept)
    if run is None:
        run = Run.start(view, KIND, kept)
    sink = _Suggestions(run)
    # Those that have their suggestion count, so that a round that goes on suggests for as many.
    there = set(sink.done(rest))
    todo = [number for number in rest if number not in there][: None if limit is None else max(0, limit - len(there))]
    try:
        outcome = compute.map(
            view, _Suggesting(learner), sink, numbers=[*(number for number in rest if number in there), *todo],
            workers=workers, progress=progress,
        )  # fmt: skip
    except BaseException:
        with suppress(MaskwrightError):
            run.finish("interrupted", {"quality": quality})
        raise
    before = _last_quality(dataset, run.id, engine, len(known))
    certain = confidences(view, run.id)
    found = sample_metrics(view, run.id, FOUND)
    worst = sorted(certain, key=lambda number: certain[number])
    result = Round(
        run.id, engine, len(known), len(certain), quality, before,
        before is None or not np.isfinite(quality) or quality > before + gain, time.perf_counter() - begun,
        [view.read([number])[0].key for number in worst[:20]], outcome.set_aside, outcome.rate,
        int(sum(found.values())), sum(not count for count in found.values()),
    )  # fmt: skip
    run.finish("done", {"propagation": asdict(result), "quality": quality, "labelled": len(known)})
    return result


class _Suggesting(compute.Worker[tuple[Segments, float]]):
    """A sample -> what a taught learner guesses, and how sure it is."""

    def __init__(self, learner: Learner) -> None:
        self._learner = learner

    def __call__(self, number: int, sample: Sample) -> tuple[Segments, float]:
        guess: Prediction = self._learner.predict(media.read(sample.image).display(self._learner.window))
        return guess.segments, guess.confidence


class _Suggestions:
    """A run as a sink of suggestions."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def done(self, numbers: Sequence[int]) -> list[int]:
        return self._run.predicted()

    def write(self, number: int, rows: tuple[Segments, float]) -> None:
        log_suggestion(self._run, number, *rows)


def log_suggestion(run: Run, number: int, segments: Segments, confidence: float) -> None:
    """Keep what is suggested for a sample. The prediction marks the sample as done, so it comes last."""
    run.log_samples(_METRIC, {number: confidence}, add=True)
    run.add_predictions([(number, segments)])


def confidences(view: View, run: str) -> dict[int, float]:
    """Of each sample with a suggestion, by number."""
    return sample_metrics(view, run, _METRIC)


def cross_validated(
    learner: Learner,
    samples: Sequence[Sample],
    classes: Classes,
    folds: int,
    learning: Callable[[Iterable[int]], Iterable[int]] = lambda steps: steps,
) -> float:
    """Mean IoU over classes when each sample is predicted from the others; NaN for one sample or no folds.

    learning: wraps the folds.
    """
    if folds < 2 or len(samples) < 2:
        return float("nan")
    folds = min(folds, len(samples))
    whole = classes if classes.background is not None else classes.with_background()
    kinds = whole.num_classes
    counts = np.zeros((kinds, kinds + 1), np.int64)
    for fold in learning(range(folds)):
        learner.fit([each_sample for k, each_sample in enumerate(samples) if k % folds != fold], classes)
        for sample in samples[fold::folds]:
            guess = learner.predict(media.read(sample.image).display(learner.window))
            counts += confusion.update(
                guess.segments.label_map(whole), sample.segments.label_map(whole), num_classes=kinds
            )
    return float(confusion.compute(counts)["mean_iou"])


def accept(dataset: Dataset, run: str, keys: Sequence[str], *, author: str | None = None) -> int:
    """Write a round's suggestions for these samples into the dataset, as labels of source `model` -> samples written.

    run: its id, of `propagate` or `track`.  Where a person labelled the sample in the meantime, theirs stays.  keys:
    the samples'.  author: of the revision.
    """
    made = _made(dataset, run)
    written = []
    who = author or user_name()
    with dataset.edit(f"accept {len(keys)} suggestions of {made.id}", author=who) as edit:
        for key in keys:
            if any(source != "model" for source in edit.segments(key).source):
                continue
            number = made.view.number_of(key)
            edit.put(key, _suggested(made, number))
            written.append(number)
    with dataset.database.writing() as connection:
        workflow.judge(connection, made.id, written, "accepted", who)
    return len(written)


def suggestion(dataset: Dataset, run: str, number: int) -> Segments:
    """What a run of `propagate` or `track` suggests for a sample: source `model`, attribute `suggested_by`."""
    return _suggested(_made(dataset, run), number)


def waiting(dataset: Dataset) -> dict[int, tuple[str, float]]:
    """Sample number -> the newest run that suggests something for it, and with what confidence.

    Samples for which a person accepted or rejected that are left out.
    """
    out: dict[int, tuple[str, float]] = {}
    for row in list_runs(dataset):  # the newest first
        if row["status"] in ("done", "interrupted", "dead"):
            for number, value in confidences(dataset, row["id"]).items():
                out.setdefault(number, (row["id"], value))
    judged = workflow.judged(dataset)
    return {number: found for number, found in out.items() if (found[0], number) not in judged}


def queued(dataset: Dataset, rows: Iterable[gestures.Row]) -> dict[int, tuple[str, float]]:
    """Of `waiting`, what is to be shown to a person: for samples that are open, and have no objects but accepted ones.

    What a run was asked to suggest for labelled samples is shown there as well.  rows: of `gestures.overview`.
    """
    found = waiting(dataset)
    if not found:
        return {}
    asked = {row["id"] for row in list_runs(dataset) if row["settings"].get("labelled")}
    return {
        row.number: found[row.number]
        for row in rows
        if row.number in found
        and (
            found[row.number][0] in asked or (row.workflow.state is None and (not row.segments or bool(row.suggested)))
        )
    }


def _made(dataset: Dataset, run: str) -> Run:
    record = find(dataset, run)
    return Run(recorded_view(dataset, record), record["id"], folder_of(dataset, record["id"]))


def _suggested(made: Run, number: int) -> Segments:
    found = made.predictions([(number, made.view.read([number])[0])])[0]
    return Segments(
        found.masks, found.class_ids, scores=found.scores, source="model",
        attributes=[{**attribute, "suggested_by": made.id} for attribute in found.attributes],
    )  # fmt: skip


def resumed(dataset: Dataset, view: View, kind: str, settings: dict[str, Any]) -> Run | None:
    """The newest interrupted or killed run of a kind with these settings on the same revision, now this process's."""
    revision = view.frozen().revision
    for row in list_runs(dataset):
        same = all(row["settings"].get(name) == value for name, value in settings.items())
        if row["kind"] == kind and row["status"] in ("dead", "interrupted") and same and row["revision"] == revision:
            return Run.resume(dataset, row["id"])
    return None


def _last_quality(dataset: Dataset, own: str, engine: str, number: int) -> float | None:
    """Expected quality of the newest finished round of this engine that learned from fewer samples."""
    for row in list_runs(dataset):
        if row["id"] == own:
            continue
        scores = row["scores"] or {}
        same = row["kind"] == KIND and row["status"] == "done" and row["settings"].get("engine") == engine
        if same and scores.get("labelled", number) < number:
            quality = scores.get("quality")
            return None if quality is None else float(quality)
    return None
