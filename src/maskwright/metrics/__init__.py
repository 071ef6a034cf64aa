"""Metrics, one module each: `update(…) -> counts`, `compute(counts) -> scores`.

Counts add: over images, batches, processes and resumed runs.  Division comes last.
"""

from types import ModuleType

from maskwright import registry
from maskwright.metrics._ap_bootstrap import intervals as ap_intervals
from maskwright.metrics._bootstrap import Bootstrap
from maskwright.metrics._explain import Explanation, Variant

__all__ = ["Bootstrap", "Explanation", "Variant", "ap_intervals", "load", "names", "of_segments"]


def __getattr__(name: str) -> ModuleType:
    return registry.attribute("metrics", name)


def __dir__() -> list[str]:
    return [*__all__, *registry.attributes("metrics")]


def names() -> list[str]:
    """The names of all metrics, ours and other packages', sorted, such as "confusion"; none is imported."""
    return registry.names("metrics")


def of_segments() -> list[str]:
    """The metrics of `update(pred, target, classes)`, all `Segments`, which `maskwright evaluate --metric` takes."""
    return [name for name in names() if registry.fits(load(name), "update(pred, target, classes)")]


def load(name: str) -> ModuleType:
    """A metric's module by name. Raises UsageError for a name nobody has."""
    return registry.load("metrics", name)
