"""`Run`: one record in the dataset's database, and a folder for what is large."""

import json
import math
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
import sqlalchemy as sql

from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.dataset import Dataset, View, schema
from maskwright.dataset.rows import masks_from
from maskwright.errors import UsageError
from maskwright.runs.environment import environment
from maskwright.runs.trackers import Fanout

#: The per-sample metric that counts predicted segments.
FOUND = "segments found"


class Run:
    """One training, prediction or evaluation against one revision.

    Curves, scores, per-sample metrics and predictions are rows in the dataset's database; checkpoints and
    reports are files in `folder`.  Every `log` is acknowledged only when it is stored.
    """

    def __init__(self, view: View, id: str, folder: Path, tracker: Fanout | None = None) -> None:
        self.view = view
        self.id = id
        self.folder = folder
        self._tracker = tracker or Fanout([])

    @classmethod
    def start(
        cls, view: View, kind: str, settings: Mapping[str, Any], *, name: str | None = None,
        trackers: Sequence[str] = (), folder: str | Path | None = None,
    ) -> Self:  # fmt: skip
        """A new run tied to the revision that `view` shows now.

        name: its id; made from the time when not given.  folder: where runs' files go; runs/ in the dataset's
        folder by default.  Raises UsageError for a name that is taken.
        """
        frozen = view.frozen()
        now = datetime.now(UTC)
        identity = name or f"{kind}-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        place = _folder(view, folder) / identity
        row = {
            "id": identity,
            "kind": kind,
            "status": "running",
            "revision": frozen.revision,
            "created": now.isoformat(timespec="seconds"),
            "settings": {**settings, "where": list(view.conditions)},
            "environment": environment(),
            "scores": {},
        }
        with view.store.writing() as connection:
            there = connection.execute(sql.select(schema.runs.c.id).where(schema.runs.c.id == identity)).first()
            if there:
                raise UsageError(f"there is a run {identity!r} already", todo="Choose another --name.")
            connection.execute(schema.runs.insert().values(**row))
        place.mkdir(parents=True, exist_ok=True)
        (place / "settings.json").write_text(json.dumps(row["settings"], indent=1, default=str))
        return cls(frozen, identity, place, Fanout.open(trackers, place, dict(settings)))

    @classmethod
    def resume(cls, dataset: Dataset, id: str, *, trackers: Sequence[str] = ()) -> Self:
        """An existing run, set to running again."""
        record = find(dataset, id)
        run = cls(
            View(dataset.store, record["revision"], record["settings"].get("where", ())),
            record["id"],
            _folder(dataset, None) / record["id"],
            Fanout.open(trackers, _folder(dataset, None) / record["id"], record["settings"]),
        )
        run._update(status="running", ended=None)
        return run

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Points of curves; a point logged twice keeps the later value."""
        rows = [
            {"run": self.id, "name": name, "step": step, "value": None if math.isnan(value) else float(value)}
            for name, value in values.items()
        ]
        table = schema.run_points
        with self.view.store.writing() as connection:
            connection.execute(
                table.delete().where(table.c.run == self.id, table.c.step == step, table.c.name.in_(list(values)))
            )
            connection.execute(table.insert(), rows)
        self._tracker.log(step, values)

    def log_image(
        self, step: int, name: str, image: Any, *, plain: Any = None, masks: Mapping[str, Segments] | None = None
    ) -> None:
        """image: (H, W, 3) uint8; kept as overlays/NAME-STEP.jpg in the run's folder, and sent to the trackers.

        plain, masks: the picture without anything drawn, and what belongs on it by kind ("truth", "prediction"), for
        trackers that draw masks themselves.
        """
        from PIL import Image

        place = self.folder / "overlays" / f"{name.replace('/', '-')}-{step:07d}.jpg"
        place.parent.mkdir(exist_ok=True, parents=True)
        Image.fromarray(image).save(place, quality=88)
        self._tracker.log_image(step, name, image, plain, masks or {})

    def log_histogram(self, step: int, name: str, values: Any, *, bins: int = 32) -> None:
        """values: any numbers; their distribution is one line of histograms.jsonl in the run's folder.

        Values that are not finite are counted apart: they are what one looks for.
        """
        flat = np.asarray(values, np.float64).ravel()
        finite = flat[np.isfinite(flat)]
        counts, edges = (
            np.histogram(finite, bins) if finite.size else (np.zeros(bins, int), np.linspace(0, 1, bins + 1))
        )
        row = {
            "step": step, "name": name, "counts": counts.tolist(), "low": float(edges[0]), "high": float(edges[-1]),
            "not_finite": int(flat.size - finite.size),
        }  # fmt: skip
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "histograms.jsonl", "a") as file:
            file.write(json.dumps(row) + "\n")
        self._tracker.log_histogram(step, name, finite)

    def log_artifact(self, path: Path) -> None:
        """A file of the run that trackers should keep, such as its best weights."""
        self._tracker.log_artifact(path)

    def log_samples(self, name: str, values: Mapping[int, float], *, add: bool = False) -> None:
        """One metric of many samples, by sample number; replaces what was there; with `add` of these only."""
        table = schema.run_samples
        rows = [
            {"run": self.id, "sample": number, "name": name, "value": None if math.isnan(value) else float(value)}
            for number, value in values.items()
        ]
        with self.view.store.writing() as connection:
            old = table.delete().where(table.c.run == self.id, table.c.name == name)
            connection.execute(old.where(table.c.sample.in_(list(values))) if add else old)
            if rows:
                connection.execute(table.insert(), rows)

    def add_predictions(self, found: Iterable[tuple[int, Segments]]) -> None:
        """Predicted segments by sample number; a sample's earlier predictions in this run are replaced."""
        table = schema.predictions
        batch = list(found)
        rows = []
        for number, segments in batch:
            raw = segments.masks.counts.astype("<u4", copy=False).tobytes()
            offsets = (4 * segments.masks.offsets).tolist()
            for i in range(len(segments)):
                score = float(segments.scores[i])
                rows.append(
                    {
                        "run": self.id,
                        "sample": number,
                        "z": i,
                        "class_id": int(segments.class_ids[i]),
                        "score": None if math.isnan(score) else score,
                        "counts": raw[offsets[i] : offsets[i + 1]],
                        "attributes": dict(segments.attributes[i]) or None,
                    }
                )
        with self.view.store.writing() as connection:
            numbers = [number for number, _ in batch]
            connection.execute(table.delete().where(table.c.run == self.id, table.c.sample.in_(numbers)))
            if rows:
                connection.execute(table.insert(), rows)
            # How many were found is kept too: a sample without any was predicted all the same.
            table = schema.run_samples
            connection.execute(
                table.delete().where(table.c.run == self.id, table.c.name == FOUND, table.c.sample.in_(numbers))
            )
            found_rows = [{"run": self.id, "sample": n, "name": FOUND, "value": float(len(one))} for n, one in batch]
            if found_rows:
                connection.execute(table.insert(), found_rows)

    def predicted(self) -> list[int]:
        """Numbers of the samples this run predicted, with or without a segment found."""
        return sorted(sample_metrics(self.view, self.id, FOUND))

    def predictions(self, samples: Sequence[tuple[int, Sample]]) -> list[Segments]:
        """What this run predicted for each (number, sample), in their order; no segments where nothing was."""
        table = schema.predictions
        by_sample: dict[int, list[Any]] = {number: [] for number, _ in samples}
        with self.view.store.reading() as connection:
            query = (
                sql.select(table)
                .where(table.c.run == self.id, table.c.sample.in_(list(by_sample)))
                .order_by(table.c.sample, table.c.z)
            )
            for row in connection.execute(query):
                by_sample[row.sample].append(row)
        return [
            Segments(
                masks_from([row.counts for row in by_sample[number]], sample.image.size),
                [row.class_id for row in by_sample[number]],
                scores=[np.nan if row.score is None else row.score for row in by_sample[number]],
                source="model",
                attributes=[row.attributes or {} for row in by_sample[number]],
            )
            for number, sample in samples
        ]

    def finish(self, status: str = "done", scores: Mapping[str, Any] | None = None) -> None:
        """status: done, failed or interrupted."""
        values: dict[str, Any] = {"status": status, "ended": datetime.now(UTC).isoformat(timespec="seconds")}
        if scores is not None:
            values["scores"] = clean(scores)
        self._update(**values)
        self._tracker.close()

    def discard(self) -> None:
        """Forget a run that never got anywhere, with its files."""
        with self.view.store.writing() as connection:
            for table in (schema.run_points, schema.run_samples, schema.predictions):
                connection.execute(table.delete().where(table.c.run == self.id))
            connection.execute(schema.runs.delete().where(schema.runs.c.id == self.id))
        self._tracker.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def add_scores(self, scores: Mapping[str, Any]) -> None:
        """Put further scores beside those the run has."""
        record = find(self.view, self.id)
        self._update(scores={**record["scores"], **clean(scores)})

    def _update(self, **values: Any) -> None:
        with self.view.store.writing() as connection:
            connection.execute(schema.runs.update().where(schema.runs.c.id == self.id).values(**values))


