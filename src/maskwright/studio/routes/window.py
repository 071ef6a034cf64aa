"""The window: how images are displayed, for everybody or in one view, and what helps to choose it."""

import math
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from maskwright import media
from maskwright.errors import UsageError
from maskwright.media import Image, value_counts, windows
from maskwright.media.windows import Window
from maskwright.store import display
from maskwright.studio.messages import fingerprint
from maskwright.studio.state import Studio, number_or_none


class WindowInfo(BaseModel):
    """A window, as `media.Window`."""

    low: list[float] = Field(min_length=1, max_length=3)
    high: list[float] = Field(min_length=1, max_length=3)
    channels: list[int] = Field(default_factory=list, max_length=3)
    origin: str = Field(default="", max_length=200)
    eight_bits: bool = True

    @classmethod
    def of(cls, window: Window) -> "WindowInfo":
        return cls(**window.to_json())

    def window(self) -> Window:
        """Raises UsageError for what is not a window."""
        return Window.from_json(self.model_dump())


class WindowWish(BaseModel):
    """The window that is wanted for everybody. None: measured on all images."""

    window: WindowInfo | None


class DatasetWindow(BaseModel):
    """How the dataset's images are displayed. window: None where that is as they are.

    token: another one for each window.  deep: whether there are images of more than eight bits.
    """

    window: WindowInfo | None
    token: str
    deep: bool


class PresetInfo(BaseModel):
    """A window by name, in the image's numbers."""

    name: str
    low: float
    high: float


class ImageDescription(BaseModel):
    """What an image is, as `media.Description`. notes: what reading converts, in words."""

    channels: list[str]
    dtype: str
    notes: list[str]


class ImageNumbers(BaseModel):
    """What numbers an image holds. shown: indices of the channels that are displayed.

    low, high: the least and the greatest finite number of those.  least, greatest: of the type.  counts: how often
    values occur in them, a list a channel, in bins of one width from first to last.
    """

    shown: list[int]
    low: float
    high: float
    least: float
    greatest: float
    first: float
    last: float
    counts: list[list[int]]
    presets: list[PresetInfo]


class PixelValues(BaseModel):
    """The numbers of one pixel, a channel each, as the file has them; null where one is not finite."""

    channels: list[str]
    values: list[float | None]


Numbers = Annotated[str | None, Query(max_length=200, description="One number, or three with commas.")]


def router(studio: Studio) -> APIRouter:
    """Under /api/window, and /api/images/{number}: description, numbers and values."""
    routes = APIRouter()
    dataset = studio.dataset

    def found() -> DatasetWindow:
        window = dataset.window
        info = None if window is None else WindowInfo.of(window)
        return DatasetWindow(window=info, token=token(window), deep=display.has_deep(dataset))

    @routes.get("/api/window")
    def window() -> DatasetWindow:
        """How images are displayed for everybody."""
        return found()

    @routes.put("/api/window")
    def set_window(given: WindowWish) -> DatasetWindow:
        """Display images like this for everybody, on all pages; labels are not touched."""
        if given.window is None:
            dataset.set_window(None)
            dataset.keep_window()
        else:
            dataset.set_window(given.window.window())
        return found()

    @routes.get("/api/window/measured")
    def measured(low: float = 0.5, high: float = 99.5, channels: Numbers = None) -> WindowInfo:
        """A window by percentiles of many images together."""
        picked = tuple(_whole(number) for number in _numbers(channels or ""))
        return WindowInfo.of(display.over(dataset, (low, high), picked))

    @routes.get("/api/images/{number}/description")
    def description(number: int) -> ImageDescription:
        """What an image is, from its header."""
        described = media.describe(studio.sample(number).image)
        return ImageDescription(channels=list(described.channels), dtype=described.dtype, notes=list(described.notes))

    @routes.get("/api/images/{number}/numbers")
    def numbers(number: int, channels: Numbers = None) -> ImageNumbers:
        """What numbers an image holds, and windows that suit them."""
        image = studio.pyramids.image(studio.sample(number))
        picked = tuple(_whole(number) for number in _numbers(channels or "")) or windows.displayed(image.channels)
        if not all(0 <= index < len(image.channels) for index in picked):
            raise UsageError(f"the image has {len(image.channels)} channels", needed="numbers of channels, from 0")
        return _told(image, picked)

    @routes.get("/api/images/{number}/values")
    def values(number: int, x: int, y: int) -> PixelValues:
        """The numbers of one pixel; x from the left, y from the top, from 0."""
        image = studio.pyramids.image(studio.sample(number))
        height, width = image.size
        if not (0 <= x < width and 0 <= y < height):
            raise UsageError(f"there is no pixel ({x}, {y})", needed=f"x below {width}, y below {height}, from 0")
        read = [number_or_none(float(value)) for value in image.pixels[y, x]]
        finite = [value if value is not None and math.isfinite(value) else None for value in read]
        return PixelValues(channels=list(image.channels), values=finite)

    return routes


def token(window: Window | None) -> str:
    """A word that is another one for each window; empty where there is none."""
    return "" if window is None else fingerprint(window.to_json())


def asked(
    studio: Studio, low: str | None, high: str | None, channels: str | None, *, eight_bits: bool
) -> Window | None:
    """The window of one view, by the parts of its address; the dataset's where there are none of them.

    Raises UsageError for what is not a window.
    """
    if low is None and high is None and channels is None:
        return studio.dataset.window
    if low is None or high is None:
        raise UsageError("a view's window lacks a number", needed="low and high, with channels or without")
    picked = tuple(_whole(number) for number in _numbers(channels or ""))
    return Window(_numbers(low), _numbers(high), picked, eight_bits=eight_bits)


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise UsageError(f"{text!r} cannot be read", needed="numbers with commas between them") from None


def _whole(number: float) -> int:
    if not float(number).is_integer():
        raise UsageError(f"there is no channel {number}", needed="whole numbers from 0")
    return int(number)


def _told(image: Image, picked: tuple[int, ...]) -> ImageNumbers:
    found = value_counts.of(image, picked)
    dtype = image.pixels.dtype
    presets = [PresetInfo(name="this image", low=found.low, high=found.high)] if found.high > found.low else []
    least, greatest = windows.full_range(dtype)
    presets.append(PresetInfo(name=f"all of {dtype.name}", low=least, high=greatest))
    if len(picked) == 1 and windows.is_hounsfield(dtype, found.low, found.high):
        for name in windows.PRESETS:
            preset = Window.preset(name)
            presets.append(PresetInfo(name=name, low=preset.low[0], high=preset.high[0]))
    return ImageNumbers(
        shown=list(picked), low=found.low, high=found.high, least=least, greatest=greatest, first=found.first,
        last=found.last, counts=found.counts, presets=presets,
    )  # fmt: skip
