"""maskwright doctor"""

from typing import Annotated

import typer

from maskwright.cli.output import Json, emit


def command(
    dataset: Annotated[
        str | None, typer.Argument(metavar="[DATASET]", help="Also check this dataset's integrity.")
    ] = None,
    json: Json = False,
) -> None:
    """What is installed, which extras and devices there are, and what to do about what is missing."""
    from maskwright.health import diagnose

    result = diagnose(dataset)
    lines = [f"maskwright {result['version']}, Python {result['python']}, {result['system']}, {result['cpus']} CPUs"]
    for extra, one in result["extras"].items():
        state = "installed" if not one["missing"] else f"missing {', '.join(one['missing'])}: {one['install']}"
        lines.append(f"  {extra:9} {state}")
    lines += [f"  {name:9} {text}" for name, text in result["devices"].items()]
    if dataset is not None:
        lines += [f"  dataset   {problem}" for problem in result["problems"]] or [f"  dataset   {dataset} is sound"]
    emit(result, lines, json)
    if result["problems"]:
        raise typer.Exit(1)
