"""Distances that grow faster across edges, and the reach of clicks."""

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.kernels.jit import kernel

_DIAGONAL = np.float32(2**0.5)


@kernel
def geodesic(cost: Array, far: Array, rounds: int) -> Array:
    """Length of the cheapest way to each pixel, by sweeps over the image.

    cost: (H, W) float32, of a step of one pixel.  far: (H, W) float32, what is known at first: 0 at seeds; changed in
    place and returned.  Exact for enough rounds; two leave the rare winding way too long.
    """
    height, width = cost.shape
    half = np.float32(0.5)
    for _ in range(rounds):
        for y in range(height):
            for x in range(width):
                own, c = far[y, x], cost[y, x]
                if x > 0:
                    own = min(own, far[y, x - 1] + half * (c + cost[y, x - 1]))
                if y > 0:
                    own = min(own, far[y - 1, x] + half * (c + cost[y - 1, x]))
                    if x > 0:
                        own = min(own, far[y - 1, x - 1] + _DIAGONAL * half * (c + cost[y - 1, x - 1]))
                    if x < width - 1:
                        own = min(own, far[y - 1, x + 1] + _DIAGONAL * half * (c + cost[y - 1, x + 1]))
                far[y, x] = own
        for y in range(height - 1, -1, -1):
            for x in range(width - 1, -1, -1):
                own, c = far[y, x], cost[y, x]
                if x < width - 1:
                    own = min(own, far[y, x + 1] + half * (c + cost[y, x + 1]))
                if y < height - 1:
                    own = min(own, far[y + 1, x] + half * (c + cost[y + 1, x]))
                    if x > 0:
                        own = min(own, far[y + 1, x - 1] + _DIAGONAL * half * (c + cost[y + 1, x - 1]))
                    if x < width - 1:
                        own = min(own, far[y + 1, x + 1] + _DIAGONAL * half * (c + cost[y + 1, x + 1]))
                far[y, x] = own
    return far


@kernel
def bumps(points: Array, signs: Array, widths: Array, out: Array) -> None:
    """Add sign * exp(-(distance / width)^2) around each point.

    points: (N, 2) float32 (x, y).  signs, widths: (N,) float32.  out: (H, W) float32.
    """
    height, width = out.shape
    for k in range(points.shape[0]):
        px, py, wide = points[k, 0], points[k, 1], widths[k]
        reach = 3 * wide
        for y in range(max(0, int(py - reach)), min(height, int(py + reach) + 2)):
            for x in range(max(0, int(px - reach)), min(width, int(px + reach) + 2)):
                square = ((y + 0.5 - py) ** 2 + (x + 0.5 - px) ** 2) / (wide * wide)
                if square < 9:
                    out[y, x] += signs[k] * np.exp(-square)


@kernel
def stamp(points: Array, radii: Array, out: Array) -> None:
    """Set the pixels whose centres are within each radius, and the pixel under each point.

    points: (N, 2) float32 (x, y).  radii: (N,) float32.  out: (H, W) bool.
    """
    height, width = out.shape
    for k in range(points.shape[0]):
        px, py, r = points[k, 0], points[k, 1], radii[k]
        for y in range(max(0, int(py - r)), min(height, int(py + r) + 2)):
            for x in range(max(0, int(px - r)), min(width, int(px + r) + 2)):
                if (y + 0.5 - py) ** 2 + (x + 0.5 - px) ** 2 <= r * r:
                    out[y, x] = True
        y, x = min(max(int(py), 0), height - 1), min(max(int(px), 0), width - 1)
        out[y, x] = True
