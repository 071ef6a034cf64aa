"""What drawn figures share: their colours, a sheet to draw on, and SVG or PNG that are the same for the same figure."""

import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright.errors import UsageError
from maskwright.registry import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Of words and lines, of what stands back, of rules, and of what lies below all.  Each stands for a meaning: who shows
#: an SVG in another light exchanges them.
INK, QUIET, RULE, PAPER = "#1b2430", "#66707d", "#dfe3e8", "#ffffff"
#: Of what is drawn first, second, …
SERIES = ("#2563c9", "#d2691e", "#1f8a5b", "#a33fb5", "#c43c4b", "#0f8ca3", "#8a6d1d", "#5b6ee1")
SUFFIXES = (".svg", ".png")

_STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans", "font.size": 9, "axes.titlesize": 10, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "axes.edgecolor": RULE, "axes.labelcolor": QUIET, "axes.titlecolor": INK,
    "text.color": INK, "xtick.color": RULE, "ytick.color": RULE, "xtick.labelcolor": QUIET, "ytick.labelcolor": QUIET,
    "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True, "axes.facecolor": "none",
    "grid.color": RULE, "grid.linewidth": 0.7, "figure.facecolor": PAPER, "legend.frameon": False,
    "figure.constrained_layout.w_pad": 0.08, "figure.constrained_layout.h_pad": 0.08, "lines.linewidth": 1.6,
    "svg.hashsalt": "maskwright",
}  # fmt: skip
#: Matplotlib's settings are those of the whole process.
_ALONE = threading.RLock()


@contextmanager
def styled(**settings: Any) -> Iterator[None]:
    """A block in which Matplotlib draws as this house does, whatever its own settings are; one thread at a time.

    settings: of Matplotlib, with _ for a dot, over those of the house.  Raises MissingExtraError without Matplotlib.
    """
    matplotlib = require("matplotlib", "drawing a figure")
    with _ALONE, matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE | {name.replace("_", "."): value for name, value in settings.items()})
        yield


def sheet(width: float, height: float) -> "Figure":
    """An empty figure of its own, which pyplot does not know. width, height: in inches of 72 points."""
    require("matplotlib", "drawing a figure")
    from matplotlib.figure import Figure

    return Figure((width, height), layout="constrained")


def emptied(axes: "Axes", words: str) -> None:
    """Only a sentence, where there is nothing to draw.

    axes: of a figure, which lose their lines.  words: the sentence.
    """
    axes.set_axis_off()
    axes.text(0.5, 0.5, words, ha="center", va="center", color=QUIET, transform=axes.transAxes)


def svg(figure: "Figure", *, letters: bool = False) -> str:
    """The figure as SVG, without a date: the same figure gives the same text.

    letters: words stay words, in the reader's own typeface; else they are drawn, and look the same everywhere.
    """
    out = io.StringIO()
    with styled(svg_fonttype="none" if letters else "path"):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": "Maskwright"})
    return re.sub(r"[ \t]+$", "", out.getvalue(), flags=re.MULTILINE)


def png(figure: "Figure", *, dots: int = 144) -> bytes:
    """The figure as PNG, without a date or a program's version. dots: in an inch."""
    out = io.BytesIO()
    with styled():
        figure.savefig(out, format="png", dpi=dots, metadata={"Software": "Maskwright"})
    return out.getvalue()


def encoded(figure: "Figure", file: str | Path) -> bytes:
    """What a file of this name holds of the figure. file: ends with .svg or .png; else UsageError."""
    check_suffix(file)
    return svg(figure).encode() if Path(file).suffix.lower() == ".svg" else png(figure)


def check_suffix(file: str | Path) -> None:
    """Raises UsageError for a name that ends otherwise than a figure's does. file: the name."""
    if Path(file).suffix.lower() not in SUFFIXES:
        raise UsageError("is not a name of a figure", file=file, needed=f"one that ends with {' or '.join(SUFFIXES)}")
