"""maskwright plan"""

from typing import Annotated

import typer

from maskwright.cli import choices
from maskwright.cli.output import At, DatasetPlace, Json, Where, emit, say, view_of


def command(
    dataset: DatasetPlace,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="Write the plan here, to be edited and trained with --plan.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a plan that is there.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Also show the facts that the plan rests on.")] = False,
    budget: choices.Budget = None,
    model: choices.Model = None,
    preset: choices.Preset = None,
    config: choices.Config = None,
    weights: choices.Weights = None,
    from_scratch: choices.FromScratch = None,
    task: choices.Task = None,
    channels: choices.Channels = None,
    loss: choices.Loss = None,
    epochs: choices.Epochs = None,
    steps_per_epoch: choices.StepsPerEpoch = None,
    batch_size: choices.BatchSize = None,
    augmentation: choices.Augmentation = None,
    optimizer: choices.Optimizer = None,
    lr: choices.Lr = None,
    schedule: choices.Schedule = None,
    device: choices.Device = None,
    train_split: choices.TrainSplit = None,
    val_split: choices.ValSplit = None,
    stratify: choices.Stratify = None,
    split_sequences: choices.SplitSequences = None,
    where: Where = None,
    at: At = None,
    json: Json = False,
) -> None:
    """Look at the data and the machine, and say how a training would go and why, without training."""
    given = choices.collected(locals())
    from maskwright.cli.opening import open_dataset
    from maskwright.core.staging import check_file

    if output is not None:
        check_file(output, overwrite=overwrite, begins=b"# A training plan")

    with open_dataset(dataset, quiet=json) as opened:
        found = choices.planned(view_of(opened, at, where), given, None)
    if output is not None:
        found.write(output)
    if not json:
        choices.show(found, explain=explain)
        if output is not None:
            say(f"wrote {output}; train with: maskwright train {dataset} --plan {output}")
        return
    result = {
        "settings": found.settings.to_json(), "reasons": found.reasons, "facts": found.facts.to_json(),
        "minutes": found.minutes,
    }  # fmt: skip
    emit(result, (), json)
