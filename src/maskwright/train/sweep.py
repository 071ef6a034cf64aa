"""Sweeps over settings by Optuna, with its trials in an SQLite file beside the runs."""

import math
import re
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from maskwright.core import typed
from maskwright.core.names import check_name
from maskwright.errors import MaskwrightError, UsageError
from maskwright.registry import require
from maskwright.runs import Run
from maskwright.runs.files import runs_folder, writing
from maskwright.runs.record import run_name
from maskwright.store import View
from maskwright.train.loop import fit
from maskwright.train.settings import Settings, read_setting

_RANGE = re.compile(r"(?P<kind>log|float|int)\(\s*(?P<low>[^,]+),\s*(?P<high>[^)]+)\)$")


def parse_search(texts: Sequence[str]) -> dict[str, tuple[str, Any]]:
    """["lr=log(1e-4,1e-2)", "model=lite|unet/resnet18", "batch_size=int(4,16)"] -> by setting, the kind and its range.

    Ends of a range and choices are read as values of their setting.  Raises UsageError for an unknown setting, one that
    is searched twice, and a range that cannot be read or holds values that the setting does not take.

    texts: SETTING=log(low,high), =float(low,high), =int(low,high) or =a|b|c.
    """
    given = typed.pairs(texts, what="the search")
    if not given:
        raise UsageError("nothing is searched", needed='--search such as "lr=log(1e-4,1e-2)"')
    return {name: _space(name, space) for name, space in given.items()}


def _space(name: str, text: str) -> tuple[str, Any]:
    place = {"record": f"--search {name}={text}"}
    match = _RANGE.match(text)
    if match is None:
        return "choice", [read_setting(name, typed.Bare(part.strip()), **place) for part in text.split("|")]
    low, high = (read_setting(name, typed.Bare(match[end].strip()), **place) for end in ("low", "high"))
    numbers = [type(end) for end in (low, high)]
    if not set(numbers) <= {int, float}:
        raise UsageError(f"the setting {name} has no range", needed=f"choices, such as {name}=A|B", **place)
    if match["kind"] != "int" and int in numbers:
        raise UsageError(f"the setting {name} is a whole number", needed=f"{name}=int(LOW,HIGH)", **place)
    if match["kind"] == "int" and any(end != int(end) for end in (low, high)):
        raise UsageError("the ends are not whole numbers", needed=f"{name}=float(LOW,HIGH)", **place)
    if not low < high or (match["kind"] == "log" and low <= 0):
        raise UsageError("the range is empty", needed="a smaller and a larger number, above 0 for log", **place)
    return match["kind"], (low, high)


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

    def tried(trial: Any) -> float:
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

    study.optimize(tried, n_trials=trials, catch=(MaskwrightError,))
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
        # Optuna keeps plain values only; a pair or a list is kept as text.
        kept = {str(value) if isinstance(value, tuple) else value: value for value in space}
        return kept[trial.suggest_categorical(name, list(kept))]
    if kind == "int":
        return trial.suggest_int(name, int(space[0]), int(space[1]))
    return trial.suggest_float(name, space[0], space[1], log=kind == "log")
