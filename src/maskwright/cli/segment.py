"""maskwright segment"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maskwright.cli.output import Json, Overwrite, SkipBroken, emit, progress, set_aside, table
from maskwright.core import typed
from maskwright.core.plurals import many

if TYPE_CHECKING:
    from maskwright.compute import SetAside


def command(
    images: Annotated[list[str], typer.Argument(metavar="IMAGE…", help="Images, or folders of them.")],
    everything: Annotated[
        bool, typer.Option("--everything", help="Automatic mask generation: all that the engine sees.")
    ] = False,
    click: Annotated[
        list[str] | None, typer.Option(metavar="X,Y[,0]", help="A point on the object, with ,0 beside it; repeatable.")
    ] = None,
    box: Annotated[list[str] | None, typer.Option(metavar="X0,Y0,X1,Y1", help="A box around it; repeatable.")] = None,
    text: Annotated[str | None, typer.Option(help="Words for what is meant, for engines that read.")] = None,
    engine: Annotated[
        str, typer.Option(help="classical, sam, sam-hq, sam2, edgetam, mobile-sam, sam3; docs/reference/prompts.md.")
    ] = "classical",
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", metavar="NAME=VALUE", help="Of the engine, such as weights=FILE; repeatable."),
    ] = None,
    grid: Annotated[
        list[str] | None,
        typer.Option("--grid", metavar="NAME=VALUE", help="Of --everything: side, iou, layers, …; repeatable."),
    ] = None,
    to: Annotated[str, typer.Option(help="The new folder to write to.")] = "segments",
    format: Annotated[str, typer.Option("--format", "-f", help="In this format.")] = "coco",
    overwrite: Overwrite = False,
    skip_broken: SkipBroken = False,
    overlays: Annotated[bool, typer.Option("--overlays", help="Also draw the masks over the images.")] = False,
    json: Json = False,
) -> None:
    """Interactive segmentation by clicks, boxes or words, or automatic mask generation."""
    from dataclasses import asdict

    from maskwright import formats, media
    from maskwright.errors import UsageError
    from maskwright.interactive import to_samples

    if everything == bool(click or box or text):
        raise UsageError("it is not said what to look for", needed="--everything, or --click, --box or --text")
    formats.check_place(Path(to), overwrite=overwrite, keep=images)  # before the work, not after it
    paths = to_samples.image_files(images)
    if len(paths) > 1 and (click or box):
        raise UsageError(f"clicks and boxes are for one image, and there are {len(paths)}")
    asked: dict[str, Any] = {
        "points": _numbers(click, (2, 3), "--click X,Y"), "boxes": _numbers(box, (4,), "--box X0,Y0,X1,Y1"),
        "text": text,
    }  # fmt: skip
    windows = media.windows_over(paths)
    broken: list[SetAside] = []
    with progress("segmenting", len(paths), quiet=json) as follow:
        found = list(
            to_samples.samples(follow(paths), engine, typed.pairs(option or ()), None if everything else asked,
                           grid=typed.pairs(grid or (), what="the --grid"), windows=windows,
                           broken=broken if skip_broken else None)
        )  # fmt: skip
        lost = formats.write(found, to_samples.CLASSES, to, format, allow_loss=True, overwrite=overwrite)
    if overlays:
        to_samples.draw(found, to, windows)
    left_out = [asdict(image) for image in broken]
    rows = [(sample.key, len(sample.segments)) for sample in found]
    number = sum(count for _, count in rows)
    lines = [
        f"{many(number, 'segment')} on {many(len(rows), 'image')}, written to {to} as {format}",
        *set_aside(left_out),
        *(f"lost {line}" for line in formats.summary(lost)),
    ]
    for dtype, window in windows.items():
        low, high = (", ".join(f"{number:g}" for number in side) for side in (window.low, window.high))
        lines.append(f"note: {dtype} is displayed to the engine from {low} to {high}, {window.origin}")
    emit({"to": to, "images": len(rows), "segments": number, "losses": formats.summary(lost), "set_aside": left_out},
         [*lines, "", *table(rows[:20], ("image", "segments"))], json)  # fmt: skip


def _numbers(given: list[str] | None, lengths: tuple[int, ...], needed: str) -> list[list[float]]:
    from maskwright.errors import UsageError

    out = []
    for text in given or ():
        try:
            values = [float(part) for part in text.split(",")]
        except ValueError:
            values = []
        if len(values) not in lengths:
            raise UsageError(f"{text!r} cannot be read", needed=needed)
        out.append(values)
    return out
