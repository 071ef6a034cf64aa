"""What runs were measured as, drawn: for files that people put into papers and slides."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from maskwright.core.names import shown
from maskwright.errors import UsageError
from maskwright.figures.bars import bars
from maskwright.figures.confusion_matrix import confusion_matrix
from maskwright.figures.curves import curves as drawn_curves
from maskwright.insight.tables_of_runs import last_scores
from maskwright.runs import evaluations, find
from maskwright.runs.record import curves
from maskwright.store import Dataset

if TYPE_CHECKING:
    from matplotlib.figure import Figure

What = Literal["scores", "classes", "curve", "confusion"]


def figure_of_runs(dataset: Dataset, ids: Sequence[str], what: What, name: str = "") -> "Figure":
    """Numbers of runs as a figure.

    ids: of the runs, or the beginnings of them.  what: scores from 0 to 1 of the whole set, IoU by class, a curve, or
    the confusion of pixels of the first.  name: of the curve.
    Raises UsageError for other words, for a run that is not there, for a curve that none of them has, and for a
    confusion of a run without one; MissingExtraError without Matplotlib.
    """
    if what not in get_args(What):
        raise UsageError(f"there is no figure of {shown(repr(what), 40)}", needed=" or ".join(get_args(What)))
    records = [find(dataset, run) for run in ids]
    if what == "curve":
        lines = {record["id"]: curves(dataset, record["id"]).get(name, []) for record in records}
        if not any(lines.values()):
            raise UsageError(f"no run of these has a curve {shown(repr(name), 80)}", file=dataset.place)
        return drawn_curves(lines, title=name)
    if what == "confusion":
        return _confusion(dataset, records[0]["id"])
    series, pairs = {}, {}
    for record in records:
        scores, intervals = last_scores(dataset, record)
        if what == "classes":
            begun = "classes/"
            series[record["id"]] = {key[len(begun) :]: value for key, value in scores.items() if key.startswith(begun)}
        else:
            series[record["id"]] = {key: value for key, value in scores.items() if "/" not in key and 0 <= value <= 1}
            pairs[record["id"]] = intervals
    return bars(series, intervals=pairs, limits=(0, 1), title="IoU by class" if what == "classes" else "scores")


def _confusion(dataset: Dataset, id: str) -> "Figure":
    done = evaluations(dataset, id)
    found = done[-1]["scores"].get("confusion") if done else None
    if not found:
        raise UsageError(
            f"there is no confusion of the run {shown(id)!r}", file=dataset.place, needed="an evaluation of it",
            todo=f"Make one with: maskwright evaluate DATASET {id}",
        )  # fmt: skip
    kinds = len(found["classes"])
    counts = np.zeros((kinds, kinds + 1), np.int64)
    for truth, predicted, count in found["pixels"]:
        if truth < kinds:
            counts[truth, predicted] = count
    return confusion_matrix(counts, found["classes"], title=id)
