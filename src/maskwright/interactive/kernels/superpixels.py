"""Superpixels by k-means in colour and place, each centre looking around itself only.

Achanta et al., "SLIC Superpixels Compared to State-of-the-Art Superpixel Methods", PAMI 2012.  Parts are not joined
afterwards: they only carry colour statistics here.
"""

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.kernels.jit import kernel


@kernel
def superpixels(lab: Array, step: float, compactness: float, rounds: int) -> Array:
    """lab: (H, W, 3) float32.  step: side of a cell in pixels.  -> (H, W) int32 of 0 … rows * columns - 1."""
    height, width = lab.shape[:2]
    rows, columns = max(1, int(height / step + 0.5)), max(1, int(width / step + 0.5))
    number = rows * columns
    centres = np.zeros((number, 5), np.float32)
    for i in range(rows):
        for j in range(columns):
            y, x = int((i + 0.5) * height / rows), int((j + 0.5) * width / columns)
            at_y, at_x, least = y, x, 1e18
            for v in range(max(1, y - 1), min(height - 1, y + 2)):
                for u in range(max(1, x - 1), min(width - 1, x + 2)):
                    slope = 0.0
                    for c in range(3):
                        slope += (lab[v + 1, u, c] - lab[v - 1, u, c]) ** 2 + (lab[v, u + 1, c] - lab[v, u - 1, c]) ** 2
                    if slope < least:
                        at_y, at_x, least = v, u, slope
            for c in range(3):
                centres[i * columns + j, c] = lab[at_y, at_x, c]
            centres[i * columns + j, 3], centres[i * columns + j, 4] = at_y, at_x
    owner = np.zeros((height, width), np.int32)
    nearest = np.empty((height, width), np.float32)
    weight = (compactness / step) ** 2
    reach = int(step * 1.3) + 1
    for _ in range(rounds):
        nearest[:] = 1e18
        for s in range(number):
            cy, cx = centres[s, 3], centres[s, 4]
            for y in range(max(0, int(cy) - reach), min(height, int(cy) + reach + 1)):
                for x in range(max(0, int(cx) - reach), min(width, int(cx) + reach + 1)):
                    far = weight * ((y - cy) ** 2 + (x - cx) ** 2)
                    for c in range(3):
                        far += (lab[y, x, c] - centres[s, c]) ** 2
                    if far < nearest[y, x]:
                        nearest[y, x] = far
                        owner[y, x] = s
        sums = np.zeros((number, 6), np.float32)
        for y in range(height):
            for x in range(width):
                s = owner[y, x]
                for c in range(3):
                    sums[s, c] += lab[y, x, c]
                sums[s, 3] += y
                sums[s, 4] += x
                sums[s, 5] += 1
        for s in range(number):
            if sums[s, 5] > 0:
                for c in range(5):
                    centres[s, c] = sums[s, c] / sums[s, 5]
    return owner
