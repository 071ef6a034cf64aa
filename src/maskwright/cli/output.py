"""What verbs share: how results and progress are shown, and options they have in common."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import length_hint
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from maskwright.errors import CONTROL, plain, redacted

if TYPE_CHECKING:
    from maskwright.formats import Broken, Finding
    from maskwright.store import Dataset, View

T = TypeVar("T")

DatasetPlace = Annotated[
    str,
    typer.Argument(
        metavar="DATASET",
        help="A dataset's folder or PostgreSQL URL; or labels or images: a folder, file or archive, imported once.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Where = Annotated[str | None, typer.Option(help="Only samples for which this holds, such as \"split = 'val'\".")]
At = Annotated[str | None, typer.Option("--at", help="A revision: number, tag, head~N. The newest when not given.")]
Author = Annotated[str | None, typer.Option(help="Who makes this change. Your user name when not given.")]
Options = Annotated[
    list[str] | None, typer.Option("--option", "-o", metavar="NAME=VALUE", help="An option of the format; repeatable.")
]
WriteOptions = Annotated[
    list[str] | None,
    typer.Option("--write-option", "-O", metavar="NAME=VALUE", help="An option of the format written; repeatable."),
]
Images = Annotated[str | None, typer.Option(help="copy, link or none; copy when not given.")]
Check = Annotated[bool, typer.Option("--check", help="Read the result back, and keep it only if it is equal.")]
Tag = Annotated[
    list[str] | None, typer.Option(metavar="WORD", help="A word by which the run is found again; repeatable.")
]
Note = Annotated[str | None, typer.Option(help="What to remember of the run; `maskwright runs` shows and changes it.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace what the folder holds, once the result is whole; never a dataset.")
]
Workers = Annotated[
    int,
    typer.Option("--workers", min=0, help="Processes that do the work, each with its own model; 1: this process."),
]
LossWorkers = Annotated[
    int,
    typer.Option("--workers", min=0, help="Processes that count what is lost and prepare the rest; one writes."),
]
SkipBroken = Annotated[
    bool,
    typer.Option("--skip-broken", help="Leave out and list samples that cannot be written or whose image is broken."),
]
SkipUnreadable = Annotated[
    bool,
    typer.Option("--skip-broken", help="Leave out and list what cannot be read; the rest comes in."),
]
SkipBoth = Annotated[
    bool,
    typer.Option("--skip-broken", help="Leave out and list what cannot be read or written; the rest is written."),
]
BrokenList = Annotated[
    str | None,
    typer.Option(
        "--broken-list", metavar="FILE",
        help="With --skip-broken, a file for the list of what is left out, a JSON object a line. When not given and "
        "anything is: beside the result, a name that ends in .broken.jsonl.",
    ),
]  # fmt: skip
Force = Annotated[
    bool, typer.Option("--force", help="Go on though something grave was found, such as images that are missing.")
]
AllowLoss = Annotated[bool, typer.Option("--allow-loss", help="Write even what the format cannot hold wholly.")]


def say(line: object, *, err: bool = False) -> None:
    """Print a line. All that verbs print goes through here or `emit`: no control character, no password gets out."""
    typer.echo(plain(line), err=err)


def emit(result: Mapping[str, Any], lines: Iterable[str], as_json: bool) -> None:
    """A command's result, for a machine or for a person."""
    if as_json:
        text = json.dumps(_safe(result), default=lambda value: redacted(str(value)), ensure_ascii=False)
        if not text.isascii() or not text.isprintable():
            text = CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
        typer.echo(text)
    else:
        for line in lines:
            say(line)


