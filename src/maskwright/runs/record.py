"""`Run`: one record in the dataset's database, and a folder for what is large."""

import json
import math
import secrets
import shlex
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright.core import columns
from maskwright.core.arrays import F64, I64, as_numpy
from maskwright.core.names import check_name, safe_key, shown
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.errors import DatasetError, MaskwrightError, UsageError, redacted
from maskwright.runs import files, ownership
from maskwright.runs.environment import environment
from maskwright.runs.files import folder_of
from maskwright.runs.trackers import Fanout
from maskwright.store import Dataset, View, checks, hashes, run_values, schema, vectors
from maskwright.store.opinions import view_of
from maskwright.store.rows import damaged, masks_from

#: The per-sample metric that counts predicted segments.
FOUND = "segments found"


class Run:
    """One training, prediction or evaluation against one revision.

    Curves, scores, per-sample metrics and predictions are rows in the dataset's database; checkpoints and
    reports are files in `folder`.  Every `log` is acknowledged only when it is stored.

    A run that was started or resumed is this process's own until it is finished; one that another process took over
    meanwhile raises DatasetError at the next write.  Made directly, it is a finished one to read and to score.
    """

    def __init__(self, view: View, id: str, folder: Path, tracker: Fanout | None = None) -> None:
        self.view = view
        self.id = id
        self.folder = folder
        self._tracker = tracker or Fanout([])
        self._owner: dict[str, Any] | None = None
        self._made: str | None = None  # the folder's mark, where this object made the folder
        self._beaten = time.monotonic()

    @classmethod
    def start(
        cls, view: View, kind: str, settings: Mapping[str, Any], *, name: str | None = None,
        trackers: Sequence[str] = (), folder: str | Path | None = None, tags: Iterable[str] = (), notes: str = "",
    ) -> Self:  # fmt: skip
        """A new run tied to the revision that `view` shows now.

        name: its id, one word; made from the time when not given.  folder: where runs' files go; runs/ in the dataset's
        folder by default.  Raises UsageError for a name that is none, is taken, or where something is in its place.

        kind: train, predict or another word.  settings: JSON-safe, kept with the run.  trackers: names of
        `runs.trackers`.  tags, notes: as the attributes of that name, which may be set at any later time.
        """
        said = {"tags": checked_tags(tags), "notes": checked_notes(notes)}
        frozen = view.frozen()
        now = datetime.now(UTC)
        identity = run_name(name) if name is not None else f"{kind}-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        run = cls(frozen, identity, folder_of(view, identity, folder))
        whose = {} if view.annotator is None else {"annotator": view.annotator}
        kept = clean_settings({**settings, "where": list(view.conditions), **whose})
        run._owner = ownership.new_owner(run)
        row = {
            "id": identity,
            "kind": kind,
            "status": "running",
            "revision": frozen.revision,
            "created": now.isoformat(timespec="seconds"),
            "settings": kept,
            "environment": clean_settings(environment()),
            "scores": {},
            "owner": run._owner,
            **said,
        }
        table = schema.runs
        token = run._owner["token"]
        kept_row = False
        try:
            with view.database.writing() as connection:
                _check_new(connection, identity)
                last = connection.execute(sql.select(sql.func.max(table.c.number))).scalar()
                row |= {"number": int(last or 0) + 1, "heartbeat": ownership.clock(connection).isoformat()}
                connection.execute(table.insert().values(**row))
                files.make(run.folder, token)
                files.write_whole(run.folder / "settings.json", json.dumps(kept, indent=1, default=str))
            kept_row, run._made = True, token
            run._tracker = Fanout.open(trackers, run.folder, clean_settings(settings))
        except BaseException:
            if kept_row:
                with suppress(MaskwrightError):
                    run.discard()
            else:
                files.remove(run.folder, token)
            raise
        return run

    @classmethod
    def open(cls, dataset: Dataset, id: str = "last", *, kind: str | None = None) -> Self:
        """A run to read and to score, by its id, by the beginning of it, or "last"; kind: only of this kind.

        It sees the revision and the conditions that the run saw.  Raises UsageError as `find` does, and where its
        revision is not there.
        """
        record = find(dataset, id, kind)
        return cls(recorded_view(dataset, record), record["id"], folder_of(dataset, record["id"]))

    def __repr__(self) -> str:
        return f"Run({self.id!r} of {self.view.place!r}, revision {self.view._revision})"

    @classmethod
    def resume(cls, dataset: Dataset, id: str, *, trackers: Sequence[str] = ()) -> Self:
        """An existing run, set to running again, now this process's own.

        Raises UsageError for a run that another process is at, whose files or revision are gone, and changes nothing.

        id: the whole one, its beginning, or "last".  trackers: names of `runs.trackers`.
        """
        record = find(dataset, id)
        run = cls.open(dataset, record["id"])
        place = run.folder
        if not place.is_dir():
            raise UsageError("the run's files are gone", file=place, needed="its folder, to go on from")
        if place.is_symlink() and not place.resolve().is_relative_to(place.parent.resolve()):
            raise UsageError("the run's folder is a link that leads elsewhere", file=place)
        before = run._claim()
        try:
            run._tracker = Fanout.open(trackers, place, record["settings"])
            for left in place.glob(".*.part"):  # of a process that was killed while it wrote
                left.unlink(missing_ok=True)
        except BaseException:
            with suppress(MaskwrightError):
                run._update(**before)
            run._let_go()
            raise
        return run

    def _claim(self) -> dict[str, Any]:
        """Become the owner of a run that nobody is at -> what its row said before."""
        table = schema.runs
        owner = ownership.new_owner(self)
        with self.view.database.writing() as connection:
            row = connection.execute(sql.select(table).where(table.c.id == self.id)).mappings().one()
            now = ownership.clock(connection)
            if row["status"] == "running" and ownership.alive(row["owner"], row["heartbeat"], now):
                raise UsageError(
                    f"the run {self.id!r} is still going: {ownership.told(row['owner'])} is at it, last sign of life"
                    f" {row['heartbeat']}",
                    todo=f"Stop it first, or wait: without a sign for {ownership.SILENCE / 60:.0f} minutes it is dead.",
                )
            connection.execute(
                table.update().where(table.c.id == self.id)
                .values(status="running", ended=None, owner=owner, heartbeat=now.isoformat())
            )  # fmt: skip
        self._owner, self._beaten = owner, time.monotonic()
        return {name: row[name] for name in ("status", "ended", "owner", "heartbeat")}

    def _let_go(self) -> None:
        if self._owner is not None:
            ownership.let_go(self._owner)
            self._owner = None

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction of the owner, with a sign of life where one is due."""
        with self.view.database.writing() as connection:
            if (lost := self._lost(connection)) is not None:
                raise lost
            if self._owner is not None and time.monotonic() - self._beaten >= ownership.BEAT:
                self._beat(connection)
            yield connection

    def _lost(self, connection: Connection) -> DatasetError | None:
        """What to raise where another process took over what was this one's."""
        if self._owner is None:
            return None
        row = connection.execute(sql.select(schema.runs.c.owner).where(schema.runs.c.id == self.id)).first()
        if row is not None and row.owner and row.owner.get("token") == self._owner["token"]:
            return None
        now = "is gone" if row is None else f"is not this process's any more: {ownership.told(row.owner)} has it"
        return DatasetError(f"the run {self.id!r} {now}", file=self.view.place, todo="Start a new run.")

    def _beat(self, connection: Connection) -> None:
        now = ownership.clock(connection).isoformat()
        connection.execute(schema.runs.update().where(schema.runs.c.id == self.id).values(heartbeat=now))
        self._beaten = time.monotonic()

    def beat(self) -> None:
        """A sign of life for long work that writes nothing; cheap to call at every step.

        Raises DatasetError where another process took the run over; a store that cannot be written to now is not
        a reason to stop.
        """
        if self._owner is None or time.monotonic() - self._beaten < ownership.BEAT:
            return
        self._beaten = time.monotonic()
        lost = None
        with suppress(DatasetError), self.view.database.writing() as connection:
            lost = self._lost(connection)
            if lost is None:
                self._beat(connection)
        if lost is not None:
            raise lost

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Points of curves; a point logged twice keeps the later value.

        step: whole number along the training.  values: by the curve's name; NaN is kept as nothing.
        """
        rows = [
            {"run": self.id, "name": name, "step": step, "value": None if math.isnan(value) else float(value)}
            for name, value in values.items()
        ]
        table = schema.run_points
        with self._writing() as connection:
            connection.execute(
                table.delete().where(table.c.run == self.id, table.c.step == step, table.c.name.in_(list(values)))
            )
            connection.execute(table.insert(), rows)
        self._tracker.log(step, values)

    def forget_after(self, step: int) -> None:
        """Drop the points of curves and the distributions beyond a step: a run that goes on from there makes them anew.

        step: whole number along the training; what was logged at it stays.
        """
        table = schema.run_points
        with self._writing() as connection:
            connection.execute(table.delete().where(table.c.run == self.id, table.c.step > step))
        place = self.folder / "histograms.jsonl"
        if place.is_file():
            kept = []
            for line in place.read_text().splitlines():
                with suppress(ValueError):  # a line that a kill cut off
                    kept += [f"{line}\n"] * (json.loads(line)["step"] <= step)
            files.write_whole(place, "".join(kept))

    def log_image(
        self, step: int, name: str, image: Any, *, plain: Any = None, masks: Mapping[str, Segments] | None = None
    ) -> None:
        """image: (H, W, 3) uint8; kept as overlays/NAME-STEP.jpg in the run's folder, and sent to the trackers.

        plain, masks: the image without anything drawn, and what belongs on it by kind ("truth", "prediction"), for
        trackers that draw masks themselves.

        step: whole number along the training.
        """
        from PIL import Image

        place = self.folder / "overlays" / f"{shown_file(name)}-{step:07d}.jpg"
        with files.writing(place):
            place.parent.mkdir(exist_ok=True, parents=True)
            Image.fromarray(image).save(place, quality=88)
        self._tracker.log_image(step, name, image, plain, masks or {})

    def log_histogram(self, step: int, name: str, values: Any, *, bins: int = 32) -> None:
        """values: any numbers; their distribution is one line of histograms.jsonl in the run's folder.

        Values that are not finite are counted apart: they are what one looks for.

        step: whole number along the training.  bins: of equal width between the least and the largest finite value.
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
        place = self.folder / "histograms.jsonl"
        with files.writing(place):
            self.folder.mkdir(parents=True, exist_ok=True)
            with open(place, "a") as file:
                file.write(json.dumps(row) + "\n")
        self._tracker.log_histogram(step, name, finite)

    def log_artifact(self, path: Path) -> None:
        """A file of the run that trackers should keep, such as its best weights."""
        self._tracker.log_artifact(path)

    def log_samples(self, name: str, values: Mapping[int, float], *, add: bool = False) -> None:
        """One metric of many samples, by sample number; replaces what was there; with `add` of these only.

        values: by sample number; NaN is kept as nothing.
        """
        rows = (
            {"run": self.id, "sample": number, "name": name, "value": None if math.isnan(value) else float(value)}
            for number, value in values.items()
        )
        self._log_values(run_values.number(name, "sample"), rows, add)

    def log_segments(
        self, name: str, values: Mapping[tuple[int, int], float] | tuple[I64, I64, F64], *, add: bool = False,
        kind: Literal["number", "bool"] = "number",
    ) -> None:  # fmt: skip
        """One metric of many segments; replaces what was there; with `add` of these only.

        values: by (sample number, segment's id), or three arrays: (N,) sample numbers, (N,) segments' ids, (N,) values.
        NaN is kept as nothing.  kind: bool where they are true and false: 1 and 0.
        Raises UsageError for arrays of different lengths, and for a name that has values of another kind.
        """
        if isinstance(values, Mapping):
            triples: Iterable[tuple[int, int, float]] = ((*owner, value) for owner, value in values.items())
        else:
            lists = [np.asarray(array).tolist() for array in values]
            if len(lists) != 3 or len({len(array) for array in lists}) != 1:
                raise UsageError(
                    f"the values {shown(name)!r} are arrays of {[len(array) for array in lists]}",
                    needed="sample numbers, segments' ids and values, of one length",
                )
            triples = zip(*lists, strict=True)
        rows = (
            {"run": self.id, "sample": int(sample), "segment": int(segment), "name": name,
             "value": None if math.isnan(value) else float(value)}
            for sample, segment, value in triples
        )  # fmt: skip
        self._log_values(columns.Column(name, kind, "segment", declared=False), rows, add)

    def _log_values(self, column: columns.Column, rows: Iterable[dict[str, Any]], add: bool) -> None:
        with self._writing() as connection:
            if not add:
                run_values.forget(connection, self.id, column.owner, column.name)
            run_values.note(connection, self.id, column)
            table = schema.run_samples if column.owner == "sample" else schema.run_segments
            run_values.write(connection, table, rows)

    def log_vectors(
        self, name: str, samples: Sequence[str] | Sequence[int] | I64, values: Any, *,
        segments: Sequence[int] | I64 | None = None, add: bool = False,
    ) -> None:  # fmt: skip
        """A vector of many samples, or segments; replaces what was there; with `add` of these only.

        samples: N keys or numbers.  segments: N ids, for vectors of segments.  values: (N, L) finite numbers.
        Raises UsageError as `dataset.vectors.write` does.
        """
        array = as_numpy(values)
        place = vectors.Place(self.id, "sample" if segments is None else "segment", name)
        with self._writing() as connection:
            there = [column for _, column in run_values.columns_of(connection, self.id) if column.owner == place.owner]
            column = next((column for column in there if column.name == name and column.kind == "vector"), None)
            if column is None or not add:
                column = vectors.inferred(place, array)
            run_values.note(connection, self.id, column)
            rows = vectors.checked(column, array)
            wanted = vectors.owners(self.view.place, self.view._revision, samples, segments, connection)
            vectors.check_count(wanted, rows)
            blocks = vectors.Blocks(connection, place, column, None, self.view.place)
            if not add:
                blocks.take(None)
            blocks.put(wanted, rows)

    @property
    def vectors(self) -> vectors.Vectors:
        """The vectors that this run gave to samples and segments, to read and to search."""
        return vectors.Vectors(self.view, self.id)

    @property
    def tags(self) -> tuple[str, ...]:
        """Words by which the run is found again; to be set: `run.tags = ["baseline", "for-the-paper"]`."""
        return tuple(self._said(schema.runs.c.tags))

    @tags.setter
    def tags(self, tags: Iterable[str]) -> None:
        self._update(tags=checked_tags(tags))

    @property
    def notes(self) -> str:
        """What somebody wrote about the run, of any length; to be set: `run.notes = "…"`."""
        return str(self._said(schema.runs.c.notes))

    @notes.setter
    def notes(self, notes: str) -> None:
        self._update(notes=checked_notes(notes))

    def _said(self, column: sql.Column[Any]) -> Any:
        with self.view.database.reading() as connection:
            return connection.execute(sql.select(column).where(schema.runs.c.id == self.id)).scalar_one()

    def add_predictions(self, found: Iterable[tuple[int, Segments]]) -> None:
        """Predicted segments by sample number; a sample's earlier predictions in this run are replaced.

        found: (sample number, segments); no segments are a prediction too.
        """
        table = schema.predictions
        batch = list(found)
        rows = []
        for number, segments in batch:
            about = checks.segments(segments)
            raw = segments.masks.counts.astype("<u4", copy=False).tobytes()
            offsets = (4 * segments.masks.offsets).tolist()
            for i in range(len(segments)):
                row = {
                    "run": self.id,
                    "sample": number,
                    "z": i,
                    "class_id": int(segments.class_ids[i]),
                    "score": about[i]["score"],
                    "counts": raw[offsets[i] : offsets[i + 1]],
                    "attributes": about[i]["attributes"] or None,
                }
                rows.append({**row, "hash": hashes.of_prediction(row)})
        with self._writing() as connection:
            numbers = [number for number, _ in batch]
            connection.execute(table.delete().where(table.c.run == self.id, table.c.sample.in_(numbers)))
            if rows:
                connection.execute(table.insert(), rows)
            # How many were found is kept too: a sample without any was predicted all the same.
            table = schema.run_samples
            connection.execute(
                table.delete().where(table.c.run == self.id, table.c.name == FOUND, table.c.sample.in_(numbers))
            )
            found_rows = [{"run": self.id, "sample": n, "name": FOUND, "value": float(len(each))} for n, each in batch]
            if found_rows:
                connection.execute(table.insert(), found_rows)
                run_values.note(connection, self.id, run_values.number(FOUND, "sample"))

    def predicted(self) -> list[int]:
        """Numbers of the samples this run predicted, with or without a segment found."""
        return sorted(sample_metrics(self.view, self.id, FOUND))

    def has_predicted(self, number: int) -> bool:
        """Whether this run predicted a sample, with or without a segment found. number: the sample's."""
        table = schema.run_samples
        query = sql.select(sql.literal(1)).where(
            table.c.run == self.id, table.c.sample == number, table.c.name == FOUND
        )  # fmt: skip
        with self.view.database.reading() as connection:
            return connection.execute(query).first() is not None

    def predicted_class(self, class_id: int) -> set[int]:
        """Numbers of the samples where something of a class was predicted. class_id: the class's; any number may be."""
        table = schema.predictions
        query = sql.select(table.c.sample).where(table.c.run == self.id, table.c.class_id == class_id).distinct()
        with self.view.database.reading() as connection:
            return set(connection.execute(query).scalars())

    def predictions(self, samples: Sequence[tuple[int, Sample]]) -> list[Segments]:
        """What this run predicted for each (number, sample), in their order; no segments where nothing was.

        Raises DatasetError for a prediction that is not what was written.
        """
        table = schema.predictions
        by_sample: dict[int, list[Any]] = {number: [] for number, _ in samples}
        with self.view.database.reading() as connection:
            query = (
                sql.select(table)
                .where(table.c.run == self.id, table.c.sample.in_(list(by_sample)))
                .order_by(table.c.sample, table.c.z)
            )
            for row in connection.execute(query):
                if hashes.of_prediction(row._asdict()) != row.hash:
                    raise damaged(self.view.place, f"run {self.id}, prediction {row.z} of sample number {row.sample}")
                by_sample[row.sample].append(row)
            counts = schema.run_samples
            said = sql.select(counts.c.sample, counts.c.value).where(
                counts.c.run == self.id, counts.c.name == FOUND, counts.c.sample.in_(list(by_sample))
            )
            for number, value in connection.execute(said):
                if len(by_sample[number]) != value:
                    raise damaged(self.view.place, f"run {self.id}, predictions of sample number {number}")
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
        """status: done, failed or interrupted. The run is nobody's afterwards."""
        values: dict[str, Any] = {"status": status, "ended": datetime.now(UTC).isoformat(timespec="seconds")}
        if scores is not None:
            values["scores"] = clean(scores)
        try:
            self._update(**values, owner=sql.null(), heartbeat=None)
        finally:
            self._let_go()
            self._tracker.close()

    def end(self, error: BaseException, scores: Mapping[str, Any] | None = None) -> None:
        """`finish` after an error, which the caller raises again; that nothing can be written is not a second error."""
        with suppress(MaskwrightError):
            self.finish("interrupted" if isinstance(error, KeyboardInterrupt) else "failed", scores)

    def discard(self) -> None:
        """Forget a run that never got anywhere: its rows, and the folder that `start` made for it.

        What another process made or owns stays as it is.
        """
        made, self._made = self._made, None
        try:
            if made is not None:
                self._forget(made)
                files.remove(self.folder, made)
        finally:
            self._let_go()
            self._tracker.close()

    def _forget(self, token: str) -> None:
        table = schema.runs
        with self.view.database.writing() as connection:
            owner = connection.execute(sql.select(table.c.owner).where(table.c.id == self.id)).scalar()
            if owner and owner.get("token") != token:
                raise UsageError(f"the run {self.id!r} is not this process's any more: {ownership.told(owner)} has it")
            for part in (
                schema.run_points, schema.run_samples, schema.run_segments, schema.run_columns, schema.run_evaluations,
                schema.predictions, schema.vectors,
            ):  # fmt: skip
                connection.execute(part.delete().where(part.c.run == self.id))
            connection.execute(table.delete().where(table.c.id == self.id))

    def change_settings(self, settings: Mapping[str, Any]) -> None:
        """Of a run that goes on with others than it began with; what its view was stays. settings: JSON-safe."""
        table = schema.runs
        with self._writing() as connection:
            held = connection.execute(sql.select(table.c.settings).where(table.c.id == self.id)).scalar_one()
            kept = clean_settings({**held, **settings})
            connection.execute(table.update().where(table.c.id == self.id).values(settings=kept))

    def add_scores(self, scores: Mapping[str, Any]) -> None:
        """Put further scores beside those the run has."""
        with self._writing() as connection:
            self._add_scores(connection, scores)

    def add_evaluation(self, revision: int, settings: Mapping[str, Any], scores: Mapping[str, Any]) -> None:
        """Keep one evaluation beside those before it; the newest is also among the run's scores, as `evaluation`.

        revision: whose labels were the truth.  settings: what was asked for.
        """
        row = {
            "run": self.id, "revision": revision, "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "settings": clean_settings(settings), "scores": clean(scores),
        }  # fmt: skip
        with self._writing() as connection:
            connection.execute(schema.run_evaluations.insert().values(**row))
            self._add_scores(connection, {"evaluation": scores})

    def _add_scores(self, connection: Connection, scores: Mapping[str, Any]) -> None:
        table = schema.runs
        held = connection.execute(sql.select(table.c.scores).where(table.c.id == self.id)).scalar_one()
        connection.execute(table.update().where(table.c.id == self.id).values(scores={**held, **clean(scores)}))

    def _update(self, **values: Any) -> None:
        with self._writing() as connection:
            connection.execute(schema.runs.update().where(schema.runs.c.id == self.id).values(**values))


