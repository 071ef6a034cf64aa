"""Samples from elsewhere into a dataset, all of them or none."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from maskwright.core.classes import Classes
from maskwright.core.columns import Column
from maskwright.core.names import shown
from maskwright.core.sample import Sample
from maskwright.core.sequence import Sequence
from maskwright.errors import UsageError
from maskwright.media.checksums import Hashing
from maskwright.store import database, vectors
from maskwright.store.dataset import Dataset, user_name
from maskwright.store.edit import Edit
from maskwright.store.sequence_samples import Files
from maskwright.store.snapshot import VectorGroup

#: Columns that a note names.
_NAMED = 12


def import_samples(
    place: str | Path, classes: Classes, samples: Iterable[Sample], message: str, *, author: str | None = None,
    split: str | None = None, hash_images: bool = True, columns: Iterable[Column] = (),
    vector_groups: Iterable[VectorGroup] = (), sequences: Iterable[Sequence] = (),
) -> dict[str, Any]:  # fmt: skip
    """Add samples to the dataset at `place`, which is made if need be -> counts, notes and the revision.

    Classes that are new are declared; one that means something else than the dataset's raises UsageError.  hash_images:
    keep a checksum of each image's content, by which a changed one is found. Making and filling a dataset is one
    transaction; when anything fails, nothing that was made for it stays.  split: given to all of them; else each keeps
    its own.  columns: to be declared first; of other values that samples and segments bring, the answer's `columns` say
    which kind they have.  vector_groups: vectors of these samples, such as `snapshot.read_vectors` reads.  sequences:
    what is known of those that these samples belong to; one that the dataset knows otherwise raises UsageError.  Of the
    others, whose samples are pages of one file, the file is asked; the rest are of time.
    """
    hashing = Hashing()
    content = hashing.follow(samples) if hash_images else samples
    name = author or user_name()
    own = list(columns)
    found: dict[str, Any] | None = None
    if not Dataset.exists(place):
        with suppress(database.ThereError):  # somebody else was faster; nothing was read of the samples
            found = _made(place, classes, own, content, message, name, split, vector_groups, sequences)
    if found is None:
        with Dataset.open(place) as dataset, dataset.edit(message, author=name) as edit:
            edit.set_classes(merged(edit.classes(), classes, place))
            found = _filled(edit, own, content, split, vector_groups, sequences)
    if found["samples"]:
        with Dataset.open(place) as dataset:
            dataset.keep_window()
    return {**found, "classes": len(classes), "notes": [*hashing.notes(), *_told(found["columns"])]}


def _made(
    place: str | Path, classes: Classes, columns: list[Column], samples: Iterable[Sample], message: str, author: str,
    split: str | None, vector_groups: Iterable[VectorGroup], sequences: Iterable[Sequence],
) -> dict[str, Any]:  # fmt: skip
    """A new dataset and its first samples, in one transaction. Raises ThereError where one is already."""
    making = database.Making(place)
    with making.filling() as connection:
        first = Edit(making.database, connection, author, "create")
        first.set_classes(classes)
        first.finish()
        edit = Edit(making.database, connection, author, message)
        found = _filled(edit, columns, samples, split, vector_groups, sequences)
        edit.finish()
    making.database.close()
    return found


def _filled(
    edit: Edit, columns: list[Column], samples: Iterable[Sample], split: str | None,
    vector_groups: Iterable[VectorGroup], sequences: Iterable[Sequence],
) -> dict[str, Any]:  # fmt: skip
    """Declare the columns that are not there, take over the kinds of others, and add the samples.

    Raises UsageError for a column that is there and is defined otherwise.
    """
    there = edit.columns()
    names = {(column.owner, column.name) for column in there}
    for column in columns:
        if column not in there and (column.declared or (column.owner, column.name) not in names):
            edit.add_column(column)
    before = edit.columns()
    files = Files()
    counts = _added(edit, samples, split, files)
    for group in vector_groups:
        vectors.put(edit, group.column.name, group.keys, group.values, segments=group.segments)
    for sequence in sequences:
        edit.meet_sequence(sequence)
    for sequence in files.sequences():
        edit.meet_sequence(sequence, yielding=True)
    return {
        **counts,
        "revision": edit.revision,
        "columns": [column for column in edit.columns() if column not in before],
    }


def _added(edit: Edit, samples: Iterable[Sample], split: str | None, files: Files) -> dict[str, int]:
    number = segments = 0
    for sample in samples:
        edit.add(sample if split is None else replace(sample, split=split), hash_image=False)
        files.follow(sample)
        number += 1
        segments += len(sample.segments)
    return {"samples": number, "segments": segments}


def _told(columns: list[Column]) -> list[str]:
    """One sentence that says which columns came in, and of what kind."""
    said = [
        f"{'fields' if column.owner == 'sample' else 'attributes'}.{shown(column.name, 40)} ({column.kind})"
        for column in columns[:_NAMED]
    ]
    more = f" and {len(columns) - _NAMED} more" if len(columns) > _NAMED else ""
    return [f"columns taken from the values that came in: {', '.join(said)}{more}"] if said else []


def merged(own: Classes, other: Classes, place: object) -> Classes:
    """The dataset's classes and the new ones. Raises UsageError where one id or name means two things."""
    rows = {declared.id: declared for declared in own}
    names = {declared.name: declared.id for declared in own}
    for declared in other:
        name = shown(declared.name)
        if declared.id in rows and rows[declared.id].name != declared.name:
            found = (
                f"class {declared.id} is {shown(rows[declared.id].name)!r} in the dataset and {name!r} in the labels"
            )
            raise UsageError(found, file=place, todo="Import them into a dataset of their own.")
        if names.get(declared.name, declared.id) != declared.id:
            found = f"class {name!r} has the id {names[declared.name]} in the dataset and {declared.id} in the labels"
            raise UsageError(found, file=place, todo="Import them into a dataset of their own.")
        rows.setdefault(declared.id, declared)
    return Classes(rows.values())
