"""Splits that text files name, an image a line: train.txt, val.txt, training.txt, trainval.txt and test.txt."""

from collections.abc import Collection, Iterable

from maskwright.formats._columns import stem_of
from maskwright.formats._roles import is_split, split_of_name
from maskwright.formats._tree import Folder

#: Of the names in a list so many must be images, in tenths; a larger file is not a list.
_KNOWN, _LARGE = 9, 64 << 20


def splits_of(folders: Iterable[Folder], stems: Collection[str]) -> tuple[dict[str, str], list[str]]:
    """Splits by the names of images without their suffix, and the lists that say so.

    Lists of other names are passed over; so are names that stand in the lists of two splits.  trainval.txt says train
    of what no other list names.
    """
    known = set(stems)
    found: dict[str, str] = {}
    torn: set[str] = set()
    used: list[str] = []
    lists = [
        (name.lower().startswith("trainval"), folder, name)
        for folder in folders for name in folder.files
        if name.lower().endswith(".txt") and is_split(stem_of(name)[0])
    ]  # fmt: skip
    for both, folder, name in sorted(lists, key=lambda row: (row[0], row[1].parts, row[2])):
        names = _names(folder, name)
        if not names or 10 * sum(stem in known for stem in names) < _KNOWN * len(names):
            continue
        used.append("/".join((*folder.parts, name)))
        split = str(split_of_name(stem_of(name)[0]))
        for stem in names:
            if not both and found.get(stem, split) != split:
                torn.add(stem)
            found.setdefault(stem, split)
    return {stem: split for stem, split in found.items() if stem not in torn}, used


def _names(folder: Folder, name: str) -> list[str]:
    file = folder.path / name
    try:
        if file.stat().st_size > _LARGE:
            return []
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    firsts = (line.split()[0] for line in lines if line.strip() and not line.startswith("#"))
    return [_stem(first.replace("\\", "/").rsplit("/", 1)[-1]) for first in firsts]


def _stem(name: str) -> str:
    stem, suffix = stem_of(name)
    return stem if suffix[1:].isalpha() or suffix == ".jp2" else name
