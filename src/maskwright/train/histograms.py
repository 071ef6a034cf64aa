"""Distributions of weights and gradients by layer."""

from typing import TYPE_CHECKING

from maskwright.runs import Run

if TYPE_CHECKING:
    from torch import nn


def log(run: Run, step: int, model: "nn.Module") -> None:
    """Of every parameter of two axes or more, and of its latest gradient where there is one."""
    for name, one in model.named_parameters():
        if one.ndim < 2:
            continue
        run.log_histogram(step, f"weights/{name}", one.detach().float().cpu().numpy())
        if one.grad is not None:
            run.log_histogram(step, f"gradients/{name}", one.grad.detach().float().cpu().numpy())
