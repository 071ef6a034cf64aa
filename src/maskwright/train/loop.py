"""The training loop, on one page.

    maskwright train DATASET                              one process, CPU or GPU
    torchrun --nproc-per-node 2 -m maskwright train …     several, on one machine
    torchrun --nnodes 2 … -m maskwright train …           several machines

accelerate finds the device and the other processes; everything else happens here.
"""

import copy
import math
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright import losses, models, transforms
from maskwright.errors import ModelError, UsageError
from maskwright.predict import tasks
from maskwright.predict.checkpoint import EIGHT_BITS, ModelInfo, load, load_info, save
from maskwright.predict.layout import Layout
from maskwright.predict.precision import chosen, usable
from maskwright.registry import require
from maskwright.runs import Run
from maskwright.store import View
from maskwright.train import data, histograms, overlays
from maskwright.train.allocator import keep_memory
from maskwright.train.evaluation import evaluate, finish, judging
from maskwright.train.feed import Feed
from maskwright.train.groups import parameter_groups
from maskwright.train.normalisation import layout_of
from maskwright.train.settings import Settings
from maskwright.train.state import LAST, STATE, Progress, fill_network, restore, save_state, stored_state
from maskwright.train.task import Task, chosen_task
from maskwright.weights import fill

if TYPE_CHECKING:
    from torch import nn

Report = Callable[[float, Mapping[str, Any]], None]

BEST = "best.safetensors"


@dataclass(frozen=True)
class Ready:
    """What a training begins with, checked: nothing of it is on disk or in the dataset.

    layout: what the network takes of the images.  stored: of a run that goes on, its last weights and what
    `last.state.pt` holds.  notes: for a person.  kept: those of them that the network's file keeps.
    """

    model: "nn.Module"
    task: Task
    train_numbers: list[int]
    val_numbers: list[int]
    criterion: Any
    notes: list[str]
    layout: Layout = EIGHT_BITS
    kept: tuple[str, ...] = ()
    stored: tuple[dict[str, Any], dict[str, Any]] | None = None


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
    if resume is None:
        layout, kept = layout_of(view, train_numbers, val_numbers, settings.channels)
    else:
        info = load_info(resume / LAST)
        layout, kept = info.layout, info.notes
    model, task, class_note = prepared(view, settings, len(layout.channels))
    criterion = losses.parse(settings.loss)
    for spec in settings.transforms:
        transforms.parse(spec)
    stride = int(getattr(model, "stride", 32))
    if any(side % stride for side in settings.size):
        raise UsageError(
            f"training windows of {settings.size} do not fit {settings.model}", needed=f"multiples of {stride}"
        )
    weights_note = None
    if stored is not None:
        fill_network(model, stored[0], resume)
    elif settings.weights is not None:
        weights_note = fill(model, settings.weights, layout.channels)
        kept += (weights_note,)
    notes = [note for note in (class_note, split_note, label_note, *kept) if note]
    return Ready(model, task, train_numbers, val_numbers, criterion, notes, layout, kept, stored)


def _forget_device(accelerate: Any, *, cpu: bool) -> None:
    """Let a process that has trained on one kind of device train on the other: Accelerate keeps the first one's."""
    known = accelerate.state.PartialState._shared_state
    if known and known["num_processes"] == 1 and (known["device"].type == "cpu") != cpu:
        accelerate.state.AcceleratorState._reset_state(reset_partial_state=True)


