"""The averaged weights, which are evaluated and kept."""

from typing import TYPE_CHECKING

from maskwright.registry import require
from maskwright.train.sharding import local

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim.swa_utils import AveragedModel


def averaged(model: "nn.Module", decay: float, *, steps: int = 0) -> "AveragedModel":
    """The exponential average of a network's weights and batch statistics; `update_parameters` after every step.

    It moves faster in the beginning, when it is still far off: by 1 - min(decay, (1 + n) / (10 + n)) in step n.

    model: whose weights it begins with.  decay: of the settings.  steps: how many it has seen, where it goes on.
    """
    torch = require("torch", "training")
    seen = steps

    def towards(mine: "list[Tensor]", theirs: "list[Tensor]", _: "Tensor | int") -> None:
        # Called once for each type of numbers.
        rate = 1 - min(decay, (2 + seen) / (11 + seen))
        parts = [local(value) for value in mine], [local(value) for value in theirs]
        if mine[0].dtype.is_floating_point:
            torch._foreach_lerp_(*parts, rate)
        else:
            torch._foreach_copy_(*parts)

    class Average(torch.optim.swa_utils.AveragedModel):  # type: ignore[misc,name-defined]
        def update_parameters(self, model: "nn.Module") -> None:
            nonlocal seen
            super().update_parameters(model)
            seen += 1

    average: AveragedModel = Average(model, multi_avg_fn=towards, use_buffers=True)
    average.n_averaged += 1  # what it begins with counts as seen: the first step moves it, and does not replace it
    average.module.eval().requires_grad_(False)
    return average
