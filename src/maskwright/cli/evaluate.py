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
    """Score a run's predictions against the labels of any revision, at full size; ranges by bootstrap over images."""
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
    ranges = scores["intervals"]
    head = ("95 % from", "to")
    lines += table([(name, scores[name], *_range(ranges, name)) for name in (
        "mean_iou", "mean_dice", "pixel_accuracy", "class_accuracy", "frequency_weighted_iou")],
        ("score (sums over the set, then divided)", "", *head))  # fmt: skip
    lines += ["", *table(list(scores["classes"].items()), ("class", "IoU"))]
    if "mask" in scores:
        rows = [(name, value, *_range(ranges, name)) for name, value in scores["mask"].items()]
        lines += ["", *table(rows, ("COCO mask", "", *head))]
    for name in metric or ():
        rows = [
            (key, value, *_range(ranges, f"{name}/{key}"))
            for key, value in scores[name].items()
            if not isinstance(value, dict)
        ]
        lines += ["", *table(rows, (name, "", *head))]
    if bad:
        lines += ["", *table(bad, ("worst samples", "mean IoU of the image"))]
    result: dict[str, Any] = {"run": record["id"], **scores, "worst": bad}
    emit(result, lines, json)


def _range(ranges: dict[str, Any], name: str) -> tuple[Any, Any]:
    low, high = ranges.get(name) or (None, None)
    return low, high
