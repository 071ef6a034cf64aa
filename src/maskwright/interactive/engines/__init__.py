"""Engines, one module each: `load(**options)` -> an `Engine`."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any, Protocol, runtime_checkable

from maskwright import registry
from maskwright.core import typed
from maskwright.core.arrays import F32, U8, Array, Size
from maskwright.core.masks import Masks
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
        """Masks at the image's size for the prompts, best first. encoded: what `encode` gave for the image."""


@runtime_checkable
class Proposer(Protocol):
    """An engine that divides an image by itself."""

    def propose(self, encoded: Any) -> tuple[Masks, F32]:
        """Masks at the image's size and their scores (N,), best first. encoded: what `encode` gave for the image."""


@runtime_checkable
class PointDecoder(Protocol):
    """An engine that answers many points at once with small logits; `encoded["size"]` is the image's."""

    def frame(self, size: Size, points: Array) -> F32:
        """(…, 2) points of the image -> points as `decode` takes them."""

    def decode(self, encoded: Any, *, points: Array | None = None, labels: Array | None = None) -> tuple[F32, F32]:
        """(B, P, 2) points, (B, P) labels -> (B, A, h, w) logits, (B, A) expected IoU."""

    def masks(self, logits: F32, size: Size, limits: Sequence[float] = (0.0,)) -> list[Masks]:
        """(N, h, w) logits -> N masks of the image for each limit.

        limits: values of the logits above which a pixel is in.
        """


def names() -> list[str]:
    """The names of all engines that answer prompts, ours and other packages', sorted, such as "classical"; none is
    imported.
    """
    return registry.names("interactive.engines")


def load(name: str) -> ModuleType:
    """An engine's module by name; its `load(**options)` makes the engine. Raises UsageError for a name nobody has."""
    return registry.load("interactive.engines", name)


def build(name: str, **options: Any) -> Engine:
    """An engine by name, with its options as people write them. Raises UsageError for those it does not have."""
    module = load(name)
    engine: Engine = module.load(**typed.engine_options(module, options))
    return engine
