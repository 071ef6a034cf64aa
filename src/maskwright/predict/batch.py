"""Predicting a whole view into a run."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from maskwright.core.sample import Sample
from maskwright.dataset import View
from maskwright.predict.predictor import Predictor
from maskwright.runs import Run, find
from maskwright.runs.record import folder_of

FILES = (".safetensors", ".onnx", ".xml", ".pt2")


def checkpoint_of(view: View, model: str) -> Path:
    """A checkpoint or exported file, or the best weights of a training run by id or "last"."""
    if model.endswith(FILES) or "/" in model:
        return Path(model)
    return folder_of(view, find(view, model, "train")["id"]) / "best.safetensors"


def checkpoints_of(view: View, model: str) -> Path | list[Path]:
    """Several, separated by commas, are an ensemble; a run of folds is the ensemble of its members."""
    names = model.split(",")
    if len(names) == 1 and not model.endswith(FILES) and "/" not in model:
        record = find(view, model) if model != "last" else find(view, model, "train")
        if record["kind"] == "folds":
            names = list(record["scores"].get("members", ()))
    places = [checkpoint_of(view, one.strip()) for one in names]
    return places[0] if len(places) == 1 else places


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
    device: str | None = None,
    progress: Callable[[Iterable[int]], Iterable[int]] = lambda numbers: numbers,
) -> dict[str, Any]:
    """Predict every sample of a view into a new run -> its id and counts.

    to: also write the predictions there, in a label format.  An interrupted run keeps what it had predicted.
    """
    predictor = Predictor.load(checkpoints_of(view, model), device=device)
    settings = {"model": model, "flip": flip, "scales": list(scales), "min_area": min_area, "min_score": min_score}
    run = Run.start(view, "predict", settings)
    total = samples = 0
    try:
        for number in progress(view.numbers()):
            sample = view.read([number])[0]
            found = predictor.predict(
                sample.image.pixels(), flip=flip, scales=scales, min_area=min_area, min_score=min_score
            )  # fmt: skip
            run.add_predictions([(number, found)])
            total, samples = total + len(found), samples + 1
    except BaseException as error:
        run.finish("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
        raise
    run.finish("done")
    if to is not None:
        from maskwright import formats

        formats.write(_Predicted(run), predictor.classes, to, format, allow_loss=True, images="none")
    return {"run": run.id, "samples": samples, "segments": total, "folder": to}


class _Predicted:
    """The run's samples with predictions in place of labels; can be gone through again."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __iter__(self) -> Iterator[Sample]:
        for number in self._run.view.numbers():
            sample = self._run.view.read([number])[0]
            yield sample.with_segments(self._run.predictions([(number, sample)])[0])
