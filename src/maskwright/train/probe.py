"""Short trials on the machine at hand: how long a step takes, how much fits, which learning rate."""

import math
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from maskwright import losses, models
from maskwright.errors import ModelError
from maskwright.predict.checkpoint import ModelInfo
from maskwright.predict.precision import autocast, chosen, usable
from maskwright.registry import require
from maskwright.runs import Run
from maskwright.store import View
from maskwright.train import adapters, data
from maskwright.train.allocator import keep_memory
from maskwright.train.beginning import begin_from
from maskwright.train.distributed import Processes
from maskwright.train.feed import Feed
from maskwright.train.normalisation import layout_of
from maskwright.train.optimizers import optimizer_of
from maskwright.train.settings import Settings
from maskwright.train.steps import Steps

if TYPE_CHECKING:
    from torch import Tensor


class Trial:
    """A network, its optimizer and real batches; steps are thrown away afterwards."""

    def __init__(self, view: View, settings: Settings) -> None:
        from maskwright.train.loop import prepared

        torch = require("torch", "training")
        torch.manual_seed(settings.seed)
        keep_memory()
        self.settings = settings
        self.device = torch.device(usable(settings.device))
        self.precision = chosen(settings.precision, self.device)
        train, val, _ = data.split_numbers(view, settings)
        layout, _ = layout_of(view, train, val, settings.channels)
        self.model, task, _ = prepared(view, settings, len(layout.channels))
        if settings.weights is not None:
            layout, _ = begin_from(self.model, settings.weights, layout)
        adapters.add(self.model, settings)
        self.model = self.model.to(self.device).to(memory_format=torch.channels_last).train()
        self.own_loss = bool(getattr(self.model, "own_loss", False))
        self.criterion = losses.parse(settings.loss)
        self.optimizer = optimizer_of(self.model, settings)
        self.source = data.Source(view, task, settings.cache_mb, layout)
        self.task, self.val = task, val
        order = data.epoch_order(train, view.weights(), settings, 0)
        self.order = order * max(1, math.ceil(64 * settings.batch_size / len(order)))

    def batches(self) -> Any:
        with Feed(self.source, self.settings, self.device) as feed:
            yield from feed.epoch(self.order, 0)

    def step(self, images: "Tensor", targets: Any) -> float:
        with models.naming(self.settings.model), autocast(self.device, self.precision):
            answer = self.model(images, targets, self.criterion) if self.own_loss else self.model(images)
        loss = answer.float() if self.own_loss else self.criterion(answer.float(), targets)
        self.optimizer.zero_grad()
        loss.backward()
        require("torch", "training").nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        self.optimizer.step()
        return float(loss.detach())


class Rates(NamedTuple):
    """step: seconds of a training step, the wait for its images among them.  image: seconds to judge an image."""

    step: float
    image: float


def rates(view: View, settings: Settings, *, seconds: float = 4.0) -> Rates:
    """Measured on this machine with the feed and the steps of a training, and with its evaluation.

    seconds: of steps that are timed, at least two; the first, which warms up, is left out.
    """
    from maskwright.train import validation
    from maskwright.train.averaging import averaged

    torch = require("torch", "training")
    trial = Trial(view, settings)
    processes = Processes(settings.device, alone=True)
    steps = Steps(trial.model, trial.criterion, settings, processes, trial.precision)
    average = averaged(trial.model, settings.ema)
    steps.train()
    began = 0.0
    for number, (images, targets) in enumerate(trial.batches()):
        steps.step(images, targets, 0.0)
        average.update_parameters(trial.model)
        if not number or (number >= 2 and time.monotonic() - began > seconds):
            if trial.device.type == "cuda":
                torch.cuda.synchronize(trial.device)
            if number:
                break
            began = time.monotonic()
    step = (time.monotonic() - began) / number
    info = ModelInfo(
        settings.model, trial.task.classes.to_json(), settings.config, scale=settings.predict_scale,
        task=trial.task.name, tile=settings.tile,
        window=None if getattr(trial.model, "answers", "logits") == "logits" else settings.size,
    ).taking(trial.source.layout)  # fmt: skip
    few = trial.val[:2]
    spent = 0.0
    for _ in range(2):  # the first time warms up
        began = time.monotonic()
        network, beats = average.module, Run(view, "", Path())
        validation.evaluate(network, info, trial.source, few, processes, trial.precision, beats)
        spent = time.monotonic() - began
    return Rates(step, spent / len(few))


