"""maskwright evaluate"""

from typing import Annotated, Any

import typer

from maskwright.cli.output import At, DatasetPlace, Json, Where, Workers, emit, progress, set_aside, table, view_of
from maskwright.core.plurals import many
from maskwright.errors import UsageError


def command(
    dataset: DatasetPlace,
    run: Annotated[str, typer.Argument(help="A run with predictions, by id or the beginning of it; last.")] = "last",
    where: Where = None,
    at: At = None,
    worst: Annotated[int, typer.Option(min=0, help="Also list this many of the worst samples.")] = 5,
    metric: Annotated[
        list[str] | None, typer.Option("--metric", "-m", help="A further metric, such as panoptic-quality; repeatable.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What this evaluation is called among the run's.")] = None,
    clicks: Annotated[
        bool, typer.Option("--clicks", help="Instead: how many clicks an engine needs for the labelled objects.")
    ] = False,
    engine: Annotated[str, typer.Option(help="With --clicks: which engine is asked.")] = "classical",
    weights: Annotated[str | None, typer.Option(help="With --clicks: the engine's weights, where it has some.")] = None,
    jitter: Annotated[
        float, typer.Option(min=0, max=1, help="With --clicks: 0 clicks an error's middle, 1 anywhere in it.")
    ] = 0.0,
    objects: Annotated[int | None, typer.Option(min=1, help="With --clicks: so many objects at most.")] = None,
    workers: Workers = 1,
    json: Json = False,
) -> None:
    """Score a run's predictions against the labels of any revision, at full size; ranges by bootstrap over images."""
    if clicks and name is not None:
        raise UsageError("an evaluation with --clicks is not kept", needed="it without --name")
    if clicks:
        _clicks(dataset, where, at, engine, weights, jitter, objects, workers, json)
        return
    from maskwright import registry
    from maskwright.cli.opening import open_dataset
    from maskwright.runs import Run, find
    from maskwright.runs.evaluation import evaluate
    from maskwright.runs.files import folder_of
    from maskwright.runs.record import sample_metrics
    from maskwright.runs.unscored import told
    from maskwright.train.taught import taught

    with open_dataset(dataset, quiet=json) as opened:
        record = find(opened, run)
        view = view_of(opened, at, where)
        found = Run(view, record["id"], folder_of(opened, record["id"]))
        with progress("evaluating", None, quiet=json) as follow:
            scores = evaluate(view, found, extra=metric or (), name=name, workers=workers, progress=follow)
        own = sorted(
            (value, number)
            for number, value in sample_metrics(opened, record["id"], "mean_iou").items()
            if value == value
        )
        learned = 0
        if record["kind"] == "predict":  # a training's own predictions are of samples that it never saw
            learned = len(taught(opened, record) & set(found.predicted()) & set(view.numbers()))
        keys = {number: opened.read([number])[0].key for _, number in own[:worst]} if worst else {}
    bad = [(keys[number], value) for value, number in own[:worst]]
    lines = [f"run {record['id']} on {many(scores['samples'], 'sample')} of revision {scores['revision']}", ""]
    ranges = scores["intervals"]
    head = ("95 % from", "to")
    lines += table([(name, scores[name], *_range(ranges, name)) for name in (
        "mean_iou", "mean_dice", "pixel_accuracy", "class_accuracy", "frequency_weighted_iou")],
        ("score (sums over the set, then divided)", "", *head))  # fmt: skip
    lines += ["", *table(list(scores["classes"].items()), ("class", "IoU"))]
    if "mask" in scores:
        rows = [(name, value, *_range(ranges, name)) for name, value in scores["mask"].items()]
        lines += ["", *table(rows, ("COCO mask", "", *head))]
    for further in dict.fromkeys(registry.canonical(named) for named in metric or ()):
        rows = [
            (key, value, *_range(ranges, f"{further}/{key}"))
            for key, value in scores[further].items()
            if not isinstance(value, dict)
        ]
        lines += ["", *table(rows, (further, "", *head))]
    if learned:
        lines += [
            "",
            f"{learned} of these {many(scores['samples'], 'sample')} were trained on: they say little of others",
        ]
    if none := told(scores.get("unscored", {})):
        lines += ["", none]
    if scores["set_aside"]:
        lines += ["", *set_aside(scores["set_aside"]), "No score counts them."]
    if bad:
        lines += ["", *table(bad, ("worst samples", "mean IoU of the image"))]
    result: dict[str, Any] = {"run": record["id"], **scores, "trained_on": learned, "worst": bad}
    emit(result, lines, json)


def _clicks(
    dataset: str, where: str | None, at: str | None, engine: str, weights: str | None, jitter: float,
    objects: int | None, workers: int, json: bool,
) -> None:  # fmt: skip
    from maskwright.cli.opening import open_dataset
    from maskwright.interactive import engines
    from maskwright.interactive.click_evaluation import evaluate_clicks

    loaded = engines.build(engine, **({} if weights is None else {"weights": weights}))
    with open_dataset(dataset, quiet=json) as opened:
        view = view_of(opened, at, where)
        with progress("clicking", None, quiet=json) as follow:
            scores = evaluate_clicks(view, loaded, jitter=jitter, objects=objects, workers=workers, progress=follow)
    lines = [f"engine {engine}: {scores['protocol']}", ""]
    plain = [(name, value) for name, value in scores.items() if name not in ("protocol", "classes", "set_aside")]
    lines += [*table(plain, ("clicks", "")), ""]
    rows = [(name, *class_.values()) for name, class_ in scores["classes"].items()]
    lines += table(rows, ("class", "objects", "NoC@85", "NoC@90", "IoU@1", "IoU@5"))
    lines += set_aside(scores["set_aside"])
    emit({"engine": engine, **scores}, lines, json)


def _range(ranges: dict[str, Any], name: str) -> tuple[Any, Any]:
    low, high = ranges.get(name) or (None, None)
    return low, high
