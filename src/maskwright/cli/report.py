"""maskwright report"""

from typing import Annotated

import typer

from maskwright.cli.output import At, DatasetPlace, Json, Where, emit, progress, view_of


def command(
    dataset: DatasetPlace,
    run: Annotated[
        str | None, typer.Argument(help="A run, its beginning, or last; the dataset itself when not given.")
    ] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", help="The HTML file; an older report is replaced.")
    ] = "report.html",
    samples: Annotated[
        int | None, typer.Option(min=0, max=200, help="Samples that are shown; 12 of a dataset, the 8 worst of a run.")
    ] = None,
    where: Where = None,
    at: At = None,
    json: Json = False,
) -> None:
    """One HTML file on a dataset or a run, which needs no server: numbers, figures, samples with labels drawn."""
    from maskwright import reports
    from maskwright.cli.opening import open_dataset
    from maskwright.errors import UsageError
    from maskwright.reports.page import check_report, write_report

    check_report(output)
    if run is not None and (where, at) != (None, None):
        raise UsageError("--where and --at are of a dataset's report", needed="a run is shown as it was evaluated")
    with open_dataset(dataset, quiet=json) as opened:
        if run is None:
            chosen = {} if samples is None else {"examples": samples}
            text = reports.dataset_report(opened, view_of(opened, at, where), **chosen)
        else:
            chosen = {} if samples is None else {"worst": samples}
            with progress("comparing", None, quiet=json) as follow:
                text = reports.run_report(opened, run, progress=follow, **chosen)
    size = write_report(output, text)
    emit({"file": output, "bytes": size}, [f"wrote {output}, {size / 1e6:.1f} MB"], json)
