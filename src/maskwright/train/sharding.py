"""FSDP: a process keeps a part of every weight, gradient and moment, and fetches the rest of a part when it computes.

A network is cut where it repeats itself: a part's weights are whole for as long as it computes.  What lies between the
parts, heads and single layers, is one more part, which is whole during a step.
"""

import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from maskwright.errors import UsageError
from maskwright.registry import require
from maskwright.train.distributed import Processes
from maskwright.train.groups import encoder_parameters

if TYPE_CHECKING:
    from torch import Tensor, nn

#: The least share of a network's weights that is worth an exchange of its own.
LEAST = 0.01


def shard(model: "nn.Module", processes: Processes, precision: str) -> None:
    """Leave each process its part of a network's weights; the network stays the same object and is called as before.

    A network with a loss of its own may take other branches in one process than in another: what lies beside its
    encoder is one part, which every step fetches.  Gradients are added in float32.  A weight that is one number stays
    whole.

    model: on its device.  precision: bf16, fp16 or fp32.  Raises UsageError where these processes cannot exchange
    parts.
    """
    torch = require("torch", "training")
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

    _check(processes)
    for weight in model.parameters():
        weight.data = weight.data.contiguous()
    mesh = torch.distributed.init_device_mesh(processes.device.type, (processes.world,))
    numbers = set(_numbers(model))
    for part in _parts(model):
        policy = MixedPrecisionPolicy(
            param_dtype=fetched_in(part, processes.device.type, precision), reduce_dtype=torch.float32,
            cast_forward_inputs=False,
        )  # fmt: skip
        fully_shard(part, mesh=mesh, mp_policy=policy, ignored_params=numbers)
    # Its answer may be a part of a larger tensor, which nobody writes to; PyTorch warns of those who would.
    answers = rf"FSDP2-wrapped module \(FSDP{type(model).__name__}\) returned a view"
    warnings.filterwarnings("ignore", answers, UserWarning)
    fully_shard(model, mesh=mesh, mp_policy=MixedPrecisionPolicy(cast_forward_inputs=False), ignored_params=numbers)


def fetched_in(part: "nn.Module", device: str, precision: str) -> Any:
    """The type in which a part's weights are fetched; None for their own.

    Autocast keeps its copy of a weight until the backward pass, which for float32 weights would be all of the network.
    In half precision there is no copy.  Batch statistics need weights in float32, and so do normalisations on a CPU.
    """
    import torch

    statistics = any(getattr(module, "track_running_stats", False) for module in part.modules())
    if statistics or device == "cpu":
        return None
    return {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision)


def _numbers(model: "nn.Module") -> "list[nn.Parameter]":
    """Weights that are one number, and so have no parts."""
    return [weight for weight in model.parameters() if not weight.ndim]


def _check(processes: Processes) -> None:
    """Raises UsageError, saying what is needed, for processes that cannot exchange parts of weights."""
    import torch

    if processes.device.type == "cuda" and torch.distributed.get_backend() != "nccl":
        raise UsageError(
            "processes that share one GPU cannot share a network's weights",
            needed="a GPU of its own for each process, without --device cuda:N, or --parallel ddp",
        )
    try:
        torch.distributed.reduce_scatter_tensor(
            torch.zeros(1, device=processes.device), torch.zeros(processes.world, device=processes.device)
        )
    except RuntimeError as error:
        if "support" not in str(error):
            raise
        raise UsageError(
            f"PyTorch {torch.__version__} cannot share a network's weights over processes on this device",
            needed="PyTorch 2.7 or newer on a CPU, or --parallel ddp",
        ) from None


