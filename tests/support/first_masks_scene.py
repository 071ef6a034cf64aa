"""Bright blobs on a dark ground, which the engine without weights finds by itself."""

import numpy as np

SIZE = (240, 320)
_PLACES = ((60, 60, 24), (160, 90, 30), (250, 60, 20), (90, 170, 32), (230, 170, 26))


def blobs(k: int) -> tuple[np.ndarray, np.ndarray]:
    """-> (240, 320, 3) uint8, (N, 240, 320) bool: three to five disks, which differ from image to image."""
    rng = np.random.default_rng(k)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    image = np.full((*SIZE, 3), (30, 32, 40))
    truth = []
    for cx, cy, radius in _PLACES[: 3 + k % 3]:
        shift = 2 * (k % 5)
        mask = (y - cy - shift) ** 2 + (x - cx - shift) ** 2 < radius**2
        image[mask] = (210, 190, 90)
        truth.append(mask)
    return np.clip(image + rng.integers(-8, 9, image.shape), 0, 255).astype(np.uint8), np.array(truth)
