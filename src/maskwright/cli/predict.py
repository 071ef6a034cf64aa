"""maskwright predict"""

from typing import Annotated

import typer

from maskwright.cli.output import At, DatasetPlace, Json, Overwrite, Where, emit, progress, view_of


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
    flip: Annotated[bool, typer.Option("--flip", help="Average with the mirrored image.")] = False,
    scales: Annotated[
        list[float] | None, typer.Option("--scales", help="Average over the image at this scale too; repeatable.")
    ] = None,
    min_score: Annotated[float | None, typer.Option(help="Leave out objects of a lower score.")] = None,
    min_area: Annotated[int, typer.Option(min=1, help="Leave out things of fewer pixels.")] = 1,
    to: Annotated[str | None, typer.Option(help="Also write the predictions to this new folder.")] = None,
    format: Annotated[str, typer.Option("--format", "-f", help="In this format.")] = "coco",
    overwrite: Overwrite = False,
    device: Annotated[str | None, typer.Option(help="cpu, or a GPU when there is one.")] = None,
    json: Json = False,
) -> None:
    """Predict the samples of a dataset into a new run, which `evaluate` reads."""
    from maskwright.predict.batch import predict_into_run
    from maskwright.store import Dataset

    with Dataset.open(dataset) as opened:
        view = view_of(opened, at, where)
        with progress("predicting", len(view), quiet=json) as follow:
            result = predict_into_run(
                view, model, flip=flip, scales=(1.0, *(scales or ())), min_area=min_area, min_score=min_score, to=to,
                format=format, overwrite=overwrite, device=device, progress=follow,
            )  # fmt: skip
    lines = [f"run {result['run']}: {result['segments']} segments on {result['samples']} samples"]
    lines += [f"wrote them to {to}"] if to else []
    lines.append(f"score them with: maskwright evaluate {dataset} {result['run']}")
    emit(result, lines, json)
