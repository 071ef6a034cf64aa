"""What judges share: objects of an image, how they lie in files between programs, and a judge's command line.

A judge is a program that knows one consumer and does not import Maskwright.  It reads a labelled set with the consumer
and puts the objects it found into a folder, or takes such a folder and writes a set with the consumer:

    python by_NAME.py read FORMAT SET OBJECTS
    python by_NAME.py write FORMAT OBJECTS SET

A folder of objects holds KEY.npz an image (names, and packed masks), classes.json and, for writers, images/.
A reader is a function from a set's folder to pairs of key and `Objects`; a writer takes a `Truth` and a folder.
NumPy is all that this module needs, so that it runs in a consumer's own environment.
"""

import json
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np


@dataclass
class Objects:
    """names: the class of each.  masks: (N, H, W) bool, in the file's order."""

    names: list[str]
    masks: np.ndarray

    @staticmethod
    def of(found: Iterable[tuple[str, np.ndarray]], size: tuple[int, int]) -> "Objects":
        """found: pairs of class and (H, W) mask."""
        pairs = list(found)
        masks = np.stack([mask for _, mask in pairs]) if pairs else np.zeros((0, *size), bool)
        return Objects([name for name, _ in pairs], masks.astype(bool))

    @property
    def size(self) -> tuple[int, int]:
        return self.masks.shape[1:]

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[tuple[str, np.ndarray]]:
        return zip(self.names, self.masks, strict=True)


Found = Iterator[tuple[str, Objects]]


def save(folder: Path, found: Iterable[tuple[str, Objects]]) -> None:
    """Into an existing folder; keys become file names."""
    for key, objects in found:
        packed = np.packbits(objects.masks.reshape(len(objects), objects.size[0] * objects.size[1]), axis=1)
        names = np.array(objects.names, dtype=np.str_)
        np.savez(folder / f"{quote(key, safe='')}.npz", names=names, packed=packed, size=objects.size)


def load(folder: Path) -> Found:
    """What `save` put there, by key."""
    for file in sorted(folder.glob("*.npz")):
        with np.load(file) as content:
            size = tuple(content["size"].tolist())
            flat = np.unpackbits(content["packed"], axis=1, count=size[0] * size[1])
            yield unquote(file.stem), Objects(content["names"].tolist(), flat.reshape(-1, *size).astype(bool))


@dataclass
class Truth:
    """What a judge is to write. classes: all names, in order."""

    folder: Path
    classes: list[str]

    def __iter__(self) -> Iterator[tuple[str, Path, Objects]]:
        """Key, image and objects of each sample."""
        files = {file.stem: file for file in (self.folder / "images").iterdir()}
        for key, objects in load(self.folder):
            yield key, files[key], objects

    @property
    def images(self) -> Path:
        return self.folder / "images"


Reader = Callable[[Path], Found]
Writer = Callable[[Truth, Path], None]


def label_maps(truth: Truth, folder: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Puts images and classes.json -> key and (H, W) uint8 of each label image for labels/; 0 has no label."""
    for home in ("images", "labels"):
        (folder / home).mkdir()
    (folder / "classes.json").write_text(json.dumps(truth.classes))
    for key, image, objects in truth:
        shutil.copy(image, folder / "images")
        values = np.zeros(objects.size, np.uint8)
        for name, mask in objects:
            values[mask] = truth.classes.index(name) + 1
        yield key, values


def main(reads: Mapping[str, Reader], writes: Mapping[str, Writer]) -> None:
    """What a judge does as a program."""
    way, name, source, target = sys.argv[1:]
    Path(target).mkdir(parents=True, exist_ok=True)
    if way == "read":
        save(Path(target), reads[name](Path(source)))
    else:
        classes = json.loads((Path(source) / "classes.json").read_text())
        writes[name](Truth(Path(source), classes), Path(target))
