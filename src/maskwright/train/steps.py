"""One step after another: forward, backward, optimizer; the device is not waited for."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from maskwright import models
from maskwright.errors import ModelError, UsageError
from maskwright.predict.precision import autocast
from maskwright.registry import require
from maskwright.train import sharding
from maskwright.train.distributed import Processes
from maskwright.train.optimizers import learning_rate, optimizer_of
from maskwright.train.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor, nn

#: Steps in a row without a finite gradient that end a training. fp16 begins with a factor that is found by such steps.
IN_A_ROW = {"fp16": 20, "bf16": 5, "fp32": 5}

#: Seconds between two looks at what the device has found; on a CPU, which waits for nothing, every step is looked at.
LOOK = 0.5


class Steps:
    """Trains a network step by step.

    A step whose gradient is not finite changes nothing, batch statistics included, and is counted; after `IN_A_ROW` of
    them the training ends with what is known of the reason.  What steps find stays on the device until `look`.

    model: on its device.  precision: bf16, fp16 or fp32.  criterion: the loss, called with logits, truth and the share
    done, or handed to networks that have a loss of their own.
    """

    def __init__(
        self, model: "nn.Module", criterion: Any, settings: Settings, processes: Processes, precision: str
    ) -> None:
        torch = require("torch", "training")
        self.plain = model
        self.own_loss = bool(getattr(model, "own_loss", False))
        self.optimizer = optimizer_of(model, settings, fused=True)
        self._sharded = sharding.is_sharded(model)
        self._keeps, self._world = processes.first, processes.world
        self._shared = model if self._sharded else processes.wrapped(model, branches=self.own_loss)
        self._network = torch.compile(self._shared) if settings.compile else self._shared
        self._criterion = criterion
        self._settings = settings
        self._device = processes.device
        self._precision = precision
        # On a GPU the scaler skips what is not finite without being asked; its factor matters for fp16 alone.
        self.scaler: Any = None
        if self._device.type == "cuda":
            wide = {} if precision == "fp16" else {"init_scale": 1.0, "growth_interval": 2**31 - 1}
            self.scaler = torch.amp.GradScaler("cuda", **wide)
        self._found = torch.zeros(5, dtype=torch.float64, device=self._device)
        self._statistics = [kept for kept in model.buffers() if kept.is_floating_point()]
        self._before = self._flat()
        self._looked = -math.inf
        self.skipped = 0

    def train(self) -> None:
        """The network is in training mode from here."""
        self._network.train()

    def step(self, pixels: "Tensor", truth: Any, share: float) -> None:
        """One step.

        pixels: (B, C, h, w) float32 on the device.  truth: (B, h, w) class indices, or a list of Objects, there too.
        share: of the training that is done.
        """
        torch = require("torch", "training")
        settings = self._settings
        for group in self.optimizer.param_groups:
            waits = group["encoder"] and share < settings.freeze
            group["lr"] = 0.0 if waits else group["factor"] * learning_rate(share, settings)
        self.optimizer.zero_grad()
        size = len(pixels) // settings.accumulate
        total = torch.zeros((), device=self._device)
        for part in range(settings.accumulate):
            own = slice(part * size, (part + 1) * size)
            last = part == settings.accumulate - 1
            # Processes exchange gradients once, with the last part.
            alone = getattr(self._shared, "no_sync", None)
            if self._sharded:
                sharding.exchange(self.plain, now=last)
            with nullcontext() if last or alone is None else alone():
                loss = self._loss(pixels[own], truth[own], share) / settings.accumulate
                if self._sharded and self.own_loss:
                    sharding.same_branches(self.plain)
                (loss if self.scaler is None else self.scaler.scale(loss)).backward()
            total += loss.detach()
        if self.scaler is not None:
            self.scaler.unscale_(self.optimizer)
        if self._sharded:
            norm = sharding.clipped(self.plain, settings.clip, self._world)
        else:
            norm = torch.nn.utils.clip_grad_norm_(self.plain.parameters(), settings.clip)
        if self.scaler is not None:
            self.scaler.step(self.optimizer)
            self.scaler.update()
        elif torch.isfinite(norm):
            self.optimizer.step()
        good = torch.isfinite(norm)
        self._take_back(good)
        self._note(total, good)

    def _loss(self, pixels: "Tensor", truth: Any, share: float) -> "Tensor":
        settings = self._settings
        with _told(settings), models.naming(settings.model), autocast(self._device, self._precision):
            answer = self._network(pixels, truth, self._criterion) if self.own_loss else self._network(pixels)
        loss: Tensor = answer.float() if self.own_loss else self._criterion(answer.float(), truth, share)
        return loss

    def _flat(self) -> "Tensor":
        """Batch statistics, one after the other."""
        torch = require("torch", "training")
        every = [kept.reshape(-1).float() for kept in self._statistics]
        flat: Tensor = torch.cat(every) if every else torch.zeros(0, device=self._device)
        return flat

    def _take_back(self, good: "Tensor") -> None:
        """Batch statistics as they were before a step that was not good."""
        torch = require("torch", "training")
        self._before = torch.where(good, self._flat(), self._before)
        if self._device.type == "cpu" and good:
            return
        parts = torch.split(self._before, [kept.numel() for kept in self._statistics])
        with torch.no_grad():
            torch._foreach_copy_(
                self._statistics, [part.view_as(kept) for part, kept in zip(parts, self._statistics, strict=True)]
            )

    def _note(self, loss: "Tensor", good: "Tensor") -> None:
        """Add a step to what is kept on the device: sum of losses, their number, skipped, skipped in a row, most so."""
        torch = require("torch", "training")
        counts = good & torch.isfinite(loss)
        summed, seen, skipped, row, most = self._found.unbind()
        row = torch.where(good, 0.0, row + 1)
        self._found = torch.stack([
            summed + torch.where(counts, loss, 0.0), seen + counts, skipped + ~good, row, torch.maximum(most, row),
        ]).double()  # fmt: skip
        self._last = loss

    def look(self, step: int, *, keys: Callable[[], list[str]], now: bool = False) -> float | None:
        """The mean loss since `forget`; None where it is not time to ask the device.

        Raises ModelError where the training diverges.

        step: the last one's number.  keys: gives the samples that it saw.  now: ask in any case.
        """
        if not now and self._device.type != "cpu" and time.monotonic() - self._looked < LOOK:
            return None
        summed, seen, skipped, row, most = self._found.tolist()
        self._looked = time.monotonic()
        self.skipped = int(skipped)
        if most >= IN_A_ROW[self._precision]:
            raise self._diverged(step, f"in {int(most)} steps in a row, the last of them step {step}", keys())
        self._found[4] = row
        return summed / seen if seen else math.nan

    def ended(self, step: int, *, keys: Callable[[], list[str]]) -> None:
        """Raises ModelError where half of the steps or more changed nothing. step: how many there were."""
        self.look(step, keys=keys, now=True)
        if self.skipped and 2 * self.skipped >= step:
            raise self._diverged(step, f"in {self.skipped} of {step} steps", keys())

    def losses(self) -> tuple[float, float]:
        """The sum of the losses since `forget` and their number."""
        summed, seen, *_ = self._found.tolist()
        return summed, seen

    def forget(self) -> None:
        """Begin a new mean of losses."""
        self._found[:2] = 0

    def state(self) -> dict[str, Any]:
        """What goes on with a training that goes on.

        Of a sharded network every process has to ask, and the first has it.
        """
        scaler = {} if self.scaler is None else self.scaler.state_dict()
        optimizer = sharding.gathered(self.optimizer.state_dict(), keep=self._keeps)
        return {"optimizer": optimizer, "scaler": scaler, "found": self._found.cpu()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        optimizer = state["optimizer"]
        self.optimizer.load_state_dict(sharding.spread(optimizer, self.optimizer) if self._sharded else optimizer)
        self._lay_out()
        if self.scaler is not None and state["scaler"]:
            self.scaler.load_state_dict(state["scaler"])
        self._found = state["found"].to(self._device)
        self._before = self._flat()

    def _lay_out(self) -> None:
        """The optimizer's numbers in the order of its weights in memory, as fused steps need them; FSDP's differ."""
        torch = require("torch", "training")
        for weight, values in self.optimizer.state.items():
            for name, value in values.items():
                if value.shape == weight.shape and value.stride() != weight.stride():
                    values[name] = torch.empty_like(weight).copy_(value)

    def _diverged(self, step: int, when: str, keys: list[str]) -> ModelError:
        torch = require("torch", "training")
        value = float(self._last)
        if math.isfinite(value):
            what = f"the loss is {value:.4g}, but its gradient is not finite {when}"
        else:
            what = f"the loss became {value} {when}"

        def finite(value: "Tensor") -> bool:
            # Of parts this process's own: the others may be elsewhere in their steps.
            return bool(torch.isfinite(sharding.local(value.detach()).float()).all())

        broken = [name for name, weight in self.plain.named_parameters() if not finite(weight)]
        broken += [name for name, kept in self.plain.named_buffers() if not finite(kept)]
        if broken:
            what += f"; not finite any more: {', '.join(broken[:3])}" + (" and others" if broken[3:] else "")
        elif keys:
            what += f"; the last images were {', '.join(keys[:4])}" + (" and others" if keys[4:] else "")
        rate = f"Lower --lr, which is {self._settings.lr:g}"
        wider = ", or use --precision fp32" if self._precision != "fp32" else ""
        return ModelError(what, todo=f"{rate}{wider}; or look at the images and their labels.")


@contextmanager
def _told(settings: Settings) -> Iterator[None]:
    """Say in a sentence what batch normalisation says of a batch that it cannot take."""
    try:
        yield
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        parts = f", computed in {settings.accumulate} parts" if settings.accumulate > 1 else ""
        raise UsageError(
            f"{settings.model} normalises over a batch, and a batch of {settings.batch_size}{parts}, in windows of"
            f" {settings.size[0]} x {settings.size[1]}, leaves it one value a channel",
            needed="two images at once in each process, larger windows, or a model with another normalisation",
        ) from None
