"""Samples from elsewhere into a dataset, all of them or none."""

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from maskwright.core.classes import Classes
from maskwright.core.sample import Sample
from maskwright.dataset import connection as opening
from maskwright.dataset.dataset import Dataset
from maskwright.errors import UsageError


def import_samples(
    place: str | Path, classes: Classes, samples: Iterable[Sample], message: str, *, author: str | None = None,
    split: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Add samples to the dataset at `place`, which is made if need be -> counts and the revision.

    Classes that are new are declared; one that means something else than the dataset's raises UsageError.
    When anything fails, a dataset that was made for this is removed again.
    """
    made_folder = None
    new = not Dataset.exists(place)
    if new and not opening.is_url(place):
        file = opening.database_file(place)
        made_folder = None if file.parent.exists() else file.parent
    dataset = Dataset.create(place, classes, author=author) if new else Dataset.open(place)
    try:
        with dataset, dataset.edit(message, author=author) as edit:
            if not new:
                edit.set_classes(merged(dataset.classes, classes, place))
            number = segments = 0
            for sample in samples:
                edit.add(sample if split is None else replace(sample, split=split))
                number += 1
                segments += len(sample.segments)
        return {"samples": number, "segments": segments, "classes": len(classes), "revision": edit.revision}
    except BaseException:
        if new and not opening.is_url(place):
            for end in ("", "-wal", "-shm"):
                (file.parent / (file.name + end)).unlink(missing_ok=True)
            if made_folder is not None:
                shutil.rmtree(made_folder, ignore_errors=True)
        raise


def merged(own: Classes, other: Classes, place: object) -> Classes:
    """The dataset's classes and the new ones. Raises UsageError where one id or name means two things."""
    rows = {one.id: one for one in own}
    names = {one.name: one.id for one in own}
    for one in other:
        if one.id in rows and rows[one.id].name != one.name:
            found = f"class {one.id} is {rows[one.id].name!r} in the dataset and {one.name!r} in the labels"
            raise UsageError(found, file=place, todo="Import them into a dataset of their own.")
        if names.get(one.name, one.id) != one.id:
            found = f"class {one.name!r} has the id {names[one.name]} in the dataset and {one.id} in the labels"
            raise UsageError(found, file=place, todo="Import them into a dataset of their own.")
        rows.setdefault(one.id, one)
    return Classes(rows.values())