def clean(values: Any) -> Any:
    """JSON-safe: arrays become lists and NaN becomes None."""
    if isinstance(values, Mapping):
        return {str(name): clean(value) for name, value in values.items()}
    if isinstance(values, np.ndarray):
        return clean(values.tolist())
    if isinstance(values, list | tuple):
        return [clean(value) for value in values]
    if isinstance(values, np.generic):
        values = values.item()
    return None if isinstance(values, float) and math.isnan(values) else values


def _folder(view: View, folder: str | Path | None) -> Path:
    if folder is not None:
        return Path(folder)
    return (view.store.folder or Path()) / "runs"


def folder_of(dataset: View, id: str) -> Path:
    """Where a run's files lie."""
    return _folder(dataset, None) / id


def list_runs(dataset: View) -> list[dict[str, Any]]:
    """Records, newest first."""
    with dataset.store.reading() as connection:
        table = schema.runs
        rows = connection.execute(sql.select(table).order_by(table.c.created.desc(), table.c.id.desc())).mappings()
        return [dict(row) for row in rows]


def find(dataset: View, id: str, kind: str | None = None) -> dict[str, Any]:
    """A run by its id, by the beginning of it, or "last" (of a kind). Raises UsageError."""
    records = [one for one in list_runs(dataset) if kind is None or one["kind"] == kind]
    if id == "last" and records:
        return records[0]
    exact = [one for one in records if one["id"] == id]
    near = exact or [one for one in records if one["id"].startswith(id)]
    if len(near) == 1:
        return near[0]
    known = ", ".join(one["id"] for one in records[:5]) or "none yet"
    found = f"there is no run {id!r}" if not near else f"{id!r} begins {len(near)} runs"
    raise UsageError(found, file=dataset.place, needed=f"runs are {known}", todo="See them with: maskwright runs")


