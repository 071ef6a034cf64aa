"""maskwright train"""

import os
import shlex
from typing import Annotated, Any

import typer

from maskwright.cli import choices
from maskwright.cli.output import At, DatasetPlace, Json, Note, Tag, Where, emit, say, table
from maskwright.core.plurals import many
from maskwright.errors import MaskwrightError, UsageError, plain


def command(
    dataset: DatasetPlace,
    plan: Annotated[
        str | None, typer.Option(help="A plan that `maskwright plan` wrote; options given here go before it.")
    ] = None,
    budget: choices.Budget = None,
    model: choices.Model = None,
    preset: choices.Preset = None,
    config: choices.Config = None,
    weights: choices.Weights = None,
    from_scratch: choices.FromScratch = None,
    task: choices.Task = None,
    channels: choices.Channels = None,
    loss: choices.Loss = None,
    epochs: choices.Epochs = None,
    steps_per_epoch: choices.StepsPerEpoch = None,
    minutes: choices.Minutes = None,
    batch_size: choices.BatchSize = None,
    accumulate: choices.Accumulate = None,
    size: choices.WindowSize = None,
    scale: choices.Scale = None,
    stretch: choices.Stretch = None,
    flip_horizontal: choices.FlipHorizontal = None,
    flip_vertical: choices.FlipVertical = None,
    turn: choices.Turn = None,
    colour: choices.Colour = None,
    augmentation: choices.Augmentation = None,
    transform: choices.Transforms = None,
    balance: choices.Balance = None,
    optimizer: choices.Optimizer = None,
    momentum: choices.Momentum = None,
    lr: choices.Lr = None,
    schedule: choices.Schedule = None,
    encoder_lr: choices.EncoderLr = None,
    freeze: choices.Freeze = None,
    adapter: choices.Adapter = None,
    adapter_rank: choices.AdapterRank = None,
    weight_decay: choices.WeightDecay = None,
    warmup: choices.Warmup = None,
    clip: choices.Clip = None,
    ema: choices.Ema = None,
    evaluations: choices.Evaluations = None,
    val_steps: choices.ValSteps = None,
    patience: choices.Patience = None,
    predict_scale: choices.PredictScale = None,
    predict_flip: choices.PredictFlip = None,
    tile: choices.Tile = None,
    compile: choices.Compile = None,
    deterministic: choices.Deterministic = None,
    parallel: choices.Parallel = None,
    sync_batchnorm: choices.SyncBatchnorm = None,
    seed: choices.Seed = None,
    precision: choices.Precision = None,
    device: choices.Device = None,
    train_split: choices.TrainSplit = None,
    val_split: choices.ValSplit = None,
    stratify: choices.Stratify = None,
    split_sequences: choices.SplitSequences = None,
    folds: Annotated[
        int | None, typer.Option(help="Cross-validation: so many networks, each validated on its own part.")
    ] = None,
    cache_mb: choices.CacheMb = None,
    workers: choices.Workers = None,
    overlays: choices.Overlays = None,
    histograms: choices.Histograms = None,
    tracker: choices.Trackers = None,
    name: Annotated[str | None, typer.Option(help="The run's id; made from the time when not given.")] = None,
    tag: Tag = None,
    note: Note = None,
    resume: Annotated[
        str | None,
        typer.Option(help="Go on with this run, with its settings; epochs, times and the device may be others."),
    ] = None,
    where: Where = None,
    at: At = None,
    json: Json = False,
) -> None:
    """Train a network on a dataset and keep the best weights: planned from the data, within a time, resumable."""
    called = dict(locals())
    _check_resumed(called)
    given = choices.collected(called)
    from maskwright.cli.opening import open_dataset
    from maskwright.cli.output import view_of
    from maskwright.registry import require
    from maskwright.runs import Run, find
    from maskwright.runs.files import folder_of, runs_folder
    from maskwright.runs.record import checked_notes, checked_tags, recorded_view, run_name
    from maskwright.train import Settings, fit
    from maskwright.train.loop import ready

    require("torch", "training")
    main = int(os.environ.get("RANK", "0")) == 0
    if name is not None:
        name = run_name(name)
    with open_dataset(dataset, quiet=json) as opened:
        if resume is not None:
            record = find(opened, resume, "train")
            before = _settings_of(Settings, record)
            settings = _going_on(before, given)
            # All is checked before anything is changed; other processes than the first own nothing.
            place, seen = folder_of(opened, record["id"]), recorded_view(opened, record)
            checked_tags(tag or ())
            begin = ready(seen, settings, resume=place)
            run = Run.resume(opened, record["id"], trackers=settings.trackers) if main else Run(seen, "", place)
            if main and tag:
                run.tags = [*run.tags, *tag]
            if main and note is not None:
                run.notes = note
            if main and settings != before:
                run.change_settings(settings.to_json())
                for line in _changes(before, settings):
                    say(line, err=json)
        else:
            view = view_of(opened, at, where).frozen()
            said: dict[str, Any] = {"tags": checked_tags(tag or ()), "notes": checked_notes(note or "")}
            if name is not None and main:
                _free(opened, name, folds)
            planned = choices.planned(view, given, plan, measure=main and not json)
            settings = planned.settings
            if main and not json:
                choices.show(planned)
            if folds is not None:
                _folds(view, settings, folds, name, json, said)
                return
            begin = ready(view, settings)
            if main:
                run = Run.start(view, "train", settings.to_json(), name=name, trackers=settings.trackers, **said)
                try:
                    planned.write(run.folder / "plan.yaml")
                except BaseException:
                    run.discard()
                    raise
            else:  # other processes only compute; the first one keeps the record
                run = Run(view, "", runs_folder(opened))
        if main and not json:
            say(f"run {run.id} on revision {run.view.revision}; the plan is in {run.folder / 'plan.yaml'}")
        scores = _watched(fit, run, settings, begin, resume is not None, quiet=json or not main)
        if not main:
            return
        run.finish("done", scores)
        result = {"run": run.id, "folder": str(run.folder), "notes": begin.notes, **scores}
    emit(result, _lines(scores, settings.val_split, run.folder), json)


