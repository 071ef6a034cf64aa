"""To and from other programs' objects, one module each: `torch`, `torchvision`, `supervision`, `detectron2` and more.

Each works on samples from anywhere: a dataset, a view, a format's reading.  Nothing is imported before it is used.
"""

from types import ModuleType

from maskwright import registry

__all__: list[str] = []


def __getattr__(name: str) -> ModuleType:
    return registry.attribute("integrations", name)


def __dir__() -> list[str]:
    return [*__all__, *registry.attributes("integrations")]