def curves(dataset: View, id: str) -> dict[str, list[tuple[int, float]]]:
    """name -> (step, value) in order."""
    table = schema.run_points
    out: dict[str, list[tuple[int, float]]] = {}
    with dataset.store.reading() as connection:
        query = sql.select(table).where(table.c.run == id).order_by(table.c.name, table.c.step)
        for row in connection.execute(query):
            if row.value is not None:
                out.setdefault(row.name, []).append((row.step, row.value))
    return out


def histograms(dataset: View, id: str) -> dict[str, list[dict[str, Any]]]:
    """Distributions by name, in the order they were logged; none for a run without."""
    place = folder_of(dataset, find(dataset, id)["id"]) / "histograms.jsonl"
    out: dict[str, list[dict[str, Any]]] = {}
    if place.is_file():
        for line in place.read_text().splitlines():
            row = json.loads(line)
            out.setdefault(row["name"], []).append(row)
    return out


def sample_metrics(dataset: View, id: str, name: str) -> dict[int, float]:
    """One metric by sample number."""
    table = schema.run_samples
    with dataset.store.reading() as connection:
        query = sql.select(table.c.sample, table.c.value).where(table.c.run == id, table.c.name == name)
        return {row.sample: float("nan") if row.value is None else row.value for row in connection.execute(query)}


def compare(dataset: View, first: str, second: str) -> dict[str, Any]:
    """Two runs side by side: settings that differ, and every score of both."""
    a, b = find(dataset, first), find(dataset, second)
    names = a["settings"].keys() | b["settings"].keys()
    differing = {
        name: (a["settings"].get(name), b["settings"].get(name))
        for name in sorted(names)
        if a["settings"].get(name) != b["settings"].get(name)
    }
    flat = [_flat(one["scores"]) for one in (a, b)]
    scores = {name: (flat[0].get(name), flat[1].get(name)) for name in sorted(flat[0].keys() | flat[1].keys())}
    return {
        "runs": (a["id"], b["id"]),
        "revisions": (a["revision"], b["revision"]),
        "settings": differing,
        "scores": scores,
    }


def _flat(scores: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    out: dict[str, float] = {}
    for name, value in scores.items():
        if isinstance(value, Mapping):
            out |= _flat(value, f"{prefix}{name}/")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            out[prefix + name] = value
    return out
