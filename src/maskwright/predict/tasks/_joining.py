"""Which segments are one object to a network."""

import numpy as np

from maskwright.core.arrays import Array


def joined_by_class(class_ids: Array, alone: Array) -> Array:
    """(N,) int group numbers from 0, by first appearance: rows that are `alone` are their own, others one a class.

    class_ids: (N,) int.  alone: (N,) bool.
    """
    groups: dict[tuple[int, int], int] = {}
    return np.array(
        [
            groups.setdefault((int(class_id), row if alone[row] else -1), len(groups))
            for row, class_id in enumerate(class_ids)
        ],
        np.int64,
    )
