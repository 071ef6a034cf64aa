"""maskwright export"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from maskwright.cli.output import (
    AllowLoss,
    At,
    Check,
    DatasetPlace,
    Images,
    Json,
    LossWorkers,
    Options,
    Overwrite,
    SkipBroken,
    Where,
    emit,
    progress,
    set_aside,
    view_of,
    write_options,
)  # fmt: skip

if TYPE_CHECKING:
    from maskwright.compute import SetAside
    from maskwright.formats import Loss


def command(
    dataset: DatasetPlace,
    to: Annotated[str, typer.Argument(metavar="FOLDER", help="A new folder to write to.")],
    format: Annotated[str, typer.Option("--format", "-f", help="The format to write.")],
    overwrite: Overwrite = False,
    allow_loss: AllowLoss = False,
    check: Check = False,
    images: Images = None,
    where: Where = None,
    at: At = None,
    annotator: Annotated[
        str | None, typer.Option(help="A person's own labels in place of the shared ones; only images that have any.")
    ] = None,
    option: Options = None,
    skip_broken: SkipBroken = False,
    workers: LossWorkers = 1,
    json: Json = False,
) -> None:
    """Write a dataset, or a part of it, in another format, with a report of what is lost."""
    from maskwright import formats
    from maskwright.labelling import own_labels
    from maskwright.store import Dataset

    with Dataset.open(dataset) as opened:
        view = view_of(opened, at, where).frozen()
        if annotator is not None:
            view = own_labels.view(view, annotator)
        number = len(view)
        said: list[str] = []
        broken: list[SetAside] = []
        with progress(f"exporting {format}", (3 if check else 2) * number, quiet=json) as follow:
            lost = formats.write(
                view, view.classes, to, format, allow_loss=allow_loss, check=check, overwrite=overwrite, notes=said,
                broken=broken if skip_broken else None, workers=workers, progress=follow,
                **write_options(option, images),
            )  # fmt: skip
        report(format, to, number, lost, json, notes=said, checked=check, broken=broken)


def report(
    name: str, to: str, number: int, lost: list["Loss"], json: bool, *, notes: Sequence[str] = (),
    checked: bool = False, broken: "Sequence[SetAside]" = (),
) -> None:  # fmt: skip
    """number: of samples, those that were set aside among them."""
    from dataclasses import asdict

    from maskwright import registry
    from maskwright.formats import summary

    name = registry.canonical(name)
    result = {"format": name, "folder": to, "samples": number - len(broken), "losses": [asdict(loss) for loss in lost]}
    left_out = [asdict(sample) for sample in broken]
    result |= {"notes": list(notes), "checked": checked, "set_aside": left_out}
    lines = [f"note: {note}" for note in notes]
    lines.append(f"wrote {number - len(broken)} samples as {name} to {to}")
    if checked:
        lines.append("  read back and compared: equal" + (" but for what is listed" if lost else ""))
    lines += set_aside(left_out)
    lines += [f"  lost {line}" for line in summary(lost)] or ["  nothing was lost"]
    emit(result, lines, json)
