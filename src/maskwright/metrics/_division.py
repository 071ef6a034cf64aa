"""Division comes last, and knows about nothing to divide by."""

from typing import Any

import numpy as np

from maskwright.core.arrays import F64


def ratio(top: Any, bottom: Any) -> F64:
    """top / bottom, NaN where bottom is 0."""
    out: F64 = np.divide(top, bottom, out=np.full(np.shape(bottom), np.nan), where=np.asarray(bottom) > 0)
    return out


def mean(values: F64) -> float:
    """Mean of the values that are there; NaN when none is."""
    there = values[~np.isnan(values)]
    return float(there.mean()) if there.size else float("nan")
