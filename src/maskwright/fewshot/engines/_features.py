"""What a pixel looks like at several scales: colour, edges, ridges, blobs, texture."""

from typing import Any

import numpy as np

from maskwright.core.arrays import F32, U8
from maskwright.registry import require

SIGMAS = (0.7, 1.6, 3.5, 8.0, 16.0)


def features(image: U8, *, sigmas: tuple[float, ...] = SIGMAS, colour: bool = True, position: bool = False) -> F32:
    """image: (H, W, 3) uint8 RGB -> (H, W, F) float32.

    At each scale: smoothed CIELAB, gradient magnitude, eigenvalues of the Hessian, coherence and energy of the
    structure tensor, and local deviation, of lightness; colours also against those of the widest scale.
    Scales above 3 pixels are computed on a smaller image.
    colour: lightness alone where False.  position: also x and y as shares of the image.
    """
    cv2: Any = require("cv2", "learning from examples")
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    if not colour:
        lab = np.ascontiguousarray(lab[..., :1])
    height, width = image.shape[:2]
    layers: list[F32] = [lab.reshape(height, width, -1)]
    for sigma in sigmas:
        factor = 1
        while sigma / factor > 3 and min(height, width) // (2 * factor) >= 8:
            factor *= 2
        small = lab
        if factor > 1:
            size = (max(1, width // factor), max(1, height // factor))
            small = cv2.resize(lab, size, interpolation=cv2.INTER_AREA)
        smooth = cv2.GaussianBlur(small, (0, 0), max(sigma / factor, 0.3))
        if smooth.ndim == 2:
            smooth = smooth[..., None]
        light = np.ascontiguousarray(smooth[..., 0])
        dx, dy = cv2.Sobel(light, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(light, cv2.CV_32F, 0, 1, scale=0.125)
        xx, yy = cv2.Sobel(dx, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(dy, cv2.CV_32F, 0, 1, scale=0.125)
        xy = cv2.Sobel(dx, cv2.CV_32F, 0, 1, scale=0.125)
        blur = 1.5 * max(sigma / factor, 0.5)
        jxx, jyy, jxy = (cv2.GaussianBlur(each, (0, 0), blur) for each in (dx * dx, dy * dy, dx * dy))
        spread = np.sqrt((jxx - jyy) ** 2 + 4 * jxy**2)
        bend = np.sqrt((xx - yy) ** 2 + 4 * xy**2)
        square = cv2.GaussianBlur(np.ascontiguousarray(small.reshape(*light.shape, -1)[..., 0]) ** 2, (0, 0), blur)
        mean = cv2.GaussianBlur(np.ascontiguousarray(small.reshape(*light.shape, -1)[..., 0]), (0, 0), blur)
        found = np.stack([
            np.sqrt(dx * dx + dy * dy), (xx + yy + bend) / 2, (xx + yy - bend) / 2, (jxx + jyy + spread) / 2,
            (jxx + jyy - spread) / 2, np.sqrt(np.maximum(square - mean**2, 0)),
        ], axis=2)  # fmt: skip
        scale = np.concatenate([smooth, found], axis=2)
        if factor > 1:
            # Four channels a call: OpenCV interpolates no more at once quickly.
            parts = [
                cv2.resize(np.ascontiguousarray(scale[..., k : k + 4]), (width, height), interpolation=cv2.INTER_LINEAR)
                for k in range(0, scale.shape[2], 4)
            ]
            scale = np.concatenate([part.reshape(height, width, -1) for part in parts], axis=2)
        layers.append(scale)
    # Against the surroundings: what lights a part of the image says nothing about what is there.
    colours = lab.shape[2] if lab.ndim == 3 else 1
    wide = layers[-1][..., :colours]
    layers += [layer[..., :colours] - wide for layer in layers[1:-1]]
    if position:
        y, x = np.mgrid[:height, :width].astype(np.float32)
        layers.append(np.stack([y / height, x / width], axis=2))
    return np.concatenate(layers, axis=2).astype(np.float32, copy=False)


def has_colour(image: U8) -> bool:
    """Do the channels differ anywhere?"""
    return bool((image[..., 0] != image[..., 1]).any() or (image[..., 1] != image[..., 2]).any())
