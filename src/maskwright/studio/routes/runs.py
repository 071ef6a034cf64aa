"""Runs: what was trained, predicted and measured, its curves and numbers, what people said of it."""

from collections.abc import Mapping
from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from maskwright.core.names import shown
from maskwright.errors import UsageError
from maskwright.insight.askable import as_text, quoted
from maskwright.runs import evaluations, find, launching, list_runs, object_curves
from maskwright.runs.evaluation import confused, curves_of_objects
from maskwright.runs.kept_images import kept_images
from maskwright.runs.launching import Launched
from maskwright.runs.record import curves, flat_scores, histograms, last_evaluations
from maskwright.store import Dataset, View, run_values
from maskwright.studio.state import Studio, number_or_none

#: Points of a curve that a page is sent at most; more are thinned evenly, the last one kept.
MOST_POINTS = 1000
#: Runs whose curves of objects are kept: they are made from all predictions.
MOST_KEPT = 16


class RunRow(BaseModel):
    """A run at a glance.

    status: as `runs.list_runs` has it, and `starting` where a training's process has begun and is not yet at its run.
    score: the mean IoU of its last evaluation, or of its own.
    """

    id: str
    kind: str
    status: str
    revision: int
    created: str
    ended: str | None
    model: str | None
    tags: list[str]
    notes: str
    score: float | None


class Evaluated(BaseModel):
    """An evaluation of a run. where: conditions on the samples that were scored; scores: flat, classes as classes/NAME;
    intervals: from and to, by score.
    """

    created: str
    revision: int
    name: str | None
    where: list[str]
    scores: dict[str, float]
    intervals: dict[str, tuple[float, float]]


class RunDetails(RunRow):
    """A run, whole.

    made: False where its process is about to make it, or could not.  curves: points of step and value by name.
    per_sample: names of what it says of each sample.
    """

    made: bool = True

    settings: dict[str, Any]
    scores: dict[str, float]
    curves: dict[str, list[tuple[int, float]]]
    evaluations: list[Evaluated]
    per_sample: list[str]


class Confusion(BaseModel):
    """What was taken for what, at a run's last evaluation.

    pixels, objects: (truth, prediction, count), by places among the classes, those that are not 0; the number of
    classes stands for nothing.
    """

    classes: list[str]
    pixels: list[tuple[int, int, int]]
    objects: list[tuple[int, int, int]]


class Cell(BaseModel):
    """Of a confusion: names of classes, none for nothing."""

    truth: str | None = Field(default=None, max_length=500)
    predicted: str | None = Field(default=None, max_length=500)
    of: Literal["pixels", "objects"] = "pixels"


class CellSamples(BaseModel):
    """expression: how conditions name the counts.  numbers: of the samples, most first, each with its count."""

    expression: str
    numbers: list[int]
    counts: list[int]


class Size(BaseModel):
    """Objects of some size, in pixels: from, and below; how many; their mean IoU."""

    low: float
    high: float
    objects: int
    iou: float | None


class Bin(BaseModel):
    """Predictions of some scores: how many, the share that matches an object, their mean score."""

    predictions: int
    right: float | None
    score: float | None


class ObjectCurves(BaseModel):
    """See `runs.object_curves.ObjectCurves`; none where a recall is not reached, or nothing is in a bin."""

    recalls: list[float]
    precision: dict[str, list[float | None]]
    objects: dict[str, int]
    calibration: list[Bin]
    expected_error: float | None
    sizes: list[Size]


class RunImage(BaseModel):
    """An image that was drawn at a step of a training."""

    name: str
    step: int


class Distribution(BaseModel):
    """How values lay at a step: counts of bars of equal width from low to high, and how many were not finite."""

    step: int
    counts: list[int]
    low: float
    high: float
    not_finite: int


class RunSaid(BaseModel):
    """What people say of a run; none leaves it as it is."""

    tags: list[str] | None = Field(default=None, max_length=50)
    notes: str | None = Field(default=None, max_length=20_000)


