"""Labels and images in folders of their own whose names begin differently: buildings_x.geojson and RGB_x.tif."""

import os
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path

from maskwright.formats._contract import image_files

#: Of several folders of the same images, those that show what people see come first, as SpaceNet calls them.
_SEEN = ("rgb-pansharpen", "ps-rgb", "rgb", "3band", "images", "pan-sharpen")
#: So many words may be in front of the name that both share, and so many behind a label's.
_IN_FRONT, _BEHIND = 8, 1

Pair = tuple[str, Path, Path]


def by_core(path: Path, labels: list[Path], images: str | None, notes: list[str]) -> list[Pair]:
    """Key, image and label file of those whose names pair; the key is the name that both share.

    Words in front, between "_", are left out where all files of a folder begin with them; numbers among them are the
    same on both sides.  images: the folder of the images, below `path` or anywhere; else the folder nearest to the
    labels whose names pair with most of them, and of several the one that shows colours.  notes: what was chosen and
    left out is added.
    """
    if not labels:
        return []
    home = path if images is None else path / images if (path / images).is_dir() else Path(images)
    folders = _by_folder(image_files(home))
    out: list[Pair] = []
    for folder, files in _by_folder(labels).items():
        ways = [(other, pairs) for other, there in folders.items() if (pairs := _pairs(files, there))]
        if not ways:
            continue
        ways.sort(key=lambda way: (-_near(folder, way[0]), -len(way[1]), _rank(way[0].name), way[0]))
        (other, pairs), *rest = ways
        core, image, label = pairs[0]
        notes.append(f"{image.name} is taken as the image of {label.name}, by the name {core}")
        if rest:
            names = ", ".join(place.name for place, _ in rest)
            notes.append(f"images are from {other.name}/; {names} hold the same and were left out: -o images=FOLDER")
        out += pairs
    if len({core for core, *_ in out}) < len(out):  # of several areas
        return [("/".join((*label.parent.relative_to(path).parts, core)), image, label) for core, image, label in out]
    return out


def _by_folder(files: Iterable[Path]) -> dict[Path, list[Path]]:
    out: dict[Path, list[Path]] = {}
    for file in files:
        out.setdefault(file.parent, []).append(file)
    return out


def _rank(name: str) -> int:
    return _SEEN.index(name.lower()) if name.lower() in _SEEN else len(_SEEN)


def _near(folder: Path, other: Path) -> int:
    """How many folders from the root two places share."""
    return len(Path(os.path.commonpath([folder, other])).parts)


def _pairs(labels: list[Path], images: list[Path]) -> list[Pair]:
    """The pairs of two folders by the longest name that most labels share with an image.

    Two at least where names differ.
    """
    ways = sorted(
        product(_cuts(labels, _BEHIND), _cuts(images, 0)), key=lambda way: len(way[0][0]) + len(way[1][0]) + way[0][1]
    )
    for (words, behind), (others, _) in ways:
        numbers, theirs = ([word for word in found if any(map(str.isdigit, word))] for found in (words, others))
        if numbers and theirs and numbers != theirs:
            continue
        there = {_core(image, len(others), 0): image for image in images}
        pairs = [
            (core, there[core], label)
            for label in labels
            if (core := _core(label, len(words), behind)) in there and core and not core.isdigit()
        ]
        is_same = not words and not others and not behind
        if len(pairs) > (not is_same) and 2 * len(pairs) > len(labels):
            return pairs
    return []


def _cuts(files: list[Path], behind: int) -> Iterator[tuple[list[str], int]]:
    """The words that all names begin with, none to all of them, and how many at their end are left out."""
    first = files[0].stem.split("_")
    shared = min(_IN_FRONT, len(first) - 1)
    for file in files:
        words = file.stem.split("_")
        while first[:shared] != words[:shared] or shared >= len(words):
            shared -= 1
    for end in range(behind + 1):
        if end and len({file.stem.rpartition("_")[2] for file in files}) > 1:
            return
        for number in range(shared + 1):
            yield first[:number], end


def _core(file: Path, in_front: int, behind: int) -> str:
    words = file.stem.split("_")
    return "_".join(words[in_front : len(words) - behind])