def run_name(name: str) -> str:
    """The name itself, where a run may have it. Raises UsageError."""
    checked = check_name(name, "a run's name")
    if checked.lower() in files.BESIDE:
        raise UsageError(f"a run's name {checked!r} is that of a file beside the runs", needed="another word")
    return checked


def checked_tags(tags: Iterable[str]) -> list[str]:
    """Words as a run keeps them, each once. Raises UsageError."""
    if isinstance(tags, str):
        raise UsageError(f"a run's tags are {shown(tags)!r}", needed="a list of words")
    named = list(dict.fromkeys(check_name(tag, "a run's tag") for tag in tags))
    for tag in named:
        if len(tag.split()) > 1:
            raise UsageError(f"a run's tag is {tag!r}", needed="one word; give --tag once for each")
    return named


def checked_notes(notes: str) -> str:
    """Text as a run keeps it. Raises UsageError."""
    return str(columns.Column("notes", "text").check(notes) or "")


def check_free(dataset: View, name: str) -> None:
    """Raises UsageError where `Run.start` would refuse this name; nothing is made."""
    place = folder_of(dataset, run_name(name))
    with dataset.database.reading() as connection:
        _check_new(connection, name)
    files.check_empty(place)


def _check_new(connection: Connection, id: str) -> None:
    if connection.execute(sql.select(schema.runs.c.id).where(schema.runs.c.id == id)).first():
        raise UsageError(f"there is a run {id!r} already", todo="Choose another --name.")


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


