"""Array types, and the door through which other libraries' arrays come in."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
U8 = NDArray[np.uint8]
U32 = NDArray[np.uint32]
I64 = NDArray[np.int64]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

Size = tuple[int, int]  # (height, width), always in that order


def as_numpy(array: object) -> Array:
    """A NumPy view where possible; a torch tensor on any device is accepted without importing torch.

    Raises ValueError for lists of different lengths.
    """
    detach = getattr(array, "detach", None)
    if callable(detach):
        array = detach().cpu().numpy()
    try:
        return np.asarray(array)
    except ValueError as error:
        if "inhomogeneous" in str(error):
            raise ValueError("lists of different lengths are not an array") from None
        raise


def as_binary(array: object, dimensions: int) -> U8:
    """C-order uint8 whose non-zero elements are foreground.

    array: bool or integer of `dimensions` axes.  Floats are refused: where to cut them is the
    caller's decision.  Raises TypeError, ValueError.
    """
    found = as_numpy(array)
    if found.ndim != dimensions:
        raise ValueError(f"a mask array needs {dimensions} axes, got shape {found.shape}")
    if found.dtype == np.bool_:
        return np.ascontiguousarray(found).view(np.uint8)
    if found.dtype == np.uint8:
        return np.ascontiguousarray(found)
    if np.issubdtype(found.dtype, np.integer):
        return np.ascontiguousarray(found != 0).view(np.uint8)
    if found.dtype.kind != "f":
        raise TypeError(f"a mask array is bool or integer, got {found.dtype}")
    fractions = found.size and found.min() >= 0 and found.max() <= 1
    what = "fractions between 0 and 1, such as probabilities" if fractions else str(found.dtype)
    raise TypeError(f"a mask array is bool or integer, got {what}; threshold it first, such as by array > 0.5")


def checked_size(size: tuple[int, int]) -> Size:
    """(height, width) as plain ints, each at least 1, together below 2**32 pixels.

    Raises ValueError for other numbers, for more or fewer of them, and for what is not a whole number.
    """
    try:
        height, width = size
        if not type(height) is type(width) is int:
            height, width = _side(height), _side(width)
    except (TypeError, ValueError):
        height = width = 0
    if height < 1 or width < 1 or height * width >= 2**32:
        raise ValueError(f"a size is (height, width) with 1 to 2**32 - 1 pixels, got {str(size)[:60]}")
    return height, width


def _side(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ValueError  # noqa: TRY004 - said above
    return int(value)
