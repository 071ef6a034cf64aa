"""Where things lie in a JSON text, without parsing it.

Only brackets, commas, colons and strings are looked at; what lies between them is checked when it is parsed.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.core.kernels.jit import kernel

Array = NDArray[Any]

ABSENT = np.int64(-(2**63))
NO_INTEGER = np.int64(-(2**63) + 1)

_QUOTE, _BACKSLASH, _COMMA, _COLON = 34, 92, 44, 58
_OPEN_LIST, _CLOSE_LIST, _OPEN_OBJECT, _CLOSE_OBJECT = 91, 93, 123, 125


@kernel
def skip_space(text: Array, at: int) -> int:
    while at < text.size and (text[at] == 32 or text[at] == 10 or text[at] == 13 or text[at] == 9):
        at += 1
    return at


@kernel
def skip_string(text: Array, at: int) -> int:
    """at: after the opening quote -> after the closing one, or -1."""
    while at < text.size:
        if text[at] == _QUOTE:
            return at + 1
        at += 2 if text[at] == _BACKSLASH else 1
    return -1


@kernel
def skip_value(text: Array, at: int) -> int:
    """at: the first byte of a value -> after it, or -1 where the text ends before the value does."""
    depth = 0
    while at < text.size:
        byte = text[at]
        if byte == _QUOTE:
            at = skip_string(text, at + 1)
            if at < 0 or depth == 0:
                return at
            continue
        if byte in (_OPEN_LIST, _OPEN_OBJECT):
            depth += 1
        elif byte in (_CLOSE_LIST, _CLOSE_OBJECT):
            if depth == 0:
                return at
            depth -= 1
            if depth == 0:
                return at + 1
        elif byte == _COMMA and depth == 0:
            return at
        at += 1
    return -1 if depth else at


@kernel
def integer(text: Array, at: int, end: int) -> int:
    """The whole number text[at:end], or NO_INTEGER."""
    while end > at and (text[end - 1] <= 32):
        end -= 1
    sign = 1
    if at < end and text[at] == 45:
        sign, at = -1, at + 1
    if at >= end or end - at > 18:
        return NO_INTEGER
    value = 0
    for k in range(at, end):
        digit = text[k] - 48
        if text[k] < 48 or digit > 9:
            return NO_INTEGER
        value = 10 * value + np.int64(digit)
    return sign * value


@kernel
def members(text: Array, at: int) -> tuple[Array, int]:
    """at: an opening brace -> (N, 4) int64 begin and end of each key and of each value, and where it broke or -1.

    Keys are without their quotes.
    """
    rows = np.empty((16, 4), np.int64)
    number = 0
    at = skip_space(text, at + 1)
    if at < text.size and text[at] == _CLOSE_OBJECT:
        return rows[:0], -1
    while True:
        if at >= text.size or text[at] != _QUOTE:
            return rows[:number], min(at, text.size)
        key = at + 1
        at = skip_string(text, key)
        if at < 0:
            return rows[:number], text.size
        key_end = at - 1
        at = skip_space(text, at)
        if at >= text.size or text[at] != _COLON:
            return rows[:number], at
        value = skip_space(text, at + 1)
        at = skip_value(text, value)
        if at < 0 or at == value:
            return rows[:number], text.size if at < 0 else at
        if number == len(rows):
            longer = np.empty((2 * number, 4), np.int64)
            longer[:number] = rows
            rows = longer
        rows[number, 0], rows[number, 1], rows[number, 2], rows[number, 3] = key, key_end, value, at
        number += 1
        at = skip_space(text, at)
        if at < text.size and text[at] == _CLOSE_OBJECT:
            return rows[:number], -1
        if at >= text.size or text[at] != _COMMA:
            return rows[:number], at
        at = skip_space(text, at + 1)


@kernel
def elements(text: Array, at: int, names: Array, offsets: Array) -> tuple[Array, Array, int]:
    """at: an opening bracket -> (N, 2) begin and end of each element, (N, K) whole numbers, where it broke or -1.

    names, offsets: K keys, one after another; column k of the numbers is the value of key k in an element that is
    an object, ABSENT where it lacks the key, NO_INTEGER where the value is something else.
    """
    keys = offsets.size - 1
    places = np.empty((1024, 2), np.int64)
    numbers = np.empty((1024, keys), np.int64)
    number = 0
    at = skip_space(text, at + 1)
    if at < text.size and text[at] == _CLOSE_LIST:
        return places[:0], numbers[:0], -1
    while True:
        if number == len(places):
            more_places = np.empty((2 * number, 2), np.int64)
            more_places[:number] = places
            places = more_places
            more_numbers = np.empty((2 * number, keys), np.int64)
            more_numbers[:number] = numbers
            numbers = more_numbers
        start = at
        numbers[number] = ABSENT
        if at < text.size and text[at] == _OPEN_OBJECT:
            at = skip_space(text, at + 1)
            while at < text.size and text[at] != _CLOSE_OBJECT:
                if text[at] != _QUOTE:
                    return places[:number], numbers[:number], at
                key = at + 1
                at = skip_string(text, key)
                if at < 0:
                    return places[:number], numbers[:number], text.size
                key_end = at - 1
                at = skip_space(text, at)
                if at >= text.size or text[at] != _COLON:
                    return places[:number], numbers[:number], at
                value = skip_space(text, at + 1)
                at = skip_value(text, value)
                if at < 0:
                    return places[:number], numbers[:number], text.size
                for k in range(keys):
                    length = offsets[k + 1] - offsets[k]
                    if length == key_end - key:
                        same = True
                        for c in range(length):
                            same &= names[offsets[k] + c] == text[key + c]
                        if same:
                            numbers[number, k] = integer(text, value, at)
                at = skip_space(text, at)
                if at < text.size and text[at] == _COMMA:
                    at = skip_space(text, at + 1)
                elif at < text.size and text[at] != _CLOSE_OBJECT:
                    return places[:number], numbers[:number], at
            if at >= text.size:
                return places[:number], numbers[:number], text.size
            at += 1
        else:
            at = skip_value(text, at)
            if at < 0 or at == start:
                return places[:number], numbers[:number], text.size if at < 0 else at
        places[number, 0], places[number, 1] = start, at
        number += 1
        at = skip_space(text, at)
        if at < text.size and text[at] == _CLOSE_LIST:
            return places[:number], numbers[:number], -1
        if at >= text.size or text[at] != _COMMA:
            return places[:number], numbers[:number], min(at, text.size)
        at = skip_space(text, at + 1)
