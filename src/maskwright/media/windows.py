"""Windows: which values of an image people see as black and as white, and which channels as red, green and blue.

Display is not data: what is learned from and what is stored never passes through a window.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from maskwright.core.arrays import U8, Array
from maskwright.errors import UsageError

#: Windows of computed tomography by name: (level, width) in Hounsfield units, as radiologists set them.
PRESETS: Mapping[str, tuple[float, float]] = {
    "soft tissue": (50, 400), "lung": (-600, 1500), "bone": (400, 1800), "brain": (40, 80), "liver": (30, 150),
}  # fmt: skip

_COLOURS = ("red", "green", "blue")


@dataclass(frozen=True)
class Window:
    """Values that are displayed as black and as white, of a whole dataset.

    low, high: one pair, or one for each displayed channel, in the image's own numbers.
    channels: indices of the one or three channels that are displayed, the latter as red, green and blue; () leaves
    that to `displayed`.  origin: where it comes from, in words.  eight_bits: whether images of eight bits are displayed
    by it too; else these are as they are.
    Raises UsageError for numbers that are not finite, a low that is not below its high, and parts that do not fit.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    channels: tuple[int, ...] = ()
    origin: str = ""
    eight_bits: bool = True

    def __post_init__(self) -> None:
        for part in ("low", "high"):
            value = getattr(self, part)
            numbers = tuple(value) if isinstance(value, list | tuple) else (value,)
            if not all(isinstance(number, int | float) and math.isfinite(number) for number in numbers):
                raise UsageError(f"the window's {part} is {value!r}", needed="finite numbers")
            object.__setattr__(self, part, tuple(float(number) for number in numbers))
        object.__setattr__(self, "channels", tuple(self.channels))
        if not all(low < high for low, high in zip(self.low, self.high, strict=False)) or len(self.low) != len(
            self.high
        ):
            said = [", ".join(f"{number:g}" for number in side) for side in (self.low, self.high)]
            raise UsageError(f"the window goes from {said[0]} to {said[1]}", needed="each low below its high")
        if any(type(index) is not int or index < 0 for index in self.channels) or len(self.channels) not in (0, 1, 3):
            raise UsageError(f"the window shows channels {self.channels}", needed="one or three numbers from 0")
        if len(self.low) not in (1, len(self.channels) or 3):
            raise UsageError(f"the window has {len(self.low)} pairs", needed="one, or one for each displayed channel")

    @classmethod
    def preset(cls, name: str) -> Self:
        """One of `PRESETS`. Raises UsageError for another name."""
        if name not in PRESETS:
            raise UsageError(f"there is no window {name!r}", needed=f"one of {', '.join(PRESETS)}")
        level, width = PRESETS[name]
        return cls((level - width / 2,), (level + width / 2,), origin=name)

    def to_json(self) -> dict[str, Any]:
        """Its parts by name, JSON-safe."""
        return {
            "low": list(self.low), "high": list(self.high), "channels": list(self.channels), "origin": self.origin,
            "eight_bits": self.eight_bits,
        }  # fmt: skip

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> Self:
        """The window that `to_json` wrote. Raises UsageError for anything else.

        written: its parts by name.
        """
        try:
            values: dict[str, Any] = {
                part: tuple(value) if isinstance(value, list) else value for part, value in written.items()
            }
            return cls(**values)
        except TypeError:
            raise UsageError(
                f"{dict(written)!r} is not a window", needed="low, high, channels, origin, eight_bits"
            ) from None


def displayed(channels: tuple[str, ...]) -> tuple[int, ...]:
    """Which of these channels are shown where nobody chose: red, green and blue; else the first three; else the first.

    Alpha is not among them.
    """
    if set(_COLOURS) <= set(channels):
        return tuple(channels.index(name) for name in _COLOURS)
    plain = tuple(index for index, name in enumerate(channels) if name != "alpha")
    return plain[:3] if len(plain) >= 3 else plain[:1] or (0,)


def holding(dtype: np.dtype[Any], window: Window | None) -> Window | None:
    """The window, where images of this type are displayed by it."""
    return None if window is None or (dtype == np.uint8 and not window.eight_bits) else window


def picked(channels: tuple[str, ...], window: Window | None) -> tuple[int, ...]:
    """Indices of the channels of an image that a window shows; those of `displayed` where it does not say, or where the
    image lacks one of them.

    channels: the image's.
    """
    wanted = window.channels if window is not None else ()
    return wanted if wanted and max(wanted) < len(channels) else displayed(channels)


def full_range(dtype: np.dtype[Any]) -> tuple[float, float]:
    """The least and the greatest number of a type of whole numbers; 0 and 1 for the others."""
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return float(limits.min), float(limits.max)
    return 0.0, 1.0


