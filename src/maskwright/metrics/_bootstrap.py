"""Confidence intervals by bootstrap over images, as the counts come in.

Each image enters each replicate a Poisson(1) number of times (Chamandy et al., "Estimating Uncertainty for Massive Data
Streams", 2012): the same as drawing images with replacement when there are many, and the counts of single images
need not be kept.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from maskwright.core.arrays import Array

REPLICATES = 200
LARGEST = 2**24  # numbers in all replicates together; larger counts get fewer replicates


class Bootstrap:
    """Sums of counts over replicates of the set. seed: the same images give the same intervals."""

    def __init__(self, seed: int = 0, replicates: int = REPLICATES) -> None:
        self._rng = np.random.default_rng(seed)
        self._wanted = replicates
        self._sums: Array | None = None

    def add(self, counts: Array) -> None:
        """One image's counts, an array of the same shape, such as (K, K + 1), every time."""
        if self._sums is None:
            number = max(20, min(self._wanted, LARGEST // max(counts.size, 1)))
            self._sums = np.zeros((number, *counts.shape))
        weights = self._rng.poisson(1, len(self._sums))
        self._sums += weights.reshape(-1, *[1] * counts.ndim) * counts

    def intervals(
        self, compute: Callable[[Array], Mapping[str, Any]], level: float = 0.95
    ) -> dict[str, tuple[float, float]]:
        """(low, high) of every score that is one number; NaN replicates are left out, a score without any too.

        compute: a metric's, from summed counts, of the same shape as an image's, to scores by name.  level: share of
        the replicates in between.
        """
        if self._sums is None:
            return {}
        found: dict[str, list[float]] = {}
        for sums in self._sums:
            for name, value in compute(sums).items():
                if isinstance(value, float) and value == value:
                    found.setdefault(name, []).append(value)
        edges = 50 * (1 - level), 50 * (1 + level)
        return {
            name: (float(low), float(high))
            for name, (low, high) in ((name, np.percentile(values, edges)) for name, values in found.items())
        }
