"""Options of the verbs that take labels in or write them: which classes, and what they are called."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from maskwright.errors import UsageError

Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map", metavar="OLD=NEW",
        help="Call a class otherwise, by its name or id; several of one new name become one class. Repeatable; \\= is "
        "an equals sign in a name.",
    ),
]  # fmt: skip
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="CLASS,…", help="Leave out segments of other classes; images stay."),
]
Drop = Annotated[
    list[str] | None,
    typer.Option("--drop", metavar="CLASS,…", help="Leave out segments of these classes; images stay."),
]

Merge = Annotated[
    bool,
    typer.Option(
        "--merge", help="Match the classes of a dataset that is there by name; its ids, kinds and colours stay."
    ),
]


def choice(mapped: Sequence[str] | None, only: Sequence[str] | None, drop: Sequence[str] | None) -> dict[str, Any]:
    """What `formats.selected` is told. Raises UsageError for what is not OLD=NEW, and a class mapped to two others.

    A backslash before a comma, an equals sign or another backslash makes it a part of a name.
    """
    names: dict[str, str] = {}
    for text in mapped or ():
        parts = _split(text, "=")
        if len(parts) != 2 or not all(parts):
            raise UsageError(
                f"--map {text!r} is not two names", needed="OLD=NEW", todo="Write an equals sign in a name as \\=."
            )
        old, new = parts
        if names.setdefault(old, new) != new:
            raise UsageError(f"--map gives {old!r} the names {names[old]!r} and {new!r}", needed="one new name")
    chosen = {name: [part for text in given or () for part in _split(text, ",")]
              for name, given in (("only", only), ("drop", drop))}  # fmt: skip
    for name, given in (("only", only), ("drop", drop)):
        if given and not all(chosen[name]):
            raise UsageError(f"--{name} has an empty name", needed="names of classes with commas")
    return {"map": names, **chosen}


def _split(text: str, mark: str) -> list[str]:
    """The parts between marks that no backslash stands before, without spaces around them."""
    parts, escaped = [""], False
    for letter in text:
        if escaped:
            parts[-1] += letter if letter in ",=\\" else f"\\{letter}"
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter == mark:
            parts.append("")
        else:
            parts[-1] += letter
    parts[-1] += "\\" * escaped
    return [part.strip() for part in parts]
