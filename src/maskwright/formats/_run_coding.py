"""How a table of run lengths numbers its pixels: along columns or rows, from 0 or 1, with lengths or ends.

Nothing in such a table says it, and a wrong reading is a mask all the same.  It shows in the numbers of many rows:

    second  a length that leaves the image, or covers the next run, is an end; where a run's end is its start, ends are
            included
    order   along the right axis a pixel mostly has the same place of the line before as a neighbour; along the wrong
            one a mask is shattered, unless the image is square: then it is mirrored, and the columns' names say it
    starts  where runs of most rows overlap, and read as distances from the last end they give whole shapes inside the
            image, starts are distances from 0, as SIIM-ACR's
    base    objects that touch the image's edges begin and end with a line; counted from another number hardly any do
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from maskwright.core.arrays import I64, Size
from maskwright.errors import FormatError

Order = Literal["column", "row"]
Base = Literal[0, 1]
Second = Literal["length", "end", "stop"]
Starts = Literal["absolute", "relative"]

#: What the masks' borders have to be longer by under the one order than under the other, for that to be decided.
_CLEARLY = 1.2
#: So many runs must contradict absolute starts for relative ones to be taken; and so much of such masks may lie
#: without a neighbour in the line before.
_RELATIVE_RUNS, _SHATTERED = 6, 0.5
#: How many runs have to say it, for base and ends to be decided by where lines end.
_FEW = 3

#: Competitions whose images are square, by the columns of image and runs: they state the order on their pages.
_PUBLISHED: dict[tuple[str, str], tuple[Order, str]] = {
    ("ImageId", "EncodedPixels"): ("column", "Airbus Ship Detection, the 2018 Data Science Bowl and SIIM-ACR"),
    ("Image_Label", "EncodedPixels"): ("column", "Understanding Clouds from Satellite Images"),
    ("ImageId_ClassId", "EncodedPixels"): ("column", "Severstal Steel Defect Detection"),
    ("id", "rle_mask"): ("column", "TGS Salt Identification"),
    ("id", "encoding"): ("column", "HuBMAP"),
    ("id", "rle"): ("column", "HuBMAP"),
    ("id", "segmentation"): ("row", "UW-Madison GI Tract Segmentation"),
}


@dataclass(frozen=True)
class Coding:
    """order: along which pixels are numbered.  base: the first pixel's number.  second: what follows a start: the
    length, the end (the last pixel) or the stop (the pixel behind it).  starts: absolute, or relative: pixels between
    the end of the run before and the start, with lengths.
    """

    order: Order = "column"
    base: Base = 1
    second: Second = "length"
    starts: Starts = "absolute"

    def spans(self, numbers: I64) -> tuple[I64, I64]:
        """(K,) first pixels and (K,) pixels behind the last, from 0, of 2 K numbers; unchecked."""
        if self.starts == "relative":
            ends = np.cumsum(numbers) - self.base
            return ends[::2], ends[1::2]
        starts, seconds = numbers[::2] - self.base, numbers[1::2]
        if self.second == "length":
            return starts, starts + seconds
        return starts, seconds - self.base + (self.second == "end")


Rows = Sequence[tuple[I64, Size]]


def decide(
    rows: Rows, *, order: Order | None, base: Base | None, second: Second | None, columns: tuple[str, str],
    starts: Starts | None = None,
) -> tuple[Coding, list[str]]:  # fmt: skip
    """The coding of a table, and what to tell of it.

    rows: numbers and image size of many of its rows.  order, base, second, starts: where they are known.
    columns: the names of those of images and of runs.  Raises FormatError, saying the options, where it is undecided.
    """
    rows = [(numbers, size) for numbers, size in rows if numbers.size and numbers.size % 2 == 0]
    notes: list[str] = []
    if not rows:
        usual: Base = 0 if starts == "relative" else 1
        return Coding(
            order or "column", usual if base is None else base, second or "length", starts or "absolute"
        ), notes
    if starts == "relative" or (starts is None and second in (None, "length") and _are_relative(rows, base)):
        coding = Coding("column", 0 if base is None else base, "length", "relative")
        if starts is None:
            notes.append(
                "starts are taken as distances from the end of the run before, counted from 0, as in SIIM-ACR: read as "
                "places in the image runs would overlap; else say --option starts=absolute"
            )
        if order is None:
            order, note = _order(rows, coding, columns)
            notes.append(note)
        return replace(coding, order=order), notes
    bases: list[Base] = [base] if base is not None else [0] if any((row[::2] == 0).any() for row, _ in rows) else [1, 0]
    seconds = [second] if second else _seconds(rows, bases)
    coding = Coding("column", bases[0], seconds[0])
    if order is None:
        order, note = _order(rows, coding, columns)
        notes.append(note)
    fitting = [
        found
        for found in (Coding(order, number, meant) for meant in seconds for number in bases)
        if all(_fits(row, size, found) for row, size in rows)
    ] or [Coding(order, bases[0], seconds[0])]
    chosen, why = _by_line_ends(rows, fitting)
    if base is None or second is None:
        second_said = {"length": "lengths", "end": "ends, which are included", "stop": "ends, which are not included"}
        notes.append(
            f"pixels are numbered from {chosen.base}, the second number of a pair is taken for "
            f"{second_said[chosen.second]} ({why}); else say --option base=0 or 1, second=length, end or stop"
        )
    return chosen, notes


def _are_relative(rows: Rows, base: Base | None) -> bool:
    """Whether starts can only be distances: most rows of several runs contradict places, and whole shapes come out."""
    several = [(numbers, size) for numbers, size in rows if len(numbers) > 2]
    places = [Coding("column", number, second) for number in (0, 1) for second in ("length", "end", "stop")]
    torn = [(numbers, size) for numbers, size in several if not any(_fits(numbers, size, found) for found in places)]
    if 2 * len(torn) <= len(several) or sum(len(numbers) // 2 for numbers, _ in torn) < _RELATIVE_RUNS:
        return False
    coding = Coding("column", 0 if base is None else base, "length", "relative")
    if not all(_fits(numbers, size, coding) for numbers, size in torn):
        return False
    drawn = sum(int(numbers[1::2].sum()) for numbers, _ in torn)
    lonely = (sum(_lonely(numbers, size[axis], coding) for numbers, size in torn) for axis in (0, 1))
    return min(lonely) < _SHATTERED * drawn


def _fits(numbers: I64, size: Size, coding: Coding) -> bool:
    starts, stops = coding.spans(numbers)
    inside = starts.min() >= 0 and stops.max() <= size[0] * size[1] and (stops > starts).all()
    by_start = np.argsort(starts, kind="stable")
    return bool(inside and (stops[by_start][:-1] <= starts[by_start][1:]).all())


def _seconds(rows: Rows, bases: Sequence[Base]) -> list[Second]:
    """Lengths where the fewest rows contradict them; else the kinds of ends that the fewest contradict."""
    every: tuple[Second, ...] = ("length", "end", "stop")
    wrong = {
        second: min(sum(not _fits(row, size, Coding("column", base, second)) for row, size in rows) for base in bases)
        for second in every
    }
    least = min(wrong.values())  # rows that are broken fit nothing
    if wrong["length"] == least:
        return ["length"]
    return [second for second in every if wrong[second] == least]


def _order(rows: Rows, coding: Coding, columns: tuple[str, str]) -> tuple[Order, str]:
    """The order under which the masks' borders are shorter, with the figures; or what is published."""
    by_column = sum(_lonely(row, size[0], coding) for row, size in rows)
    by_row = sum(_lonely(row, size[1], coding) for row, size in rows)
    figures = f"{len(rows)} masks have {by_column} border pixels by columns and {by_row} by rows"
    if by_row > _CLEARLY * by_column:
        return "column", f"pixels are numbered along columns: {figures}"
    if by_column > _CLEARLY * by_row:
        return "row", f"pixels are numbered along rows: {figures}"
    if columns in _PUBLISHED:
        order, whose = _PUBLISHED[columns]
        return order, (
            f"pixels are taken as numbered along {order}s, as in {whose}, with the columns {' and '.join(columns)}; "
            f"the masks do not tell ({figures}); else say --option order={'row' if order == 'column' else 'column'}"
        )
    raise FormatError(
        f"pixels may be numbered along columns or rows: {figures}", needed="-o order=column or -o order=row",
        todo="Look at some masks under both.",
    )  # fmt: skip


