"""The confusion matrix with class names: what was taken for what."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from maskwright.core.arrays import F64, I64
from maskwright.errors import UsageError
from maskwright.figures import drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Classes that have a row and a column of their own.
MOST = 24
OTHERS, NONE = "others", "nothing"
#: How opaque a cell of 100 % is: words over it stay readable on white and on black.
_FULL = 0.6


def shares(counts: I64, names: Sequence[str], most: int = MOST) -> tuple[list[str], list[str], F64]:
    """Names of rows (R,) and columns (C,), and (R, C) the share of a row's truth that was predicted as the column.

    A class that the truth does not show has NaN all along.  counts, names, most: as `confusion_matrix` takes them.
    """
    counts = np.asarray(counts, np.int64)
    kinds = len(names)
    if counts.shape not in ((kinds, kinds), (kinds, kinds + 1)):
        raise UsageError(
            f"the counts are {counts.shape} for {kinds} names", needed="(K, K) or (K, K + 1) for K names"
        )  # fmt: skip
    rows, columns = list(names), list(names)
    table = counts[:, :kinds]
    if kinds > most:
        # Those that truth and prediction show most, in the order of classes; the rest together.
        weight = table.sum(axis=0) + counts.sum(axis=1)
        kept = np.sort(np.argsort(-weight, kind="stable")[: most - 1])
        left = np.setdiff1d(np.arange(kinds), kept)
        groups = [*([place] for place in kept.tolist()), left.tolist()]
        table = np.array([[table[np.ix_(row, column)].sum() for column in groups] for row in groups])
        outside = np.array([counts[row, kinds:].sum() for row in groups])
        rows = columns = [*(names[place] for place in kept.tolist()), f"{len(left)} {OTHERS}"]
    else:
        outside = counts[:, kinds:].sum(axis=1)
    if outside.any():
        table, columns = np.concatenate([table, outside[:, None]], axis=1), [*columns, NONE]
    total = table.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        found: F64 = np.where(total > 0, table / np.where(total > 0, total, 1), np.nan)
    return rows, columns, found


def confusion_matrix(counts: I64, names: Sequence[str], *, title: str = "", most: int = MOST) -> "Figure":
    """A row for each class of the truth, a column for each class predicted; a cell is the share of the row in per cent.

    counts: (K, K) or (K, K + 1) as `metrics.confusion.update` has them, the last column for pixels without a
    prediction.  names: of the K classes.  title: above all.  most: rows; of more classes the largest have
    their own, the rest share the last.  A class that the truth does not show has an empty row.  Raises UsageError for
    counts of another shape, and MissingExtraError without Matplotlib.
    """
    rows, columns, table = shares(counts, names, most)
    with drawing.styled():
        from matplotlib.patches import Rectangle

        side = 0.42 if len(rows) <= 12 else 0.34
        longest = min(24, max((len(name) for name in rows), default=0))
        figure = drawing.sheet(1.0 + 0.085 * longest + side * len(columns), 1.0 + 0.06 * longest + side * len(rows))
        axes = figure.subplots()
        axes.set_title(title)
        if not rows:
            drawing.emptied(axes, "there are no classes")
            return figure
        for row, column in np.ndindex(table.shape):
            value = table[row, column]
            if not np.isfinite(value):
                continue
            right = rows[row] == columns[column]
            axes.add_patch(Rectangle(
                (column, row), 1, 1, facecolor=drawing.SERIES[0 if right else 1], alpha=_FULL * value, linewidth=0,
            ))  # fmt: skip
            if value >= 0.0005:
                text = "100" if value > 0.9995 else f"{100 * value:.0f}" if value >= 0.095 else f"{100 * value:.1f}"
                axes.text(
                    column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=7.5,
                    color=drawing.INK if value >= 0.01 else drawing.QUIET,
                )  # fmt: skip
        for line in range(len(rows) + 1):
            axes.axhline(line, color=drawing.RULE, linewidth=0.6)
        for line in range(len(columns) + 1):
            axes.axvline(line, color=drawing.RULE, linewidth=0.6)
        axes.set_xlim(0, len(columns))
        axes.set_ylim(len(rows), 0)
        axes.set_xticks(np.arange(len(columns)) + 0.5, [_short(name) for name in columns], rotation=45, ha="right")
        axes.set_yticks(np.arange(len(rows)) + 0.5, [_short(name) for name in rows])
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.set_xlabel("predicted, % of the truth's pixels")
        axes.set_ylabel("truth")
    return figure


def _short(name: str) -> str:
    short = name if len(name) <= 24 else f"{name[:23]}…"
    return short.replace("$", r"\$")
