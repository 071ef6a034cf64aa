"""Many trees over many pixels."""

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.kernels.jit import kernel

BLOCK = 64


@kernel
def forest_probs(
    features: Array, more: Array, feature: Array, threshold: Array, child: Array, roots: Array, depths: Array,
    rows: Array, leaves: Array,
) -> Array:  # fmt: skip
    """Mean class shares of the leaves each pixel falls into.

    features: (P, F) float32; more: (P, G) float32, numbered from F on, or of another length for none.
    feature: (N,) int32.  threshold: (N,) float32, at most goes left.  child: (N,) int32, the left child, its
    neighbour the right one; leaves are their own child, with an endless threshold.  roots, depths: (T,) int32.
    rows: (N,) int32, of `leaves`, at leaves.  leaves: (L, C) float32.  -> (P, C) float32.
    """
    pixels, kinds, own = features.shape[0], leaves.shape[1], features.shape[1]
    rest = more.shape[1] if more.shape[0] == pixels else 0
    out = np.zeros((pixels, kinds), np.float32)
    share = np.float32(1 / roots.size)
    held = np.empty((BLOCK, own + rest), np.float32)
    node = np.empty(BLOCK, np.int32)
    # A tree meets many pixels before the next one comes, and they go down side by side: while one waits for memory the
    # others go on, and no branch has to be guessed.
    for begin in range(0, pixels, BLOCK):
        count = min(BLOCK, pixels - begin)
        for p in range(count):
            held[p, :own] = features[begin + p]
            if rest:
                held[p, own:] = more[begin + p]
        for t in range(roots.size):
            for p in range(count):
                node[p] = roots[t]
            for _ in range(depths[t]):
                for p in range(count):
                    here = node[p]
                    node[p] = child[here] + np.int32(held[p, feature[here]] > threshold[here])
            for p in range(count):
                row = rows[node[p]]
                for c in range(kinds):
                    out[begin + p, c] += share * leaves[row, c]
    return out
