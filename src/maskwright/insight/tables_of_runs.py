"""What runs were measured as, as Arrow tables: for files that other programs read."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from maskwright.core.names import shown
from maskwright.errors import UsageError
from maskwright.insight.askable import as_text, quoted
from maskwright.runs import evaluations, find
from maskwright.runs.record import curves, flat_scores
from maskwright.store import Dataset, run_values

if TYPE_CHECKING:
    import pyarrow as pa

What = Literal["scores", "curves", "images", "confusion"]

#: What the class beyond the last stands for in a confusion.
NOTHING = ""


def table_of_runs(dataset: Dataset, ids: Sequence[str], what: What) -> "pa.Table":
    """Numbers of runs, one run after the other; a table without rows where there are none.

    ids: of the runs, or the beginnings of them.  what:
    scores: run, score, value, low, high; of the last evaluation, or of the run where it was never evaluated; classes as
    classes/NAME; low and high of the 95 % interval, missing where there is none.
    curves: run, curve, step, value.
    images: key, and what each run says of each image of the newest revision, a column for each, named run/value.
    confusion: run, of, truth, predicted, count; of is pixels or objects, and an empty class is nothing.
    Raises UsageError for other words, and for a run that is not there.
    """
    import pyarrow as pa

    if what not in get_args(What):
        raise UsageError(f"there is no table of {shown(repr(what), 40)}", needed=" or ".join(get_args(What)))
    records = [find(dataset, run) for run in ids]
    if what == "images":
        return _images(dataset, [record["id"] for record in records])
    schema, rows = {
        "scores": (_SCORES, _scores), "curves": (_CURVES, _curves), "confusion": (_CONFUSION, _confusion),
    }[what]  # fmt: skip
    columns: dict[str, list[Any]] = {name: [] for name in schema}
    for record in records:
        for row in rows(dataset, record):
            for name, value in zip(schema, (record["id"], *row), strict=True):
                columns[name].append(value)
    kinds = {"text": pa.string(), "number": pa.float64(), "whole": pa.int64()}
    return pa.table({name: pa.array(columns[name], kinds[kind]) for name, kind in schema.items()})


_SCORES = {"run": "text", "score": "text", "value": "number", "low": "number", "high": "number"}
_CURVES = {"run": "text", "curve": "text", "step": "whole", "value": "number"}
_CONFUSION = {"run": "text", "of": "text", "truth": "text", "predicted": "text", "count": "whole"}


def last_scores(dataset: Dataset, record: dict[str, Any]) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """Scores by name, flat, and the 95 % intervals of some: of the last evaluation, or of the run itself.

    record: as `runs.find` has it.
    """
    done = evaluations(dataset, record["id"])
    scores = dict(done[-1]["scores"] if done else record["scores"] or {})
    pairs = scores.pop("intervals", None) or {}
    for name in ("evaluation", "confusion"):
        scores.pop(name, None)
    intervals = {name: (pair[0], pair[1]) for name, pair in pairs.items() if isinstance(pair, list) and len(pair) == 2}
    return flat_scores(scores), intervals


def _scores(dataset: Dataset, record: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    scores, intervals = last_scores(dataset, record)
    for name, value in scores.items():
        yield name, value, *intervals.get(name, (None, None))


def _curves(dataset: Dataset, record: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    for name, points in curves(dataset, record["id"]).items():
        for step, value in points:
            yield name, step, value


def _confusion(dataset: Dataset, record: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    done = evaluations(dataset, record["id"])
    found = done[-1]["scores"].get("confusion") if done else None
    if found:
        names = [*found["classes"], NOTHING]
        for of in ("pixels", "objects"):
            for truth, predicted, count in found[of]:
                yield of, names[truth], names[predicted], count


def _images(dataset: Dataset, ids: Sequence[str]) -> "pa.Table":
    import pyarrow as pa

    from maskwright.store.value_arrays import value_arrays

    view = dataset.frozen()
    keys = value_arrays(view, "key")
    assert keys.codes is not None
    out: dict[str, Any] = {"key": pa.array([keys.words[code] for code in keys.codes.tolist()], pa.string())}
    for run in ids:
        with dataset.database.reading() as connection:
            columns = [column for _, column in run_values.columns_of(connection, run) if column.owner == "sample"]
        for column in columns:
            if column.kind == "number":
                found = value_arrays(view, f"run({as_text(run)}).{quoted(column.name)}").numbers
                assert found is not None
                out[f"{run}/{column.name}"] = pa.array(found, mask=np.isnan(found))
    return pa.table(out)
