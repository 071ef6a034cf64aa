"""Losses, one module each: `loss(logits, target, *, ignore_index, …)` -> a scalar tensor.

logits: (N, K, H, W) float.  target: (N, H, W) int64 class indices.  Pixels whose target is `ignore_index`
have no influence and exactly zero gradient; a batch of nothing else gives 0 with zero gradients.
"""

import re
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from maskwright import registry
from maskwright.core import typed
from maskwright.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["names", "of_pixels", "parse"]

_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)"
_TERM = re.compile(
    rf"\s*(?:(?P<weight>{_NUMBER})\s*(?:->\s*(?P<last>{_NUMBER})\s*)?\*\s*)?"
    r"(?P<call>[a-z].*)$"
)


def __getattr__(name: str) -> ModuleType:
    return registry.attribute("losses", name)


def __dir__() -> list[str]:
    return [*__all__, *registry.attributes("losses")]


def names() -> list[str]:
    """The names of all losses, ours and other packages', sorted, such as "dice"; none is imported."""
    return registry.names("losses")


def of_pixels() -> list[str]:
    """The losses of (logits, target) that `--loss` adds up; the others are of matched instances."""
    return [name for name in names() if hasattr(registry.load("losses", name), "loss")]


def parse(spec: str) -> Callable[..., "Tensor"]:
    """A function of (logits, target, progress=0) from a text such as "ce + 0.5*dice" or "focal(gamma=1.5)".

    spec: terms joined by +, each a loss with a weight before it and options behind it.  A weight may change along the
    training: "dice + 0.01->1*boundary" goes from the one to the other in a straight line, progress being the share of
    the training that is done, 0 … 1.  logits: (N, K, H, W) float.  target: (N, H, W) int64; 255 is ignored.

    Raises UsageError for a term that cannot be read, an unknown loss or an option it does not have.

    >>> import torch
    >>> criterion = mw.losses.parse("ce + 0.5*dice")
    >>> bool(criterion(torch.zeros(1, 3, 8, 8), torch.zeros(1, 8, 8, dtype=torch.int64)) > 1)
    True
    """
    terms: list[tuple[float, float, str, Callable[..., Tensor], dict[str, Any]]] = []
    for text in _split(spec):
        match = _TERM.match(text)
        call = None if match is None else typed.call(match["call"])
        if match is None or call is None:
            raise UsageError(
                f"the loss {spec!r} cannot be read at {text.strip()!r}",
                needed='a sum such as "ce + 0.5*dice" or "focal(gamma=2)"',
            )
        name, given = call
        function = getattr(registry.load("losses", name), "loss", None)
        if function is None:
            raise UsageError(f"{name!r} is a loss of matched instances, not of pixels", needed=", ".join(of_pixels()))
        options = typed.options(given, function, f"the loss {name!r}", after=2)
        first = float(match["weight"] or 1)
        terms.append((first, float(match["last"] or first), name, function, options))

    def total(logits: "Tensor", target: "Tensor", progress: float = 0.0) -> "Tensor":
        parts = []
        for first, last, name, function, options in terms:
            with registry.naming("losses", name):
                parts.append((first + (last - first) * progress) * function(logits, target, **options))
        out = parts[0]
        for part in parts[1:]:
            out = out + part
        return out

    return total


def _split(spec: str) -> list[str]:
    return re.split(r"\+(?![^()]*\))", spec)
