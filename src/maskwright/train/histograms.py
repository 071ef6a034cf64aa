"""Distributions of weights, biases and gradients by layer."""

from typing import TYPE_CHECKING

from maskwright.runs import Run
from maskwright.train.sharding import whole

if TYPE_CHECKING:
    from torch import nn


def log(run: Run, step: int, model: "nn.Module", *, main: bool = True) -> None:
    """Of every bias and every parameter of two axes or more, and of its latest gradient where there is one.

    main: whether this process keeps the record; the others of a sharded network take part.
    """
    for name, weight in model.named_parameters():
        bias = name.rpartition(".")[2] == "bias"
        if weight.ndim < 2 and not bias:
            continue
        for kind, value in (("biases" if bias else "weights", weight), ("gradients", weight.grad)):
            numbers = None if value is None else whole(value.detach())
            if main and numbers is not None:
                run.log_histogram(step, f"{kind}/{name}", numbers.float().cpu().numpy())