def _safe(value: Any) -> Any:
    """Neither NaN nor an infinity is JSON; passwords of addresses stay here."""
    if isinstance(value, Mapping):
        return {redacted(key) if isinstance(key, str) else key: _safe(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_safe(inner) for inner in value]
    if isinstance(value, str):
        return redacted(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def table(rows: Sequence[Sequence[object]], header: Sequence[str]) -> Iterator[str]:
    """Aligned columns; numbers to four digits, no control character in a cell."""
    text = [[_cell(cell) for cell in row] for row in rows]
    widths = [max(len(row[k]) for row in [list(header), *text]) for k in range(len(header))]
    for row in [list(header), *text]:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return "-"
    return f"{value:.4f}" if isinstance(value, float) else plain(value)


def view_of(dataset: "Dataset", at: str | None, where: str | None) -> "View":
    view = dataset if at is None else dataset.at(at)
    return view if where is None else view.where(where)


def write_options(given: Sequence[str] | None, images: str | None) -> dict[str, Any]:
    """What a format's writer is told: its own options, and images only where somebody said so."""
    from maskwright.core import typed

    return typed.pairs(given or ()) | ({} if images is None else {"images": images})


@contextmanager
def progress(
    what: str, total: int | None, *, done: int = 0, quiet: bool = False
) -> Iterator[Callable[[Iterable[T]], Iterator[T]]]:
    """How far an iteration is, with rate and time left, on standard error.

    A bar on a terminal, a line every ten seconds elsewhere.  done: that are not gone through again.
    """
    from rich.console import Console

    from maskwright.core.progress import Pace

    if not quiet and not Console(stderr=True).is_terminal:

        def told(items: Iterable[T]) -> Iterator[T]:
            pace = Pace(what, total or length_hint(items) or None, done)
            for item in items:
                yield item
                if line := pace.line():
                    say(line, err=True)

        yield told
        return
    with _bar(what, total, done, quiet=quiet) as follow:
        yield follow


@contextmanager
def _bar(what: str, total: int | None, done: int, *, quiet: bool) -> Iterator[Callable[[Iterable[T]], Iterator[T]]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
        console=Console(stderr=True), disable=quiet, transient=True,
    ) as bar:  # fmt: skip
        task = bar.add_task(what, total=total, completed=done, rate="")

        def follow(items: Iterable[T]) -> Iterator[T]:
            if total is None and (known := length_hint(items)):
                bar.update(task, total=known)
            for item in items:
                yield item
                speed = bar.tasks[0].speed
                bar.update(task, advance=1, rate=f"{speed:.1f}/s" if speed else "")

        yield follow


def set_aside(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Lines about samples that could not be worked on; none where there are none."""
    if found:
        yield f"set aside, because they could not be worked on: {len(found)}"
        yield from (f"  {sample['key']}: {sample['reason']}" for sample in found[:5])
    if len(found) > 5:
        yield f"  and {len(found) - 5} more, which --json lists"


def broken_file(given: str | None, *, skip: bool) -> Path | None:
    """Where --broken-list says that the list goes; None where it says nothing.

    skip: whether anything is skipped.  Raises UsageError where that is not so, and for a place that cannot be written.
    """
    from maskwright.errors import UsageError

    if given is None:
        return None
    if not skip:
        raise UsageError("--broken-list is given without --skip-broken", todo="Give both, or neither.")
    file = Path(given)
    if file.is_dir() or not file.absolute().parent.is_dir():
        raise UsageError("cannot be a list", file=given, needed="a file in a folder that is there")
    return file


def write_broken(broken: Sequence["Broken"], file: Path | None, beside: str) -> str | None:
    """Write the list, a JSON object a line -> where it is.

    file: as --broken-list says; None for `beside` and .broken.jsonl, where anything is broken and `beside` is a path
    that can be written to.
    """
    from dataclasses import asdict

    from maskwright.errors import UsageError

    place = file
    if file is None:
        if not broken or "://" in beside:
            return None
        home = Path(beside).absolute()
        place = home.with_name(f"{home.name}.broken.jsonl")
    assert place is not None
    try:
        with open(place, "w", encoding="utf-8") as out:
            out.writelines(json.dumps(_safe(asdict(record))) + "\n" for record in broken)
    except OSError as error:
        if file is None:
            return None
        raise UsageError(f"the list cannot be written ({error.strerror})", file=file) from None
    return str(place)


def broken_lines(broken: Sequence["Broken"], file: str | None) -> Iterator[str]:
    """Lines about records that could not be read; none where there are none. file: of the whole list."""
    if broken:
        yield f"left out, because they cannot be read: {len(broken)}"
        yield from (f"  {record}" for record in broken[:5])
    if len(broken) > 5:
        yield f"  and {len(broken) - 5} more"
    if broken and file is not None:
        yield f"  the whole list is in {file}"
    elif len(broken) > 5:
        yield "  --broken-list FILE and --json have the whole list"


def plausibility(notes: Iterable[str], findings: Sequence["Finding"]) -> Iterator[str]:
    """Lines about what was read: the notes, and what is implausible."""
    told = {finding.text for finding in findings}
    yield from (f"note: {note}" for note in notes if note not in told)
    for finding in findings:
        yield f"plausibility{', grave' * finding.grave}: {finding.kind}: {finding.text}"
    if not findings:
        yield "plausibility: nothing to report"


def absolute(place: str) -> str:
    return place if "://" in place else str(Path(place))
