"""Optimizers and schedules of the learning rate, by the settings' names."""

import math
from typing import TYPE_CHECKING, Any

from maskwright.registry import require
from maskwright.train.groups import parameter_groups
from maskwright.train.settings import Settings

if TYPE_CHECKING:
    from torch import nn

#: Of SGD, where nothing is said.
MOMENTUM = 0.9

#: The least that a schedule comes down to, of the peak.
LEAST = 1e-3


def optimizer_of(model: "nn.Module", settings: Settings, *, fused: bool = False) -> Any:
    """A torch optimizer over the parameters that learn.

    fused: in one kernel a step.  SGD as torch has it: momentum without dampening, weight decay added to the gradient.
    """
    torch = require("torch", "training")
    groups = parameter_groups(model, settings)
    more = {"fused": True} if fused else {}
    if settings.optimizer == "sgd":
        momentum = MOMENTUM if settings.momentum is None else settings.momentum
        return torch.optim.SGD(groups, settings.lr, momentum=momentum, weight_decay=settings.weight_decay, **more)
    return torch.optim.AdamW(groups, settings.lr, betas=(0.9, 0.99), weight_decay=settings.weight_decay, **more)


def learning_rate(share: float, settings: Settings) -> float:
    """At a share of the training, 0 to 1: linear warm-up, and what the schedule's name says.

    cosine: half a cosine.  poly: (1 - share) to the power 0.9 (Chen et al., "DeepLab", TPAMI 2018, section 4.3).  step:
    a tenth after two thirds, a hundredth after eight ninths (He et al., "Mask R-CNN", ICCV 2017: of 90,000 steps after
    60,000 and 80,000).  constant: the peak.  None goes below a thousandth.
    """
    rising = min(1.0, (share + 1e-3) / settings.warmup) if settings.warmup else 1.0
    done = min(share, 1.0)
    falling = 1.0
    if settings.schedule == "cosine":
        falling = 0.5 * (1 + math.cos(math.pi * done))
    elif settings.schedule == "poly":
        falling = (1 - done) ** 0.9
    elif settings.schedule == "step":
        falling = 0.01 if done >= 8 / 9 else 0.1 if done >= 2 / 3 else 1.0
    return settings.lr * rising * max(LEAST, falling)
