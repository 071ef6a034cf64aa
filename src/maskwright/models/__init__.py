"""Architectures, one module each: `build(num_classes, in_channels=3, **config)` -> a torch module.

A model maps (N, C, H, W) normalised images to (N, num_classes, H, W) logits.  H and W must divide by
`module.stride`, which the model carries; the predictor pads and crops, so that any image size goes in and
exactly that size comes out.  Each module states PAPER, LICENCE and what `build` accepts, and where they apply

    INPUT          how images are treated, where it is a way of its own
    TASKS          members of `predict.tasks` it can do, the likeliest first; ("semantic",) where nothing is stated
    LEARNING_RATE  the peak that AdamW takes with batches of about eight; 1e-3 where nothing is stated
    TAUGHT_RATES   the same over an encoder that was taught already, and what part of it the encoder takes; of sets of
                   more than a hundred images
    PROPOSED       (task, device) -> (encoder or "", why): where a plan proposes it when nobody names a model
    PUBLISHED      (task, device) -> (encoder, why): what it proposes instead where weights of that encoder are at hand
    ENCODER        what `weights.weight_catalogue` calls its encoder, where `build` has no choice of them
    CONFIG         device -> (arguments of `build`, why): what a plan gives it there
    WEIGHTS        published weights by hub name, with licence and size

Networks for instances and panoptic segmentation answer something else than logits; see `_outputs`.
"""

import inspect
from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import ModuleType
from typing import TYPE_CHECKING, Any

from maskwright import registry
from maskwright.core import typed
from maskwright.errors import ModelError, UsageError
from maskwright.models._outputs import Objects, Queries, Regions

if TYPE_CHECKING:
    from torch import nn


__all__ = [
    "Objects",
    "Queries",
    "Regions",
    "build",
    "encoder_of",
    "names",
    "naming",
    "proposed",
    "read_config",
    "stated",
    "tasks_of",
]


def __getattr__(name: str) -> ModuleType:
    return registry.attribute("models", name)


def __dir__() -> list[str]:
    return [*__all__, *registry.attributes("models")]


def names() -> list[str]:
    """The names of all models, ours and other packages', sorted, such as "unet"; none is imported."""
    return registry.names("models")


def stated(spec: str, name: str, default: Any) -> Any:
    """What a model's module states under a name such as "LEARNING_RATE"; `default` where it states nothing.

    spec: as in `build`.  Raises UsageError for an unknown model.
    """
    return getattr(registry.load("models", spec.partition("/")[0]), name, default)


def tasks_of(spec: str) -> tuple[str, ...]:
    """What a model can do: members of `predict.tasks`, the likeliest first.

    spec: as in `build`.  Raises UsageError for an unknown model.

    >>> mw.models.tasks_of("unet/resnet34")
    ('semantic',)
    """
    return tuple(stated(spec, "TASKS", ("semantic",)))


def proposed(task: str, device: str, *, published: bool = False) -> tuple[str, str]:
    """-> the model that a plan proposes for a task on "cpu" or "cuda", with its encoder, and why.

    published: what it proposes where weights of the encoder are at hand.  One of ours before one of another package.
    Raises UsageError where no model states it.
    """
    outside = registry.outside("models")
    for name in sorted(names(), key=lambda name: (name in outside, name)):
        found = stated(name, "PUBLISHED" if published else "PROPOSED", {}).get((task, device))
        if found is not None:
            encoder, reason = found
            return f"{name}/{encoder}" if encoder else name, reason
    raise UsageError(f"no model is proposed for {task} segmentation", todo="Name one with --model.")


def encoder_of(spec: str, config: Mapping[str, Any] | None = None) -> str:
    """The name of a model's encoder, such as "resnet18"; "" where it has none that was ever published.

    spec: as in `build`.  config: its further arguments.  Raises UsageError for an unknown model.
    """
    name, _, encoder = spec.partition("/")
    module = registry.load("models", name)
    default = inspect.signature(module.build).parameters.get("encoder")
    given = encoder or (config or {}).get("encoder") or (default.default if default is not None else "")
    return str(given or getattr(module, "ENCODER", ""))


def naming(spec: str) -> AbstractContextManager[None]:
    """A block in which a model's network works: `registry.naming` of it. spec: as in `build`."""
    return registry.naming("models", spec.partition("/")[0])


def read_config(spec: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Further arguments of a model, as `build` of its module wants them.

    spec: as in `build`.  config: by argument, as people write them.  Raises UsageError for one that it has not.
    """
    name, _, encoder = spec.partition("/")
    skip = ("num_classes", "in_channels", *(("encoder",) if encoder else ()))
    return typed.options(config, registry.load("models", name).build, f"the model {name!r}", skip=skip)


#: What a model raises that cannot be built from what it was given.
_OF_THE_CALL = (KeyError, ValueError, RuntimeError, TypeError)


def build(spec: str, num_classes: int, in_channels: int = 3, **config: Any) -> "nn.Module":
    """A model by name, randomly initialised unless it says otherwise: (N, C, H, W) -> (N, num_classes, H, W) logits.

    spec: a name, or "unet/resnet34", which names its encoder too.  config: what the member's own `build` takes, read
    by its annotations.  Raises UsageError for an unknown model or option, ModelError where it cannot be built,
    MissingExtraError without torch.

    >>> model = mw.models.build("lite", 3)
    >>> import torch
    >>> tuple(model.eval()(torch.zeros(1, 3, 64, 96)).shape)
    (1, 3, 64, 96)
    """
    registry.require("torch", "building a model")
    name, _, encoder = spec.partition("/")
    module = registry.load("models", name)
    config = read_config(spec, config)
    if encoder:
        config = {**config, "encoder": encoder}
    try:
        with (
            registry.naming("models", name, passing=(*_OF_THE_CALL, ImportError)),
            registry.needing(name, f"the model {name}"),
        ):
            model: nn.Module = module.build(num_classes, in_channels, **config)
    except _OF_THE_CALL as error:
        reason = str(error) if len(str(error)) < 160 else f"{str(error)[:150]} …"
        raise ModelError(f"the model {spec!r} cannot be built ({reason})") from None
    return model