def _parts(model: "nn.Module") -> "list[nn.Module]":
    """Members of lists of layers that hold a share of the weights worth it, inner ones before those around them."""
    from torch import nn

    own_loss = bool(getattr(model, "own_loss", False))
    inside = encoder_parameters(model) if own_loss else {name for name, _ in model.named_parameters()}
    least = LEAST * sum(weight.numel() for weight in model.parameters())
    found: list[nn.Module] = []
    seen: set[int] = set()

    def left_of(module: nn.Module, path: str, *, listed: bool) -> int:
        """Weights of a module that no part inside it has."""
        if id(module) in seen:
            return 0
        seen.add(id(module))
        children = list(module.named_children())
        lists = isinstance(module, (nn.ModuleList, nn.Sequential))
        left = sum(weight.numel() for weight in module.parameters(recurse=False))
        left += sum(left_of(child, f"{path}{name}.", listed=lists) for name, child in children)
        mine = [f"{path}{name}" for name, _ in module.named_parameters()]
        if listed and children and left >= max(least, 1) and inside.issuperset(mine):
            found.append(module)
            return 0
        return left

    left_of(model, "", listed=False)
    return found


def is_sharded(model: "nn.Module") -> bool:
    """Whether `shard` was here."""
    return hasattr(model, "set_requires_gradient_sync")


def clipped(model: "nn.Module", limit: float, world: int) -> "Tensor":
    """The norm of all gradients, which are scaled down to a limit; those of single numbers are averaged first."""
    import torch
    from torch.nn.utils import clip_grads_with_norm_, get_total_norm

    learned = [(weight, weight.grad) for weight in model.parameters() if weight.grad is not None]
    alone = [gradient for weight, gradient in learned if not weight.ndim]
    for gradient in alone:
        torch.distributed.all_reduce(gradient)
        gradient.div_(world)
    norm = whole(get_total_norm([gradient for weight, gradient in learned if weight.ndim]))
    if alone:
        norm = torch.hypot(norm, get_total_norm(alone))
    for scalar in (False, True):  # parts and whole tensors do not go together
        clip_grads_with_norm_([weight for weight, _ in learned if scalar != bool(weight.ndim)], limit, norm)
    return norm


def exchange(model: "nn.Module", *, now: bool) -> None:
    """Whether the next backward pass exchanges gradients, or leaves that to a later one."""
    model.set_requires_gradient_sync(now)  # type: ignore[operator]


def same_branches(model: "nn.Module") -> None:
    """Gradients of zero for what this process's step may have left out and another's did not; before `backward`."""
    import torch

    for weight in model.parameters():
        if weight.requires_grad and weight.grad is None and type(weight) is torch.nn.Parameter:
            weight.grad = torch.zeros_like(weight)


def local(value: "Tensor") -> "Tensor":
    """The part of a tensor that this process has, over the same memory; a whole one as it is."""
    part: Tensor = value.to_local() if hasattr(value, "to_local") else value
    return part


def whole(value: "Tensor") -> "Tensor":
    """All of a tensor, in every process, each of which has to ask."""
    full: Tensor = value.full_tensor() if hasattr(value, "full_tensor") else value
    return full


def gathered(state: Any, *, keep: bool) -> Any:
    """A state, of dictionaries and lists, with whole tensors in place of parts; every process has to ask.

    keep: whether this process wants them; they lie in the host's memory, one after the other.
    """
    if isinstance(state, Mapping):
        return {name: gathered(value, keep=keep) for name, value in state.items()}
    if isinstance(state, list):
        return [gathered(value, keep=keep) for value in state]
    if not hasattr(state, "full_tensor"):
        return state
    full = state.full_tensor()
    return full.cpu() if keep else None


def spread(state: Mapping[str, Any], optimizer: Any) -> dict[str, Any]:
    """An optimizer's state as `gathered` gave it, with this process's parts of all that is as large as its weight."""
    from torch.distributed.tensor import distribute_tensor

    weights = [weight for group in optimizer.param_groups for weight in group["params"]]

    def parts() -> Iterator[tuple[int, dict[str, Any]]]:
        for number, values in state["state"].items():
            weight = weights[number]
            yield (
                number,
                {
                    name: distribute_tensor(value.contiguous().to(weight.device), weight.device_mesh, weight.placements)
                    if value.shape == weight.shape and value.ndim
                    else value
                    for name, value in values.items()
                },
            )

    return {**state, "state": dict(parts())}
