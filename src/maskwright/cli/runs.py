"""maskwright runs"""

from typing import Annotated

import typer

from maskwright.cli.output import DatasetPlace, Json, emit, table


def command(
    dataset: DatasetPlace,
    run: Annotated[str | None, typer.Argument(help="One run, whole; all of them when not given.")] = None,
    tags: Annotated[
        str | None, typer.Option(metavar="WORD,WORD", help="Give the run these tags instead of its own; none for none.")
    ] = None,
    notes: Annotated[str | None, typer.Option(help="Write this about the run, instead of what was written.")] = None,
    tag: Annotated[str | None, typer.Option(metavar="WORD", help="Only runs that have this tag.")] = None,
    json: Json = False,
) -> None:
    """Every training and prediction, its last score, and the revision it saw. One that was killed is shown as dead."""
    from maskwright.cli.opening import open_dataset
    from maskwright.errors import UsageError
    from maskwright.runs import evaluations, find, list_runs
    from maskwright.runs.ownership import told
    from maskwright.runs.record import curves, last_evaluations

    with open_dataset(dataset, quiet=json) as opened:
        if run is None and (tags is not None or notes is not None):
            raise UsageError("tags and notes are of one run", needed="the run's name, after the dataset")
        if run is not None and tag is not None:
            raise UsageError("--tag is of all runs", needed="a run's name, or --tag")
        if run is not None:
            if tags is not None:
                words = [] if tags == "none" else [word.strip() for word in tags.split(",")]
                opened.run(run).tags = words
            if notes is not None:
                opened.run(run).notes = notes
            record = find(opened, run)
            record["curves"] = curves(opened, record["id"])
            record["evaluations"] = evaluations(opened, record["id"])
            apart = ("curves", "evaluations", "owner")
            lines = [f"{name}: {value}" for name, value in record.items() if name not in apart]
            if record["owner"]:
                lines.append(f"owner: {told(record['owner'])}")
            for done in record["evaluations"]:
                where = " and ".join(done["settings"].get("where", ()))
                score = done["scores"].get("mean_iou")
                called = done["settings"].get("name")
                called = f"{called}, " if called else ""
                lines.append(
                    f"evaluated {called}{done['created']} on revision {done['revision']}"
                    f"{f', where {where}' if where else ''}: "
                    f"mean IoU {'-' if score is None else f'{score:.4f}'} of {done['scores'].get('samples')} samples"
                )
            for name, points in record["curves"].items():
                lines.append(f"{name}: " + "  ".join(f"{step}:{value:.4g}" for step, value in points[-8:]))
            emit(record, lines, json)
            return
        records = [record for record in list_runs(opened) if tag is None or tag in record["tags"]]
        judged = last_evaluations(opened)
    rows = [
        (
            record["id"], record["kind"], record["status"], record["revision"], record["settings"].get("model"),
            judged.get(record["id"], record)["scores"].get("mean_iou"),
            " ".join(record["tags"]),
        )
        for record in records
    ]  # fmt: skip
    emit({"runs": records}, table(rows, ("run", "kind", "status", "revision", "model", "mean IoU", "tags")), json)