def find_lr(
    view: View, settings: Settings, *, low: float = 1e-5, high: float = 0.3, steps: int = 60
) -> tuple[float, list[tuple[float, float]]]:
    """A learning rate, and the (rate, smoothed loss) curve it was read from.

    The rate rises exponentially over a short trial (Smith, "Cyclical Learning Rates", WACV 2017); a third of the rate
    at which the smoothed loss falls fastest is taken, at most a tenth of the one at which it is least.
    Raises ModelError when the loss never falls.
    """
    trial = Trial(view, settings)
    rates: list[float] = []
    smooth: list[float] = []
    running = 0.0
    for number, (images, targets) in enumerate(trial.batches()):
        rate = low * (high / low) ** (number / (steps - 1))
        for group in trial.optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        value = trial.step(images, targets)
        running = value if not number else 0.85 * running + 0.15 * value
        if not math.isfinite(running) or (smooth and running > 4 * min(smooth)):
            break
        rates.append(rate)
        smooth.append(running)
        if number == steps - 1:
            break
    curve = list(zip(rates, smooth, strict=True))
    least = min(range(len(smooth)), key=smooth.__getitem__)
    slopes = [(smooth[k + 2] - smooth[k - 2], k) for k in range(2, min(least, len(smooth) - 3) + 1)]
    # Batches differ: a fall of a few per cent may be chance.
    if not slopes or min(slopes)[0] >= 0 or smooth[least] > 0.95 * smooth[0]:
        raise ModelError("the loss fell at no learning rate", todo="Give one with --lr.")
    steepest = rates[min(slopes)[1]]
    return float(f"{min(steepest / 3 * 3**0.5, rates[least] / 10):.2g}"), curve


def largest_batch(view: View, settings: Settings, *, limit: int = 64, room: float = 0.8) -> int:
    """The largest power of two, up to `limit`, whose step fits into `room` of the free memory; 1 when only that does.

    On a GPU steps are tried until one does not fit.  On a CPU the growth of the process over one step at two sizes says
    what an image costs.  Raises ModelError when not even one image fits.
    """
    torch = require("torch", "training")
    device = torch.device(usable(settings.device))
    if device.type == "cuda":
        best = 0
        batch = 1
        while batch <= limit:
            try:
                trial = Trial(view, replace(settings, batch_size=batch, accumulate=1))
                trial.step(*next(iter(trial.batches())))
            except torch.cuda.OutOfMemoryError:
                break
            finally:
                torch.cuda.empty_cache()
            best, batch = batch, 2 * batch
        if not best:
            raise ModelError("not even one image fits into the GPU's memory", todo="Use a smaller --size or model.")
        return best
    used = []
    for batch in (1, 3):
        trial = Trial(view, replace(settings, batch_size=batch, accumulate=1))
        used.append(_peak_of(trial))
    per_image = max((used[1] - used[0]) / 2, 2.0**20)
    free = room * _free_memory()
    fits = int((free - used[0]) / per_image) + 1
    return max(1, min(limit, 1 << int(math.log2(max(fits, 1)))))


def _peak_of(trial: Trial) -> float:
    """Bytes that one forward and backward pass keep at most, by torch's own count of saved activations."""
    import torch

    kept = 0

    def pack(value: "Tensor") -> "Tensor":
        nonlocal kept
        kept += value.numel() * value.element_size()
        return value

    images, targets = next(iter(trial.batches()))
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda value: value):
        trial.step(images, targets)
    return float(kept)


def _free_memory() -> float:
    """Bytes that the system says are available; 4 GiB where it does not say."""
    try:
        with open("/proc/meminfo") as file:
            line = next(line for line in file if line.startswith("MemAvailable"))
        return float(line.split()[1]) * 1024
    except (OSError, StopIteration):
        return 4.0 * 2**30
