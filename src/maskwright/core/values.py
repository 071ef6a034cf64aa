"""What the shared types take: whole numbers, text, mappings; everything else is one sentence that names the field.

Numbers come from files, from NumPy and from people.  A whole number is an int or a NumPy integer of up to 64 bits; 1.7,
True, "3" and NaN are not.  What is kept is the type's own: arrays are read-only, mappings are copies.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import numpy as np

from maskwright.core.arrays import F64, I64, Array, Bool, as_numpy
from maskwright.core.names import shown

AnyArray = TypeVar("AnyArray", bound=Array)

_LEAST, _MOST = -(2**63), 2**63 - 1


def whole(value: object, what: str, *, least: int = _LEAST, most: int = _MOST) -> int:
    """The value as an int. Raises ValueError, naming `what`, for what is not a whole number within the limits."""
    if type(value) is int or (isinstance(value, int | np.integer) and not isinstance(value, bool)):
        number = int(value)
        if least <= number <= most:
            return number
        if (least, most) == (_LEAST, _MOST):
            raise ValueError(f"{what} is {shown(number, 40)}, a whole number of more than 64 bits")
        raise ValueError(f"{what} is {shown(number, 40)}; it is from {least} to {most}")
    raise ValueError(f"{what} is {shown(repr(_plain(value)), 40)}, which is not a whole number")


def whole_numbers(values: object, what: str) -> I64:
    """Any sequence or array of whole numbers as int64, in its shape.

    Raises ValueError, naming `what`, for one that is not a whole number or has more than 64 bits.
    """
    if isinstance(values, list | tuple) and values and set(map(type, values)) <= {int}:
        try:
            return np.array(values, np.int64)
        except OverflowError:
            raise ValueError(f"a value of {what} is a whole number of more than 64 bits") from None
    # Of a list with other values NumPy would make numbers of one type, bools and halves among them.
    found = np.array(values, object) if isinstance(values, list | tuple) else as_numpy(values)
    if found.dtype == np.int64:
        return found
    if not found.size or found.dtype.kind == "i" or (found.dtype.kind == "u" and int(found.max()) <= _MOST):
        return found.astype(np.int64)
    one_by_one = [whole(value, f"a value of {what}") for value in found.reshape(-1)]
    return np.array(one_by_one, np.int64).reshape(found.shape)


def numbers(values: object, what: str) -> F64:
    """Any sequence or array of numbers as float64, None as NaN.

    Raises ValueError, naming `what`, for text and bools.
    """
    found = as_numpy(values)
    if found.dtype == np.float64:
        return found
    if found.size and found.dtype.kind not in "fiu":
        for value in found.reshape(-1):
            if value is not None and not is_number(value):
                raise ValueError(f"a value of {what} is {shown(repr(_plain(value)), 40)}, which is not a number")
    return found.astype(np.float64)


def is_number(value: object) -> bool:
    """True and False are not numbers here."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def flags(values: object, what: str) -> Bool:
    """Any sequence or array of True and False, or 1 and 0, as bool. Raises ValueError, naming `what`, for others."""
    found = as_numpy(values)
    if found.dtype == np.bool_:
        return found
    for value in found.reshape(-1) if found.dtype.kind not in "iu" else found[(found != 0) & (found != 1)]:
        if not isinstance(value, bool | np.bool_):
            said = shown(repr(_plain(value)), 40)
            raise ValueError(f"a value of {what} is {said}; it is True or False, or 1 or 0")  # noqa: TRY004
    return found.astype(np.bool_)


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value


def listed(values: object, what: str, needed: str) -> list[Any]:
    """What one goes through, as a list. Raises ValueError, naming `what` and what is needed, for text and one value."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise ValueError(f"{what} is {shown(repr(_plain(values)), 40)}; it is {needed}")  # noqa: TRY004
    return list(values)


def text(value: object, what: str) -> str:
    """The value itself. Raises ValueError, naming `what`, for what is not text."""
    if not isinstance(value, str):
        raise ValueError(f"{what} is {shown(repr(value), 40)}, which is not text")  # noqa: TRY004 - one kind of error for wrong values
    return value


def optional_text(value: object, what: str) -> str | None:
    return None if value is None else text(value, what)


def own_mapping(value: object, what: str) -> dict[str, Any]:
    """A copy, down to the lists and mappings within. Raises ValueError, naming `what`, for what is not a mapping."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{what} is {shown(repr(value), 40)}, which is not a mapping")  # noqa: TRY004
    try:
        return {name: _own(inner) for name, inner in value.items()} if value else {}
    except RecursionError:
        raise ValueError(f"{what} is nested too deeply") from None


def _own(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _own(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_own(inner) for inner in value] if isinstance(value, list) else tuple(_own(inner) for inner in value)
    return value.copy() if isinstance(value, np.ndarray) else value


def sealed(array: AnyArray) -> AnyArray:
    """The same array, read-only from here on: for one that nobody else writes to."""
    array.setflags(write=False)
    return array


def own_array(array: AnyArray) -> AnyArray:
    """A read-only copy; the array itself where nobody can write to it already."""
    below = array.base
    writable = array.flags.writeable or (isinstance(below, np.ndarray) and below.flags.writeable)
    return sealed(array.copy()) if writable else array
