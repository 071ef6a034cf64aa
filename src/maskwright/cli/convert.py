"""maskwright convert"""

from typing import Annotated

import typer

from maskwright.cli.output import AllowLoss, Json, Options, emit, format_options, progress


def command(
    source: Annotated[str, typer.Argument(metavar="SRC", help="A label file or folder, in any known format.")],
    folder: Annotated[str, typer.Argument(metavar="DST", help="A new folder to write to.")],
    to: Annotated[str, typer.Option("--to", "-t", help="The format to write.")],
    format: Annotated[
        str | None, typer.Option("--format", "-f", help="The source's format; recognised when not given.")
    ] = None,
    allow_loss: AllowLoss = False,
    images: Annotated[str, typer.Option(help="copy, link or none.")] = "copy",
    option: Options = None,
    json: Json = False,
) -> None:
    """From one label format to another, without a dataset in between."""
    from maskwright import formats
    from maskwright.cli.export import report

    name = format or formats.sniff(source)
    options = format_options(option)
    reading = formats.read(source, name, **options)
    for note in [] if json else reading.notes:
        emit({}, [f"note: {note}"], False)

    class Again:
        """Losses are counted before anything is written, so the source is gone through twice."""

        def __iter__(self):  # type: ignore[no-untyped-def]  # noqa: ANN204
            return iter(formats.read(source, name, **options).samples)

    with progress(f"converting {name} to {to}", reading.total, quiet=json) as follow:
        lost = formats.write(
            Again(), reading.classes, folder, to, allow_loss=allow_loss, progress=follow, images=images
        )
    report(to, folder, reading.total or 0, lost, json)
