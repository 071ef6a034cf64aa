"""maskwright export"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maskwright.cli.class_choices import Drop, Map, Only, choice
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
    broken_lines,
    emit,
    plausibility,
    progress,
    set_aside,
    view_of,
    write_options,
)  # fmt: skip
from maskwright.core.plurals import many

if TYPE_CHECKING:
    from maskwright.compute import SetAside
    from maskwright.core.sample import Sample
    from maskwright.formats import Broken, Finding, Loss, Reading
    from maskwright.store import View


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
    mapped: Map = None,
    only: Only = None,
    drop: Drop = None,
    option: Options = None,
    skip_broken: SkipBroken = False,
    workers: LossWorkers = 1,
    json: Json = False,
) -> None:
    """Write a dataset, or a part of it, in another format, with a report of what is lost."""
    from maskwright import formats
    from maskwright.cli.opening import open_dataset
    from maskwright.labelling import own_labels

    chosen = choice(mapped, only, drop)
    with open_dataset(dataset, quiet=json) as opened:
        view = view_of(opened, at, where).frozen()
        if annotator is not None:
            view = own_labels.view(view, annotator)
        number = len(view)
        said: list[str] = []
        broken: list[SetAside] = []
        samples = _Chosen(view, chosen)
        with progress(f"exporting {format}", (3 if check else 2) * number, quiet=json) as follow:
            lost = formats.write(
                samples if any(chosen.values()) else view, samples.classes, to, format, allow_loss=allow_loss,
                check=check, overwrite=overwrite, notes=said, broken=broken if skip_broken else None, workers=workers,
                progress=follow, **write_options(option, images),
            )  # fmt: skip
        report(format, to, number, lost, json, notes=samples.notes + said, checked=check, broken=broken)


class _Chosen:
    """A view with other classes, as `formats.selected` makes them; can be gone through more than once.

    notes: what became of the classes, when the samples were gone through.
    """

    def __init__(self, view: "View", chosen: dict[str, Any]) -> None:
        self._view, self._chosen = view, chosen
        self.about = view.about
        self.notes: list[str] = []
        self.classes = self._read().classes

    def _read(self) -> "Reading":
        from maskwright import formats

        return formats.selected(formats.Reading(self._view.classes, iter(self._view)), **self._chosen)

    def __iter__(self) -> "Iterator[Sample]":
        reading = self._read()
        yield from reading.samples
        self.notes = reading.notes


def report(
    name: str, to: str, number: int, lost: list["Loss"], json: bool, *, notes: Sequence[str] = (),
    checked: bool = False, broken: "Sequence[SetAside]" = (), unreadable: "Sequence[Broken] | None" = None,
    broken_list: str | None = None, found: "Sequence[Finding] | None" = None,
) -> None:  # fmt: skip
    """number: of samples, those that were set aside among them.  unreadable: what could not be read of a
    source that is not a dataset.  broken_list: the file that names both.  found: what is implausible, where that was
    asked.
    """
    from dataclasses import asdict

    from maskwright import registry
    from maskwright.formats import summary

    name = registry.canonical(name)
    losses = [loss._asdict() for loss in lost]
    result = {"format": name, "folder": to, "samples": number - len(broken), "losses": losses}
    left_out = [asdict(sample) for sample in broken]
    result |= {"notes": list(notes), "checked": checked, "set_aside": left_out}
    if unreadable is not None:
        result |= {"broken": [asdict(record) for record in unreadable], "broken_list": broken_list}
    if found is not None:
        result["findings"] = [asdict(finding) for finding in found]
    lines = [f"note: {note}" for note in notes] if found is None else [*plausibility(notes, found)]
    lines += broken_lines(unreadable or (), broken_list)
    lines.append(f"wrote {many(number - len(broken), 'sample')} as {name} to {to}")
    if checked:
        lines.append("  read back and compared: equal" + (" but for what is listed" if lost else ""))
    lines += set_aside(left_out)
    lines += [f"  lost {line}" for line in summary(lost)] or ["  nothing was lost"]
    emit(result, lines, json)
