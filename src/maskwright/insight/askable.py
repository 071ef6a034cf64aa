"""What can be asked of every sample or segment: each with the words by which conditions name it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from maskwright.core.columns import BUILT_IN, Column, Owner
from maskwright.runs import list_runs
from maskwright.store import Dataset, View, run_values
from maskwright.store.declarations import MEANT, columns_of

#: Kinds whose values are numbers or words.
_SAID = ("number", "integer", "text", "category", "bool", "time", "reference")
#: Names, and one function of something without brackets in it, stand alone in any condition.
_ALONE = re.compile(r"[A-Za-z_][\w.]*(\([^()]*\)(\.\w+)?)?", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)

#: Built-in columns that a page offers first; the others are as good, and seldom asked for.
_SAMPLE = ("split", "num_segments", "weight", "height", "width", "state", "assignee", "video", "frame", "key")
_SEGMENT = ("class", "area", "score", "source", "is_crowd", "annotator")
_WORDS = {
    "num_segments": Column("num_segments", "integer", description="how many segments it has"),
    "state": Column("state", "text", description="how far the work is: labelled, review or approved"),
    "assignee": Column("assignee", "text", description="whose task it is"),
    "class": Column("class", "text", "segment", description="the name of its class"),
}


@dataclass(frozen=True)
class Askable:
    """expression: as conditions have it.  title: as people read it.  column: its kind, unit, values and owner.

    run: whose values they are; None of the dataset's own.  built_in: every sample or segment has it.
    """

    expression: str
    title: str
    column: Column
    run: str | None = None
    built_in: bool = False


def askable(dataset: Dataset, view: View) -> list[Askable]:
    """Columns of samples, then of segments, then of runs, the newest first, that conditions can ask for at a revision.

    Values of kinds that do not compare, boxes and vectors among them, are left out.
    """
    return [
        found
        for found in (*_built("sample"), *_own(view, "sample"), *_built("segment"), *_own(view, "segment"),
                      *_measured(dataset))
        if found.column.kind in _SAID
    ]  # fmt: skip


def quoted(name: str) -> str:
    """A part of a name in a condition."""
    return name if _PLAIN.fullmatch(name) else "'" + name.replace("'", "''") + "'"


def bracketed(expression: str) -> str:
    """An expression as a value that comparisons and orders take: in brackets where it is more than a name or a call."""
    return expression if _ALONE.fullmatch(expression) else f"({expression})"


def _built(owner: Owner) -> Iterator[Askable]:
    known = {column.name: column for column in BUILT_IN[owner]} | _WORDS
    for name in _SAMPLE if owner == "sample" else _SEGMENT:
        yield Askable(name, name, known[name], built_in=True)


def _own(view: View, owner: Owner) -> Iterator[Askable]:
    part = "fields" if owner == "sample" else "attributes"
    columns = columns_of(view)
    elsewhere = {column.name for column in columns if column.owner != owner}
    for column in columns:
        if column.owner == owner:
            bare = _PLAIN.fullmatch(column.name) and column.name.lower() not in MEANT | elsewhere
            yield Askable(column.name if bare else f"{part}.{quoted(column.name)}", column.name, column)


def _measured(dataset: Dataset) -> Iterator[Askable]:
    with dataset.database.reading() as connection:
        found = run_values.columns_of(connection)
    place = {record["id"]: number for number, record in enumerate(list_runs(dataset))}
    for run, column in sorted(found, key=lambda pair: place.get(pair[0], len(place))):
        yield Askable(f"run({as_text(run)}).{quoted(column.name)}", column.name, column, run)


def as_text(words: str) -> str:
    """Words as a text in a condition."""
    return "'" + words.replace("'", "''") + "'"
