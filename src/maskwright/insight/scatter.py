"""Two values of many samples or segments as points of a plane: which lie in a region, and those that a page draws."""

from dataclasses import dataclass

import numpy as np

from maskwright.core.arrays import F32, F64, I64, U8, Bool
from maskwright.core.columns import Owner
from maskwright.errors import UsageError
from maskwright.store.value_arrays import ValueArrays

#: Points of one plot.
MOST_POINTS = 50_000
#: Words that have colours of their own.
MOST_COLOURS = 6
#: Places in `Scatter.words` of those that are none of them, and of those without a value.
OTHERS, MISSING = 254, 255


@dataclass(frozen=True, eq=False)
class Region:
    """A part of the plane of two values.

    x, y: expressions.  owner: whose points, of samples or of segments.  polygon: (V, 2) its corners, x and y in the
    values' units; where it crosses itself, what is twice inside is outside.
    """

    x: str
    y: str
    owner: Owner
    polygon: F64


@dataclass(frozen=True, eq=False)
class Scatter:
    """x, y: (P,) the points, P at most 50,000.  chosen: (P,) which of them are.

    places: (P,) in words, OTHERS and MISSING beside; None without colours.  words: the most frequent first.
    all: how many points there are, drawn or not.  missing: how many have not both values.
    x_range, y_range: of all points; None where there are none.
    """

    x: F32
    y: F32
    chosen: Bool
    places: U8 | None
    words: tuple[str, ...]
    all: int
    missing: int
    x_range: tuple[float, float] | None
    y_range: tuple[float, float] | None


def inside(x: F64, y: F64, polygon: F64) -> Bool:
    """(N,) which of the points lie in a polygon; those without both values do not.

    x, y: (N,).  polygon: (V, 2) its corners, of which the last leads to the first.  A point on an edge may be inside
    or not.
    """
    out = np.zeros(x.size, bool)
    (left, low), (right, high) = polygon.min(0), polygon.max(0)
    near = np.flatnonzero((x >= left) & (x <= right) & (y >= low) & (y <= high))
    x, y = x[near], y[near]
    crossed = np.zeros(near.size, bool)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, 0), strict=True):
        if y0 != y1:
            crossed ^= ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * ((y - y0) / (y1 - y0)) + x0)
    out[near] = crossed
    return out


def numbers_of(values: ValueArrays, name: str) -> F64:
    """(N,) the values as numbers. Raises UsageError for words."""
    if values.numbers is None:
        raise UsageError(f"the values of {name!r} are words", needed="numbers, which a plot has places for")
    return values.numbers


def scatter(x: F64, y: F64, chosen: Bool, colours: ValueArrays | None = None, most: int = MOST_POINTS) -> Scatter:
    """Points as a page draws them: thinned evenly, in their order, where there are more than `most`.

    x, y: (N,) values of the same samples or segments, NaN where missing.  chosen: (N,).  colours: words of the same.
    Raises UsageError for colours by numbers.
    """
    there = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    drawn = there
    if there.size > most:
        drawn = there[np.arange(most, dtype=np.int64) * there.size // most]
    words: tuple[str, ...] = ()
    places: U8 | None = None
    if colours is not None:
        if colours.codes is None:
            raise UsageError("points are coloured by numbers", needed="a column of words")
        words, places = _coloured(colours.words, colours.codes, there, drawn)
    ranges = [(float(of[there].min()), float(of[there].max())) if there.size else None for of in (x, y)]
    return Scatter(
        x[drawn].astype(np.float32), y[drawn].astype(np.float32), chosen[drawn], places, words,
        int(there.size), x.size - int(there.size), *ranges,
    )  # fmt: skip


def _coloured(words: tuple[str, ...], codes: I64, there: I64, drawn: I64) -> tuple[tuple[str, ...], U8]:
    counts = np.bincount(codes[there] + 1, minlength=len(words) + 1)[1:]
    order = np.argsort(-counts, kind="stable")[: min(MOST_COLOURS, int((counts > 0).sum()))]
    place = np.full(len(words) + 1, OTHERS, np.uint8)
    place[order] = np.arange(order.size)
    place[-1] = MISSING  # a code of -1
    return tuple(words[at] for at in order.tolist()), place[codes[drawn]]
