"""A few labelled images, or none -> masks on others, as suggestions.

learner = fewshot.load("forest").load()
learner.fit(samples, classes)
prediction = learner.predict(image)  # segments with scores, and where they are doubtful
"""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from maskwright import registry
from maskwright.core import typed
from maskwright.fewshot import first_masks
from maskwright.fewshot.prediction import Learner, Prediction
from maskwright.fewshot.propagation import Round, accept, confidences, propagate, queued, suggestion, waiting

__all__ = [
    "Learner", "Prediction", "Round", "accept", "confidences", "first_masks", "learner", "load", "names", "propagate",
    "queued", "read_options", "suggestion", "waiting",
]  # fmt: skip


def names() -> list[str]:
    """The names of all engines that learn from examples, ours and other packages', sorted, such as "forest"; none is
    imported.
    """
    return registry.names("fewshot.engines")


def load(name: str) -> ModuleType:
    """An engine's module by name; its `load(**options)` makes the engine. Raises UsageError for a name nobody has."""
    return registry.load("fewshot.engines", name)


def read_options(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options as people write them -> as the engine `name` takes them. Raises UsageError for those it does not have."""
    return typed.engine_options(load(name), options)


def learner(name: str = "forest", **options: Any) -> Learner:
    """An engine by name, ready to fit. Raises UsageError for an unknown one, and for options that it does not have."""
    found: Learner = load(name).load(**read_options(name, options))
    return found
