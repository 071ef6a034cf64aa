"""Shared fixtures. Every test may run alone, in any order."""

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from databases import place, postgres  # noqa: F401  fixtures
from hypothesis import HealthCheck, settings

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments

settings.register_profile("all", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
settings.load_profile("all")

REAL = Path(os.environ.get("MASKWRIGHT_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture
def real() -> Callable[[str], Path]:
    """The folder of a real data set, or a skip that says why."""

    def find(name: str) -> Path:
        if not (REAL / name).exists():
            pytest.skip(f"the real data {name} is not at {REAL}; set MASKWRIGHT_REAL_DATA to where it is")
        return REAL / name

    return find


@pytest.fixture
def classes() -> Classes:
    return Classes(
        [
            Class(1, "cat", "thing", colour=(200, 30, 30)),
            Class(5, "dog", "thing"),
            Class(9, "grass", "stuff", colour=(0, 120, 0)),
            Class(0, "nothing", "stuff", "background"),
            Class(77, "blurred", "stuff", "ignore"),
        ]
    )


def shape(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """A blob, perhaps with a hole, perhaps in parts, perhaps one pixel or touching the border."""
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


@pytest.fixture
def make_samples(tmp_path: Path) -> Callable[..., list[Sample]]:
    """Samples with pictures on disk: holes, parts, overlap, an empty image, odd sizes, odd names."""
    from PIL import Image

    def make(number: int = 6, *, seed: int = 0, overlap: bool = True, **extra: object) -> list[Sample]:
        rng = np.random.default_rng(seed)
        names = ["a", "with space", "sub/folder/x", "größe-é", "日本", "z.dots.in"]
        samples = []
        for i in range(number):
            size = (int(rng.integers(5, 40)), int(rng.integers(5, 50)))
            key = names[i] if i < len(names) else f"n{i}"
            path = tmp_path / "pictures" / f"{key}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 255, (*size, 3), dtype=np.uint8)).save(path)
            count = 0 if i == 1 else int(rng.integers(1, 6))
            dense = np.stack([shape(rng, size) for _ in range(count)]) if count else np.zeros((0, *size), bool)
            if not overlap:
                for k in range(1, count):
                    dense[k] &= ~dense[:k].any(axis=0)
                dense = dense[dense.any(axis=(1, 2))]
            ids = rng.choice([1, 5, 9], len(dense))
            segments = Segments(Masks.encode(dense) if len(dense) else Masks.empty(size), ids, **extra)
            split = ["train", "val"][i % 2]
            samples.append(Sample(key, ImageRef(str(path), size), segments, split=split))
        return samples

    return make
