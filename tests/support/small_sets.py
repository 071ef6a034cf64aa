"""Small sets of labels by our own writers, without the file that says whose they are."""

from pathlib import Path

import numpy as np
from PIL import Image

from maskwright import formats
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments

CLASSES = Classes([Class(1, "cell"), Class(2, "wall")])


def photo(file: Path, seed: int = 0) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (30, 40, 3), np.uint8)).save(file)
    return file


def written(folder: Path, name: str, number: int = 3) -> Path:
    """A set of our writer without the file that says so."""
    dense = np.zeros((2, 30, 40), bool)
    dense[0, 3:12, 4:20] = dense[1, 15:25, 10:35] = True
    samples = [
        Sample(f"i{k}", ImageRef(str(photo(folder.parent / f"src/i{k}.png", k)), (30, 40)),
               Segments(Masks.encode(dense), [1, 2]), split="train")
        for k in range(number)
    ]  # fmt: skip
    formats.write(samples, CLASSES, folder, name, allow_loss=True)
    for about in folder.glob("maskwright.*"):
        about.unlink()
    return folder
