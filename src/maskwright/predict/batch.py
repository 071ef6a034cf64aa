"""Predicting a whole view into a run."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from maskwright import formats, media
from maskwright.core.sample import Sample
from maskwright.predict.predictor import Predictor
from maskwright.runs import Run, find, list_runs
from maskwright.runs.files import folder_of
from maskwright.store import View

FILES = (".safetensors", ".onnx", ".xml", ".pt2")


def checkpoint_of(view: View, model: str) -> Path:
    """A checkpoint or exported file, or the best weights of a training run by id or "last"."""
    if _is_file(view, model):
        return Path(model)
    return folder_of(view, find(view, model, "train")["id"]) / "best.safetensors"


def checkpoints_of(view: View, model: str) -> Path | list[Path]:
    """Several, separated by commas, are an ensemble; a run of folds is the ensemble of its members."""
    known = {record["id"] for record in list_runs(view)}
    names = [model] if model in known else model.split(",")
    if len(names) == 1 and not _is_file(view, model):
        record = find(view, model) if model != "last" else find(view, model, "train")
        if record["kind"] == "folds":
            names = list(record["scores"].get("members", ()))
    places = [checkpoint_of(view, one.strip()) for one in names]
    return places[0] if len(places) == 1 else places


def _is_file(view: View, model: str) -> bool:
    """Is it a path? Names of runs never are."""
    return "/" in model or (model.endswith(FILES) and all(record["id"] != model for record in list_runs(view)))


def predict_into_run(
    view: View,
    model: str,
    *,
    flip: bool = False,
    scales: Sequence[float] = (1.0,),
    min_area: int = 1,
    min_score: float | None = None,
    to: str | None = None,
    format: str = "coco",
    overwrite: bool = False,
    device: str | None = None,
    progress: Callable[[Iterable[int]], Iterable[int]] = lambda numbers: numbers,
) -> dict[str, Any]:
    """Predict every sample of a view into a new run -> its id and counts.

    to: also write the predictions there, in a label format; overwrite: in the place of what the folder holds. An
    interrupted run keeps what it had predicted.  model: a run's id, "last", or a checkpoint's path; several, joined by
    commas, predict together.  flip, scales, min_area, min_score: as in `Predictor.predict`.
    """
    view = view.frozen()
    checkpoints = checkpoints_of(view, model)
    needed = [checkpoints] if isinstance(checkpoints, Path) else checkpoints
    if to is not None:
        formats.check_place(Path(to), overwrite=overwrite, keep=needed)  # before the work, not after it
    predictor = Predictor.load(checkpoints, device=device)
    settings = {"model": model, "flip": flip, "scales": list(scales), "min_area": min_area, "min_score": min_score}
    run = Run.start(view, "predict", settings)
    total = samples = 0
    try:
        for number in progress(view.numbers()):
            sample = view.read([number])[0]
            found = predictor.predict(
                media.read(sample.image).rgb(), flip=flip, scales=scales, min_area=min_area, min_score=min_score
            )  # fmt: skip
            run.add_predictions([(number, found)])
            total, samples = total + len(found), samples + 1
    except BaseException as error:
        run.end(error)
        raise
    run.finish("done")
    if to is not None:
        formats.write(
            _Predicted(run), predictor.classes, to, format, allow_loss=True, overwrite=overwrite, keep=needed,
            images="none",
        )  # fmt: skip
    return {"run": run.id, "samples": samples, "segments": total, "folder": to}


class _Predicted:
    """The run's samples with predictions in place of labels; can be gone through again."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __iter__(self) -> Iterator[Sample]:
        for number in self._run.view.numbers():
            sample = self._run.view.read([number])[0]
            yield sample.with_segments(self._run.predictions([(number, sample)])[0])
