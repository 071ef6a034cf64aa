"""maskwright convert"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maskwright.cli.class_choices import Drop, Map, Only, choice
from maskwright.cli.output import (
    AllowLoss,
    BrokenList,
    Check,
    Force,
    Images,
    Json,
    LossWorkers,
    Options,
    Overwrite,
    SkipBoth,
    WriteOptions,
    broken_file,
    progress,
    write_broken,
    write_options,
)
from maskwright.core import typed

if TYPE_CHECKING:
    from maskwright.compute import SetAside
    from maskwright.formats import Finding


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
    mapped: Map = None,
    only: Only = None,
    drop: Drop = None,
    skip_broken: SkipBoth = False,
    broken_list: BrokenList = None,
    force: Force = False,
    workers: LossWorkers = 1,
    json: Json = False,
) -> None:
    """From one label format to another, sample by sample, without a dataset in between.

    What is implausible about the source is reported; something grave ends this before anything is written.
    """
    from maskwright import formats
    from maskwright.cli.export import report

    listed = broken_file(broken_list, skip=skip_broken)
    options: dict[str, Any] = dict(typed.pairs(option or ()))
    wanted = choice(mapped, only, drop)

    def opened(place: str | formats.Candidate, form: str | None, *, plausible: bool = True) -> formats.Reading:
        reading = formats.read(place, form, skip_broken=skip_broken, plausible=plausible, **options)
        return formats.selected(reading, **wanted)

    reading = opened(source, format)
    chosen = source if reading.chosen is None else reading.chosen
    name = format if reading.chosen is None else reading.chosen.format
    notes: list[str] = []
    unreadable: list[formats.Broken] = []
    findings: list[Finding] | None = None
    where = [] if reading.chosen is None else reading.chosen.place_notes(Path(source))

    class Again:
        """Losses are counted before anything is written, so the source is gone through more than once.

        The first time it is looked at for what is implausible.
        """

        def __iter__(self):  # type: ignore[no-untyped-def]  # noqa: ANN204
            nonlocal findings
            first = findings is None
            again = opened(chosen, None, plausible=first)
            self.number = 0
            for sample in again.samples if force else again.plausible(file=source):
                self.number += 1
                yield sample
            if first:
                notes[:], findings, unreadable[:] = [*where, *again.notes], again.findings, again.broken

    samples = Again()
    said: list[str] = []
    broken: list[SetAside] = []
    steps = None if reading.total is None else (3 if check else 2) * reading.total
    with progress(f"converting {name} to {to}", steps, quiet=json) as follow:
        lost = formats.write(
            samples, reading.classes, folder, to, allow_loss=allow_loss, check=check, overwrite=overwrite,
            keep=[source], about=reading.about, notes=said, broken=broken if skip_broken else None, workers=workers,
            progress=follow, **write_options(write_option, images),
        )  # fmt: skip
    found = [*unreadable, *(formats.Broken(None, f"sample {sample.key!r}", sample.reason) for sample in broken)]
    file = write_broken(found, listed, folder) if skip_broken else None
    report(
        to, folder, samples.number, lost, json, notes=notes + said, checked=check, broken=broken, unreadable=unreadable,
        broken_list=file, found=findings or [],
    )  # fmt: skip
