"""How file names pair: what they add to the name that an image and its labels share.

A column is the files of a folder that add the same, by the name that is left: a_mask.png and b_mask.png are a and b of
the column "_mask".  Images and labels pair where two columns have the same names.
"""

import os.path
import re
from collections.abc import Iterable
from typing import NamedTuple

from maskwright.formats._roles import is_role
from maskwright.formats._tree import Folder

_LOSSY = (".jpg", ".jpeg", ".jfif", ".webp", ".heic", ".heif", ".avif")
_ARRAYS = (".npy", ".npz", ".mat")
_TAIL = re.compile(r"([_\-. ]+)([A-Za-z0-9]+)$")
_HEAD = re.compile(r"([A-Za-z]+)([_\-. ]*)(?=.)")
#: A file name is cut so often, and so much of a folder's files must add something for it to be a column.
_CUTS, _LEAST = 4, 0.02


class Column(NamedTuple):
    """before, behind: what is added to the names.  kind: lossy, exact or array, by the file's suffix."""

    before: str
    behind: str
    kind: str


def kind_of(suffix: str) -> str:
    """suffix: in small letters."""
    return "lossy" if suffix in _LOSSY else "array" if suffix in _ARRAYS else "exact"


def stem_of(name: str) -> tuple[str, str]:
    """The name without its suffix, and the suffix in small letters."""
    stem, dot, end = name.rpartition(".")
    if dot and stem and "." not in stem and end not in ("gz", "GZ"):  # as most are
        return stem, f".{end.lower()}"
    stem, suffix = os.path.splitext(name)  # noqa: PTH122 - names are many, and not paths
    if suffix.lower() == ".gz":
        stem, inner = os.path.splitext(stem)  # noqa: PTH122
        suffix = inner + suffix
    if stem.lower().endswith(".ome"):
        stem = stem[:-4]  # the TIFFs of Open Microscopy: cells.ome.tif
    return stem, suffix.lower()


def columns(folder: Folder, suffixes: tuple[str, ...]) -> dict[Column, dict[str, str]]:
    """Of each column the file names by the names that are left; files of other suffixes are passed over."""
    out: dict[Column, dict[str, str]] = {}
    number = 0
    for name in folder.files:
        stem, suffix = stem_of(name)
        if suffix not in suffixes:
            continue
        number += 1
        kind = kind_of(suffix)
        for core, before, behind in _cuts(stem):
            out.setdefault(Column(before, behind, kind), {}).setdefault(core, name)
    least = _LEAST * number
    return {column: files for column, files in out.items() if len(files) >= least or not (column[0] or column[1])}


def _cuts(stem: str) -> list[tuple[str, str, str]]:
    """(what is left, what stood before, what stood behind), the whole name first."""
    out = [(stem, "", "")]
    left = stem
    for _ in range(_CUTS):
        found = _TAIL.search(left)
        if found is None or found.start() == 0 or found[2].isdigit() or not is_role(found[2]):
            break
        left = left[: found.start()]
        out.append((left, "", stem[len(left) :]))
    if stem.endswith("_0000") and len(stem) > len("_0000"):
        out.append((stem[:-5], "", "_0000"))
    head = _HEAD.match(stem)
    if head and (head[2] or stem[head.end() : head.end() + 1].isdigit()) and is_role(head[1]):
        out.append((stem[head.end() :], stem[: head.end()], ""))
    return out


def continued(images: Iterable[str], labels: dict[str, str]) -> dict[str, dict[str, str]]:
    """Of names that go on behind an image's name, such as ID_01_MA of ID_01: by what they add, files by image name.

    labels: file names by whole names.
    """
    known = set(images)
    out: dict[str, dict[str, str]] = {}
    for stem, name in labels.items():
        for found in reversed(list(re.finditer(r"[_\-. ]", stem))):
            left = stem[: found.start()]
            if left in known:
                out.setdefault(stem[len(left) :], {})[left] = name
                break
    return out


def learned(images: dict[str, str], labels: dict[str, str]) -> tuple[dict[str, str], dict[str, str], str] | None:
    """Both with what all names of a side share taken away, and what that is in words; None for fewer than three.

    What is shared does not end or begin inside a number.
    """
    if min(len(images), len(labels)) < 3:
        return None
    (left, said_left), (right, said_right) = _bared(images), _bared(labels)
    if left is None or right is None:
        return None
    return left, right, f"{said_left} against {said_right}"


def _bared(files: dict[str, str]) -> tuple[dict[str, str] | None, str]:
    names = list(files)
    before = re.sub(r"\d+$", "", _beginning(names))
    behind = re.sub(r"\d+$", "", _beginning([name[::-1] for name in names]))[::-1]
    out = {name[len(before) : len(name) - len(behind)]: file for name, file in files.items()}
    whole = len(out) == len(files) and all(out)
    return (out if whole else None), f"{before}…{behind}"


def _beginning(names: list[str]) -> str:
    """The letters that all names begin with."""
    first, last = min(names), max(names)
    return first[: next((at for at, letter in enumerate(first) if last[at : at + 1] != letter), len(first))]


def commonest(found: dict[str, dict[str, str]], least: int) -> list[str]:
    """What is added `least` times or more, the commonest first."""
    return sorted(
        (added for added, files in found.items() if len(files) >= least), key=lambda added: -len(found[added])
    )
