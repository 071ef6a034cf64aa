"""maskwright compare"""

from typing import Annotated

import typer

from maskwright.cli.output import DatasetPlace, Json, emit, table


def command(
    dataset: DatasetPlace,
    first: Annotated[str, typer.Argument(metavar="A", help="A run.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another run.")],
    json: Json = False,
) -> None:
    """Two runs side by side: settings that differ, scores and how they moved."""
    from maskwright.cli.opening import open_dataset
    from maskwright.runs import compare

    with open_dataset(dataset, quiet=json) as opened:
        found = compare(opened, first, second)
    a, b = found["runs"]
    lines = list(table([(name, *map(str, pair)) for name, pair in found["settings"].items()], ("setting", a, b)))
    rows = [
        (name, score, two, two - score if score is not None and two is not None else None)
        for name, (score, two) in found["scores"].items()
    ]
    emit(found, [*lines, "", *table(rows, ("score", a, b, "B - A"))], json)
