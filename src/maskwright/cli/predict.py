"""maskwright predict"""

from typing import Annotated

import typer

from maskwright.cli.output import (
    At,
    DatasetPlace,
    Json,
    Note,
    Overwrite,
    Tag,
    Where,
    Workers,
    emit,
    progress,
    say,
    set_aside,
    view_of,
)
from maskwright.core.plurals import many
from maskwright.errors import UsageError


def command(
    dataset: DatasetPlace,
    model: Annotated[
        str,
        typer.Option(
            help="A training run's id, last, a checkpoint or an exported file; several, with commas, as an ensemble."
        ),
    ] = "last",
    where: Where = None,
    at: At = None,
    flip: Annotated[
        bool | None,
        typer.Option("--flip/--no-flip", help="Average with the mirrored image; when not given, as the network says."),
    ] = None,
    scales: Annotated[
        list[float] | None, typer.Option("--scales", help="Average over this scale, above 0, too; repeatable.")
    ] = None,
    min_score: Annotated[float | None, typer.Option(help="Leave out objects of a lower score, 0 to 1.")] = None,
    min_area: Annotated[int, typer.Option(min=1, help="Leave out things of fewer pixels.")] = 1,
    to: Annotated[str | None, typer.Option(help="Also write the predictions to this new folder.")] = None,
    format: Annotated[str, typer.Option("--format", "-f", help="In this format.")] = "coco",
    overwrite: Overwrite = False,
    device: Annotated[str | None, typer.Option(help="cpu, or a GPU when there is one.")] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(min=1, help="Images that enter the network together; when not given, what suits the device."),
    ] = None,
    workers: Workers = 1,
    timeout: Annotated[float | None, typer.Option(help="Set a sample aside that takes more seconds than this.")] = None,
    name: Annotated[str | None, typer.Option(help="The run's id; made from the time when not given.")] = None,
    tag: Tag = None,
    note: Note = None,
    resume: Annotated[
        str | None, typer.Option(help="Go on with this run, or the last, where it was cut off, with its own settings.")
    ] = None,
    suggest: Annotated[
        bool,
        typer.Option("--suggest", help="Also put what is predicted for images without labels into the studio's queue."),
    ] = False,
    json: Json = False,
) -> None:
    """Predict the samples of a dataset into a new run, which `evaluate` reads. Bad samples are set aside and listed."""
    given = {
        "--model": model != "last", "--where": where, "--at": at, "--flip": flip is not None, "--scales": scales,
        "--min-score": min_score is not None, "--min-area": min_area != 1,
        "--name": name is not None, "--tag": tag, "--note": note is not None,
    }  # fmt: skip
    if resume is not None and any(given.values()):
        kept = ", ".join(name for name, value in given.items() if value)
        raise UsageError("a run that goes on keeps its settings", needed=f"--resume without {kept}")
    from dataclasses import asdict

    from maskwright.cli.opening import open_dataset
    from maskwright.fewshot import first_masks
    from maskwright.predict.batch import go_on, predict_into_run

    def told(note: str) -> None:
        say(note, err=True)

    with open_dataset(dataset, quiet=json) as opened, progress("predicting", None, quiet=json) as follow:
        if resume is not None:
            result = go_on(
                opened, resume, to=to, format=format, overwrite=overwrite, device=device,
                batch_size=batch_size, workers=workers, timeout=timeout, progress=follow, report=told,
            )  # fmt: skip
        else:
            result = predict_into_run(
                view_of(opened, at, where), model, flip=flip, scales=(1.0, *(scales or ())), min_area=min_area,
                min_score=min_score, name=name, tags=tag or (), notes=note or "",
                to=to, format=format, overwrite=overwrite, device=device,
                batch_size=batch_size, workers=workers, timeout=timeout, progress=follow, report=told,
            )  # fmt: skip
        labelled = len(opened.where("count() > 0")) > 0
        if suggest:
            result |= {"suggested": asdict(first_masks.suggest(opened, first_masks.of_run(opened, result["run"])))}
    lines = [
        f"run {result['run']}: {many(result['segments'], 'segment')} on {many(result['samples'], 'sample')}"
        + (f", {result['before']} of them before" if result["before"] else "")
        + f"; {result['rate']:.1f} samples a second on {result['device']}"
    ]
    lines += set_aside(result["set_aside"])
    lines += [f"wrote them to {to}"] if to else []
    if suggest:
        queued = result["suggested"]
        lines.append(f"in the studio's queue: {many(queued['objects'], 'object')} on {many(queued['images'], 'image')}")
    lines += [f"score them with: maskwright evaluate {dataset} {result['run']}"] if labelled else []
    emit(result, lines, json)
