"""Samples from elsewhere into a dataset, all of them or none."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

from maskwright.core.classes import Classes
from maskwright.core.columns import Column
from maskwright.core.names import shown
from maskwright.core.sample import Sample
from maskwright.core.sequence import Sequence
from maskwright.errors import UsageError
from maskwright.media.checksums import Hashing
from maskwright.store import class_matching, database, vectors
from maskwright.store.database import Database
from maskwright.store.dataset import Dataset, user_name
from maskwright.store.edit import Edit, KeyThereError
from maskwright.store.origin import Origin, keep
from maskwright.store.sequence_samples import Files
from maskwright.store.snapshot import VectorGroup
from maskwright.store.tray import Tray

#: Columns that a note names.
_NAMED = 12


def import_samples(
    place: str | Path, classes: Classes, samples: Iterable[Sample], message: str, *, author: str | None = None,
    split: str | None = None, hash_images: bool = True, columns: Iterable[Column] = (),
    vector_groups: Iterable[VectorGroup] = (), sequences: Iterable[Sequence] = (),
    about: Mapping[str, Any] | None = None, merge: bool = False, origin: Callable[[], Origin] | None = None,
    tray: Tray | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Add samples to the dataset at `place`, which is made if need be -> counts, notes and the revision.

    Classes that are new are declared; one that means something else than the dataset's raises UsageError.  merge: match
    classes by name instead: one that the dataset has by that name gets its id, a new one a free id.  hash_images:
    keep a checksum of each image's content, by which a changed one is found. Making and filling a dataset is one
    transaction; when anything fails, nothing that was made for it stays.  split: given to all of them; else each keeps
    its own.  columns: to be declared first; of other values that samples and segments bring, the answer's `columns` say
    which kind they have.  vector_groups: vectors of these samples, such as `snapshot.read_vectors` reads.  sequences:
    what is known of those that these samples belong to; one that the dataset knows otherwise raises UsageError.  Of the
    others, whose samples are pages of one file, the file is asked; the rest are of time.  about: what their files say
    of the whole set, as `formats.Reading` has it, which the dataset keeps; where it has something else, that stays.
    origin: says after the last sample which files a new dataset was made from; its revision is filled in.
    tray: where these samples were kept while they were read; it ends in the transaction that adds them.
    """
    hashing = Hashing()
    content = hashing.follow(samples) if hash_images else samples
    name = author or user_name()
    own = list(columns)
    found: dict[str, Any] | None = None
    if tray is not None and tray.known.new:
        found = _made_of(tray, classes, own, content, message, name, split, about or {}, origin)
    elif not Dataset.exists(place):
        with suppress(database.ThereError):  # somebody else was faster; nothing was read of the samples
            found = _made(
                place, classes, own, content, message, name, split, vector_groups, sequences, about or {}, origin
            )
    notes = ["the dataset is new, so that there was nothing to merge with"] if merge and found is not None else []
    if found is None:
        with Dataset.open(place) as dataset, dataset.edit(message, author=name) as edit:
            there = edit.classes()
            matched = class_matching.by_name(there, classes) if merge else class_matching.same(there, classes, place)
            notes = matched.notes
            edit.set_classes(matched.classes)
            found = _filled(edit, own, matched.samples(content), split, vector_groups, sequences, about or {})
            if tray is not None:
                tray.end(edit.connection)
    if found["samples"]:
        with Dataset.open(place) as dataset:
            dataset.keep_window()
    told = [*notes, *hashing.notes(), *found["notes"], *_told(found["columns"])]
    return {**found, "classes": len(classes), "notes": told}


