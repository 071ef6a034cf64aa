"""maskwright convert"""

from typing import TYPE_CHECKING, Annotated

import typer

from maskwright.cli.output import (
    AllowLoss,
    Check,
    Images,
    Json,
    LossWorkers,
    Options,
    Overwrite,
    SkipBroken,
    WriteOptions,
    progress,
    write_options,
)
from maskwright.core import typed

if TYPE_CHECKING:
    from maskwright.compute import SetAside


def command(
    source: Annotated[str, typer.Argument(metavar="SRC", help="A label file or folder, in any known format.")],
    folder: Annotated[str, typer.Argument(metavar="DST", help="A new folder to write to.")],
    to: Annotated[str, typer.Option("--to", "-t", help="The format to write.")],
    format: Annotated[
        str | None, typer.Option("--format", "-f", help="The source's format; recognised when not given.")
    ] = None,
    overwrite: Overwrite = False,
    allow_loss: AllowLoss = False,
    check: Check = False,
    images: Images = None,
    option: Options = None,
    write_option: WriteOptions = None,
    skip_broken: SkipBroken = False,
    workers: LossWorkers = 1,
    json: Json = False,
) -> None:
    """From one label format to another, sample by sample, without a dataset in between."""
    from maskwright import formats
    from maskwright.cli.export import report

    name = format or formats.sniff(source)
    options = typed.pairs(option or ())
    reading = formats.read(source, name, **options)
    notes: list[str] = []

    class Again:
        """Losses are counted before anything is written, so the source is gone through more than once."""

        def __iter__(self):  # type: ignore[no-untyped-def]  # noqa: ANN204
            again = formats.read(source, name, **options)
            self.number = 0
            for sample in again.samples:
                self.number += 1
                yield sample
            notes[:] = again.notes

    samples = Again()
    said: list[str] = []
    broken: list[SetAside] = []
    steps = None if reading.total is None else (3 if check else 2) * reading.total
    with progress(f"converting {name} to {to}", steps, quiet=json) as follow:
        lost = formats.write(
            samples, reading.classes, folder, to, allow_loss=allow_loss, check=check, overwrite=overwrite,
            keep=[source], notes=said, broken=broken if skip_broken else None, workers=workers, progress=follow,
            **write_options(write_option, images),
        )  # fmt: skip
    report(to, folder, samples.number, lost, json, notes=notes + said, checked=check, broken=broken)