def fit(
    view: View, settings: Settings, run: Run, *, resume: bool = False, report: Report | None = None,
    begin: Ready | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Train, keep the best averaged weights, evaluate them at full resolution -> the scores.

    view: training and validation samples, by their splits.  run: where curves, scores and predictions go.
    report: called with the share done and the latest numbers.  begin: what `ready` gave for the same view and settings.
    Raises ModelError when the loss is not finite, DatasetError when a checkpoint cannot be written.

    resume: go on from the last checkpoint in the run's folder.
    """
    with ExitStack() as ends:
        return _fit(view, settings, run, ends, resume=resume, report=report, begin=begin)


def _fit(
    view: View, settings: Settings, run: Run, ends: ExitStack, *, resume: bool, report: Report | None,
    begin: Ready | None,
) -> dict[str, Any]:  # fmt: skip
    torch = require("torch", "training")
    accelerate = require("accelerate", "training")
    tell = report or _silent

    # -- set up
    begin = begin or ready(view, settings, resume=run.folder if resume else None)
    force_cpu = settings.device == "cpu" or not torch.cuda.is_available()
    _forget_device(accelerate, cpu=force_cpu)
    accelerator = accelerate.Accelerator(cpu=force_cpu, mixed_precision="no")
    if settings.minutes is not None and accelerator.num_processes > 1:
        raise UsageError("a time budget is for one process", needed="--epochs with several processes")
    if settings.batch_size % (accelerator.num_processes * settings.accumulate):
        raise UsageError(
            f"a batch of {settings.batch_size} cannot be shared by {accelerator.num_processes} processes"
            f" in {settings.accumulate} parts each"
        )
    precision = chosen(settings.precision, accelerator.device)
    model, task, criterion = begin.model, begin.task, begin.criterion
    train_numbers, val_numbers = begin.train_numbers, begin.val_numbers
    source = data.Source(view, task, settings.cache_mb, begin.layout)
    place = accelerator.process_index, accelerator.num_processes
    feed = ends.enter_context(Feed(source, settings, accelerator.device, *place))
    own_loss = bool(getattr(model, "own_loss", False))
    model = model.to(accelerator.device).to(memory_format=torch.channels_last)
    average = copy.deepcopy(model).eval().requires_grad_(False)
    optimizer = torch.optim.AdamW(
        parameter_groups(model, settings), settings.lr, betas=(0.9, 0.99), weight_decay=settings.weight_decay
    )
    info = ModelInfo(
        settings.model, task.classes.to_json(), settings.config, scale=settings.predict_scale, task=task.name,
        tile=settings.tile, window=None if getattr(model, "answers", "logits") == "logits" else settings.size,
        notes=begin.kept,
    ).taking(begin.layout)  # fmt: skip
    progress = Progress() if begin.stored is None else restore(begin.stored[1], average, optimizer, run.folder)
    plain = model
    model, optimizer = accelerator.prepare(model, optimizer)
    averaging = _Averaging(average, plain, settings.ema)
    network = torch.compile(model) if settings.compile else model
    weights = view.weights()
    if settings.balance:
        weights = data.balanced(view, train_numbers, weights)
    steps = math.ceil(len(train_numbers) / settings.batch_size)
    total = settings.epochs * steps
    for note in begin.notes:
        tell(0.0, {"note": note})
    started = time.monotonic() - progress.elapsed

    # -- train
    while (share := progress.share(total, settings.minutes)) < 1 and not progress.tired(settings):
        order = data.epoch_order(train_numbers, weights, settings, progress.epoch)
        done = progress.step - progress.epoch * steps
        later = partial(data.epoch_order, train_numbers, weights, settings, progress.epoch + 1)
        stream = feed.epoch(
            order, progress.epoch, start=done, then=later if progress.epoch + 1 < settings.epochs else None
        )
        network.train()
        summed, seen = 0.0, 0
        for images, targets in stream:
            share = progress.share(total, settings.minutes)
            if share >= 1:
                break
            for group in optimizer.param_groups:
                waits = group["encoder"] and share < settings.freeze
                group["lr"] = 0.0 if waits else group["factor"] * learning_rate(share, settings)
            optimizer.zero_grad()
            value = 0.0
            parts = list(_parts(images, targets, settings.accumulate))
            for number, (x, truth) in enumerate(parts, 1):
                # Processes exchange gradients once, with the last part.
                shared = nullcontext() if number == len(parts) else accelerator.no_sync(model)
                with shared:
                    with models.naming(settings.model), _autocast(torch, accelerator.device, precision):
                        answer = network(x, truth, criterion) if own_loss else network(x)
                    loss = answer.float() if own_loss else criterion(answer.float(), truth, share)
                    accelerator.backward(loss / len(parts))
                value += float(loss.detach()) / len(parts)
            accelerator.clip_grad_norm_(model.parameters(), settings.clip)
            optimizer.step()
            if not math.isfinite(value):
                raise ModelError(
                    f"the loss became {value} in step {progress.step}", todo="Lower --lr, or use --precision fp32."
                )
            progress.step += 1
            averaging.update(progress.step)
            progress.elapsed = time.monotonic() - started
            run.beat()
            summed, seen = summed + value, seen + 1
            tell(progress.share(total, settings.minutes), {"loss": summed / seen, "step": progress.step})
        if progress.step >= (progress.epoch + 1) * steps:
            progress.epoch += 1
        share = progress.share(total, settings.minutes)

        # -- every so often, evaluate and save
        main = accelerator.is_main_process
        if main and seen:
            run.log(progress.step, {"train/loss": summed / seen, "train/lr": optimizer.param_groups[0]["lr"]})
        due = math.floor(share * settings.evaluations + 1e-9) > progress.evaluated or share >= 1
        if due:
            progress.evaluated = math.floor(share * settings.evaluations + 1e-9)
            _share_from_first(average, accelerator)
            if main and settings.histograms:
                histograms.log(run, progress.step, plain)
            scores, _ = evaluate(average, info, source, val_numbers, accelerator, precision, run)
            if main:
                run.log(progress.step, {f"val/{name}": value for name, value in task.curve(scores).items()})
                tell(share, {task.main: scores[task.main]})
                predictor = judging(average, info, str(accelerator.device), precision)
                overlays.draw(run, progress.step, predictor, view, source, val_numbers[: settings.overlays])
            better = not scores[task.main] <= progress.best
            progress.waited = 0 if better else progress.waited + 1
            if better:
                progress.best = scores[task.main] if scores[task.main] == scores[task.main] else -1.0
                if main:
                    save(average, info, run.folder / BEST)
        if main:
            save(plain, info, run.folder / LAST)
            save_state(run.folder / STATE, average, optimizer, progress)

    # -- the best weights, predictions of every validation sample, final scores
    accelerator.wait_for_everyone()
    if not accelerator.is_main_process:
        return {}
    best, info = load(run.folder / BEST)
    run.log_artifact(run.folder / BEST)
    return finish(best, info, val_numbers, source, run, precision, str(accelerator.device))


def prepared(view: View, settings: Settings, channels: int = 3) -> tuple["nn.Module", Task, str | None]:
    """The network of the settings with random weights, what it is to learn, and a note on its classes.

    channels: of its images.
    """
    name = chosen_task(settings.model, settings.task, view.classes)
    classes, note = tasks.load(name).learned(view.classes)
    model = models.build(settings.model, classes.num_classes, channels, **settings.config)
    return model, Task(name, classes, getattr(model, "answers", "logits") != "logits"), note


def _parts(images: Any, targets: Any, number: int) -> Any:
    """A batch in `number` equal parts."""
    size = len(images) // number
    for first in range(0, len(images), size):
        yield images[first : first + size], targets[first : first + size]


def _silent(share: float, numbers: Mapping[str, Any]) -> None:
    """Nobody wants to know."""


def learning_rate(share: float, settings: Settings) -> float:
    """Linear warm-up, then half a cosine down to a thousandth."""
    rising = min(1.0, (share + 1e-3) / settings.warmup) if settings.warmup else 1.0
    return settings.lr * rising * max(1e-3, 0.5 * (1 + math.cos(math.pi * min(share, 1.0))))


def _share_from_first(average: "nn.Module", accelerator: Any) -> None:
    """Batch statistics are each process's own; all evaluate the first one's, which are those that are kept."""
    import torch

    if accelerator.num_processes > 1:
        for value in average.state_dict().values():
            torch.distributed.broadcast(value, 0)


class _Averaging:
    """Moves the averaged weights toward the model's; faster in the beginning, when they are still far off.

    Which tensors belong together is found once: there are hundreds, and this happens at every step.
    """

    def __init__(self, average: "nn.Module", model: "nn.Module", decay: float) -> None:
        self._decay = decay
        pairs = list(zip(average.state_dict().values(), model.state_dict().values(), strict=True))
        self._mine = [mine for mine, _ in pairs if mine.dtype.is_floating_point]
        self._theirs = [theirs for mine, theirs in pairs if mine.dtype.is_floating_point]
        self._counters = [(mine, theirs) for mine, theirs in pairs if not mine.dtype.is_floating_point]

    def update(self, step: int) -> None:
        import torch

        rate = 1 - min(self._decay, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(self._mine, self._theirs, rate)
            for mine, theirs in self._counters:
                mine.copy_(theirs)


def _autocast(torch: Any, device: Any, precision: str) -> Any:
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")
