"""maskwright track"""

from dataclasses import asdict
from typing import Annotated, Literal

import typer

from maskwright.cli.output import (
    At,
    Author,
    Json,
    Overwrite,
    Where,
    Workers,
    emit,
    progress,
    set_aside,
    table,
    view_of,
)
from maskwright.core import typed


def command(
    source: Annotated[
        str, typer.Argument(metavar="DATASET|VIDEO", help="A dataset with videos, a video file, or a folder of frames.")
    ],
    masks: Annotated[
        str | None,
        typer.Option(help="For a video: a folder of label maps named as frames, or by number; one number an object."),
    ] = None,
    to: Annotated[str | None, typer.Option(help="For a video: the new folder to write to.")] = None,
    format: Annotated[str, typer.Option("--format", "-f", help="In this format.")] = "davis",
    overwrite: Overwrite = False,
    engine: Annotated[
        str, typer.Option(help="classical, sam2, edgetam, seggpt; see docs/reference/video.md.")
    ] = "classical",
    option: Annotated[
        list[str] | None, typer.Option("--option", "-o", metavar="NAME=VALUE", help="Of the engine; repeatable.")
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="Take each n-th frame of a video.")] = 1,
    stop: Annotated[float, typer.Option(min=0, max=1, help="A track that drifts this far is given up.")] = 1.0,
    partial: Annotated[
        bool,
        typer.Option("--partial", help="A labelled frame need not show every object: the others go on through it."),
    ] = False,
    direction: Annotated[
        Literal["both", "forward", "backward"], typer.Option(help="From the labelled frames, which way.")
    ] = "both",
    accept: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Write frames of a dataset of at least this confidence as labels."),
    ] = None,
    where: Where = None,
    at: At = None,
    author: Author = None,
    workers: Workers = 1,
    json: Json = False,
) -> None:
    """Track objects from the frames where they are labelled to all others, in both directions or one."""
    from maskwright import formats, video
    from maskwright.cli.opening import open_dataset
    from maskwright.errors import UsageError

    settings = video.read_options(engine, typed.pairs(option or ()))
    if masks is not None or not formats.is_dataset_or_labels(source):
        if masks is None or to is None:
            raise UsageError(
                "this is a video, not a dataset", file=source,
                needed="--masks with label maps for some frames, and --to for the result",
            )  # fmt: skip
        if workers > 1:
            raise UsageError("one video is tracked by one process", needed="a dataset of videos for --workers")
        _video(source, masks, to, format, engine, settings, every, stop, not partial, direction, overwrite, json)
        return
    from maskwright import fewshot

    with open_dataset(source, quiet=json) as opened:
        view = view_of(opened, at, where)
        with progress("tracking", None, quiet=json) as follow:
            done = video.track_dataset(view, engine=engine, stop=stop, complete=not partial, direction=direction,
                                       settings=settings, dataset=opened, workers=workers, progress=follow)  # fmt: skip
        accepted = 0
        if accept is not None:
            sure = [n for n, value in fewshot.confidences(view, done.run).items() if value >= accept]
            accepted = fewshot.accept(opened, done.run, [view.read([n])[0].key for n in sure], author=author)
    lines = [
        f"run {done.run}: {engine} tracked {done.tracks} objects through {done.videos} videos",
        f"suggestions for {done.suggested} frames from {done.labelled} labelled ones in {done.seconds:.0f} s",
    ]
    if accept is not None:
        lines.append(f"accepted {accepted} frames of a confidence of at least {accept:g}")
    lines += set_aside([asdict(video) for video in done.set_aside])
    if done.least:
        lines += ["", *table(done.least[:10], ("look at these first", "drift"))]
    emit({**asdict(done), "accepted": accepted}, lines, json)


def _video(
    source: str, masks: str, to: str, format: str, engine: str, settings: dict[str, object], every: int, stop: float,
    complete: bool, direction: str, overwrite: bool, json: bool,
) -> None:  # fmt: skip
    import time
    from pathlib import Path

    from maskwright import formats, video

    needed = [source, masks]
    formats.check_place(Path(to), overwrite=overwrite, keep=needed)  # before the work, not after it
    begun = time.perf_counter()
    frames = video.Frames.open(source, every=every)
    known = video.masks_of(masks, frames)
    with progress("tracking", len(frames), quiet=json) as follow:
        ways = {"stop": stop, "complete": complete, "direction": direction}
        found = list(follow(video.samples_of(frames, known, engine, **ways, **settings)))
    lost = formats.write(found, video.CLASSES, to, format, allow_loss=True, overwrite=overwrite, keep=needed)
    seconds = time.perf_counter() - begun
    drifts = sorted(((s.key, max(s.fields["drift"].values(), default=1.0)) for s in found), key=lambda row: -row[1])
    result = {
        "frames": len(found), "given": len(known), "seconds": seconds, "to": to, "losses": formats.summary(lost),
        "least": drifts[:20],
    }  # fmt: skip
    lines = [f"tracked {len(known)} given frames through {len(found)} in {seconds:.0f} s, written to {to} as {format}"]
    lines += formats.summary(lost)
    emit(result, [*lines, "", *table(drifts[:10], ("look at these first", "drift"))], json)
