"""Trainings of seconds, in processes of their own: a dataset, settings, waiting, and their end."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.runs import launching
from maskwright.store import Dataset

#: A network of few weights, on small windows.
SMALL = (
    "--size 32x32\nbatch_size = 2\n--device cpu\n--precision fp32\n--overlays 0\n--config widths=8,8,8,8,8\nworkers=0"
)


def made(folder: Path) -> Path:
    """Six images of a bright box each."""
    (folder / "images").mkdir(parents=True)
    rng = np.random.default_rng(0)
    with Dataset.create(folder / "set", Classes([Class(1, "box")])) as dataset, dataset.edit("boxes") as edit:
        for k in range(6):
            pixels = rng.integers(0, 60, (48, 48, 3), np.uint8)
            mask = np.zeros((1, 48, 48), bool)
            mask[0, 8 + k : 30 + k, 10:36] = True
            pixels[mask[0]] += 150
            file = folder / "images" / f"p{k}.png"
            Image.fromarray(pixels).save(file)
            edit.add(
                Sample(
                    f"p{k}",
                    ImageRef(str(file), (48, 48)),
                    Segments(Masks.encode(mask), [1]),
                    split="val" if k > 3 else "train",
                )
            )
    return folder / "set"


def status(dataset: Dataset, name: str) -> str:
    return {record.id: record.status for record in dataset.runs}.get(name, "none")


def until(dataset: Dataset, holds: Callable[[], object], seconds: float = 240) -> None:
    """Wait; what the trainings printed is told where it takes too long."""
    end = time.monotonic() + seconds
    while not holds():
        said = {name: launching.printed(dataset, name) for name in launching.launched(dataset)}
        assert time.monotonic() < end, said
        time.sleep(0.1)


def end_all(dataset: Dataset) -> None:
    """Kill what was begun and goes on, so that no test leaves a process behind."""
    for begun in launching.launched(dataset).values():
        if begun.going:
            os.kill(begun.process.pid, signal.SIGKILL)
