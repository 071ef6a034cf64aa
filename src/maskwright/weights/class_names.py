"""What the outputs of published networks are called: lists of classes in the order of the outputs.

coco-80    COCO's objects, counted without gaps
coco-91    COCO's objects at its own numbers less one; those at the gaps were never labelled, and have the paper's names
coco-133   COCO's objects, then its stuff, as the panoptic challenge has them
voc        the background and VOC's 20 objects
ade20k     the 150 classes of scene parsing
cityscapes the 19 classes that count
"""

from functools import cache
from pathlib import Path

_LISTS = Path(__file__).parent / "class_lists"


def lists() -> list[str]:
    """The names of all lists, sorted."""
    return sorted(file.stem for file in _LISTS.glob("*.txt"))


@cache
def class_names(of: str) -> tuple[tuple[str, str], ...]:
    """(name, kind) by output; kind is thing, stuff or background.

    of: a list's name.  Raises KeyError for another one.
    """
    file = _LISTS / f"{of}.txt"
    if not file.is_file():
        raise KeyError(of)
    lines = file.read_text(encoding="utf-8").splitlines()
    return tuple((name, kind or "thing") for name, _, kind in (line.partition("\t") for line in lines))
