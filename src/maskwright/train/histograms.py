"""Distributions of weights and gradients by layer."""

from typing import TYPE_CHECKING

from maskwright.runs import Run

if TYPE_CHECKING:
    from torch import nn


def log(run: Run, step: int, model: "nn.Module") -> None:
    """Of every parameter of two axes or more, and of its latest gradient where there is one."""
    for name, each in model.named_parameters():
        if each.ndim < 2:
            continue
        run.log_histogram(step, f"weights/{name}", each.detach().float().cpu().numpy())
        if each.grad is not None:
            run.log_histogram(step, f"gradients/{name}", each.grad.detach().float().cpu().numpy())