def clean_settings(values: Any) -> Any:
    """Settings as they are kept: without the passwords of addresses in them."""
    if isinstance(values, Mapping):
        return {name: clean_settings(value) for name, value in values.items()}
    if isinstance(values, list | tuple):
        return type(values)(clean_settings(value) for value in values)
    return redacted(values) if isinstance(values, str) else values


def shown_file(name: str) -> str:
    """A metric's or a sample's name as part of a file's name."""
    return safe_key(name.replace("/", "-")).replace("/", "-")


def recorded_view(dataset: Dataset, record: Mapping[str, Any]) -> View:
    """What a run saw. Raises UsageError where its revision is not there."""
    settings = record["settings"]
    number = dataset.resolve(record["revision"])
    return view_of(dataset.database, number, settings.get("where", ()), settings.get("annotator"))


def list_runs(dataset: View) -> list[dict[str, Any]]:
    """Records, the one that was started last first.

    status: as stored, but `dead` for a running one whose process is gone.
    """
    table = schema.runs
    with dataset.database.reading() as connection:
        now = ownership.clock(connection)
        query = sql.select(table).order_by(table.c.number.desc(), table.c.created.desc(), table.c.id.desc())
        records = [dict(row) for row in connection.execute(query).mappings()]
    for record in records:
        if record["status"] == "running" and not ownership.alive(record["owner"], record["heartbeat"], now):
            record["status"] = "dead"
    return records


