"""Metrics, one module each: `update(…) -> counts`, `compute(counts) -> scores`.

Counts add: over images, batches, processes and resumed runs.  Division comes last.
"""

import inspect
from types import ModuleType

from maskwright import families


def names() -> list[str]:
    return families.names("metrics")


def of_segments() -> list[str]:
    """The metrics of `update(pred, target, classes)`, all `Segments`, which `maskwright evaluate --metric` takes."""
    return [name for name in names() if "classes" in inspect.signature(load(name).update).parameters]


def load(name: str) -> ModuleType:
    return families.load("metrics", name)
