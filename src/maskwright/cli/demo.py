"""maskwright demo"""

from typing import Annotated

import typer

from maskwright.cli.output import Json, emit, say
from maskwright.core import typed
from maskwright.errors import UsageError
from maskwright.train.settings import read_setting


def _quiet(line: str) -> None:
    """With --json, only the result is printed."""


def command(
    folder: Annotated[str, typer.Argument(help="A new folder for everything it makes.")] = "maskwright-demo",
    images: Annotated[int, typer.Option(min=10, help="How many images to make.")] = 60,
    minutes: Annotated[str, typer.Option(metavar="TIME", help="How long to train: 1m, 90s.")] = "1m",
    seed: Annotated[str, typer.Option(metavar="VALUE", help="Another seed, other images.")] = "0",
    json: Json = False,
) -> None:
    """The tour: make images with exact truth, import, train, evaluate, find the worst, export, report."""
    time, start = (
        read_setting(name, typed.Bare(value), record=f"--{name}")
        for name, value in (("minutes", minutes), ("seed", seed))
    )
    if time is None:
        raise UsageError("the tour trains for a time", record="--minutes", needed="such as 1m")
    from maskwright.demo.tour import tour

    result = tour(folder, images=images, minutes=time, seed=start, say=_quiet if json else say)
    emit(result, [f"the report: {result['report']}"], json)