#: What a run that goes on still takes: how long, where and how it is shown, and nothing that it has learned by.
GOING_ON = (
    "dataset", "resume", "json", "epochs", "minutes", "budget", "patience", "device", "parallel", "cache_mb",
    "overlays", "histograms", "tracker", "tag", "note",
)  # fmt: skip


def _going_on(settings: Any, given: dict[str, Any]) -> Any:
    """The settings of a run that goes on, with what was given now; epochs take the place of a time."""
    from dataclasses import replace

    longer = {"minutes": None} if "epochs" in given and "minutes" not in given else {}
    return replace(settings, **longer, **given)


def _changes(before: Any, after: Any) -> list[str]:
    was, now = before.to_json(), after.to_json()
    return [f"goes on with {name} {now[name]}, which was {was[name]}" for name in now if now[name] != was[name]]


def _check_resumed(called: dict[str, Any]) -> None:
    """Raises UsageError, naming them, for options that a run which goes on would not follow."""
    if called["resume"] is None:
        return
    given = {name.replace("_", "-"): value for name, value in called.items() if name not in GOING_ON}
    ignored = [f"--{'no-' if value is False else ''}{name}" for name, value in given.items() if value not in (None, [])]
    if "--name" in ignored:
        raise UsageError("a run that goes on keeps its name", needed="--resume without --name")
    if ignored:
        kept = ", ".join(ignored)
        raise UsageError("a run that goes on keeps what it learns by", needed=f"--resume without {kept}")


def _lines(scores: dict[str, Any], split: str, folder: Any) -> list[str]:
    from maskwright.predict import tasks
    from maskwright.runs.unscored import told

    task = tasks.load(scores["task"])
    rows = list(scores.get("classes", {}).items())
    head, name = task.headline(scores, split), task.BY_CLASS
    none = told(scores.get("unscored", {}))
    return [
        head,
        *([none] if none else []),
        *(table(rows, ("class", name)) if rows else []),
        f"best weights: {folder / 'best.safetensors'}",
    ]


def _folds(view: Any, settings: Any, folds: int, name: str | None, json: bool, said: dict[str, Any]) -> None:
    from maskwright.predict import tasks
    from maskwright.train.folds import fit_folds

    main = [tasks.load(task).MAIN for task in tasks.names()]

    def report(k: int, share: float, numbers: Any) -> None:
        score = next((f"{key} {numbers[key]:.4f}" for key in main if key in numbers), None)
        if score and not json:
            say(f"fold {k + 1} of {folds}  {share:4.0%}  {score}", err=True)

    result = fit_folds(view, settings, folds, name=name, report=report, **said)
    low, high = result["intervals"].get("mean_iou", (float("nan"), float("nan")))
    head = (
        f"mean IoU {result['mean_iou']:.4f} (95 % from {low:.4f} to {high:.4f}) of {many(result['samples'], 'sample')},"
    )
    lines = [
        f"{head} each predicted by the network that never saw it",
        *table(list(result["classes"].items()), ("class", "IoU")),
        f"the networks: {', '.join(result['members'])}",
        f"all of them together: maskwright predict DATASET --model {result['run']}",
    ]
    emit(result, lines, json)


def _free(dataset: Any, name: str, folds: int | None) -> None:
    """Raises UsageError where a run cannot have this name, before the plan is measured."""
    from maskwright.runs.record import check_free

    for wanted in (name, *(f"{name}-{k + 1}" for k in range(folds or 0))):
        check_free(dataset, wanted)


def _settings_of(kind: Any, record: dict[str, Any]) -> Any:
    try:
        return kind.from_json(record["settings"])
    except UsageError as error:
        raise error.at(record=f"run {record['id']}") from None


def _said(name: str, value: float) -> str:
    """A number of the progress, as people read it."""
    if name == "waiting":
        return f"waits {value:.0%} for images"
    if name == "memory_gb":
        return f"memory {value:.1f} GB"
    return f"{name} {value:.4g}"


def _watched(fit: Any, run: Any, settings: Any, begin: Any, resume: bool, *, quiet: bool) -> dict[str, Any]:
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

        def report(share: float, numbers: dict[str, Any]) -> None:
            if "note" in numbers:
                if not quiet:
                    console.print(plain(f"note: {numbers['note']}"), markup=False)
                return
            latest.update(numbers)
            text = "  ".join(_said(name, value) for name, value in latest.items())
            bar.update(task, completed=min(share, 1.0), description=text)
            if not quiet and not numbers.keys().isdisjoint(("mean_iou", "AP", "pq")):
                console.print(f"{min(share, 1):4.0%}  {text}")

        try:
            return fit(run.view, settings, run, resume=resume, report=report, begin=begin)  # type: ignore[no-any-return]
        except BaseException as error:
            if run.id and not resume and not latest and isinstance(error, MaskwrightError):
                run.discard()  # a call that was wrong from the start is not a training run
            elif run.id:
                run.end(error)
                if isinstance(error, KeyboardInterrupt):
                    again = f"maskwright train {shlex.quote(str(run.view.place))} --resume {run.id}"
                    raise KeyboardInterrupt(f"interrupted; `{again}` goes on") from None
            raise
