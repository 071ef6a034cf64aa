"""The first layer of a network that was taught with other channels: its weights for those that there are."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

COLOURS = ("red", "green", "blue")


def fits(given: Sequence[int], wanted: Sequence[int], channels: int) -> bool:
    """Are these the shapes of one convolution, for other channels and for so many?"""
    return (
        len(given) == len(wanted) == 4
        and wanted[1] == channels != given[1]
        and (given[0], *given[2:]) == (wanted[0], *wanted[2:])
    )


def fitted(weights: "Tensor", channels: Sequence[str]) -> tuple["Tensor", str]:
    """(O, M, h, w) -> (O, len(channels), h, w), and how in words.

    weights: of three channels where M is 3: red, green and blue.  channels: names.  Red, green and blue keep their own
    weights, and other channels get the mean of all; without any of these, weights are repeated in order, and one
    channel gets their sum.  All are scaled by M over the number of channels, so that the answer to normalised images
    stays as large as it was (as timm does).
    """
    before, number = weights.shape[1], len(channels)
    known = before == len(COLOURS) and any(name in COLOURS for name in channels)
    if known:
        mean = weights.mean(1)
        parts = [weights[:, COLOURS.index(name)] if name in COLOURS else mean for name in channels]
        how = "keeps its weights of " + ", ".join(name for name in channels if name in COLOURS)
        rest = [name for name in channels if name not in COLOURS]
        how += f", and gives their mean to {', '.join(rest)}" if rest else ""
    elif number == 1:
        parts = [weights.mean(1)]
        how = f"gives {channels[0]} the sum of its weights of {before} channels"
    else:
        parts = [weights[:, place % before] for place in range(number)]
        how = f"repeats its weights of {before} channels in order for {number}"
    import torch

    scaled = "" if number == 1 and not known else f", all times {before}/{number}"
    return torch.stack(parts, 1) * (before / number), how + scaled
