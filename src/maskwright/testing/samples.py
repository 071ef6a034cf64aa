"""Labelled images with all that is awkward about them."""

from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import Bool
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments

#: Two things and stuff, with ids that do not follow each other, a background and a class to be ignored.
CLASSES = Classes(
    [
        Class(1, "cat", "thing", colour=(200, 30, 30)),
        Class(5, "dog", "thing"),
        Class(9, "grass", "stuff", colour=(0, 120, 0)),
        Class(0, "nothing", "stuff", "background"),
        Class(77, "blurred", "stuff", "ignore"),
    ]
)
_KEYS = ("a", "with space", "sub/folder/x", "größe-é", "日本", "z.dots.in")


def make_samples(folder: Path, number: int = 6, *, seed: int = 0, overlap: bool = True, **columns: Any) -> list[Sample]:
    """Samples of CLASSES, their images below folder/originals: holes, parts, overlap, odd sizes, odd names.

    The second sample has no segment.  overlap: False leaves each pixel to one segment at most.  columns: of `Segments`.
    seed: of what is drawn.
    """
    from PIL import Image

    rng = np.random.default_rng(seed)
    samples = []
    for place in range(number):
        size = (int(rng.integers(5, 40)), int(rng.integers(5, 50)))
        key = _KEYS[place] if place < len(_KEYS) else f"n{place}"
        path = folder / "originals" / f"{key}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (*size, 3), dtype=np.uint8)).save(path)
        count = 0 if place == 1 else int(rng.integers(1, 6))
        dense = np.stack([shape(rng, size) for _ in range(count)]) if count else np.zeros((0, *size), bool)
        if not overlap:
            for k in range(1, count):
                dense[k] &= ~dense[:k].any(axis=0)
            dense = dense[dense.any(axis=(1, 2))]
        class_ids = rng.choice([1, 5, 9], len(dense))
        masks = Masks.encode(dense) if len(dense) else Masks.empty(size)
        segments = Segments(masks, class_ids, **columns)
        samples.append(Sample(key, ImageRef(str(path), size), segments, split=["train", "val"][place % 2]))
    return samples


def shape(rng: np.random.Generator, size: tuple[int, int]) -> Bool:
    """(H, W) bool: a blob, perhaps with a hole, perhaps in parts, perhaps one pixel or touching the border."""
    height, width = size
    y, x = np.mgrid[:height, :width] + 0.5
    out = np.zeros(size, bool)
    for _ in range(int(rng.integers(1, 4))):
        cy, cx = rng.uniform(0, height), rng.uniform(0, width)
        radius = rng.uniform(0.5, max(size) / 3)
        away = np.hypot((y - cy) * rng.uniform(0.6, 1.6), x - cx)
        out |= (away < radius) & (away > radius * rng.choice([0, 0, 0.4]))
    if rng.random() < 0.1:
        out[:] = False
        out[rng.integers(height), rng.integers(width)] = True
    if not out.any():
        out[height // 2, width // 2] = True
    return out