def find(dataset: View, id: str, kind: str | None = None) -> dict[str, Any]:
    """A run by its id, by the beginning of it, or "last" (of a kind). Raises UsageError."""
    records = [record for record in list_runs(dataset) if kind is None or record["kind"] == kind]
    if id == "last" and records:
        return records[0]
    exact = [record for record in records if record["id"] == id]
    near = exact or [record for record in records if id and record["id"].startswith(id)]
    if len(near) == 1:
        return near[0]
    needed = (
        f"runs are {', '.join(shown(record['id']) for record in records[:5])}{', …' * (len(records) > 5)}"
        if records
        else "no run was made yet"
    )
    found = f"there is no run {shown(id)!r}" if not near else f"{shown(id)!r} begins {len(near)} runs"
    place = shlex.quote(redacted(str(dataset.place)))
    todo = f"See them with: maskwright runs {place}" if records else f"Train first: maskwright train {place}"
    raise UsageError(found, file=dataset.place, needed=needed, todo=todo)


def evaluations(dataset: View, id: str) -> list[dict[str, Any]]:
    """Every evaluation of a run, in order: revision, created, settings, scores.

    id: the whole one.  The list is empty for a run that was never evaluated.
    """
    table = schema.run_evaluations
    columns = (table.c.revision, table.c.created, table.c.settings, table.c.scores)
    with dataset.database.reading() as connection:
        query = sql.select(*columns).where(table.c.run == id).order_by(table.c.row)
        return [dict(row) for row in connection.execute(query).mappings()]


