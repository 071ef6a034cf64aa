"""maskwright doctor"""

from contextlib import suppress
from typing import Annotated

import typer

from maskwright.cli.output import Json, emit, progress


def command(
    dataset: Annotated[
        str | None, typer.Argument(metavar="[DATASET]", help="Also check this dataset: every row and its history.")
    ] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also decode every mask and compare every image with its checksum.")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend what can be mended, say what was done, and keep a copy.")
    ] = False,
    json: Json = False,
) -> None:
    """What is installed, which extras and devices there are, and whether a dataset is what was written."""
    from maskwright.cli.opening import dataset_of, say_unfinished
    from maskwright.diagnostics import diagnose
    from maskwright.errors import DatasetError, UsageError
    from maskwright.store import Dataset

    if dataset is None and (deep or repair):
        raise UsageError("--deep and --repair are about a dataset", needed="maskwright doctor DATASET")
    if dataset is not None:
        with suppress(DatasetError):  # which is its result
            dataset = str(dataset_of(dataset, quiet=json))
            with Dataset.open(dataset, read_only=True) as opened:
                say_unfinished(opened, dataset)
    with progress("looking at images", None, quiet=json) as follow:
        result = diagnose(dataset, deep=deep, repair=repair, progress=follow)
    lines = [f"maskwright {result['version']}, Python {result['python']}, {result['system']}, {result['cpus']} CPUs"]
    for extra, each_extra in result["extras"].items():
        state = (
            "installed"
            if not each_extra["missing"]
            else f"missing {', '.join(each_extra['missing'])}: {each_extra['install']}"
        )
        lines.append(f"  {extra:9} {state}")
    lines += [f"  {name:9} {text}" for name, text in result["devices"].items()]
    lines += [f"  plugins   {family}: {', '.join(names)}" for family, names in result["plugins"].items()]
    lines += [f"  plugins   {sentence}" for sentence in result["set_aside"]]
    if dataset is not None:
        lines += [f"  dataset   {problem}" for problem in result["problems"]]
        if result["number"] > len(result["problems"]):
            lines.append(f"  dataset   and {result['number'] - len(result['problems'])} more")
        lines += [f"  repaired  {what}" for what in result["repaired"]]
        looked = f"{result['rows']} rows and {result['images']} images"
        if not result["problems"]:
            how = (
                "are what was written" if deep else "are there; --deep compares masks and images with what was written"
            )
            lines.append(f"  dataset   {dataset} is sound: {looked} {how}")
        elif not repair:
            lines.append(f"  dataset   {result['number']} problems in {looked}; --repair mends what can be mended")
        else:
            lines.append(f"  dataset   {result['left']} of {result['number']} problems are left")
    emit(result, lines, json)
    if result["left"]:
        raise typer.Exit(1)
