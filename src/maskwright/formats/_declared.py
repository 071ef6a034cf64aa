"""Classes of values that somebody names, or that a table of colours does; what is not there or ignored is told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from maskwright.core.classes import Class, Classes
from maskwright.errors import FormatError
from maskwright.formats import _class_names
from maskwright.formats._rasters import Colour


@dataclass
class Asked:
    """Options that say what values mean."""

    names: Sequence[str] | None
    background: int | None
    ignore: int | None
    threshold: int | None
    planes: str | None


def _declared(
    rows: Sequence[tuple[int, str, tuple[int, int, int] | None]],
    names: Sequence[str] | None, background: int | None, ignore: int | None, path: Path,
) -> Classes:  # fmt: skip
    given = list(names or ())
    plain = [row for row in rows if row[0] != ignore]
    if given and len(given) != len(plain):
        raise FormatError(f"{len(plain)} values found: {[row[0] for row in plain]}", file=path,
                          needed=f"one name each, not {len(given)}")  # fmt: skip
    called = dict(zip((row[0] for row in plain), given, strict=False))
    void = {value for value, name, _ in rows if not given and _class_names.says_ignored(name)} - {background}
    known = {row[0] for row in rows}
    extra = [
        (value, word, None)
        for value, word in ((background, "background"), (ignore, "ignored"))
        if value is not None and value not in known
    ]
    return Classes(
        Class(
            value, called.get(value, name), "stuff",
            "background" if value == background else "ignore" if value == ignore or value in void else "class", colour,
        )
        for value, name, colour in sorted([*rows, *extra])
    )  # fmt: skip


def named(
    rows: Sequence[tuple[int, str, tuple[int, int, int] | None]], asked: Asked, notes: list[str], path: Path
) -> Classes:
    """Classes of the values there are; names given for values that are not 0 … n - 1 are told one by one."""
    values = sorted(value for value, *_ in rows)
    _tell_unused(values, asked.background, asked.ignore, notes)
    classes = _declared(rows, asked.names, asked.background, asked.ignore, path)
    _tell_ignored(classes, asked.ignore, notes)
    plain = [class_ for class_ in classes if class_.id in values and class_.id != asked.ignore]
    if asked.names and [class_.id for class_ in plain] != list(range(len(plain))):
        before = {value: name for value, name, _ in rows}
        said = ", ".join(f"{before[class_.id]} is {class_.name!r}" for class_ in plain)
        notes.append(f"names go to the values in their order: {said}")
    return classes


def _tell_ignored(classes: Classes, ignore: int | None, notes: list[str]) -> None:
    """Of classes that are ignored because of what a file calls them. ignore: the value that is so anyway."""
    found = [f"{row.id} {row.name!r}" for row in classes if row.role == "ignore" and row.id != ignore]
    if found:
        notes.append(f"{', '.join(found)}: what is called so is ignored, and is not a class to learn")


def _tell_unused(values: Iterable[int], background: int | None, ignore: int | None, notes: list[str]) -> None:
    for word, value in (("background", background), ("ignore", ignore)):
        if value is not None and value not in values:
            notes.append(f"{word} is {value}, which no label holds")


def from_palette(
    table: _class_names.Table, background: int | None, ignore: int | None, notes: list[str]
) -> tuple[Classes, dict[Colour, int]]:
    _tell_unused(range(len(table.colours)), background, ignore, notes)
    rows = [(number, name, colour) for number, (name, colour) in enumerate(table.colours)]
    classes = _declared(rows, None, background, ignore, table.file)
    _tell_ignored(classes, ignore, notes)
    return classes, {colour: number for number, _, colour in rows}
