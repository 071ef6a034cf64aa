"""Predicting a whole view into a run."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from maskwright import compute, formats
from maskwright.core import typed
from maskwright.core.classes import Classes
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.errors import ModelError, UsageError
from maskwright.media.checksums import checksum
from maskwright.predict.answers import Asked
from maskwright.predict.batch_size import BatchSize
from maskwright.predict.precision import name_of, usable
from maskwright.predict.predictor import Predictor
from maskwright.runs import Run, find, list_runs
from maskwright.runs.files import folder_of
from maskwright.runs.record import FOUND, check_free, sample_metrics
from maskwright.store import Dataset, View
from maskwright.weights import weight_catalogue
from maskwright.weights.at_hand import HUB_FILES, of_hub
from maskwright.weights.tensors import HUB, place_of_name

#: What predictions take, whoever asks for them.
MinScore = Annotated[float | None, typed.Limits(least=0, most=1)]
Scales = Sequence[Annotated[float, typed.Limits(above=0)]]
BatchAtOnce = Annotated[int | None, typed.Limits(least=1)]

#: Samples that are read together; the network waits at the end of each such parcel.
PARCEL = 64

FILES = (".safetensors", ".onnx", ".xml", ".pt2", ".pth", ".pt")


def _silent(note: str) -> None:
    """Nobody wants to know."""


def checkpoint_of(view: View, model: str) -> Path:
    """A checkpoint, exported file or published weights, or the best weights of a training run by id or "last".

    model: a path, hub:OWNER/NAME of the hub's cache, a run's id, or "last".
    """
    if _is_file(view, model):
        return _path(model)
    return folder_of(view, find(view, model, "train")["id"]) / "best.safetensors"


def checkpoints_of(view: View, model: str) -> Path | list[Path]:
    """Several, separated by commas, are an ensemble; a run of folds is the ensemble of its members."""
    places = [checkpoint_of(view, name) for name in _networks(view, model)]
    return places[0] if len(places) == 1 else places


def _networks(view: View, model: str) -> list[str]:
    """Each network by a name that stays: a file's whole path, or a run's whole id."""
    known = {record["id"] for record in list_runs(view)}
    names = [model] if model in known else model.split(",")
    if len(names) == 1 and not _is_file(view, model):
        record = find(view, model) if model != "last" else find(view, model, "train")
        if record["kind"] == "folds":
            names = list(record["scores"].get("members", ()))
    names = [name.strip() for name in names]
    return [
        str(_path(name).absolute()) if _is_file(view, name) else find(view, name, "train")["id"] for name in names
    ]  # fmt: skip


def _is_file(view: View, model: str) -> bool:
    """Is it a path, or the name of published weights? A run of that name is meant before them."""
    if "/" in model:
        return True
    holds = model.strip(".") and any((Path(model) / name).is_file() for name in HUB_FILES)
    known = model.endswith(FILES) or holds or model in weight_catalogue.names()
    return bool(known) and all(record["id"] != model for record in list_runs(view))


def _path(model: str) -> Path:
    """The folder of the hub's cache, the place of published weights, or the path that it is. Raises ModelError for what
    is not on this machine.
    """
    if not model.startswith(HUB):
        return place_of_name(model) or Path(model)
    file = of_hub(model.removeprefix(HUB))
    if file is None:
        raise ModelError(f"{model} is not in the hub's cache", todo="Fetch it once, or name the folder it is in.")
    return file.parent


def predict_into_run(
    view: View,
    model: str,
    *,
    flip: bool | None = None,
    scales: Sequence[float] = (1.0,),
    min_area: int = 1,
    min_score: float | None = None,
    name: str | None = None,
    tags: Sequence[str] = (),
    notes: str = "",
    to: str | None = None,
    format: str = "coco",
    overwrite: bool = False,
    device: str | None = None,
    batch_size: BatchAtOnce = None,
    workers: int = 1,
    timeout: float | None = None,
    progress: Callable[[Iterable[int]], Iterable[int]] = lambda numbers: numbers,
    report: Callable[[str], None] = _silent,
) -> dict[str, Any]:
    """Predict every sample of a view into a new run -> its id and counts.

    model: a run's id, "last", or a checkpoint's path; several, joined by commas, predict together.  flip, scales,
    min_area, min_score: as in `Predictor.predict`.  name, tags, notes: of the run, as `Run.start` takes them.
    to: also write the predictions there, in a label format; overwrite: in the place of what the folder holds.
    batch_size: see `Predictor.predict_many`; with a `timeout` images enter one by one.  workers, timeout: see
    `compute.map`; `set_aside` lists the samples that could not be predicted, with the reason.  report: told what is
    worth a note while it works, such as memory that does not suffice.  An interrupted run keeps what it had
    predicted, and `go_on` goes on with it.  Raises UsageError for a min_score that is not 0 to 1, a scale that is not
    above 0, and a view without samples.
    """
    batch_size = typed.read(batch_size, BatchAtOnce, found="the option batch_size")
    min_score = typed.read(min_score, MinScore, found="the option min_score")
    scales = typed.read(scales, Scales, found="the option scales")
    if name is not None:
        check_free(view, name)
    view = view.frozen()
    if not len(view):
        where = " and ".join(view.conditions)
        raise UsageError(f"no sample to predict{f' where {where}' if where else ''}", file=view.place)
    names = _networks(view, model)
    checkpoints = [checkpoint_of(view, name) for name in names]
    if to is not None:
        formats.check_place(Path(to), overwrite=overwrite, keep=checkpoints)  # before the work, not after it
    worker = _Predicting(
        checkpoints, device, Asked(flip, tuple(scales), min_area, min_score), batch_size, together=timeout is None
    )
    classes = worker.prepare(alone=workers <= 1 and timeout is None)
    settings = {
        "model": model, "flip": worker.mirrors, "scales": list(scales), "min_area": min_area, "min_score": min_score,
        "networks": [
            {"model": name, "checksum": _checksum(at), "unlearned": unlearned}
            for name, at, unlearned in zip(names, checkpoints, worker.unlearned, strict=True)
        ],
    }  # fmt: skip
    run = Run.start(view, "predict", settings, name=name, tags=tags, notes=notes)
    written = _To(to, format, overwrite=overwrite, keep=checkpoints)
    return _predict(run, worker, classes, written, workers, timeout, progress, report)


def go_on(
    dataset: Dataset,
    run: str,
    *,
    to: str | None = None,
    format: str = "coco",
    overwrite: bool = False,
    device: str | None = None,
    batch_size: BatchAtOnce = None,
    workers: int = 1,
    timeout: float | None = None,
    progress: Callable[[Iterable[int]], Iterable[int]] = lambda numbers: numbers,
    report: Callable[[str], None] = _silent,
) -> dict[str, Any]:
    """Predict what a run of `predict_into_run` lacks, at its revision, with its settings -> as that says it.

    run: its id, the beginning of it, or "last"; samples that were set aside are tried again.  Raises UsageError for a
    run that another process is at, and when its network's file is not the one that it began with.
    """
    record = find(dataset, run, "predict")
    settings = record["settings"]
    networks = settings.get("networks")
    if not networks:
        raise UsageError(
            f"the run {record['id']!r} does not say which file its network was", file=dataset.place,
            todo="Predict into a new run: without --resume.",
        )  # fmt: skip
    checkpoints = []
    for network in networks:
        place = checkpoint_of(dataset, network["model"])
        if not place.exists() or _checksum(place) != network["checksum"]:
            raise UsageError(
                f"is not the network that the run {record['id']!r} began with", file=place,
                todo="Put the old file there, or predict into a new run: without --resume.",
            )  # fmt: skip
        checkpoints.append(place)
    if to is not None:
        formats.check_place(Path(to), overwrite=overwrite, keep=checkpoints)
    asked = Asked(settings["flip"], tuple(settings["scales"]), settings["min_area"], settings["min_score"])
    worker = _Predicting(checkpoints, device, asked, batch_size, together=timeout is None)
    classes = worker.prepare(alone=workers <= 1 and timeout is None)
    resumed = Run.resume(dataset, record["id"])
    written = _To(to, format, overwrite=overwrite, keep=checkpoints)
    return _predict(resumed, worker, classes, written, workers, timeout, progress, report)


def _checksum(checkpoint: Path) -> list[str | None]:
    """Of the file, and of the weights beside it where the format keeps them apart."""
    if checkpoint.is_dir():
        checkpoint = next((checkpoint / name for name in HUB_FILES if (checkpoint / name).is_file()), checkpoint)
    files = [checkpoint, *([checkpoint.with_suffix(".bin")] if checkpoint.suffix == ".xml" else [])]
    return [checksum(str(file)) for file in files if file.is_file()]


@dataclass
class _To:
    """Where predictions are written as a label format; None: nowhere."""

    folder: str | None
    format: str
    overwrite: bool
    keep: Sequence[Path]


def _predict(
    run: Run,
    worker: "_Predicting",
    classes: Classes,
    to: _To,
    workers: int,
    timeout: float | None,
    progress: Callable[[Iterable[int]], Iterable[int]],
    report: Callable[[str], None],
) -> dict[str, Any]:
    into = _Into(run, report)
    try:
        outcome = compute.map(run.view, worker, into, workers=workers, timeout=timeout, progress=progress)
        found = sample_metrics(run.view, run.id, FOUND)
        aside = [asdict(sample) for sample in outcome.set_aside]
        if aside or outcome.before:
            run.add_scores({"set_aside": aside})
    except BaseException as error:
        run.end(error)
        raise
    run.finish("done")
    if to.folder is not None:
        formats.write(
            _Predicted(run, sorted(found)), classes, to.folder, to.format, allow_loss=True, overwrite=to.overwrite,
            keep=to.keep, images="none",
        )  # fmt: skip
    return {
        "run": run.id, "samples": len(found), "segments": int(sum(found.values())), "before": outcome.before,
        "set_aside": aside, "rate": outcome.rate, "folder": to.folder, "device": worker.device_name,
        "notes": into.notes,
    }  # fmt: skip


#: A sample's segments, and what is worth a note since the one before.
_Rows = tuple[Segments, tuple[str, ...]]


class _Predicting(compute.Worker[_Rows]):
    """A sample -> its segments. together: several are handed over at once, so that they can enter together."""

    def __init__(
        self, checkpoints: Sequence[Path], device: str | None, asked: Asked, batch_size: int | None, *, together: bool
    ) -> None:
        self._checkpoints = checkpoints[0] if len(checkpoints) == 1 else list(checkpoints)
        self._device = device
        self._asked = asked
        self._wanted = batch_size
        self.batch = PARCEL if together else 1
        self._predictor: Predictor | None = None
        self._batch_size: BatchSize | None = None
        self._notes: list[str] = []
        self.unlearned: list[list[str]] = []  # of each network, after `prepare`
        self.mirrors = bool(asked.flip)  # as the networks' files have it, after `prepare`

    @property
    def device_name(self) -> str:
        """Of the device that it works on."""
        return name_of(self._device)

    def prepare(self, *, alone: bool) -> Classes:
        """The network's classes. Raises what a file that is not a network raises, before a run is made of it.

        alone: the network stays, for the work of this process; otherwise it takes no memory on the device.
        """
        usable(self._device)
        predictor = Predictor.load(self._checkpoints, device=self._device if alone else "cpu")
        predictor.check(self._asked)
        self._predictor = predictor if alone else None
        self.mirrors = predictor.mirrors(self._asked)
        self.unlearned = [list(each.info.unlearned) for each in predictor.members]
        return predictor.classes

    def open(self) -> None:
        self._predictor = self._predictor or Predictor.load(self._checkpoints, device=self._device)
        self._batch_size = BatchSize(self._predictor.device, self._wanted, self._notes.append)

    def each(self, numbers: Sequence[int], samples: Sequence[Sample]) -> Iterator[_Rows | Exception]:
        assert self._predictor is not None
        found = self._predictor.answers_of(
            samples, lambda sample: (sample.image, None), lambda answer, _: answer.segments(), self._asked,
            batch_size=self._batch_size,
        )  # fmt: skip
        for segments in found:
            notes = tuple(self._notes)
            self._notes.clear()
            yield segments if isinstance(segments, Exception) else (segments, notes)

    def __call__(self, number: int, sample: Sample) -> _Rows:
        [found] = self.each([number], [sample])
        if isinstance(found, Exception):
            raise found
        return found


class _Into:
    """A run as a sink of predictions. report: told each note once, whichever process makes it."""

    def __init__(self, run: Run, report: Callable[[str], None]) -> None:
        self._run = run
        self._report = report
        self.notes: list[str] = []

    def done(self, numbers: Sequence[int]) -> list[int]:
        return self._run.predicted()

    def write(self, number: int, rows: _Rows) -> None:
        segments, notes = rows
        for note in notes:
            if note not in self.notes:
                self.notes.append(note)
                self._report(note)
        self._run.add_predictions([(number, segments)])


class _Predicted:
    """The samples that a run predicted, with predictions in place of labels; can be gone through again."""

    def __init__(self, run: Run, numbers: Sequence[int]) -> None:
        self._run = run
        self._numbers = numbers

    def __iter__(self) -> Iterator[Sample]:
        for number in self._numbers:
            sample = self._run.view.read([number])[0]
            yield sample.with_segments(self._run.predictions([(number, sample)])[0])
