"""Images with exact truth: shapes cut from photographs, laid over ground cut from photographs.

The photographs come with scikit-image (public domain or CC0).  Ground is stuff: grass, gravel, brick.  Things are
blobs of fur, stars of cloth and rings of porcelain, the rings with real holes; they overlap, and their order in
the segments says which lies on top.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import U8, Size
from maskwright.core.classes import Class, Classes
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.polygons import Polygon
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.registry import require

CLASSES = Classes(
    [
        Class(1, "blob", "thing", colour=(240, 128, 32)),
        Class(2, "star", "thing", colour=(64, 120, 240)),
        Class(3, "ring", "thing", colour=(230, 60, 120)),
        Class(11, "grass", "stuff", colour=(70, 160, 70)),
        Class(12, "gravel", "stuff", colour=(140, 140, 150)),
        Class(13, "brick", "stuff", colour=(170, 90, 60)),
    ]
)

_PHOTOGRAPHS = {"blob": "chelsea", "star": "astronaut", "ring": "coffee",
                "grass": "grass", "gravel": "gravel", "brick": "brick"}  # fmt: skip
_TINTS = {"grass": (0.75, 1.05, 0.6), "gravel": (1.0, 1.0, 1.05), "brick": (1.15, 0.8, 0.65)}


def build_demo_set(
    folder: str | Path, *, number: int = 60, size: Size = (192, 256), seed: int = 0
) -> tuple[Classes, list[Sample]]:
    """Write `number` PNG images of `size` into a folder -> classes and samples with whole truth.

    Things are amodal: a covered thing keeps its whole mask, and z-order says what covers it.  Instance truth is
    the things; panoptic truth is `segments.visible()`; semantic truth is `segments.label_map(classes)`.  Every
    pixel belongs to a segment.  Samples 0, 5, 10 … validate.  The same seed gives the same bytes.
    """
    from PIL import Image

    textures = _textures()
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    samples = []
    for index in range(number):
        rng = np.random.default_rng([seed, index])
        pixels, segments = _scene(size, textures, rng)
        path = target / f"{index:04d}.png"
        Image.fromarray(pixels).save(path)
        split = "val" if index % 5 == 0 else "train"
        samples.append(Sample(path.stem, ImageRef(str(path), size), segments, split=split))
    return CLASSES, samples


def _textures() -> dict[str, U8]:
    data = require("skimage.data", "the demo set")
    out = {}
    for name, photograph in _PHOTOGRAPHS.items():
        image = np.asarray(getattr(data, photograph)())
        if image.ndim == 2:
            image = np.repeat(image[..., None], 3, axis=2)
        tinted = image[..., :3].astype(np.float32) * np.array(_TINTS.get(name, (1, 1, 1)), np.float32)
        out[name] = tinted.clip(0, 255).astype(np.uint8)
    return out


def _scene(size: Size, textures: dict[str, U8], rng: np.random.Generator) -> tuple[U8, Segments]:
    height, width = size
    masks: list[Mask] = []
    class_ids: list[int] = []
    grounds = rng.permutation(["grass", "gravel", "brick"])[:2]
    # Two grounds meet along a wavy line.
    x = np.arange(width)
    line = height * (rng.uniform(0.3, 0.7) + 0.1 * np.sin(x / width * rng.uniform(3, 9) + rng.uniform(0, 6)))
    upper = np.arange(height)[:, None] + 0.5 < line[None]
    pixels = np.zeros((height, width, 3), np.float32)
    for name, where in zip(grounds, (upper, ~upper), strict=True):
        masks.append(Mask.encode(where))
        class_ids.append(CLASSES[str(name)].id)
        pixels[where] = _patch(textures[str(name)], size, rng)[where]
    for _ in range(int(rng.integers(3, 8))):
        name = str(rng.choice(["blob", "star", "ring"]))
        radius = rng.uniform(0.09, 0.24) * min(size)
        centre = rng.uniform(0.05, 0.95, 2) * (width, height)
        mask = Mask.from_polygon(_SHAPES[name](centre, radius, rng), size)
        if mask.area() < 12:
            continue
        where = mask.decode()
        light = 1 + 0.25 * np.sin((x[None] + np.arange(height)[:, None]) / 40 + rng.uniform(0, 6))
        pixels[where] = (_patch(textures[name], size, rng) * light[..., None])[where]
        masks.append(mask)
        class_ids.append(CLASSES[name].id)
    noise = rng.normal(0, 4, (height, width, 1))
    image = (pixels * rng.uniform(0.8, 1.15) + noise).clip(0, 255).astype(np.uint8)
    return image, Segments(Masks.stack(masks, size), class_ids)


def _patch(texture: U8, size: Size, rng: np.random.Generator) -> Any:
    """A random window of a photograph, repeated by mirroring where the photograph is smaller."""
    height, width = size
    tall, wide = texture.shape[:2]
    top, left = (int(rng.integers(max(1, have - need))) for have, need in ((tall, height), (wide, width)))
    window = texture[top : top + height, left : left + width]
    short = (height - window.shape[0], width - window.shape[1])
    if max(short) > 0:
        window = np.pad(window, ((0, short[0]), (0, short[1]), (0, 0)), mode="symmetric")
    return window.astype(np.float32)


def _circle(angles: Any, centre: Any, radii: Any) -> Any:
    return np.stack([centre[0] + radii * np.cos(angles), centre[1] + radii * np.sin(angles)], axis=1)


def _blob(centre: Any, radius: float, rng: np.random.Generator) -> Polygon:
    angles = np.linspace(0, 2 * math.pi, 64, endpoint=False)
    waves = sum(rng.uniform(0, 0.3 / k) * np.sin(k * angles + rng.uniform(0, 6)) for k in (2, 3, 4))
    return Polygon([[_circle(angles, centre, radius * (1 + waves))]])


def _star(centre: Any, radius: float, rng: np.random.Generator) -> Polygon:
    points = int(rng.integers(4, 8))
    angles = np.linspace(0, 2 * math.pi, 2 * points, endpoint=False) + rng.uniform(0, 6)
    radii = np.where(np.arange(2 * points) % 2, 0.5, 1.15) * radius
    return Polygon([[_circle(angles, centre, radii)]])


def _ring(centre: Any, radius: float, rng: np.random.Generator) -> Polygon:
    angles = np.linspace(0, 2 * math.pi, 64, endpoint=False)
    hole = _circle(angles[::-1], centre, np.full(64, rng.uniform(0.4, 0.6) * radius))
    return Polygon([[_circle(angles, centre, np.full(64, radius)), hole]])


_SHAPES = {"blob": _blob, "star": _star, "ring": _ring}
