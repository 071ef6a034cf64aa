"""Strengths of augmentation by name: which transforms a window goes through beside window, mirroring and colours.

Mixing comes first and takes windows as they are cut; then what moves pixels, the random colours, what a camera and a
file do to pixels, and what is hidden.  Of images that are normalised by the training set, whose numbers mean something,
no curve is bent and noise is small.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from maskwright import transforms
from maskwright.train.settings import Settings


@dataclass(frozen=True)
class Strength:
    """Transforms as text, in order.  measured: in place of pixels where numbers are not eight bits of colour."""

    mixing: tuple[str, ...] = ()
    moving: tuple[str, ...] = ()
    pixels: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()
    hiding: tuple[str, ...] = ()

    def before(self) -> tuple[str, ...]:
        return self.mixing + self.moving


STRENGTHS = {
    "light": Strength(),
    "usual": Strength(
        moving=("rotate(degrees=15, chance=0.3)",),
        pixels=(
            "gamma(most=1.3, chance=0.3)",
            "blur(sigma=(0.3, 1.2), chance=0.1)",
            "noise(sd=(0.005, 0.02), chance=0.15)",
            "jpeg(quality=(50, 95), chance=0.1)",
        ),
        measured=("blur(sigma=(0.3, 1.2), chance=0.1)", "noise(sd=(0.002, 0.01), chance=0.15)"),
        hiding=("cut-out(most=2, chance=0.15)",),
    ),
    "strong": Strength(
        mixing=("mosaic(chance=0.2)", "cut-mix(chance=0.15)", "copy-paste(chance=0.3)"),
        moving=("rotate(degrees=30, chance=0.5)", "perspective(shift=0.1, chance=0.25)", "elastic(chance=0.25)"),
        pixels=(
            "gamma(most=1.6, chance=0.5)",
            "blur(sigma=(0.3, 2.0), chance=0.25)",
            "noise(sd=(0.005, 0.04), chance=0.3)",
            "jpeg(quality=(30, 95), chance=0.2)",
            "channel-drop(chance=0.05)",
        ),
        measured=(
            "blur(sigma=(0.3, 1.5), chance=0.25)",
            "noise(sd=(0.002, 0.02), chance=0.3)",
            "channel-drop(chance=0.05)",
        ),
        hiding=("cut-out(most=4, chance=0.3)",),
    ),
}


def moving(settings: Settings) -> list[tuple[str, Callable[..., Any], bool]]:
    """What windows go through before their colours change: text, function, and whether it mixes windows."""
    specs = STRENGTHS[settings.augmentation].before()
    if settings.turn:  # where up means nothing, no angle is too large
        specs = tuple(spec.replace("degrees=15", "degrees=180").replace("degrees=30", "degrees=180") for spec in specs)
    return parsed(specs)


def pixels(settings: Settings, *, measured: bool) -> list[tuple[str, Callable[..., Any], bool]]:
    """What windows go through after it.

    measured: whether their numbers mean something.  Without random colours, curves and channels are left alone too.
    """
    strength = STRENGTHS[settings.augmentation]
    specs = strength.measured if measured else strength.pixels
    if not settings.colour:
        specs = tuple(spec for spec in specs if not spec.startswith(("gamma", "channel-drop")))
    return parsed(specs + strength.hiding)


@cache
def parsed(specs: tuple[str, ...]) -> list[tuple[str, Callable[..., Any], bool]]:
    """Transforms from text, and whether each of them mixes windows."""
    found = [(spec, transforms.parse(spec)) for spec in specs]
    return [(spec, apply, transforms.mixes(apply)) for spec, apply in found]
