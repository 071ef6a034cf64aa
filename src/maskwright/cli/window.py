"""maskwright window"""

from typing import TYPE_CHECKING, Annotated

import typer

from maskwright.cli.calling import MINUS
from maskwright.cli.output import DatasetPlace, Json, emit
from maskwright.errors import UsageError

if TYPE_CHECKING:
    from maskwright.media import Window


def command(
    dataset: DatasetPlace,
    low: Annotated[str | None, typer.Argument(metavar="[LOW]", help="The value that is seen as black.")] = None,
    high: Annotated[str | None, typer.Argument(metavar="[HIGH]", help="The value that is seen as white.")] = None,
    percentiles: Annotated[
        str | None, typer.Option(metavar="LOW,HIGH", help="Of the values of many images together, such as 0.5 99.5.")
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help='For computed tomography: "soft tissue", lung, bone, brain or liver.')
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="The whole range of the images' type.")] = False,
    channels: Annotated[
        str | None,
        typer.Option(metavar="A,B,C", help="Seen as red, green and blue, or a single one: names, or numbers from 0."),
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Forget what was set, and measure again.")] = False,
    json: Json = False,
) -> None:
    """How images are displayed, for everybody: shows it, or sets it. Labels and learning are not touched."""
    from maskwright.cli.opening import open_dataset
    from maskwright.store import display

    ways = [low is not None, percentiles is not None, preset is not None, full, reset]
    if (low is None) != (high is None):
        raise UsageError("one number is given", needed="two, what is seen as black and what is seen as white")
    if sum(ways) > 1:
        raise UsageError(
            "the window is said in several ways", needed="one of LOW HIGH, --percentiles, --preset, --full, --reset"
        )
    if reset and channels is not None:
        raise UsageError("--reset forgets the channels as well", todo="Leave out --channels.")
    numbers = None if low is None or high is None else (_number(low), _number(high))
    shares = None if percentiles is None else _pair(percentiles)
    read_only = not any((*ways, channels is not None))
    with open_dataset(dataset, quiet=json, read_only=read_only) as opened:
        if reset:
            opened.set_window(None)
            opened.keep_window()
        elif any((*ways, channels is not None)):
            picked = () if channels is None else display.read_channels(opened, channels)
            opened.set_window(display.wished(opened, numbers, shares, preset, full=full, channels=picked))
        window, names = opened.window, display.channels_of(opened)
    result = {"window": None if window is None else window.to_json(), "channels": list(names)}
    emit(result, _lines(window, names), json)


def _number(text: str) -> float:
    try:
        return float(text.replace(MINUS, "-"))
    except ValueError:
        raise UsageError(
            f"{text!r} is not a number", needed="what is seen as black and what is seen as white"
        ) from None


def _pair(text: str) -> tuple[float, float]:
    parts = text.split(",")
    if len(parts) != 2:
        raise UsageError(f"--percentiles is {text!r}", needed="two numbers, such as 0.5 99.5")
    return _number(parts[0]), _number(parts[1])


def _lines(window: "Window | None", names: tuple[str, ...]) -> list[str]:
    if window is None:
        return ["images are displayed as they are: they have eight bits, and no window is set"]
    picked = [
        f"{index} ({names[index]})" if index < len(names) and names[index] != str(index) else f"{index}"
        for index in window.channels
    ]
    pairs = list(zip(window.low, window.high, strict=True))
    colours = ("red", "green", "blue") if len(window.channels) == 3 or len(pairs) == 3 else ("gray",)
    lines = []
    for place, colour in enumerate(colours):
        low, high = pairs[place % len(pairs)]
        seen = f"{colour}: channel {picked[place]}, " if picked else f"{colour}: " if len(colours) == 3 else ""
        lines.append(f"{seen}{low:g} is seen as black, {high:g} as white")
    if window.origin:
        lines.append(f"from {window.origin}" if window.origin.startswith("percentiles") else window.origin)
    if not window.eight_bits:
        lines.append("images of eight bits are displayed as they are")
    return lines
