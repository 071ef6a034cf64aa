"""maskwright predict"""

from typing import Annotated

import typer

from maskwright.cli.output import At, DatasetPlace, Json, Where, emit, progress, view_of


def command(
    dataset: DatasetPlace,
    model: Annotated[str, typer.Option(help="A training run's id, last, or a .safetensors file.")] = "last",
    where: Where = None,
    at: At = None,
    flip: Annotated[bool, typer.Option("--flip", help="Average with the mirrored image.")] = False,
    min_area: Annotated[int, typer.Option(min=1, help="Leave out things of fewer pixels.")] = 1,
    to: Annotated[str | None, typer.Option(help="Also write the predictions to this new folder.")] = None,
    format: Annotated[str, typer.Option("--format", "-f", help="In this format.")] = "coco",
    device: Annotated[str | None, typer.Option(help="cpu, or a GPU when there is one.")] = None,
    json: Json = False,
) -> None:
    """Predict the samples of a dataset into a new run, which `evaluate` reads."""
    from maskwright.dataset import Dataset
    from maskwright.predict.batch import predict_into_run

    with Dataset.open(dataset) as opened:
        view = view_of(opened, at, where)
        with progress("predicting", len(view), quiet=json) as follow:
            result = predict_into_run(
                view, model, flip=flip, min_area=min_area, to=to, format=format, device=device, progress=follow
            )
    lines = [f"run {result['run']}: {result['segments']} segments on {result['samples']} samples"]
    lines += [f"wrote them to {to}"] if to else []
    lines.append(f"score them with: maskwright evaluate {dataset} {result['run']}")
    emit(result, lines, json)