def last_evaluations(dataset: View) -> dict[str, dict[str, Any]]:
    """The newest evaluation of every run that has one, as `evaluations` gives it, by the run's id."""
    table = schema.run_evaluations
    newest = sql.select(sql.func.max(table.c.row)).group_by(table.c.run)
    columns = (table.c.revision, table.c.created, table.c.settings, table.c.scores)
    with dataset.database.reading() as connection:
        query = sql.select(table.c.run, *columns).where(table.c.row.in_(newest))
        return {row["run"]: {name: row[name] for name in row if name != "run"}
                for row in connection.execute(query).mappings()}  # fmt: skip


def curves(dataset: View, id: str) -> dict[str, list[tuple[int, float]]]:
    """name -> (step, value) in order."""
    table = schema.run_points
    out: dict[str, list[tuple[int, float]]] = {}
    with dataset.database.reading() as connection:
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
    """One metric by sample number; NaN where it has no value. id: the run's, whole.  name: the metric's."""
    table = schema.run_samples
    with dataset.database.reading() as connection:
        query = sql.select(table.c.sample, table.c.value).where(table.c.run == id, table.c.name == name)
        return {row.sample: float("nan") if row.value is None else row.value for row in connection.execute(query)}


def segment_metrics(dataset: View, id: str, name: str) -> dict[tuple[int, int], float]:
    """One metric by (sample number, segment's id); NaN where it has no value. id, name: as in `sample_metrics`."""
    table = schema.run_segments
    query = sql.select(table.c.sample, table.c.segment, table.c.value).where(table.c.run == id, table.c.name == name)
    with dataset.database.reading() as connection:
        return {
            (sample, segment): float("nan") if value is None else value
            for sample, segment, value in connection.execute(query)
        }


