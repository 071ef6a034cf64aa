"""Curves of runs: what was logged, over the steps of a training."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from maskwright.figures import drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Beyond this many points no dots are drawn on a line.
_FEW = 40


def curves(
    lines: Mapping[str, Sequence[tuple[int, float]]], *, title: str = "", width: float = 4.6, height: float = 2.6
) -> "Figure":
    """One line for each name over the step, with a legend where there are several.

    lines: (step, value) in order by name, such as a run's.  Values that are not finite are gaps; without any other the
    figure says so.  title: above all.  width, height: in inches.  Raises MissingExtraError without Matplotlib.
    """
    with drawing.styled():
        figure = drawing.sheet(width, height)
        axes = figure.subplots()
        axes.set_title(title)
        drawn = {name: points for name, points in lines.items() if any(math.isfinite(value) for _, value in points)}
        if not drawn:
            drawing.emptied(axes, "nothing was logged")
            return figure
        for place, (name, points) in enumerate(lines.items()):
            if name in drawn:
                steps, values = zip(*points, strict=True)
                axes.plot(
                    steps, [value if math.isfinite(value) else math.nan for value in values], label=_plain(name),
                    color=drawing.SERIES[place % len(drawing.SERIES)],
                    marker="o" if len(points) <= _FEW else "", markersize=3,
                )  # fmt: skip
        axes.grid(axis="y")
        axes.set_xlabel("step")
        axes.margins(x=0.02)
        if len(drawn) > 1:
            axes.legend(loc="best", fontsize=8)
    return figure


def _plain(name: str) -> str:
    """A name as it is: dollar signs are not mathematics, and one that begins with _ has a place in the legend too."""
    escaped = name.replace("$", r"\$")
    return f" {escaped}" if escaped.startswith("_") else escaped
