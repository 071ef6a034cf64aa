"""Sweeps over settings by Optuna, with its trials in an SQLite file beside the runs."""

import math
import re
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from maskwright.core.names import check_name
from maskwright.errors import MaskwrightError, UsageError
from maskwright.registry import require
from maskwright.runs import Run
from maskwright.runs.files import runs_folder, writing
from maskwright.runs.record import run_name
from maskwright.store import View
from maskwright.train.loop import fit
from maskwright.train.settings import Settings

_RANGE = re.compile(r"(?P<kind>log|float|int)\(\s*(?P<low>[^,]+),\s*(?P<high>[^)]+)\)$")


def parse_search(texts: Sequence[str]) -> dict[str, tuple[str, Any]]:
    """["lr=log(1e-4,1e-2)", "model=lite|unet/resnet18", "batch_size=int(4,16)"] -> by setting, the kind and its range.

    Raises UsageError for an unknown setting or a range that cannot be read.

    texts: SETTING=log(low,high), =float(low,high), =int(low,high) or =a|b|c.
    """
    out: dict[str, tuple[str, Any]] = {}
    for text in texts:
        name, found, space = text.partition("=")
        name = name.strip().replace("-", "_")
        if not found or name not in Settings.names():
            raise UsageError(
                f"{text!r} searches no setting", needed=f"NAME=SPACE with one of {', '.join(Settings.names())}"
            )
        match = _RANGE.match(space.strip())
        if match is None:
            out[name] = "choice", [_value(one) for one in space.split("|")]
            continue
        try:
            low, high = float(match["low"]), float(match["high"])
        except ValueError:
            raise UsageError(f"{text!r} has no readable range", needed="such as lr=log(1e-4,1e-2)") from None
        if not low < high or (match["kind"] == "log" and low <= 0):
            raise UsageError(f"the range of {text!r} is empty", needed="a smaller and a larger number, above 0 for log")
        out[name] = match["kind"], (low, high)
    if not out:
        raise UsageError("nothing is searched", needed='--search such as "lr=log(1e-4,1e-2)"')
    return out


def _value(text: str) -> Any:
    import ast

    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError):
        return text.strip()


def sweep(
    view: View, settings: Settings, search: dict[str, tuple[str, Any]], trials: int, *, name: str = "sweep",
    report: Callable[[int, dict[str, Any], float | None], None] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Run `trials` trainings -> the best values and every trial; each is a run of its own, NAME-NUMBER.

    Trials are kept in runs/sweeps.db and a sweep of the same name goes on where it stopped.  A trial whose curve is
    worse than the median of those before it is stopped (median pruning).  What cannot be trained is a failed trial.
    name: one word.  Raises UsageError for another.  search: what `parse_search` gave.  report: called after each trial
    with its number, values and score.
    """
    name = check_name(name, "a sweep's name")
    run_name(f"{name}-{10**6}")  # trials are runs, and have a number behind the name
    optuna = require("optuna", "sweeps")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    view = view.frozen()
    study = optuna.create_study(
        study_name=name, storage=_storage(optuna, runs_folder(view) / "sweeps.db"), direction="maximize",
        load_if_exists=True,
        sampler=optuna.samplers.TPESampler(seed=settings.seed), pruner=optuna.pruners.MedianPruner(n_startup_trials=4),
    )  # fmt: skip

    def one(trial: Any) -> float:
        values = {key: _suggested(trial, key, *space) for key, space in search.items()}
        own = replace(settings, **values)
        run = Run.start(view, "train", own.to_json(), name=f"{name}-{trial.number}", trackers=own.trackers)
        evaluations = 0

        def follow(share: float, numbers: Any) -> None:
            nonlocal evaluations
            score = next((numbers[key] for key in ("mean_iou", "AP", "pq") if key in numbers), None)
            if score is None:
                return
            evaluations += 1
            trial.report(score, evaluations)
            if share < 1 and trial.should_prune():
                raise optuna.TrialPruned

        try:
            scores = fit(run.view, own, run, report=follow)
        except optuna.TrialPruned:
            run.finish("interrupted")
            raise
        except BaseException as error:
            run.end(error)
            raise
        run.finish("done", scores)
        value = scores[scores["main"]]
        score = float("nan") if value is None else float(value)
        if report is not None:
            report(trial.number, values, score)
        return score if math.isfinite(score) else 0.0

    study.optimize(one, n_trials=trials, catch=(MaskwrightError,))
    rows = [
        {"number": trial.number, "state": trial.state.name.lower(), "value": trial.value, **trial.params}
        for trial in study.trials
    ]
    done = [row for row in rows if row["state"] == "complete"]
    if not done:
        raise UsageError("no trial of the sweep could be trained", needed="see the runs with: maskwright runs")
    return {
        "best": dict(study.best_params),
        "value": study.best_value,
        "run": f"{name}-{study.best_trial.number}",
        "trials": rows,
    }


def _storage(optuna: Any, file: Path) -> Any:
    """Optuna's trials in a file; a path in an address would be misread where it holds a question mark."""
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
    return optuna.storages.RDBStorage(
        "sqlite:///sweeps.db",
        engine_kwargs={"creator": lambda: sqlite3.connect(file, timeout=60, check_same_thread=False)},
    )


def _suggested(trial: Any, name: str, kind: str, space: Any) -> Any:
    if kind == "choice":
        return trial.suggest_categorical(name, space)
    if kind == "int":
        return trial.suggest_int(name, int(space[0]), int(space[1]))
    return trial.suggest_float(name, space[0], space[1], log=kind == "log")
