"""How often values occur, of all samples and of those that were chosen: what bars of a page or a report show."""

from dataclasses import dataclass

import numpy as np

from maskwright.core.arrays import F64, I64, Bool
from maskwright.store.value_arrays import ValueArrays

BINS = 24
#: Words that have bars of their own.
MOST_WORDS = 40


@dataclass(frozen=True, eq=False)
class NumberBars:
    """edges: (B + 1,) ascending; a value lies in a bar when edge <= value < next edge, the last bar has its upper edge
    too.  whole: all values are whole numbers, and so are the edges.  all, chosen: (B,) how many values lie in each.
    missing, missing_chosen: how many have none.
    """

    edges: F64
    whole: bool
    all: I64
    chosen: I64
    missing: int
    missing_chosen: int


@dataclass(frozen=True, eq=False)
class WordBars:
    """words: (W,) the most frequent first, 40 at most; all, chosen: (W,) how often.  others, others_chosen: values that
    are none of them.  missing, missing_chosen: how many have none.
    """

    words: tuple[str, ...]
    all: I64
    chosen: I64
    others: int
    others_chosen: int
    missing: int
    missing_chosen: int


def bars(values: ValueArrays, chosen: Bool | None = None, bins: int = BINS) -> NumberBars | WordBars:
    """Bars of the values: their edges are those of all values, so that they stay while the choice changes.

    chosen: (N,) which of them are, all when None.  bins: bars of numbers at most; whole numbers of a narrow range have
    a bar each.  Without a finite number there are no bars.
    """
    inside = np.ones(len(values), bool) if chosen is None else chosen
    if values.numbers is None:
        assert values.codes is not None
        return _of_words(values.words, values.codes, inside)
    return _of_numbers(values.numbers, inside, bins)


def _of_words(words: tuple[str, ...], codes: I64, inside: Bool) -> WordBars:
    # Place 0 is for those that are missing.
    counts = np.bincount(codes + 1, minlength=len(words) + 1)
    chosen = np.bincount(codes[inside] + 1, minlength=len(words) + 1)
    order = np.argsort(-counts[1:], kind="stable")
    shown, rest = order[:MOST_WORDS] + 1, order[MOST_WORDS:] + 1
    return WordBars(
        tuple(words[place - 1] for place in shown.tolist()), counts[shown], chosen[shown], int(counts[rest].sum()),
        int(chosen[rest].sum()), int(counts[0]), int(chosen[0]),
    )  # fmt: skip


def _of_numbers(numbers: F64, inside: Bool, bins: int) -> NumberBars:
    finite = np.isfinite(numbers)
    there = numbers[finite]
    missing, missing_chosen = int((~finite).sum()), int((~finite & inside).sum())
    if not there.size:
        none = np.zeros(0, np.int64)
        return NumberBars(np.zeros(0), False, none, none, missing, missing_chosen)
    low, high = float(there.min()), float(there.max())
    whole = bool(abs(low) < 2**52 and abs(high) < 2**52 and (there == np.floor(there)).all())
    edges = _edges(low, high, bins, whole)
    places = np.clip(np.searchsorted(edges, there, side="right") - 1, 0, edges.size - 2)
    counts = np.bincount(places, minlength=edges.size - 1)
    chosen = np.bincount(places[inside[finite]], minlength=edges.size - 1)
    return NumberBars(edges, whole, counts, chosen, missing, missing_chosen)


def _edges(low: float, high: float, bins: int, whole: bool) -> F64:
    if whole:
        step = max(1, int(np.ceil((high - low + 1) / bins)))
        return low + step * np.arange(int((high - low) // step) + 2, dtype=np.float64)
    if low == high:
        return np.array([low, np.nextafter(high, np.inf)])
    return np.linspace(low, high, bins + 1)