def renew_samples(
    place: str | Path, classes: Classes, samples: Iterable[Sample], message: str, origin: Callable[[], Origin], *,
    sequences: Iterable[Sequence] = (), about: Mapping[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Make the dataset what its files have become -> as `import_samples`; only what differs is written.

    It is one revision, or none where nothing differs; `revision` is the newest then.  Samples whose image has another
    size, or is another frame, are new ones.  A class that has another id than before makes all of them new.
    """
    hashing = Hashing()
    with Dataset.open(place) as dataset, dataset.edit(message) as edit:
        gone = set(dataset.keys())
        before = edit.classes()
        ids = {declared.id for declared in classes}
        names = {declared.name for declared in classes}
        if any(declared.id not in ids and declared.name in names for declared in before):
            for key in gone:
                edit.remove(key)
            gone = set()
            edit.set_classes(classes)
        else:
            edit.set_classes(Classes([*classes, *(declared for declared in before if declared.id not in ids)]))
        columns = edit.columns()
        files = Files()
        number = segments = 0
        for sample in hashing.follow(samples):
            edit.renew(sample) if sample.key in gone else edit.add(sample, hash_image=False)
            gone.discard(sample.key)
            files.follow(sample)
            number += 1
            segments += len(sample.segments)
        for key in gone:
            edit.remove(key)
        edit.set_classes(classes)
        for sequence in (*sequences, *files.sequences()):
            edit.meet_sequence(sequence, yielding=True)
        notes = edit.meet_about(about or {})
        new = [column for column in edit.columns() if column not in columns]
        revision = edit.revision if any(edit.summary.values()) else edit.parent
        edit.meet_origin(replace(origin(), revision=revision))
    return {
        "samples": number, "segments": segments, "classes": len(classes), "revision": revision, "columns": new,
        "notes": [*hashing.notes(), *notes, *_told(new)],
    }  # fmt: skip


def _made(
    place: str | Path, classes: Classes, columns: list[Column], samples: Iterable[Sample], message: str, author: str,
    split: str | None, vector_groups: Iterable[VectorGroup], sequences: Iterable[Sequence], about: Mapping[str, Any],
    origin: Callable[[], Origin] | None,
) -> dict[str, Any]:  # fmt: skip
    """A new dataset and its first samples, in one transaction. Raises ThereError where one is already."""
    making = database.Making(place)
    with making.filling() as connection:
        found = _first(
            making.database, connection, classes, columns, samples, message, author, split, vector_groups, sequences,
            about, origin,
        )  # fmt: skip
    making.database.close()
    return found


def _made_of(
    tray: Tray, classes: Classes, columns: list[Column], samples: Iterable[Sample], message: str, author: str,
    split: str | None, about: Mapping[str, Any], origin: Callable[[], Origin] | None,
) -> dict[str, Any]:  # fmt: skip
    """A new dataset of what a tray in its place holds."""
    with tray.database.writing() as connection:
        found = _first(
            tray.database, connection, classes, columns, samples, message, author, split, (), (), about, origin
        )
        tray.end(connection)
    return found


def _first(
    store: Database, connection: Connection, classes: Classes, columns: list[Column], samples: Iterable[Sample],
    message: str, author: str, split: str | None, vector_groups: Iterable[VectorGroup], sequences: Iterable[Sequence],
    about: Mapping[str, Any], origin: Callable[[], Origin] | None,
) -> dict[str, Any]:  # fmt: skip
    """The first two revisions: classes, and samples."""
    first = Edit(store, connection, author, "create")
    first.set_classes(classes)
    first.finish()
    edit = Edit(store, connection, author, message)
    found = _filled(edit, columns, samples, split, vector_groups, sequences, about)
    edit.finish()
    if origin is not None:
        keep(connection, replace(origin(), revision=edit.revision))
    return found


def _filled(
    edit: Edit, columns: list[Column], samples: Iterable[Sample], split: str | None,
    vector_groups: Iterable[VectorGroup], sequences: Iterable[Sequence], about: Mapping[str, Any],
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
        "notes": edit.meet_about(about),
        "revision": edit.revision,
        "columns": [column for column in edit.columns() if column not in before],
    }


def _added(edit: Edit, samples: Iterable[Sample], split: str | None, files: Files) -> dict[str, int]:
    number = segments = 0
    there: list[str] = []
    for sample in samples:
        number += 1
        try:
            edit.add(sample if split is None else replace(sample, split=split), hash_image=False)
        except KeyThereError:
            there.append(sample.key)
            continue
        files.follow(sample)
        segments += len(sample.segments)
    if there:
        raise _are_there(there, number, edit.place)
    return {"samples": number, "segments": segments}


def _are_there(keys: list[str], number: int, place: object) -> UsageError:
    """Why samples are not taken in. keys: those that the dataset has.  number: of all samples that came."""
    told = f"there is a sample {shown(keys[0])!r} already"
    if len(keys) > 1:
        told = f"{len(keys)} of {number} samples are there already, such as {shown(keys[0])!r}"
    return UsageError(
        told, file=place, needed="samples whose keys are new",
        todo="Import them into a dataset of their own, with another name in place of DATASET; --merge matches classes, "
        "and --split only says which split new samples are in.",
    )  # fmt: skip


def _told(columns: list[Column]) -> list[str]:
    """One sentence that says which columns came in, and of what kind."""
    said = [
        f"{'fields' if column.owner == 'sample' else 'attributes'}.{shown(column.name, 40)} ({column.kind})"
        for column in columns[:_NAMED]
    ]
    more = f" and {len(columns) - _NAMED} more" if len(columns) > _NAMED else ""
    return [f"columns taken from the values that came in: {', '.join(said)}{more}"] if said else []