def is_hounsfield(dtype: np.dtype[Any], low: float, high: float) -> bool:
    """Whether numbers from low to high may be Hounsfield units: signed, from about air, and not far beyond metal."""
    return dtype.kind in "if" and dtype.itemsize > 1 and -4096 <= low <= -200 and 0 < high <= 32767


def apply(pixels: Array, channels: tuple[str, ...], window: Window | None) -> U8:
    """(H, W, C) -> (H, W, 3) uint8 as people see it.

    Without a window eight bits are as they are, and other numbers are shown over the whole range of their type, which
    is the same for every image.  Numbers that are not numbers are black.  An image without the channels that the window
    shows is displayed as `displayed` has it.
    """
    window = holding(pixels.dtype, window)
    low, high = ((window.low, window.high)) if window is not None else ((0.0,), (255.0,))
    if window is None and pixels.dtype != np.uint8:
        low, high = ((limit,) for limit in full_range(pixels.dtype))
    planes = []
    for place, index in enumerate(picked(channels, window)):
        plane = pixels[..., index]
        if window is not None or plane.dtype != np.uint8:
            plane = _stretched(plane, low[place % len(low)], high[place % len(high)])
        planes.append(plane)
    return np.stack(planes * 3 if len(planes) == 1 else planes, axis=-1)


def _stretched(plane: Array, low: float, high: float) -> U8:
    if plane.dtype in (np.uint8, np.uint16):  # a table of all values is faster than arithmetic
        values = np.arange(np.iinfo(plane.dtype).max + 1, dtype=np.float64)
        table = ((values - low) / (high - low) * 255).clip(0, 255).round().astype(np.uint8)
        return table[plane]
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = np.nan_to_num((plane.astype(np.float64) - low) / (high - low) * 255, nan=0.0)
    return scaled.clip(0, 255).round().astype(np.uint8)


def over_white(colours: U8, alpha: Array) -> U8:
    """(H, W, 3) as it looks on a white page. alpha: (H, W) of any type, whose whole range is from clear to opaque."""
    low, high = full_range(alpha.dtype)
    share = ((alpha.astype(np.float32) - low) / (high - low)).clip(0, 1)[..., None]
    seen: U8 = (colours * share + 255 * (1 - share)).round().astype(np.uint8)
    return seen


def measured(
    arrays: Iterable[tuple[Array, tuple[str, ...]]],
    percentiles: tuple[float, float] = (0.5, 99.5),
    channels: tuple[int, ...] = (),
) -> Window:
    """A window over many images together: these percentiles of all their values, by displayed channel.

    Red, green and blue by name have one pair together, so that they keep their hue.

    arrays: (H, W, C) and the channels' names.  Values are thinned to 65,536 an image; what is not finite is left out.
    channels: indices of those that are displayed; () leaves that to `displayed`, as the window does.
    Raises UsageError where there is no finite value, and for percentiles that are not two rising numbers up to 100.
    """
    if not (len(percentiles) == 2 and 0 <= percentiles[0] < percentiles[1] <= 100):
        raise UsageError(f"the percentiles are {percentiles}", needed="two numbers from 0 to 100, the smaller first")
    held: dict[int, list[Array]] = {}
    picked = channels
    shown: tuple[str, ...] = ()
    number = 0
    for pixels, names in arrays:
        picked = picked or displayed(names)
        shown = shown or tuple(names[index] for index in picked if index < len(names))
        step = max(1, math.isqrt(pixels.shape[0] * pixels.shape[1] // 65_536))
        number += 1
        for index in picked:
            if index < pixels.shape[2]:
                values = pixels[::step, ::step, index].ravel()
                held.setdefault(index, []).append(values[np.isfinite(values)] if values.dtype.kind == "f" else values)
    if shown == _COLOURS:  # one pair for all of them: colours keep their hue
        held = {picked[0]: [values for index in picked for values in held.get(index, ())]}
        picked = picked[:1]
    limits = []
    for index in picked:
        values = np.concatenate(held.get(index) or [np.zeros(0)]).astype(np.float64)
        if not values.size:
            raise UsageError(f"no image has a finite value in channel {index}", needed="images to take a window from")
        low, high = (float(value) for value in np.percentile(values, percentiles))
        limits.append((low, high if high > low else low + 1))
    if not number or not limits:
        raise UsageError("there is no image", needed="images to take a window from")
    origin = f"percentiles {percentiles[0]:g} and {percentiles[1]:g} of {number} image{'s' * (number != 1)}"
    return Window(tuple(low for low, _ in limits), tuple(high for _, high in limits), channels, origin)