def router(studio: Studio) -> APIRouter:
    """/api/runs."""
    routes = APIRouter()
    dataset = studio.dataset
    kept: dict[tuple[str, str], ObjectCurves | None] = {}

    @routes.get("/api/runs")
    def runs() -> list[RunRow]:
        """All runs, the one that was started last first."""
        judged, begun = last_evaluations(dataset), launching.launched(dataset)
        rows = [_row(record, judged.get(record["id"]), begun) for record in list_runs(dataset)]
        there = {row.id for row in rows}
        waiting = [_waiting(dataset, process) for name, process in begun.items() if name not in there]
        return [*sorted(waiting, key=lambda row: row.created, reverse=True), *rows]

    @routes.get("/api/runs/{id}")
    def run(id: str) -> RunDetails:
        """A run with its curves and all of its numbers."""
        return _details(dataset, id)

    @routes.get("/api/runs/{id}/confusion")
    def confusion(id: str) -> Confusion | None:
        """What the last evaluation counted; none for a run that has not been evaluated, or was before this was kept."""
        done = _counted(dataset, find(dataset, id)["id"])
        return None if done is None else Confusion(**done["scores"]["confusion"])

    @routes.get("/api/runs/{id}/objects")
    def objects(id: str) -> ObjectCurves | None:
        """How sure the run is of objects, and how right, on what was evaluated last; none where none has a score."""
        run = dataset.run(id)
        done = _counted(dataset, run.id)
        if done is None or done["settings"].get("annotator") or not done["settings"].get("instances"):
            return None
        key = (run.id, done["created"])
        if key not in kept:
            while len(kept) >= MOST_KEPT:
                kept.pop(next(iter(kept)))
            kept[key] = _curves(curves_of_objects(_judged_view(dataset, done), run))
        return kept[key]

    @routes.post("/api/runs/{id}/confused")
    def samples_of(id: str, cell: Cell) -> CellSamples:
        """Count again where one class is taken for another, and keep the counts as what the run says of its samples."""
        run = dataset.run(id)
        done = _counted(dataset, run.id)
        if done is None or done["settings"].get("annotator"):
            raise UsageError(
                f"there is no confusion of the run {shown(run.id)!r}", needed="an evaluation of it",
                todo=f"Make one with: maskwright evaluate DATASET {run.id}",
            )  # fmt: skip
        found = confused(_judged_view(dataset, done), run, cell.truth, cell.predicted, of=cell.of)
        name = f"{cell.of}: {cell.truth or 'nothing'} taken for {cell.predicted or 'nothing'}"
        run.log_samples(name, found)
        return CellSamples(
            expression=f"run({as_text(run.id)}).{quoted(name)}", numbers=list(found), counts=list(found.values())
        )

    @routes.get("/api/runs/{id}/images")
    def images(id: str) -> list[RunImage]:
        """The images that a training drew on its way."""
        return [RunImage(name=image.name, step=image.step) for image in kept_images(dataset, id)]

    @routes.get("/api/runs/{id}/image")
    def image(id: str, name: str, step: int) -> Response:
        """One of them, as a JPEG."""
        found = next((kept for kept in kept_images(dataset, id) if (kept.name, kept.step) == (name, step)), None)
        if found is None:
            raise UsageError(f"the run {shown(id)!r} has no image {shown(name)!r} of step {step}", file=dataset.place)
        headers = {"cache-control": "private, max-age=3600"}
        return Response(found.file.read_bytes(), media_type="image/jpeg", headers=headers)

    @routes.get("/api/runs/{id}/histograms")
    def layers(id: str) -> dict[str, list[Distribution]]:
        """Distributions of weights, biases and gradients by layer; none for a run without."""
        return {
            name: [Distribution(**{field: row[field] for field in Distribution.model_fields}) for row in rows]
            for name, rows in histograms(dataset, id).items()
        }

    @routes.put("/api/runs/{id}")
    def say(id: str, said: RunSaid) -> RunDetails:
        """Give a run tags, or write notes about it."""
        run = dataset.run(id)
        if said.tags is not None:
            run.tags = said.tags
        if said.notes is not None:
            run.notes = said.notes
        return _details(dataset, run.id)

    return routes


