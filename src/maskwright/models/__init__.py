"""Architectures, one module each: `build(num_classes, in_channels=3, **config)` -> a torch module.

A model maps (N, C, H, W) normalised images to (N, num_classes, H, W) logits.  H and W must divide by
`module.stride`, which the model carries; the predictor pads and crops, so that any image size goes in and
exactly that size comes out.  Each module states PAPER, LICENCE, what `build` accepts, INPUT where pictures are treated
in a way of their own, TASK where it is not semantic, and WEIGHTS: published weights by hub name, with licence and size.

Networks for instances and panoptic segmentation answer something else than logits; see `_outputs`.
"""

from typing import TYPE_CHECKING, Any

from maskwright import registry
from maskwright.errors import ModelError, UsageError
from maskwright.models._outputs import Objects, Queries, Regions

if TYPE_CHECKING:
    from torch import nn


__all__ = [
    "Objects",
    "Queries",
    "Regions",
    "build",
    "names",
    "task_of",
]


def names() -> list[str]:
    return registry.names("models")


def task_of(spec: str) -> str:
    """What a model is for: semantic, or the TASK its module states (instance, panoptic)."""
    return str(getattr(registry.load("models", spec.partition("/")[0]), "TASK", "semantic"))


def build(spec: str, num_classes: int, in_channels: int = 3, **config: Any) -> "nn.Module":
    """A model by name; "unet/resnet34" names its encoder too. Raises UsageError, ModelError."""
    registry.require("torch", "building a model")
    name, _, encoder = spec.partition("/")
    module = registry.load("models", name)
    if encoder:
        config = {**config, "encoder": encoder}
    try:
        with registry.needing(name, f"the model {name}"):
            model: nn.Module = module.build(num_classes, in_channels, **config)
    except TypeError as error:
        raise UsageError(f"the model {name!r} does not take {config} ({error})") from None
    except (KeyError, ValueError, RuntimeError) as error:
        reason = str(error) if len(str(error)) < 160 else f"{str(error)[:150]} …"
        raise ModelError(f"the model {spec!r} cannot be built ({reason})") from None
    return model
