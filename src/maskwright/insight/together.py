"""Samples that are put together by a word."""

import numpy as np

from maskwright.core.arrays import I64
from maskwright.errors import UsageError
from maskwright.store.value_arrays import ValueArrays

#: So many headings are still looked through.
MOST_GROUPS = 200


def grouped(values: ValueArrays, numbers: I64) -> tuple[I64, list[tuple[str | None, int]]]:
    """Sample numbers by their words, and each word with how many have it: those without a word last.

    values: words of all samples.  numbers: (K,) of some of them; within a word they stay in their order.
    Raises UsageError for numbers instead of words, and for more than 200 words.
    """
    if values.codes is None:
        raise UsageError("images are grouped by numbers", needed="a column of words, such as split")
    codes = values.codes[np.searchsorted(values.samples, numbers)]
    places = np.where(codes < 0, len(values.words), codes)
    counts = np.bincount(places, minlength=len(values.words) + 1)
    found = np.flatnonzero(counts)
    if found.size > MOST_GROUPS:
        raise UsageError(
            f"the images have {found.size:,} different words", needed=f"{MOST_GROUPS} at most to be grouped by"
        )
    words = (*values.words, None)
    return numbers[np.argsort(places, kind="stable")], [(words[at], int(counts[at])) for at in found.tolist()]
