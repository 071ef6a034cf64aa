"""The network in training and its average: whole in each process, or a part of them in each."""

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from maskwright.registry import require
from maskwright.train import sharding
from maskwright.train.averaging import averaged
from maskwright.train.distributed import Processes
from maskwright.train.settings import Settings

if TYPE_CHECKING:
    from torch import nn


class Network:
    """A network in training and its averaged weights.

    model: on its device; it stays the same object.  precision: bf16, fp16 or fp32.  steps: how many the average has
    seen.  average: its weights and batch statistics, where it goes on.  Raises UsageError where the processes cannot
    share weights, RuntimeError for an average of another network.

    What `sharded` networks give, every process has to ask for at once.
    """

    def __init__(
        self, model: "nn.Module", settings: Settings, processes: Processes, precision: str, *, steps: int = 0,
        average: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.model = model
        self._processes = processes
        self._average = averaged(model, settings.ema, steps=steps)
        if average is not None:
            self._average.module.load_state_dict(dict(average))
        self.sharded = settings.parallel == "fsdp" and processes.world > 1
        if self.sharded:
            self._hollow = _hollow(model)
            sharding.shard(model, processes, precision)
            sharding.shard(self._average.module, processes, precision)

    def follow(self) -> None:
        """The average takes in the step that the network has made."""
        self._average.update_parameters(self.model)

    def average(self) -> "nn.Module":
        """The average, whole, to be evaluated; with the first process's batch statistics, which are those kept."""
        torch = require("torch", "training")
        module: nn.Module = self._average.module
        self._processes.share_from_first(module)
        if not self.sharded:
            return module
        weights = {name: sharding.whole(value) for name, value in module.state_dict().items()}
        filled: nn.Module = copy.deepcopy(self._hollow)
        filled.load_state_dict(weights, assign=True)
        return filled.to(memory_format=torch.channels_last).eval().requires_grad_(False)

    def weights(self) -> dict[str, Any]:
        """Of the network in training, whole, in the first process."""
        return self._whole(self.model)

    def averaged_weights(self) -> dict[str, Any]:
        """Of the average, whole, in the first process."""
        return self._whole(self._average.module)

    def _whole(self, module: "nn.Module") -> dict[str, Any]:
        state: dict[str, Any] = sharding.gathered(module.state_dict(), keep=self._processes.first)
        return state


def _hollow(model: "nn.Module") -> "nn.Module":
    """A copy of a network without memory for its weights."""
    torch = require("torch", "training")
    empty = {
        id(weight): torch.nn.Parameter(torch.empty_like(weight, device="meta"), requires_grad=False)
        for weight in model.parameters()
    }
    return copy.deepcopy(model, empty)