def _counted(dataset: Dataset, id: str) -> dict[str, Any] | None:
    """The last evaluation, where it has a confusion."""
    done = last_evaluations(dataset).get(id)
    return done if done is not None and "confusion" in done["scores"] else None


def _judged_view(dataset: Dataset, done: dict[str, Any]) -> View:
    """What an evaluation was of."""
    view = dataset.at(done["revision"])
    for text in done["settings"].get("where", ()):
        view = view.where(text)
    return view


def _curves(found: object_curves.ObjectCurves) -> ObjectCurves | None:
    if not found.calibration[:, 0].any():
        return None
    return ObjectCurves(
        recalls=found.recalls.tolist(),
        precision={name: [number_or_none(value) for value in row.tolist()] for name, row in found.precision.items()},
        objects=dict(found.objects),
        calibration=[Bin(predictions=int(number), right=number_or_none(right), score=number_or_none(score))
                     for number, right, score in found.calibration.tolist()],
        expected_error=number_or_none(found.expected_error),
        sizes=[Size(low=low, high=high, objects=int(number), iou=number_or_none(iou))
               for low, high, number, iou in found.sizes.tolist()],
    )  # fmt: skip


def _row(record: dict[str, Any], evaluated: dict[str, Any] | None, begun: Mapping[str, Launched]) -> RunRow:
    score = (evaluated or record)["scores"].get("mean_iou")
    plain = {name: record[name] for name in ("id", "kind", "status", "revision", "created", "ended", "tags", "notes")}
    process = begun.get(record["id"])
    if (
        process is not None
        and record["status"] != "running"
        and process.going
        and process.begun >= (record["ended"] or "")
    ):
        plain["status"] = "starting"
    return RunRow(**plain, model=record["settings"].get("model"), score=score)


def _waiting(dataset: Dataset, process: Launched) -> RunRow:
    """A training whose process has not made its run yet, or never will."""
    return RunRow(
        id=process.name, kind="train", status="starting" if process.going else "failed", revision=dataset.revision,
        created=process.begun, ended=None, model=None, tags=[], notes="", score=None,
    )  # fmt: skip


def _details(dataset: Dataset, id: str) -> RunDetails:
    begun = launching.launched(dataset)
    try:
        record = find(dataset, id)
    except UsageError:
        if id not in begun:
            raise
        return RunDetails(
            **_waiting(dataset, begun[id]).model_dump(), made=False, settings={}, scores={}, curves={}, evaluations=[],
            per_sample=[],
        )  # fmt: skip
    done = evaluations(dataset, record["id"])
    row = _row(record, done[-1] if done else None, begun)
    drawn = {name: _thinned(points) for name, points in curves(dataset, record["id"]).items()}
    with dataset.database.reading() as connection:
        known = [column for _, column in run_values.columns_of(connection, record["id"])]
    own = {name: value for name, value in record["scores"].items() if name != "evaluation"}
    return RunDetails(
        **row.model_dump(), settings=record["settings"], scores=flat_scores(own), curves=drawn,
        evaluations=[_evaluated(found) for found in done],
        per_sample=[column.name for column in known if column.owner == "sample" and column.kind == "number"],
    )  # fmt: skip


def _evaluated(found: dict[str, Any]) -> Evaluated:
    settings, scores = found["settings"], dict(found["scores"])
    intervals = scores.pop("intervals", None) or {}
    return Evaluated(
        created=found["created"], revision=found["revision"], name=settings.get("name"),
        where=list(settings.get("where", ())), scores=flat_scores(scores),
        intervals={name: pair for name, pair in intervals.items() if _is_pair(pair)},
    )  # fmt: skip


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(edge, int | float) for edge in value)


def _thinned(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    step = -(-len(points) // MOST_POINTS)
    return points if step <= 1 else [*points[:-1:step], points[-1]]
