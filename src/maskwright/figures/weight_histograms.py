"""Histograms of weights and biases, a row for each layer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from maskwright.core.arrays import F64, I64
from maskwright.errors import UsageError
from maskwright.figures import drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BINS = 50


@dataclass(frozen=True, eq=False)
class Histogram:
    """How often values occur. name: whose.  counts: (B,) and edges: (B + 1,), as `numpy.histogram` has them.

    mean, deviation: of the finite values; NaN without any.  shape: of the array.  not_finite: values that are not,
    which no bar counts.
    """

    name: str
    counts: I64
    edges: F64
    mean: float
    deviation: float
    shape: tuple[int, ...]
    not_finite: int = 0


def counted(name: str, values: object, bins: int = BINS) -> Histogram:
    """The values' histogram, with bars of one width between the least and the greatest finite value.

    values: an array of numbers.  bins: how many bars, 1 to 10,000; else UsageError.
    """
    if not 1 <= bins <= 10_000:
        raise UsageError(f"a histogram of {bins} bars was asked for", needed="1 to 10,000")
    array = np.asarray(values, np.float64)
    finite = array[np.isfinite(array)]
    counts, edges = (
        np.histogram(finite, bins) if finite.size else (np.zeros(bins, np.int64), np.linspace(0, 1, bins + 1))
    )
    mean, deviation = (float(finite.mean()), float(finite.std())) if finite.size else (np.nan, np.nan)
    return Histogram(name, counts, edges, mean, deviation, array.shape, int(array.size - finite.size))


def weight_histograms(layers: Mapping[str, Sequence[Histogram]], *, title: str = "") -> "Figure":
    """A row for each layer and a panel for each of its arrays, with mean and standard deviation in words.

    layers: by name, such as weight and bias of each.  title: above all.  Without any the figure says so.  Raises
    MissingExtraError without Matplotlib.
    """
    with drawing.styled():
        columns = max((len(row) for row in layers.values()), default=1)
        figure = drawing.sheet(max(4.5, 4.0 * columns), 0.5 + 1.55 * max(1, len(layers)))
        grid = figure.subplots(max(1, len(layers)), max(1, columns), squeeze=False)
        if title:
            figure.suptitle(title.replace("$", r"\$"), x=0.01, ha="left", fontsize=11, fontweight="bold")
        if not layers:
            drawing.emptied(grid[0, 0], "there are no layers")
        for line, row in enumerate(layers.values()):
            for place in range(columns):
                axes = grid[line, place]
                if place >= len(row):
                    axes.set_axis_off()
                    continue
                found = row[place]
                axes.stairs(
                    found.counts, found.edges, fill=True, color=drawing.SERIES[place % len(drawing.SERIES)], alpha=0.75
                )
                shape = " × ".join(map(str, found.shape)) or "1"
                axes.set_title(f"{found.name}   {shape}".replace("$", r"\$"), fontsize=8)
                words = f"mean {found.mean:.3g}\ndeviation {found.deviation:.3g}"
                words += f"\n{found.not_finite} not finite" if found.not_finite else ""
                axes.text(
                    0.985, 0.95, words, transform=axes.transAxes, ha="right", va="top", fontsize=7, color=drawing.QUIET
                )
                axes.set_ylim(bottom=0)
                axes.tick_params(labelsize=7)
                axes.locator_params(axis="y", nbins=3)
                axes.locator_params(axis="x", nbins=6)
    return figure
