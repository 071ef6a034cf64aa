"""The training loop, on one page.

    maskwright train DATASET                              one process, CPU or GPU
    torchrun --nproc-per-node 2 -m maskwright train …     several, on one machine
    torchrun --nnodes 2 … -m maskwright train …           several machines
    torchrun … -m maskwright train … --parallel fsdp      a part of the network in each

What a step does is in steps.py, how it is fed in feed.py, how it is judged in validation.py, who takes part in
distributed.py, what each of them holds in holding.py, and what a budget of time leaves in clock.py.
"""

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright import losses, models, transforms
from maskwright.core.names import shown
from maskwright.errors import DatasetError, UsageError
from maskwright.predict import tasks
from maskwright.predict.checkpoint import EIGHT_BITS, ModelInfo, load, read_info, save, save_weights
from maskwright.predict.layout import Layout
from maskwright.predict.precision import chosen, usable
from maskwright.registry import require
from maskwright.runs import Run
from maskwright.runs.unscored import ALONE, NOT_LEARNED, shown_by_each, told, unscored
from maskwright.store import View
from maskwright.train import adapters, data, histograms, overlays
from maskwright.train.allocator import keep_memory
from maskwright.train.beginning import begin_from
from maskwright.train.clock import AGREE, Clock
from maskwright.train.determinism import exact
from maskwright.train.distributed import Processes
from maskwright.train.feed import Feed
from maskwright.train.holding import Network
from maskwright.train.normalisation import layout_of
from maskwright.train.pace import Pace
from maskwright.train.resuming import (
    LAST,
    STATE,
    Progress,
    fill_network,
    fitting,
    progress_of,
    save_state,
    stored_state,
)
from maskwright.train.settings import Settings, check_windows
from maskwright.train.steps import Steps
from maskwright.train.task import Task, chosen_task
from maskwright.train.validation import evaluate, evenly, finish, judging, some_of

if TYPE_CHECKING:
    from torch import nn

Report = Callable[[float, Mapping[str, Any]], None]

BEST = "best.safetensors"

#: Seconds between two checkpoints: what a kill loses at most, with the time that writing takes.
KEPT = 45.0

#: Steps after which the curve of the loss gets a point, and an evaluation that is due is made, inside an epoch.
PART = 50


@dataclass(frozen=True)
class Ready:
    """What a training begins with, checked: nothing of it is on disk or in the dataset.

    layout: what the network takes of the images.  stored: of a run that goes on, what `stored_state` gives.
    notes: for a person.  kept: those of them that the network's file keeps.
    """

    model: "nn.Module"
    task: Task
    train_numbers: list[int]
    val_numbers: list[int]
    criterion: Any
    notes: list[str]
    layout: Layout = EIGHT_BITS
    kept: tuple[str, ...] = ()
    stored: dict[str, Any] | None = None


def ready(view: View, settings: Settings, *, resume: Path | None = None) -> Ready:
    """Raises all that `fit` would before its first step: a wrong loss, split or window, weights that do not fit, images
    of several kinds.

    resume: the folder of a run that is to go on; its checkpoint is read.
    """
    torch = require("torch", "training")
    usable(settings.device)
    stored = None if resume is None else stored_state(resume)
    torch.manual_seed(settings.seed)
    keep_memory()
    chosen_task(settings.model, settings.task, view.classes)  # a word before the images
    train_numbers, val_numbers, split_note = data.split_numbers(view, settings)
    label_note = data.unlabelled(view, train_numbers, val_numbers)
    if stored is None:
        layout, kept = layout_of(view, train_numbers, val_numbers, settings.channels)
    else:
        assert resume is not None
        info = read_info(stored["info"], resume / STATE)
        layout, kept = info.layout, info.notes
    model, task, class_note = prepared(view, settings, len(layout.channels))
    learned, scored = shown_by_each(view, [train_numbers, val_numbers])
    task = replace(task, unscored=unscored(task.classes, scored, learned))
    if ALONE in task.unscored.values():
        (only,) = task.unscored
        raise DatasetError(
            f"there is nothing to learn: {shown(only)!r} is the only class, and no background is beside it",
            file=view.place, needed="two classes, or a class of things, beside which the rest is background",
        )  # fmt: skip
    criterion = losses.parse(settings.loss)
    for spec in settings.transforms:
        transforms.parse(spec)
    stride = int(getattr(model, "stride", 32))
    check_windows(settings, stride)
    adapter_note = None
    if stored is not None:
        adapters.add(model, settings)
        fill_network(model, stored["weights"], resume)
    elif settings.weights is not None:
        layout, weights_notes = begin_from(model, settings.weights, layout)
        kept += weights_notes
    if stored is None:
        adapter_note = adapters.add(model, settings)
    timed = settings.minutes is not None and settings.steps_per_epoch is not None
    pace_note = "steps_per_epoch changes nothing where a time is given: it counts epochs" if timed else None
    told_of = (
        pace_note,
        class_note,
        split_note,
        label_note,
        data.few(val_numbers),
        told(task.unscored),
        *kept,
        adapter_note,
    )
    notes = [note for note in told_of if note]
    return Ready(model, task, train_numbers, val_numbers, criterion, notes, layout, kept, stored)


