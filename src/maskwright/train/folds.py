"""Cross-validation: one run a fold, scores of all samples together, and the folds' networks as one ensemble."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from maskwright.errors import UsageError
from maskwright.runs import Run
from maskwright.runs.evaluation import evaluate
from maskwright.runs.record import check_free
from maskwright.store import View
from maskwright.train.loop import fit, ready
from maskwright.train.settings import Settings


def fit_folds(
    view: View, settings: Settings, folds: int, *, name: str | None = None,
    tags: Sequence[str] = (), notes: str = "", report: Callable[[int, float, Mapping[str, Any]], None] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Train `folds` networks, each validated on its own part -> scores of all samples together.

    The run NAME (or the first fold's id without its ending) of kind "folds" holds all out-of-fold predictions; its
    checkpoints are the runs NAME-1 … NAME-n, which `Predictor.load` takes together as an ensemble.  minutes: of the
    settings are shared by the folds.  Raises UsageError for fewer than two folds, and for a name that one of the runs
    cannot have; then nothing is made.  tags, notes: of all of these runs.
    report: called with the fold, the share done and the latest numbers.
    """
    if folds < 2:
        raise UsageError(f"{folds} fold(s) leave nothing to validate on", needed="at least 2")
    for wanted in [] if name is None else [name, *(f"{name}-{k + 1}" for k in range(folds))]:
        check_free(view, wanted)
    view = view.frozen()
    ready(view, replace(settings, fold=(0, folds)))
    whole = Run.start(view, "folds", {**settings.to_json(), "folds": folds}, name=name, tags=tags, notes=notes)
    members: list[str] = []
    try:
        for k in range(folds):
            share = None if settings.minutes is None else settings.minutes / folds
            own = replace(settings, fold=(k, folds), minutes=share)
            run = Run.start(
                view, "train", own.to_json(), name=f"{whole.id}-{k + 1}", trackers=own.trackers, tags=tags, notes=notes
            )

            def tell(done: float, numbers: Mapping[str, Any], k: int = k) -> None:
                whole.beat()
                if report is not None:
                    report(k, (k + done) / folds, numbers)

            try:
                scores = fit(run.view, own, run, report=tell)
            except BaseException as error:
                run.end(error)
                raise
            run.finish("done", scores)
            members.append(run.id)
            numbers = run.predicted()
            samples = view.read(numbers)
            found = run.predictions(list(zip(numbers, samples, strict=True)))
            whole.add_predictions(zip(numbers, found, strict=True))
    except BaseException as error:
        whole.end(error)
        raise
    scores = evaluate(view, whole)
    result = {"members": members, **scores}
    whole.finish("done", result)
    return {"run": whole.id, "folder": str(whole.folder), **result}
