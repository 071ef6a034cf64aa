"""Whether the values of label files number objects rather than classes."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.masks import Masks
from maskwright.errors import MaskwrightError
from maskwright.formats._label_files import Label, read_label
from maskwright.formats._roles import words
from maskwright.formats._tree import Folder

#: Values may be numbers of objects from so many in an image on, where each is in nearly so many parts.
MANY, MOSTLY_ONE = 5, 1.05
#: So many files are looked at; with fewer objects in all of them nothing is certain.
LOOKED_AT, _LEAST = 20, 6
_SAID = frozenset({"instance", "instances", "inst", "objects", "nuclei", "cells", "identities"})
#: What Penn-Fudan's descriptions of images say of the values.
_DESCRIBED = "Pixel mask for object"


def is_in_red(label: Label) -> bool:
    """Whether numbers stand in the red channel of what is not meant to be seen as colours."""
    return label.values.ndim == 3 and not label.planes and not label.values[..., 1:].any()


def numbers_of(label: Label) -> Array | None:
    """(H, W) whole numbers; None for colours and for planes."""
    if label.planes:
        return None
    if label.values.ndim == 2:
        return label.values
    same = (label.values == label.values[..., :1]).all()
    return label.values[..., 0] if same or is_in_red(label) else None


def certain(files: Sequence[tuple[Path, Path]], folders: Iterable[Folder], names: Iterable[str]) -> str | None:
    """Why the values of these (label, image) files number objects, or None where that is not certain.

    They do where every file that can be read has 1 … N, each in one part, and something more says so: N varies and is
    large, or the files, which are not all alike, have 16 bits or keep their numbers in red, names say instances, or a
    description does.
    names: of the folders and of what is added to file names.
    """
    highest, parts, total = [], 0, 0
    hidden, drawn = True, set()
    for label, image in files[:LOOKED_AT]:
        try:
            found = read_label(label, image)
        except MaskwrightError:
            continue
        numbers = numbers_of(found)
        if numbers is None or found.lossy or found.palette:
            return None
        values = np.unique(numbers)
        above = values[values != 0]
        if len(above) and (int(above[0]) != 1 or int(above[-1]) != len(above)):
            return None
        masks = Masks.from_label_map(numbers, ignore=[0])[1]
        parts, total = parts + len(masks.components(connectivity=8)[0]), total + len(masks)
        highest.append(len(above))
        drawn.add(hash(numbers.tobytes()))
        hidden &= is_in_red(found) or (numbers.dtype.itemsize > 1 and numbers.dtype.kind in "ui") or _is_deep(label)
    if total < _LEAST or parts > MOSTLY_ONE * total:
        return None
    said = "they are 1 … N in every image, each in one connected part"
    if len(set(highest)) > 1 and max(highest) >= MANY:
        return f"{said}, and N is {min(highest)} to {max(highest)}"
    if hidden and len(drawn) > 1:
        return f"{said}, in files that hold numbers and no colours"
    if _SAID & {word for name in names for word in words(name)}:
        return f"{said}, and names say so"
    return f"{said}, and descriptions say so" if _is_described(folders) else None


def _is_deep(label: Path) -> bool:
    from PIL import Image

    try:
        with Image.open(label) as image:
            return image.mode.startswith("I")
    except (OSError, ValueError, SyntaxError):
        return False


def _is_described(folders: Iterable[Folder]) -> bool:
    for folder in list(folders)[:LOOKED_AT]:
        name = next((name for name in folder.files if name.lower().endswith(".txt")), None)
        if name is not None:
            try:
                with open(folder.path / name, encoding="utf-8", errors="replace") as file:
                    if _DESCRIBED in file.read(4096):
                        return True
            except OSError:
                continue
    return False
