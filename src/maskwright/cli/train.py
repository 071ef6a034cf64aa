"""maskwright train"""

import os
from typing import Annotated, Any

import typer

from maskwright.cli.output import At, DatasetPlace, Json, Where, emit, table
from maskwright.errors import MaskwrightError


def command(
    dataset: DatasetPlace,
    model: Annotated[str, typer.Option(help="lite, unet/ENCODER, unet2015.")] = "lite",
    loss: Annotated[str, typer.Option(help='A sum such as "ce + 0.5*dice" or "focal(gamma=2)".')] = "ce + 0.5*dice",
    epochs: Annotated[int, typer.Option(help="Passes over the training samples.")] = 40,
    minutes: Annotated[float | None, typer.Option(help="Train this long instead of a number of epochs.")] = None,
    batch_size: Annotated[int, typer.Option(help="Images a step, over all processes.")] = 8,
    size: Annotated[tuple[int, int], typer.Option(help="Height and width of training windows.")] = (256, 256),
    scale: Annotated[tuple[float, float], typer.Option(help="Range of random scales.")] = (0.5, 1.1),
    flip_vertical: Annotated[float, typer.Option(help="Chance of an upside-down image.")] = 0.0,
    turn: Annotated[bool, typer.Option("--turn", help="Random quarter turns, where up means nothing.")] = False,
    colour: Annotated[
        bool, typer.Option("--colour/--no-colour", help="Random brightness, contrast, saturation.")
    ] = True,
    lr: Annotated[float, typer.Option(help="Peak learning rate of AdamW.")] = 2e-3,
    weight_decay: Annotated[float, typer.Option(help="Weight decay of AdamW.")] = 0.02,
    ema: Annotated[float, typer.Option(help="Decay of the averaged weights.")] = 0.999,
    evaluations: Annotated[int, typer.Option(help="How often to evaluate during the training.")] = 8,
    predict_scale: Annotated[
        float, typer.Option(help="Scale at which images enter the network when predicting.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Fixes everything that is random.")] = 0,
    precision: Annotated[str, typer.Option(help="auto, bf16 or fp32.")] = "auto",
    device: Annotated[str | None, typer.Option(help="cpu, or a GPU when there is one.")] = None,
    train_split: Annotated[str, typer.Option(help="The split to train on.")] = "train",
    val_split: Annotated[str, typer.Option(help="The split to validate on.")] = "val",
    cache_mb: Annotated[int, typer.Option(help="Decoded images kept in memory.")] = 1024,
    tracker: Annotated[list[str] | None, typer.Option(help="tensorboard; repeatable.")] = None,
    name: Annotated[str | None, typer.Option(help="The run's id; made from the time when not given.")] = None,
    resume: Annotated[str | None, typer.Option(help="Go on with this run, with its own settings.")] = None,
    where: Where = None,
    at: At = None,
    json: Json = False,
) -> None:
    """Train a network on a dataset and keep the best weights; any time, on any machine, resumable."""
    from maskwright.cli.output import view_of
    from maskwright.dataset import Dataset
    from maskwright.families import require
    from maskwright.runs import Run, find
    from maskwright.runs.record import folder_of
    from maskwright.train import Settings, fit

    require("torch", "training")
    require("accelerate", "training")
    main = int(os.environ.get("RANK", "0")) == 0
    with Dataset.open(dataset) as opened:
        if resume is not None:
            settings = Settings.from_json(find(opened, resume, "train")["settings"])
            run = Run.resume(opened, find(opened, resume, "train")["id"], trackers=settings.trackers if main else ())
        else:
            settings = Settings(
                model=model, loss=loss, epochs=epochs, minutes=minutes, batch_size=batch_size, size=size, scale=scale,
                flip_vertical=flip_vertical, turn=turn, colour=colour, lr=lr, weight_decay=weight_decay, ema=ema,
                evaluations=evaluations, predict_scale=predict_scale, seed=seed, precision=precision, device=device,
                train_split=train_split, val_split=val_split, cache_mb=cache_mb, trackers=tuple(tracker or ()),
            )  # fmt: skip
            view = view_of(opened, at, where)
            if main:
                run = Run.start(view, "train", settings.to_json(), name=name, trackers=settings.trackers)
            else:  # other processes only compute; the first one keeps the record
                run = Run(view.frozen(), "", folder_of(opened, name or ""))
        if main and not json:
            chosen = ", ".join(
                f"{key}={value}" for key, value in settings.to_json().items() if value not in (None, {}, ())
            )
            typer.echo(f"run {run.id} on revision {run.view.revision}: {chosen}")
        scores = _watched(fit, run, settings, resume is not None, quiet=json or not main)
        if not main:
            return
        run.finish("done", scores)
        result = {"run": run.id, "folder": str(run.folder), **scores}
    rows = list(scores["classes"].items())
    head = (
        f"mean IoU {scores['mean_iou']:.4f} over {len(rows)} classes on {settings.val_split}, ignored pixels left out"
    )
    lines = [
        f"{head}, at the labels' full resolution; pixel accuracy {scores['pixel_accuracy']:.4f}",
        *table(rows, ("class", "IoU")),
        f"best weights: {run.folder / 'best.safetensors'}",
    ]
    emit(result, lines, json)


def _watched(fit: Any, run: Any, settings: Any, resume: bool, *, quiet: bool) -> dict[str, Any]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True, soft_wrap=True)
    columns = (
        TextColumn("training"), BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task("", total=1.0)
        latest: dict[str, float] = {}
        began: list[tuple[float, int]] = []

        def report(share: float, numbers: dict[str, Any]) -> None:
            import time

            if "note" in numbers:
                if not quiet:
                    console.print(f"note: {numbers['note']}")
                return
            latest.update(numbers)
            if "step" in numbers:
                began.append((time.monotonic(), numbers["step"]))
                del began[:-50]
                if len(began) > 1:
                    spent = began[-1][0] - began[0][0]
                    latest["images/s"] = settings.batch_size * (began[-1][1] - began[0][1]) / max(spent, 1e-9)
            text = "  ".join(f"{name} {value:.4g}" for name, value in latest.items())
            bar.update(task, completed=min(share, 1.0), description=text)
            if "mean_iou" in numbers and not quiet:
                console.print(f"{min(share, 1):4.0%}  {text}")

        try:
            return fit(run.view, settings, run, resume=resume, report=report)  # type: ignore[no-any-return]
        except BaseException as error:
            if run.id and not resume and not latest and isinstance(error, MaskwrightError):
                run.discard()  # a call that was wrong from the start is no training
            elif run.id:
                run.finish("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
            raise
