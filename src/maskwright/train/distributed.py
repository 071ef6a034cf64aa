"""The processes that train together: which one this is, its device, and what they exchange."""

import atexit
import gc
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.errors import UsageError
from maskwright.predict.precision import usable
from maskwright.registry import require

if TYPE_CHECKING:
    from torch import nn


class Processes:
    """One of the processes that torchrun started, or the only one.

    rank, world: its number from 0, and how many there are.  device: a GPU of its own where there are enough; processes
    that share one exchange their gradients by gloo, since NCCL takes one process a GPU.  Raises UsageError for a device
    that is not there, and for several processes where this PyTorch cannot have them.

    device: the one that is wanted; the best there is for None.  alone: for a trial that the others take no part in.
    """

    def __init__(self, device: str | None = None, *, alone: bool = False) -> None:
        torch = require("torch", "training")
        self.rank = 0 if alone else int(os.environ.get("RANK", "0"))
        self.world = 1 if alone else int(os.environ.get("WORLD_SIZE", "1"))
        found = usable(device)
        backend = "gloo"
        if found.startswith("cuda"):
            there = torch.cuda.device_count()
            if found == "cuda":
                found = f"cuda:{int(os.environ.get('LOCAL_RANK', '0')) % there}"
                if int(os.environ.get("LOCAL_WORLD_SIZE", "1")) <= there:
                    backend = "nccl"
            torch.cuda.set_device(found)
        self.device = torch.device(found)
        if self.world > 1:
            _join(torch, backend)

    @property
    def first(self) -> bool:
        """Whether this is the process that keeps the record."""
        return self.rank == 0

    def wrapped(self, model: "nn.Module", *, branches: bool) -> "nn.Module":
        """The network whose gradients are averaged over all processes; itself where there is one.

        branches: whether a step may leave parameters out, such as those of a branch that it does not take.
        """
        if self.world == 1:
            return model
        from torch.nn.parallel import DistributedDataParallel

        own = [self.device] if self.device.type == "cuda" else None
        return DistributedDataParallel(
            model, device_ids=own, gradient_as_bucket_view=True, find_unused_parameters=branches
        )

    def joined_statistics(self, model: "nn.Module") -> "nn.Module":
        """The network with batch statistics over all processes. Raises UsageError on a CPU: PyTorch has none for it."""
        import torch

        if self.device.type != "cuda":
            raise UsageError("batch statistics over all processes are for GPUs", needed="--own-batchnorm on a CPU")
        joined: nn.Module = model
        if self.world > 1:
            joined = torch.nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
        return joined

    def said_by_first(self, value: float) -> float:
        """The first process's value, in all."""
        if self.world == 1:
            return value
        import torch

        told = torch.tensor(value, dtype=torch.float64, device=self.device)
        torch.distributed.broadcast(told, 0)
        return float(told)

    def total(self, counts: Any) -> Any:
        """Counts of all processes together: arrays are added, lists joined."""
        if self.world == 1:
            return counts
        import torch

        if isinstance(counts, np.ndarray):
            summed = torch.from_numpy(counts).to(self.device)
            torch.distributed.all_reduce(summed)
            return summed.cpu().numpy()
        every: list[Any] = [None] * self.world
        torch.distributed.all_gather_object(every, counts)
        return [each for part in every for each in part]

    def share_from_first(self, model: "nn.Module") -> None:
        """Batch statistics are each process's own; all go on with the first one's, which are those that are kept."""
        if self.world > 1:
            import torch

            for value in model.state_dict().values():
                if not hasattr(value, "full_tensor"):  # a part, which no other process has
                    torch.distributed.broadcast(value, 0)

    def wait(self) -> None:
        """Return when every process is here."""
        if self.world > 1:
            import torch

            torch.distributed.barrier()


def _join(torch: Any, backend: str) -> None:
    """Join the others, once in the life of a process."""
    distributed = torch.distributed
    if not distributed.is_available():
        raise UsageError("this PyTorch cannot train in several processes", needed="a build with torch.distributed")
    if not distributed.is_initialized():
        distributed.init_process_group(backend)
        atexit.register(_leave, distributed)


def _leave(distributed: Any) -> None:
    """End the group's threads while Python is still there.

    gloo's threads let go of tensors and call back into Python after those who waited have gone on.  One that asks for
    Python when it is ending takes its process with it: "terminate called without an active exception".  Networks that
    were shared hold the group, and lie in cycles.
    """
    gc.collect()
    if distributed.is_initialized():
        distributed.destroy_process_group()
