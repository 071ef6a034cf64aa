"""Figures that people expect of images, labels and scores, one module each."""

from types import ModuleType

from maskwright import registry

__all__: list[str] = []


def __getattr__(name: str) -> ModuleType:
    return registry.attribute("figures", name)


def __dir__() -> list[str]:
    return [*__all__, *registry.attributes("figures")]
