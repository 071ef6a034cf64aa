"""Bars: scores by name with their intervals, and how often values occur."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeGuard

import numpy as np

from maskwright.core.arrays import F64, I64
from maskwright.errors import UsageError
from maskwright.figures import drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Interval = tuple[float, float]


def bars(
    series: Mapping[str, Mapping[str, float | None]],
    *,
    intervals: Mapping[str, Mapping[str, Interval]] | None = None,
    title: str = "",
    limits: tuple[float, float] | None = None,
    width: float = 6.0,
) -> "Figure":
    """A group of lying bars for each name, one bar for each series, its value written at the end.

    series: values by name, by the series' own name: {"run a": {"car": 0.8}}.  None and NaN have no bar, and "-" in its
    place.  intervals: (low, high) by series and name, drawn as a line over the bar.  limits: of the axis; from 0 to the
    largest when None.  title: above all.  width: in inches.  Without a name the figure says so.  Raises
    MissingExtraError without Matplotlib.
    """
    names = list(dict.fromkeys(name for values in series.values() for name in values))
    with drawing.styled():
        thick = 0.8 / max(1, len(series))
        high = 0.7 + len(names) * max(0.24, 0.17 * len(series)) + 0.22 * (len(series) > 1)
        figure = drawing.sheet(width, max(1.2, high))
        axes = figure.subplots()
        axes.set_title(title)
        if not names:
            drawing.emptied(axes, "there is nothing to show")
            return figure
        given = intervals or {}
        told = [value for values in series.values() for value in values.values() if _known(value)]
        ends = [edge for pairs in given.values() for pair in pairs.values() for edge in pair if _known(edge)]
        low, top = limits or (min(0.0, *told, *ends, 0.0), max(*told, *ends, 0.0, 0.0) or 1.0)
        for place, (own, values) in enumerate(series.items()):
            at = np.arange(len(names)) + (place - (len(series) - 1) / 2) * thick
            known = [values.get(name) for name in names]
            axes.barh(
                at, [value if _known(value) else 0.0 for value in known], height=thick * 0.86,
                color=drawing.SERIES[place % len(drawing.SERIES)], alpha=0.8, label=f" {own}".replace("$", r"\$"),
            )  # fmt: skip
            for line, name, value in zip(at, names, known, strict=True):
                pair = given.get(own, {}).get(name)
                end = value if _known(value) else 0.0
                if pair is not None and all(map(_known, pair)):
                    axes.plot(pair, [line, line], color=drawing.INK, linewidth=1.1, solid_capstyle="butt")
                    end = max(end, pair[1])
                axes.annotate(
                    _text(value), (max(end, 0.0), line), xytext=(4, 0), textcoords="offset points", va="center",
                    fontsize=7.5, color=drawing.QUIET,
                )  # fmt: skip
        axes.set_yticks(np.arange(len(names)), [_short(name) for name in names])
        axes.tick_params(axis="y", length=0, labelcolor=drawing.INK)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlim(low, top + 0.09 * (top - low))
        axes.grid(axis="x")
        axes.spines["left"].set_visible(low < 0)
        if len(series) > 1:
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=len(series), fontsize=8, borderaxespad=0.2)
            if title:
                axes.set_title(title, pad=20)
    return figure


def occurrences(
    edges: F64, counts: I64, *, title: str = "", label: str = "", logarithmic: bool = False, width: float = 4.6,
    height: float = 2.2,
) -> "Figure":  # fmt: skip
    """Standing bars of how often values occur.

    edges: (B + 1,) ascending, counts: (B,), as `numpy.histogram` has them; else UsageError.  label: of the axis.
    title: above all.  logarithmic: the axis of the values; edges are then above 0.  width, height: in inches.  Without
    a count the figure says so.  Raises MissingExtraError without Matplotlib.
    """
    edges, counts = np.asarray(edges, np.float64), np.asarray(counts)
    if counts.size and edges.size != counts.size + 1:
        raise UsageError(f"{counts.size} counts have {edges.size} edges", needed="an edge more than counts")
    with drawing.styled():
        figure = drawing.sheet(width, height)
        axes = figure.subplots()
        axes.set_title(title)
        if not counts.sum():
            drawing.emptied(axes, "there is nothing to count")
            return figure
        axes.stairs(counts, edges, fill=True, color=drawing.SERIES[0], alpha=0.75)
        axes.set_xscale("log" if logarithmic else "linear")
        axes.set_xlabel(label)
        axes.set_ylim(bottom=0)
        axes.locator_params(axis="y", nbins=4, integer=True)
        axes.grid(axis="y")
    return figure


def _known(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _text(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return "-"
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) > 1 else f"{value:.3f}"


def _short(name: str, most: int = 28) -> str:
    short = name if len(name) <= most else f"{name[: most - 1]}…"
    return short.replace("$", r"\$")
