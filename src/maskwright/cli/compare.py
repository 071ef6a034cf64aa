"""maskwright compare"""

from typing import Annotated

import typer

from maskwright.cli.output import DatasetPlace, Json, emit, progress, table


def command(
    dataset: DatasetPlace,
    first: Annotated[str, typer.Argument(metavar="A", help="A run.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another run.")],
    report: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Also write a page of both, with images that got worse and better: .html."),
    ] = None,
    json: Json = False,
) -> None:
    """Two runs side by side: settings that differ, scores and how they moved."""
    from maskwright.cli.opening import open_dataset
    from maskwright.reports import comparison_report
    from maskwright.reports.page import check_report, write_report
    from maskwright.runs import compare

    if report is not None:
        check_report(report)
    with open_dataset(dataset, quiet=json) as opened:
        found = compare(opened, first, second)
        text = ""
        if report is not None:
            with progress("comparing", None, quiet=json) as follow:
                text = comparison_report(opened, first, second, progress=follow)
    a, b = found["runs"]
    lines = list(table([(name, *map(str, pair)) for name, pair in found["settings"].items()], ("setting", a, b)))
    rows = [
        (name, score, two, two - score if score is not None and two is not None else None)
        for name, (score, two) in found["scores"].items()
    ]
    told = []
    if report is not None:
        size = write_report(report, text)
        found["report"] = report
        told = ["", f"wrote {report}, {size / 1e6:.1f} MB"]
    emit(found, [*lines, "", *table(rows, ("score", a, b, "B - A")), *told], json)
