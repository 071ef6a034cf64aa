"""maskwright sweep"""

from typing import Annotated, Any

import typer

from maskwright.cli import choices
from maskwright.cli.output import At, DatasetPlace, Json, Where, emit, say, table, view_of


def command(
    dataset: DatasetPlace,
    search: Annotated[
        list[str],
        typer.Option(
            "--search", help='A setting and its range: "lr=log(1e-4,1e-2)", "model=lite|unet", "batch_size=int(4,16)".'
        ),
    ],
    trials: Annotated[int, typer.Option(min=1, help="How many trainings to add.")] = 10,
    plan: Annotated[str | None, typer.Option(help="A plan to vary.")] = None,
    budget: choices.Budget = None,
    model: choices.Model = None,
    channels: choices.Channels = None,
    loss: choices.Loss = None,
    epochs: choices.Epochs = None,
    device: choices.Device = None,
    seed: choices.Seed = None,
    train_split: choices.TrainSplit = None,
    val_split: choices.ValSplit = None,
    stratify: choices.Stratify = None,
    split_sequences: choices.SplitSequences = None,
    name: Annotated[str, typer.Option(help="The sweep's name; one of the same name goes on.")] = "sweep",
    where: Where = None,
    at: At = None,
    json: Json = False,
) -> None:
    """Search settings by training many times; the budget is each trial's. Trials are kept and can be added to."""
    given = choices.collected(locals())
    from maskwright.cli.opening import open_dataset
    from maskwright.train.sweep import parse_search, sweep

    spaces = parse_search(search)

    def report(number: int, values: dict[str, Any], score: float | None) -> None:
        if not json:
            say(f"trial {number}: {score:.4f}  {values}", err=True)

    with open_dataset(dataset, quiet=json) as opened:
        view = view_of(opened, at, where)
        settings = choices.planned(view, given, plan, measure=False).settings
        result = sweep(view, settings, spaces, trials, name=name, report=report)
    rows = [
        (row["number"], row["state"], row["value"], *(row.get(space) for space in spaces)) for row in result["trials"]
    ]
    lines = [*table(rows, ("trial", "state", "score", *spaces)), f"best: {result['best']}, run {result['run']}"]
    emit(result, lines, json)
