"""Engines, one module each: `load(**options)` -> an `Engine`."""

from types import ModuleType
from typing import Any, Protocol

from maskwright import families
from maskwright.core.arrays import U8
from maskwright.interactive.prompts import Answer, Prompts


class Engine(Protocol):
    """Encodes an image once, then answers prompts.

    takes: of "points", "boxes", "mask", "text", what it understands.  key: a name for its weights under which what it
    encodes may be kept, None where encoding costs nothing worth keeping.
    """

    takes: frozenset[str]
    key: str | None

    def encode(self, image: U8) -> Any:
        """image: (H, W, 3) uint8 RGB -> whatever `answer` needs of it; with a key, a dict of NumPy arrays."""

    def answer(self, encoded: Any, prompts: Prompts) -> Answer:
        """Masks at the image's size."""


def names() -> list[str]:
    return families.names("interactive.engines")


def load(name: str) -> ModuleType:
    return families.load("interactive.engines", name)
