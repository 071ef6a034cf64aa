"""Augmentations of image and label together, one module each.

    apply(image, target, rng, **settings) -> image, target

image: (H, W, 3) uint8 RGB; of images of more bits or other channels (H, W, C) float32, about 0 to 1.
target: (H, W) uint8 class indices, or Segments, which move as run lengths.  rng: numpy Generator; the same state gives
the same result.  Labels are only ever moved, never blended.

One that mixes windows has a parameter `others`, a function that draws another one: (image, target), of the same size.
"""

import inspect
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

from maskwright import registry
from maskwright.core import typed
from maskwright.errors import MaskwrightError, UsageError

__all__ = ["adapted", "mixes", "names", "parse"]


def __getattr__(name: str) -> ModuleType:
    return registry.attribute("transforms", name)


def __dir__() -> list[str]:
    return [*__all__, *registry.attributes("transforms")]


def adapted(function: Callable[..., Any]) -> Callable[..., tuple[Any, Any]]:
    """A function of (image, target, rng) from one with albumentations' signature.

    function: called as function(image=…, mask=…) or function(image=…, masks=[…]); answers a dictionary with the same
    names.  What it draws follows from rng.  Raises UsageError for one that takes no mask.
    """
    from maskwright.transforms import _adapted

    return _adapted.adapted(function)


def mixes(apply: Callable[..., Any]) -> bool:
    """Whether a transform takes further windows, as `others`. apply: a member's, or what `parse` gave."""
    return "others" in inspect.signature(apply).parameters


def names() -> list[str]:
    """The names of all transforms, ours and other packages', sorted, such as "flip"; none is imported."""
    return registry.names("transforms")


def parse(spec: str) -> Callable[..., tuple[Any, Any]]:
    """A function of (image, target, rng) from a text such as "colour" or "flip(horizontal=0.2)".

    spec: a transform, with options in brackets.
    Raises UsageError for a text that cannot be read, an unknown transform, and an option that it does not have or with
    which it fails.
    """
    call = typed.call(spec)
    if call is None:
        raise UsageError(
            f"the transform {spec!r} cannot be read", needed='a name, or a name with options: "flip(horizontal=0.2)"'
        )
    name, given = call
    apply = registry.load("transforms", name).apply
    options = typed.options(given, apply, f"the transform {name!r}", skip=("others",), after=3)
    if options:
        _try(name, apply, options)
    return partial(apply, **options)


#: Options that are chances.
_CHANCES = ("chance", "horizontal", "vertical")


def _try(name: str, apply: Callable[..., Any], options: dict[str, Any]) -> None:
    """Raises UsageError where a transform fails with these options on an image without anything."""
    import numpy as np

    for option in _CHANCES:
        if not 0 <= options.get(option, 0) <= 1:
            raise UsageError(
                f"the transform {name!r}: {option} is {options[option]:g}", needed="a chance is from 0 to 1"
            )
    always = {"chance": 1.0} if "chance" in inspect.signature(apply).parameters else {}
    image, target = np.zeros((24, 32, 3), np.uint8), np.zeros((24, 32), np.uint8)
    try:
        apply(image, target, np.random.default_rng(0), **options | always)
    except MaskwrightError:
        raise
    except Exception as error:  # noqa: BLE001 - OpenCV and NumPy have many
        said = (
            f"the transform {name!r} cannot work with {', '.join(f'{key}={value}' for key, value in options.items())}"
        )
        raise UsageError(said, needed=f"it {registry.ended(error)}") from None
