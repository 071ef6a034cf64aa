"""What a layout holds, said without any reader: the images, their masks, the names, the splits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

Masks = dict[str, list[np.ndarray]]


@dataclass
class Labels:
    """What an image shows.

    size: (height, width).  masks: of each class, (H, W) bool; one mask where objects are not told apart.
    split: the words that are right for it; () where the layout says none.
    known: False for an image that comes without labels: it may be left out, and must not come with any.
    second: the masks of a second annotator, where there is one.
    """

    size: tuple[int, int]
    masks: Masks = field(default_factory=dict)
    split: tuple[str, ...] = ()
    known: bool = True
    second: Masks | None = None


@dataclass
class Truth:
    """What a whole set holds.

    images: by the path of the image file from the root; "#0", "#1", … behind a file of many images.
    names: the names that are right for a class, by its key in `Labels.masks`; None where the layout does not name it.
    A class without a row has its key for a name.  instances: every mask is an object of its own.
    optional: keys that may be left out everywhere, such as background and void.
    classless: objects without a class: how many classes there are is not looked at beyond `one_class`.
    one_class: objects must not have become classes.  tolerance: how far in pixels an outline may lie off.
    same: further image files of a labelled image, such as other modalities, by path: the path that stands in `images`.
    volumes: voxels of a file as stored, by path: the slices are compared along any axis, turned any way.
    """

    images: dict[str, Labels] = field(default_factory=dict)
    names: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    instances: bool = False
    optional: frozenset[str] = frozenset()
    classless: bool = False
    one_class: bool = True
    tolerance: int = 0
    same: dict[str, str] = field(default_factory=dict)
    volumes: dict[str, "Volume"] = field(default_factory=dict)


@dataclass
class Volume:
    """shape: of the voxels as stored.  masks: (X, Y, Z) bool by class key; split and known as in `Labels`."""

    shape: tuple[int, int, int]
    masks: dict[str, np.ndarray] = field(default_factory=dict)
    split: tuple[str, ...] = ()
    known: bool = True


@dataclass(frozen=True)
class Layout:
    """A public set, as its builder makes it small.

    name: of the builder.  title: the set.  source: where its layout is described.
    build: makes it in an empty folder and says what it holds.
    archives: as it is downloaded: what lies in an archive, by the archive's name, whose suffix says its kind; "." is
    everything.  Empty where it is not offered packed.
    """

    name: str
    title: str
    source: str
    build: Callable[[Path], Truth]
    archives: Mapping[str, tuple[str, ...]]


LAYOUTS: list[Layout] = []


def layout(
    title: str, source: str, archives: Mapping[str, tuple[str, ...]] | None = None
) -> Callable[[Callable[[Path], Truth]], Callable[[Path], Truth]]:
    """Puts a builder on the list."""

    def put(build: Callable[[Path], Truth]) -> Callable[[Path], Truth]:
        LAYOUTS.append(Layout(build.__name__, title, source, build, archives or {}))
        return build

    return put


def by_value(label_map: np.ndarray, keys: Mapping[int, str]) -> Masks:
    """The masks of a label map: a mask a value that occurs."""
    return {key: [label_map == value] for value, key in keys.items() if (label_map == value).any()}


def plain(*keys: Any) -> dict[str, None]:
    """Classes that the layout does not name."""
    return {str(key): None for key in keys}


TRAIN, VAL, TEST = ("train",), ("val",), ("test",)
