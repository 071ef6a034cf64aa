"""Weights that a training begins with, and what they ask of its images."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from maskwright.predict.layout import Layout
from maskwright.weights import fill

if TYPE_CHECKING:
    from torch import nn


def begin_from(model: "nn.Module", source: str | Path, layout: Layout) -> tuple[Layout, tuple[str, ...]]:
    """Fill the network -> the layout that its images need then, and notes for a person.

    source: as `weights.fill` takes it, which says what it raises.  layout: of the images that there are.  Colours of
    eight bits are normalised as the weights were taught with them; other images keep what was measured.
    """
    filled = fill(model, source, layout.channels)
    mean, std = filled.mean, filled.std
    if not layout.eight_bit_colours or mean is None or std is None or (mean, std) == (layout.mean, layout.std):
        return layout, (filled.said,)
    numbers = [" ".join(f"{value:g}" for value in dict.fromkeys(values)) for values in (mean, std)]
    note = f"images are normalised as these weights were taught with: mean {numbers[0]}, deviation {numbers[1]}"
    return replace(layout, mean=mean, std=std), (filled.said, note)
