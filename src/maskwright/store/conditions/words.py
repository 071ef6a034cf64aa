"""What operators and functions mean in plain Python; the databases are told to do the same."""

import math
import operator
from collections.abc import Callable
from typing import Any

#: Operands of arithmetic from here on count as missing, and steps of a finest size are taken between numbers, so that
#: no database runs into the end of what 64 bits hold: a server refuses a question there, and a file goes on.
LARGEST, FINE = 1e150, 1e-134

_LOWER = str.maketrans({chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)})

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def lower(text: str) -> str:
    """With small letters for A to Z; all other characters stay."""
    return text.translate(_LOWER)


def like(text: str, pattern: str) -> bool:
    """% stands for any characters or none, _ for one; A to Z and a to z are the same."""
    text, pattern = lower(text), lower(pattern)
    at = place = 0
    star, mark = -1, 0
    while at < len(text):
        if place < len(pattern) and pattern[place] == "%":
            star, mark = place, at
            place += 1
        elif place < len(pattern) and pattern[place] in ("_", text[at]):
            at += 1
            place += 1
        elif star >= 0:
            mark += 1
            at, place = mark, star + 1
        else:
            return False
    return all(left == "%" for left in pattern[place:])


def bounded(value: float | None) -> float | None:
    """A number as arithmetic takes it; None for one that is too large."""
    if value is None or not -LARGEST < value < LARGEST:
        return None
    return (value + FINE) - FINE


def reckoned(sign: str, left: float | None, right: float | None) -> float | None:
    """left and right: bounded, or sums of such.  None when one is missing, and for a division by zero."""
    if left is None or right is None:
        return None
    if sign == "+":
        return left + right
    if sign == "-":
        return left - right
    if sign == "*":
        return bounded(left * right)
    return None if right == 0 else bounded(left / right)


def round_(value: float) -> float:
    """The nearest whole number; the upper one of two."""
    return float(math.floor(value + 0.5)) if math.isfinite(value) else value
