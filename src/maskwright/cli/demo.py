"""maskwright demo"""

from typing import Annotated

import typer

from maskwright.cli.output import Json, emit, say


def _quiet(line: str) -> None:
    """With --json, only the result is printed."""


def command(
    folder: Annotated[str, typer.Argument(help="A new folder for everything it makes.")] = "maskwright-demo",
    images: Annotated[int, typer.Option(min=10, help="How many images to make.")] = 60,
    minutes: Annotated[float, typer.Option(help="How long to train.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Another seed, other images.")] = 0,
    json: Json = False,
) -> None:
    """The tour: make images with exact truth, import, train, evaluate, find the worst, export, report."""
    from maskwright.demo.tour import tour

    result = tour(folder, images=images, minutes=minutes, seed=seed, say=_quiet if json else say)
    emit(result, [f"the report: {result['report']}"], json)
