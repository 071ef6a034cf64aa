"""Many trees over many pixels."""

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.kernels.jit import kernel


@kernel
def forest_probs(features: Array, feature: Array, threshold: Array, child: Array, roots: Array, leaves: Array) -> Array:
    """Mean class shares of the leaves each pixel falls into.

    features: (P, F) float32.  feature: (N,) int32, -1 at leaves.  threshold: (N,) float32, at most goes left.
    child: (N,) int32, the left child, its neighbour the right one; at leaves a row of `leaves`.  roots: (T,) int32.
    leaves: (L, C) float32.  -> (P, C) float32.
    """
    pixels, kinds = features.shape[0], leaves.shape[1]
    out = np.zeros((pixels, kinds), np.float32)
    share = np.float32(1 / roots.size)
    # A tree meets many pixels before the next one comes: both stay in the cache.
    for begin in range(0, pixels, 256):
        end = min(begin + 256, pixels)
        for root in roots:
            for p in range(begin, end):
                node = root
                f = feature[node]
                while f >= 0:
                    node = child[node] + (features[p, f] > threshold[node])
                    f = feature[node]
                row = child[node]
                for c in range(kinds):
                    out[p, c] += share * leaves[row, c]
    return out
