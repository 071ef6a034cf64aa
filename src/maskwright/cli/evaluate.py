"""maskwright evaluate"""

from typing import Annotated, Any

import typer

from maskwright.cli.output import At, DatasetPlace, Json, Where, emit, progress, table, view_of


def command(
    dataset: DatasetPlace,
    run: Annotated[str, typer.Argument(help="A run with predictions, by id or the beginning of it; last.")] = "last",
    where: Where = None,
    at: At = None,
    worst: Annotated[int, typer.Option(min=0, help="Also list this many of the worst samples.")] = 5,
    metric: Annotated[
        list[str] | None, typer.Option("--metric", "-m", help="A further metric, such as panoptic-quality; repeatable.")
    ] = None,
    json: Json = False,
) -> None:
    """Score a run's predictions against the labels of any revision, at their full size."""
    from maskwright.dataset import Dataset
    from maskwright.runs import Run, find
    from maskwright.runs.evaluation import evaluate
    from maskwright.runs.record import folder_of, sample_metrics

    with Dataset.open(dataset) as opened:
        record = find(opened, run)
        view = view_of(opened, at, where)
        found = Run(view, record["id"], folder_of(opened, record["id"]))
        with progress("evaluating", None, quiet=json) as follow:
            scores = evaluate(view, found, extra=metric or (), progress=follow)
        found.add_scores({"evaluation": scores})
        own = sorted(
            (value, number)
            for number, value in sample_metrics(opened, record["id"], "mean_iou").items()
            if value == value
        )
        keys = {number: opened.read([number])[0].key for _, number in own[:worst]} if worst else {}
    bad = [(keys[number], value) for value, number in own[:worst]]
    lines = [f"run {record['id']} on {scores['samples']} samples of revision {scores['revision']}", ""]
    lines += table([(name, scores[name]) for name in (
        "mean_iou", "mean_dice", "pixel_accuracy", "class_accuracy", "frequency_weighted_iou")],
        ("score (sums over the set, then divided)", ""))  # fmt: skip
    lines += ["", *table(list(scores["classes"].items()), ("class", "IoU"))]
    if "mask" in scores:
        lines += ["", *table(list(scores["mask"].items()), ("COCO mask", ""))]
    for name in metric or ():
        rows = [(key, value) for key, value in scores[name].items() if not isinstance(value, dict)]
        lines += ["", *table(rows, (name, ""))]
    if bad:
        lines += ["", *table(bad, ("worst samples", "mean IoU of the image"))]
    result: dict[str, Any] = {"run": record["id"], **scores, "worst": bad}
    emit(result, lines, json)
