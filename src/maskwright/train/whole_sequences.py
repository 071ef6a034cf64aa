"""Splits that leave sequences whole: neighbouring frames look alike, and a score on frames whose neighbours were
learned from says little.
"""

from collections.abc import Sequence

import numpy as np

from maskwright.errors import DatasetError

_TODO = "Declare splits, or let frames of one sequence be on both sides with the setting split_sequences."


def drawn(numbers: Sequence[int], sequence_of: dict[int, str], rng: np.random.Generator, place: object) -> list[int]:
    """A fifth of the samples, or less: whole sequences, and samples that belong to none, in random order; the smallest
    sequence where all are larger.

    numbers: the samples'.  sequence_of: the sequence of those that have one.
    Raises DatasetError, naming `place`, where all belong to one.
    """
    groups = groups_of(numbers, sequence_of, rng, 2, place)
    wanted = max(1, len(numbers) // 5)
    found: list[int] = []
    for group in groups:
        if len(found) + len(group) <= wanted:
            found += group
    return found or min(groups, key=len)


def fold(
    numbers: Sequence[int], sequence_of: dict[int, str], k: int, parts: int, rng: np.random.Generator, place: object
) -> list[int]:
    """The k-th of parts that are as even as whole sequences allow.

    Raises DatasetError where there are fewer sequences than parts; a sample that belongs to none counts as one.

    numbers, sequence_of, place: as in `drawn`.
    """
    groups = groups_of(numbers, sequence_of, rng, parts, place, folds=True)
    found: list[list[int]] = [[] for _ in range(parts)]
    for group in sorted(groups, key=len, reverse=True):
        min(found, key=len).extend(group)
    return found[k]


def parted(train: Sequence[int], val: Sequence[int], sequence_of: dict[int, str]) -> str | None:
    """A note where declared splits part sequences."""
    sides = [{sequence_of[number] for number in numbers if number in sequence_of} for numbers in (train, val)]
    both = sorted(sides[0] & sides[1])
    if not both:
        return None
    some = f"the sequence {both[0]!r} has" if len(both) == 1 else f"{len(both)} sequences, such as {both[0]!r}, have"
    return f"{some} samples on both sides of the split; neighbours look alike, and the score may promise too much"


def groups_of(
    numbers: Sequence[int], sequence_of: dict[int, str], rng: np.random.Generator, least: int, place: object, *,
    folds: bool = False,
) -> list[list[int]]:  # fmt: skip
    """Whole sequences, and samples that belong to none, in random order.

    numbers, sequence_of, place: as in `drawn`.  Raises DatasetError for fewer than `least` of them, which are folds or
    the two sides of a split.
    """
    groups: dict[object, list[int]] = {}
    for number in numbers:
        groups.setdefault(sequence_of.get(number, number), []).append(number)
    ordered = list(groups.values())
    if len(ordered) < least and folds:
        said = "one sequence" if len(ordered) == 1 else f"{len(ordered)} sequences"
        raise DatasetError(
            f"{len(numbers)} samples of {said} cannot be cut into {least} parts", file=place,
            needed=f"{least} sequences, or samples that belong to none", todo=_TODO,
        )  # fmt: skip
    if len(ordered) < least:
        raise DatasetError(
            f"all {len(numbers)} samples belong to one sequence, and none are left to validate on", file=place,
            needed="two sequences, or a declared split", todo=_TODO,
        )  # fmt: skip
    return [ordered[place] for place in rng.permutation(len(ordered))]
