"""Functions with albumentations' signature as transforms: image and mask, or masks, by name, and a dictionary back."""

import inspect
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.classes import IGNORE_INDEX
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.transforms._moves import Target

#: One function at a time: what it draws from is its own, or the process's.
_drawing = Lock()


def adapted(function: Callable[..., Any]) -> Callable[..., tuple[Any, Any]]:
    """A function of (image, target, rng) from one with albumentations' signature.

    function: called as function(image=…, mask=…) or function(image=…, masks=[…]), with arrays (H, W, C) and (H, W)
    uint8; answers a dictionary with `image` and `mask` or `masks`.  Where it takes both, a label map comes as the first
    of two masks, and what the second one says to be new is ignored, whatever the function fills it with.  One that
    takes any names gets a label map as `mask`, unless it is albumentations' own.  Segments come as one mask of 0 and 1
    each.

    What it draws follows from rng: a parameter `rng` is given a generator, `set_random_seed` is called, or else the
    generators of `random` and NumPy are set for the call and set back.  One call runs at a time.
    """
    takes = _taken(function)
    several = takes is None or "masks" in takes
    doubled = several and (takes is not None or hasattr(function, "set_random_seed"))
    if not several and "mask" not in (takes or ()):
        raise UsageError(
            f"{named(function)} takes {', '.join(sorted(takes or ()))}",
            needed="it has to take image, and mask or masks, by name",
        )

    def apply(image: Array, target: Target, rng: np.random.Generator) -> tuple[Array, Target]:
        seed = int(rng.integers(2**32))
        more: dict[str, Any] = {"rng": np.random.default_rng(seed)} if takes is not None and "rng" in takes else {}
        given: dict[str, Any]
        if isinstance(target, Segments):
            if not several:
                raise UsageError(f"{named(function)} takes one mask", needed="masks, for labels that are segments")
            given = {"masks": list(target.masks.decode().view(np.uint8))}
        elif doubled:
            given = {"masks": [target.copy(), np.ones(target.shape, np.uint8)]}
        else:
            given = {"mask": target.copy()}
        with _drawing, _seeded(function, seed, own=bool(more)):
            answer = function(image=image.copy(), **given, **more)
        pixels, found = _answer(answer, function, next(iter(given)))
        if isinstance(target, Segments):
            return pixels, _segments(target, found, function)
        if not doubled:
            return pixels, np.ascontiguousarray(found)
        labels, known = (np.asarray(part) for part in found)
        return pixels, np.where(known == 1, labels, labels.dtype.type(IGNORE_INDEX))

    apply.__name__ = named(function)
    return apply


def named(function: Callable[..., Any]) -> str:
    """What a message calls it."""
    return str(getattr(function, "__name__", None) or type(function).__name__)


def _taken(function: Callable[..., Any]) -> frozenset[str] | None:
    """Names that it can be given; None where it takes any."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return frozenset(parameter.name for parameter in parameters)


def _answer(answer: Any, function: Callable[..., Any], name: str) -> tuple[Array, Any]:
    if not isinstance(answer, dict) or not {"image", name} <= answer.keys():
        said = f"a dictionary of {', '.join(map(str, answer))}" if isinstance(answer, dict) else type(answer).__name__
        raise UsageError(
            f"{named(function)} answers {said}", needed=f"it has to answer a dictionary with image and {name}"
        )
    pixels = answer["image"]
    return np.ascontiguousarray(pixels) if isinstance(pixels, np.ndarray) else pixels, answer[name]


def _segments(target: Segments, found: Any, function: Callable[..., Any]) -> Segments:
    if len(found) != len(target):
        raise UsageError(f"{named(function)} answers {len(found)} masks of {len(target)}", needed="all, in order")
    if not len(target):
        return target
    dense = np.stack([np.asarray(mask) for mask in found])
    return target.moved(Masks.encode(np.ascontiguousarray(dense == 1)))


@contextmanager
def _seeded(function: Callable[..., Any], seed: int, *, own: bool) -> Iterator[None]:
    """In this block the function draws what follows from the seed."""
    if own:
        yield
        return
    setter = getattr(function, "set_random_seed", None)
    if callable(setter):
        setter(seed)
        yield
        return
    before = random.getstate(), np.random.get_state()  # noqa: NPY002 - where such functions draw from
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