def fit(
    view: View, settings: Settings, run: Run, *, resume: bool = False, report: Report | None = None,
    begin: Ready | None = None, further: Sequence[Callable[..., Any]] = (),
) -> dict[str, Any]:  # fmt: skip
    """Train, keep the best averaged weights, evaluate them at full resolution -> the scores.

    view: training and validation samples, by their splits.  run: where curves, scores and predictions go.
    report: called with the share done and the latest numbers.  begin: what `ready` gave for the same view and settings.
    Raises ModelError when the loss or its gradient stay without a finite value, DatasetError when a checkpoint cannot
    be written.

    resume: go on from the last checkpoint in the run's folder.

    further: augmentations with albumentations' signature, function(image=…, mask=…) or function(image=…, masks=[…]),
    which come after all others; a run that goes on has to be given them again.
    """
    with exact(settings), ExitStack() as ends:
        added = [transforms.adapted(function) for function in further]
        return _trained(view, settings, run, resume, report or _silent, begin, ends, added)


def _trained(
    view: View,
    settings: Settings,
    run: Run,
    resume: bool,
    tell: Report,
    begin: Ready | None,
    ends: ExitStack,
    added: Sequence[Callable[..., Any]],
) -> dict[str, Any]:
    torch = require("torch", "training")
    started = time.monotonic()

    # -- set up
    begin = begin or ready(view, settings, resume=run.folder if resume else None)
    processes = Processes(settings.device)
    if settings.batch_size % (processes.world * settings.accumulate):
        raise UsageError(
            f"a batch of {settings.batch_size} cannot be shared by {processes.world} processes"
            f" in {settings.accumulate} parts each"
        )
    precision = chosen(settings.precision, processes.device)
    task, main = begin.task, processes.first
    source = data.Source(view, task, settings.cache_mb, begin.layout)
    feed = ends.enter_context(Feed(source, settings, processes.device, processes.rank, processes.world, further=added))
    info = ModelInfo(
        settings.model, task.classes.to_json(), settings.config, scale=settings.predict_scale, task=task.name,
        tile=settings.tile, flip=settings.predict_flip,
        window=None if getattr(begin.model, "answers", "logits") == "logits" else settings.size, notes=begin.kept,
        unlearned=tuple(name for name, reason in task.unscored.items() if reason == NOT_LEARNED),
    ).taking(begin.layout)  # fmt: skip
    model = processes.joined_statistics(begin.model) if settings.sync_batchnorm else begin.model
    model = model.to(processes.device).to(memory_format=torch.channels_last)
    past = None if begin.stored is None else begin.stored["progress"]
    with fitting(run.folder):
        network = Network(
            model, settings, processes, precision, steps=past["step"] if past else 0,
            average=begin.stored and begin.stored["average"],
        )  # fmt: skip
    steps = Steps(model, begin.criterion, settings, processes, precision)
    progress = Progress()
    if begin.stored is not None:
        with fitting(run.folder):
            steps.restore(begin.stored["steps"])
        progress = progress_of(begin.stored)
    if main:
        run.forget_after(progress.step)
    weights = view.weights()
    if settings.balance:
        weights = data.balanced(view, begin.train_numbers, weights)
    in_epoch = data.steps_of_epoch(len(begin.train_numbers), settings)
    clock = Clock(
        settings, settings.epochs * in_epoch, processes, elapsed=progress.elapsed + time.monotonic() - started
    )
    pace = Pace(settings.batch_size, processes.device)
    if settings.val_steps is not None:
        few = len(some_of(begin.val_numbers, settings))
        told = f"evaluations within the training are over {few} of {len(begin.val_numbers)} images, evenly drawn"
        tell(0.0, {"note": told})
    if added:
        names = ", ".join(function.__name__ for function in added)
        tell(0.0, {"note": f"images also go through {names}, which the run's settings do not hold"})
    for note in begin.notes:
        tell(0.0, {"note": note})
    if past and processes.device.type == "cuda" and not settings.deterministic:
        other = "on a GPU its numbers differ slightly from those without a break, except with --deterministic"
        tell(0.0, {"note": f"goes on after step {past['step']}; {other}"})
    if settings.parallel == "fsdp" and processes.world == 1:
        tell(0.0, {"note": "one process trains, which holds all of the network: fsdp is for several, by torchrun"})
    kept = -math.inf
    order: list[int] = []
    val_numbers = some_of(begin.val_numbers, settings)

    def seen() -> list[str]:
        first = (progress.step - 1) % in_epoch * settings.batch_size
        return [sample.key for sample in view.read(order[first : first + settings.batch_size])]

    def keep() -> None:
        nonlocal kept
        if main or network.sharded:
            states = network.weights(), network.averaged_weights(), steps.state()
        if main:
            progress.elapsed = clock.elapsed
            save_state(run.folder / STATE, *states, progress, json.dumps(asdict(info)))
        kept = time.monotonic()

    def late(seconds: float) -> bool:
        """Whether it is time for a checkpoint; where all take part in it, the first process says so."""
        over = time.monotonic() - kept >= seconds
        return bool(processes.said_by_first(over)) if network.sharded else over

    def judge(share: float, number: int) -> None:
        began = time.monotonic()
        if late(KEPT / 4):  # it may take long
            keep()
        average = network.average()
        if settings.histograms and (main or network.sharded):
            histograms.log(run, progress.step, model, main=main)
        scores = judged(average, val_numbers)
        if main:
            run.log(progress.step, {f"val/{name}": value for name, value in task.curve(scores).items()})
            tell(share, {task.main: scores[task.main]})
            predictor = judging(average, info, str(processes.device), precision)
            overlays.draw(run, progress.step, predictor, view, source, begin.val_numbers[: settings.overlays])
        better = not scores[task.main] <= progress.best
        progress.evaluated, progress.judged = number, progress.step
        progress.waited = 0 if better else progress.waited + 1
        if better:
            progress.best = scores[task.main] if scores[task.main] == scores[task.main] else -1.0
            if main:
                save(adapters.merged(average), info, run.folder / BEST)
        weights_now = network.weights() if network.sharded else {}
        if main:
            save_weights(weights_now or adapters.merged(model).state_dict(), info, run.folder / LAST)
        clock.judging = progress.judging = processes.said_by_first(time.monotonic() - began)
        clock.forget()
        pace.forget()
        keep()

    def judged(average: "nn.Module", numbers: list[int]) -> dict[str, Any]:
        def note(text: str) -> None:
            tell(0.0, {"note": text})

        return evaluate(average, info, source, numbers, processes, precision, run, note=note)

    def fitted() -> list[int]:
        """The validation images that evaluations within a budget can take, after a try with a few of them."""
        every = evenly(begin.val_numbers)[: len(val_numbers)]
        if not progress.images:
            few, average = every[: processes.world], network.average()
            for _ in range(2):  # the first one warms up
                began = time.monotonic()
                judged(average, few)
                spent = processes.said_by_first(time.monotonic() - began)
                if spent > 0.02 * (clock.budget or 0.0):
                    break
            each = spent / len(few)
            progress.images = clock.fits(each, len(every))
            progress.judging = each * progress.images
        clock.judging = progress.judging
        if progress.images < len(every):
            told = f"evaluations are over {progress.images} of {len(begin.val_numbers)} images, evenly drawn"
            tell(0.0, {"note": f"{told}: all would take more than their part of the time"})
        return every[: progress.images]

    def noted() -> None:
        """A point of the loss's curve."""
        summed, number = steps.losses()
        if main and number:
            values = {"train/loss": summed / number, "train/lr": steps.optimizer.param_groups[0]["lr"]}
            run.log(progress.step, values | ({"train/skipped": steps.skipped} if steps.skipped else {}))
        steps.forget()

    # -- train; evaluate where it is due at the end of an epoch, of a long part of one, or of the training
    keep()
    if clock.budget is not None:
        val_numbers = fitted()
    while not progress.tired(settings):
        share = clock.share(progress.step)
        paused = not progress.step % in_epoch or progress.step - max(progress.judged, 0) >= PART or share >= 1
        number = clock.due(share, progress.evaluated)
        if number is not None and paused and progress.step > max(progress.judged, 0):
            judge(share, number)
            continue
        if share >= 1 and progress.step:
            break
        progress.epoch, done = divmod(progress.step, in_epoch)
        order = data.epoch_order(begin.train_numbers, weights, settings, progress.epoch)
        steps.train()
        later = partial(data.epoch_order, begin.train_numbers, weights, settings, progress.epoch + 1)
        for x, truth in feed.epoch(
            order, progress.epoch, start=done, then=None if clock.ends(progress.step, in_epoch) else later
        ):
            share = clock.share(progress.step)
            if share >= 1 and progress.step:
                break
            # What is random in a step depends on seed, step and process alone: a training that goes on is the same.
            torch.manual_seed(_seed(settings.seed, progress.step, processes.rank))
            steps.step(x, truth, share)
            progress.step += 1
            network.follow()
            run.beat()
            share = clock.share(progress.step)
            mean = steps.look(progress.step, keys=seen)
            if mean is not None:
                tell(share, {"loss": mean, "step": progress.step, **pace.at(progress.step, feed.waited)})
            if not progress.step % PART or not progress.step % in_epoch:
                noted()
                if clock.due(share, progress.evaluated) is not None:
                    break
            if (not network.sharded or not progress.step % AGREE) and late(KEPT):
                keep()
    steps.ended(progress.step, keys=seen)

    # -- the best weights, predictions of every validation sample, final scores
    processes.wait()
    if not main:
        return {}
    best, info = load(run.folder / BEST)
    run.log_artifact(run.folder / BEST)
    scores = finish(best, info, begin.val_numbers, source, run, precision, str(processes.device), until=clock.end)
    if "samples" in scores:
        told = f"predicted and scored {scores['samples']} of {len(begin.val_numbers)} validation images"
        tell(1.0, {"note": f"{told}, which is what the time allowed; maskwright predict does all"})
    return scores


def _seed(seed: int, step: int, rank: int) -> int:
    """Of one step in one process."""
    import numpy as np

    return int(np.random.SeedSequence([seed, step, rank]).generate_state(1, np.uint64)[0] >> 1)


def prepared(view: View, settings: Settings, channels: int = 3) -> tuple["nn.Module", Task, str | None]:
    """The network of the settings with random weights, what it is to learn, and a note on its classes.

    channels: of its images.
    """
    name = chosen_task(settings.model, settings.task, view.classes)
    classes, note = tasks.load(name).learned(view.classes)
    model = models.build(settings.model, classes.num_classes, channels, **settings.config)
    return model, Task(name, classes, getattr(model, "answers", "logits") != "logits"), note


def _silent(share: float, numbers: Mapping[str, Any]) -> None:
    """Nobody wants to know."""