def _lonely(numbers: I64, line: int, coding: Coding) -> int:
    """How many pixels lie without the same place of the line before, where lines have so many pixels."""
    starts, stops = coding.spans(numbers)
    by_start = np.argsort(starts, kind="stable")
    starts, stops = starts[by_start], stops[by_start]
    lengths = stops - starts
    before = np.concatenate([[0], np.cumsum(lengths)])

    def below(places: I64) -> I64:
        """How many pixels of the mask are before each of these places."""
        run = np.searchsorted(starts, places, side="right")
        into = np.where(run > 0, np.minimum(places - starts[run - 1], lengths[run - 1]), 0)
        return before[np.maximum(run - 1, 0)] + into

    shared = below(stops - line) - below(starts - line)
    return int(lengths.sum() - shared.sum())


def _by_line_ends(rows: Rows, codings: Sequence[Coding]) -> tuple[Coding, str]:
    """The coding under which most runs begin or end with a line."""
    if len(codings) == 1:
        return codings[0], "no other reading fits"
    begins, ends = [], []
    for coding in codings:
        begins.append(0)
        ends.append(0)
        for numbers, size in rows:
            line = size[0] if coding.order == "column" else size[1]
            starts, stops = coding.spans(numbers)
            begins[-1] += int((starts % line == 0).sum())
            ends[-1] += int((stops % line == 0).sum())
    scores = [first + last for first, last in zip(begins, ends, strict=True)]
    best = int(np.argmax(scores))
    others = [score for place, score in enumerate(scores) if place != best]
    # Counted from the wrong number, objects that stay a pixel away from one edge seem to touch it, and none the other.
    both = min(begins[best], ends[best]) > 0 or len({coding.second for coding in codings}) > 1
    if both and scores[best] >= max(others) + _FEW:
        return codings[best], f"{scores[best]} runs begin or end with a line, by the other readings {max(others)}"
    if len({coding.second for coding in codings}) > 1:
        raise FormatError(
            "the second numbers of pairs are ends, and nothing tells whether they are included",
            needed="-o second=end, included, or -o second=stop, the pixel behind it",
        )
    usual = next(coding for coding in codings if coding.base == 1)
    return usual, "no mask tells it, and 1 is usual"
