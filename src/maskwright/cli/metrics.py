"""maskwright metrics"""

from typing import Annotated

import typer

from maskwright.cli.output import At, Json, Where, Workers, emit, progress, table, view_of
from maskwright.errors import UsageError


def command(
    what: Annotated[
        str, typer.Argument(help="list: the metrics there are. explain: why mIoU differs between libraries.")
    ],
    dataset: Annotated[str | None, typer.Argument(metavar="DATASET", help="For explain: the dataset.")] = None,
    run: Annotated[str, typer.Argument(help="For explain: a run with predictions.")] = "last",
    where: Where = None,
    at: At = None,
    workers: Workers = 1,
    json: Json = False,
) -> None:
    """List the metrics, or compute every common definition of "mIoU" on a run's predictions and say who uses which."""
    from maskwright import metrics

    if what == "list":
        rows = [(name, (metrics.load(name).__doc__ or "").split("\n", 1)[0]) for name in metrics.names()]
        emit({"metrics": dict(rows)}, table(rows, ("metric", "")), json)
        return
    if what != "explain" or dataset is None:
        raise UsageError(f"maskwright metrics {what!r} is not known", needed="list, or explain DATASET [RUN]")
    from maskwright.cli.opening import open_dataset
    from maskwright.runs import Run, find
    from maskwright.runs.evaluation import explain
    from maskwright.runs.files import folder_of

    with open_dataset(dataset, quiet=json) as opened:
        record = find(opened, run)
        view = view_of(opened, at, where)
        scored = Run(view, record["id"], folder_of(opened, record["id"]))
        with progress("comparing", None, quiet=json) as follow:
            found = explain(view, scored, workers=workers, progress=follow)
    first = found[0]
    lines = [f"run {record['id']}: one set of predictions, {len(found)} numbers called mIoU", ""]
    lines += table([(item.name, item.value, item.value - first.value, item.used_by) for item in found],
                   ("definition", "value", "to ours", "who computes it so"))  # fmt: skip
    lines += ["", *(f"{item.name}: {item.definition}." for item in found)]
    result = {"run": record["id"], "variants": [vars(item) for item in found]}
    emit(result, lines, json)
