"""The one way a kernel is compiled."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile on first call, keep the machine code on disk, release the GIL while running.

    Kernels do not call np.sort or np.argsort: Numba 0.68 gives the helpers it generates for them the same
    names in every process, so that machine code kept by two runs can be linked crosswise and sort wrongly.
    Sorting is done in NumPy, between kernels.
    """
    try:
        return cast("F", numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:  # neither the package's folder nor the user's can be written to
        return cast("F", numba.njit(nogil=True)(function))