def predicting(dataset: View) -> set[str]:
    """The ids of runs that hold predictions."""
    table = schema.run_columns
    with dataset.database.reading() as connection:
        query = sql.select(table.c.run).where(table.c.owner == "sample", table.c.name == FOUND)
        return set(connection.execute(query).scalars())


def run_columns(dataset: View) -> list[columns.Column]:
    """Columns of samples and segments that runs gave values to, each named RUN.NAME, the run started last first."""
    with dataset.database.reading() as connection:
        found = run_values.columns_of(connection)
    place = {record["id"]: number for number, record in enumerate(list_runs(dataset))}
    ordered = sorted(found, key=lambda item: place.get(item[0], len(place)))
    return [replace(column, name=f"{run}.{column.name}", declared=False) for run, column in ordered]


def compare(dataset: View, first: str, second: str) -> dict[str, Any]:
    """Two runs side by side: settings that differ, and every score of both.

    first, second: ids, their beginnings, or "last".  Raises UsageError for a run that is not there.
    """
    a, b = find(dataset, first), find(dataset, second)
    names = a["settings"].keys() | b["settings"].keys()
    differing = {
        name: (a["settings"].get(name), b["settings"].get(name))
        for name in sorted(names)
        if a["settings"].get(name) != b["settings"].get(name)
    }
    flat = [flat_scores(each["scores"]) for each in (a, b)]
    scores = {name: (flat[0].get(name), flat[1].get(name)) for name in sorted(flat[0].keys() | flat[1].keys())}
    return {
        "runs": (a["id"], b["id"]),
        "revisions": (a["revision"], b["revision"]),
        "settings": differing,
        "scores": scores,
    }


def flat_scores(scores: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """The numbers among scores, those inside others under both names: classes/car. Lists are left out."""
    out: dict[str, float] = {}
    for name, value in scores.items():
        if isinstance(value, Mapping):
            out |= flat_scores(value, f"{prefix}{name}/")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            out[prefix + name] = value
    return out
