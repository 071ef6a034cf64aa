"""Cross-validation: one run a fold, scores of all samples together, and the folds' networks as one ensemble."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from maskwright.dataset import View
from maskwright.errors import UsageError
from maskwright.runs import Run
from maskwright.runs.evaluation import evaluate
from maskwright.train.loop import fit
from maskwright.train.settings import Settings


def fit_folds(
    view: View, settings: Settings, folds: int, *, name: str | None = None,
    report: Callable[[int, float, Mapping[str, Any]], None] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Train `folds` networks, each validated on its own part -> scores of all samples together.

    The run NAME (or the first fold's id without its ending) of kind "folds" holds all out-of-fold predictions; its
    checkpoints are the runs NAME-1 … NAME-n, which `Predictor.load` takes together as an ensemble.
    minutes: of the settings are shared by the folds.  Raises UsageError for fewer than two folds.
    """
    if folds < 2:
        raise UsageError(f"{folds} fold(s) leave nothing to validate on", needed="at least 2")
    whole = Run.start(view, "folds", {**settings.to_json(), "folds": folds}, name=name)
    members: list[str] = []
    try:
        for k in range(folds):
            share = None if settings.minutes is None else settings.minutes / folds
            own = replace(settings, fold=(k, folds), minutes=share)
            run = Run.start(view, "train", own.to_json(), name=f"{whole.id}-{k + 1}", trackers=own.trackers)
            tell = None if report is None else (lambda done, numbers, k=k: report(k, (k + done) / folds, numbers))
            try:
                scores = fit(run.view, own, run, report=tell)
            except BaseException as error:
                run.finish("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
                raise
            run.finish("done", scores)
            members.append(run.id)
            numbers = run.predicted()
            samples = view.read(numbers)
            found = run.predictions(list(zip(numbers, samples, strict=True)))
            whole.add_predictions(zip(numbers, found, strict=True))
    except BaseException as error:
        whole.finish("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
        raise
    scores = evaluate(view, whole)
    result = {"members": members, **scores}
    whole.finish("done", result)
    return {"run": whole.id, "folder": str(whole.folder), **result}
