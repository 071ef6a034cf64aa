"""The smallest cut of a graph whose nodes have at most eight neighbours.

Boykov and Kolmogorov, "An Experimental Comparison of Min-Cut/Max-Flow Algorithms for Energy Minimization in Vision",
PAMI 2004.  Written here because the maintained libraries are GPL, and SciPy's takes seconds where this takes tens of
milliseconds.  Capacities are whole numbers, so the answer is exact.
"""

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.kernels.jit import kernel

_FREE, _SOURCE, _SINK = 0, 1, 2
# What stands in `parent` where no direction (0 to 7) does.
_TERMINAL, _ORPHAN, _NONE = 8, 9, 10


@kernel
def smallest_cut(neighbours: Array, capacity: Array, terminal: Array) -> Array:
    """Which nodes stay on the source's side.

    neighbours: (N, 8) int32, the node in each direction, -1 for none; direction d ^ 1 leads back.
    capacity: (N, 8) int32, of the edge in that direction; changed in place to what is left.
    terminal: (N,) int32, capacity from the source where positive, to the sink where negative; changed too.
    -> (N,) bool.  A node that neither terminal reaches is on the sink's side.
    """
    nodes = neighbours.shape[0]
    tree = np.zeros(nodes, np.uint8)
    parent = np.full(nodes, _NONE, np.uint8)
    stamp = np.zeros(nodes, np.int32)
    far = np.zeros(nodes, np.int32)
    queue = np.empty(nodes + 1, np.int32)
    queued = np.zeros(nodes, np.bool_)
    head, tail = 0, 0
    orphans = np.empty(nodes, np.int32)
    time = 0
    for i in range(nodes):
        if terminal[i] != 0:
            tree[i] = _SOURCE if terminal[i] > 0 else _SINK
            parent[i] = _TERMINAL
            far[i] = 1
            queue[tail] = i
            tail += 1
            queued[i] = True
    current = -1
    while True:
        if current < 0 or tree[current] == _FREE:
            current = -1
            while head != tail:
                i = queue[head]
                head = head + 1 if head < nodes else 0
                queued[i] = False
                if tree[i] != _FREE:
                    current = i
                    break
            if current < 0:
                break
        # Grow the tree of `current` until it touches the other.
        p = current
        near, other, way = -1, -1, -1
        mine = tree[p]
        for d in range(8):
            q = neighbours[p, d]
            if q < 0:
                continue
            left = capacity[p, d] if mine == _SOURCE else capacity[q, d ^ 1]
            if left <= 0:
                continue
            if tree[q] == _FREE:
                tree[q] = mine
                parent[q] = d ^ 1
                stamp[q] = stamp[p]
                far[q] = far[p] + 1
                if not queued[q]:
                    queue[tail] = q
                    tail = tail + 1 if tail < nodes else 0
                    queued[q] = True
            elif tree[q] != mine:
                if mine == _SOURCE:
                    near, other, way = p, q, d
                else:
                    near, other, way = q, p, d ^ 1
                break
            elif stamp[q] <= stamp[p] and far[q] > far[p]:
                parent[q] = d ^ 1
                stamp[q] = stamp[p]
                far[q] = far[p] + 1
        if near < 0:
            current = -1
            continue
        time += 1
        # The least that every edge of the path can still take.
        least = capacity[near, way]
        i = near
        while parent[i] != _TERMINAL:
            up = neighbours[i, parent[i]]
            least = min(least, capacity[up, parent[i] ^ 1])
            i = up
        least = min(least, terminal[i])
        i = other
        while parent[i] != _TERMINAL:
            least = min(least, capacity[i, parent[i]])
            i = neighbours[i, parent[i]]
        least = min(least, -terminal[i])
        # Push it; nodes whose edge to the parent is full are orphans.
        lost = 0
        capacity[near, way] -= least
        capacity[other, way ^ 1] += least
        i = near
        while parent[i] != _TERMINAL:
            d = parent[i]
            up = neighbours[i, d]
            capacity[i, d] += least
            capacity[up, d ^ 1] -= least
            if capacity[up, d ^ 1] == 0:
                parent[i] = _ORPHAN
                orphans[lost] = i
                lost += 1
            i = up
        terminal[i] -= least
        if terminal[i] == 0:
            parent[i] = _ORPHAN
            orphans[lost] = i
            lost += 1
        i = other
        while parent[i] != _TERMINAL:
            d = parent[i]
            up = neighbours[i, d]
            capacity[up, d ^ 1] += least
            capacity[i, d] -= least
            if capacity[i, d] == 0:
                parent[i] = _ORPHAN
                orphans[lost] = i
                lost += 1
            i = up
        terminal[i] += least
        if terminal[i] == 0:
            parent[i] = _ORPHAN
            orphans[lost] = i
            lost += 1
        # Find each orphan a new parent whose line reaches a terminal, the nearest one; or set it free.
        while lost > 0:
            lost -= 1
            i = orphans[lost]
            mine = tree[i]
            best, best_far = -1, 2147483647
            for d in range(8):
                j = neighbours[i, d]
                if j < 0 or tree[j] != mine or parent[j] == _NONE:
                    continue
                left = capacity[j, d ^ 1] if mine == _SOURCE else capacity[i, d]
                if left <= 0:
                    continue
                steps = 0
                k = j
                reached = True
                while True:
                    if stamp[k] == time:
                        steps += far[k]
                        break
                    a = parent[k]
                    steps += 1
                    if a == _TERMINAL:
                        stamp[k] = time
                        far[k] = 1
                        break
                    if a > _TERMINAL:  # an orphan, or free
                        reached = False
                        break
                    k = neighbours[k, a]
                if reached:
                    if steps < best_far:
                        best, best_far = d, steps
                    k = j
                    while stamp[k] != time:
                        stamp[k] = time
                        far[k] = steps
                        steps -= 1
                        k = neighbours[k, parent[k]]
            if best >= 0:
                parent[i] = best
                stamp[i] = time
                far[i] = best_far + 1
                continue
            for d in range(8):
                j = neighbours[i, d]
                if j < 0 or tree[j] != mine or parent[j] == _NONE:
                    continue
                left = capacity[j, d ^ 1] if mine == _SOURCE else capacity[i, d]
                if left > 0 and not queued[j]:
                    queue[tail] = j
                    tail = tail + 1 if tail < nodes else 0
                    queued[j] = True
                if parent[j] == (d ^ 1):
                    parent[j] = _ORPHAN
                    orphans[lost] = j
                    lost += 1
            tree[i] = _FREE
            parent[i] = _NONE
    return tree == _SOURCE
