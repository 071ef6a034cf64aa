"""Folders of splits that are each a set of one format, read as one set."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from maskwright.core.classes import Class, Classes
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.formats._contract import Reading, split_word


def together(parts: Sequence[Path], home: Path, read: Callable[[Path], Reading]) -> Reading:
    """All samples of the parts, one part after the other.

    parts: folders below `home`; their paths stand before the keys, and the split that a part's name says is that of
    samples that have none.  Classes of one name are one class; an id that another class has is replaced by a free one.
    """
    readings = [read(part) for part in parts]
    classes, ids = _joined([reading.classes for reading in readings])
    notes: list[str] = []
    changed = Counter(key != value for own in ids for key, value in own.items())[True]
    if changed:
        notes.append(f"{changed} class ids differ between the parts and were made one by the classes' names")
    totals = [reading.total for reading in readings]
    about = {name: said for reading in reversed(readings) for name, said in reading.about.items()}

    def samples() -> Iterator[Sample]:
        for part, reading, own in zip(parts, readings, ids, strict=True):
            before = part.relative_to(home).as_posix()
            split = next(filter(None, map(split_word, reversed(part.relative_to(home).parts))), None)
            for sample in reading.samples:
                yield _moved(sample, f"{before}/{sample.key}", sample.split or split, own)
            notes.extend(f"{before}: {note}" for note in reading.notes)
            whole.elsewhere.update(reading.elsewhere)

    total = None if None in totals else sum(number for number in totals if number is not None)
    whole = Reading(classes, samples(), total, notes, about)
    return whole


def _joined(sets: Sequence[Classes]) -> tuple[Classes, list[dict[int, int]]]:
    """One set of classes, and for each the id that its own ids become."""
    known: dict[str, Class] = {}
    taken: set[int] = set()
    ids: list[dict[int, int]] = []
    for classes in sets:
        own: dict[int, int] = {}
        for class_ in classes:
            if class_.name not in known:
                number = class_.id
                while number in taken:
                    number = max(taken) + 1
                taken.add(number)
                known[class_.name] = replace(class_, id=number)
            own[class_.id] = known[class_.name].id
        ids.append(own)
    return Classes(known.values()), ids


def _moved(sample: Sample, key: str, split: str | None, ids: dict[int, int]) -> Sample:
    def moved(segments: Segments) -> Segments:
        if len(segments) and any(ids.get(number, number) != number for number in segments.class_ids.tolist()):
            new = np.array([ids.get(number, number) for number in segments.class_ids.tolist()], np.int64)
            segments = segments.replace(class_ids=new)
        return segments

    return replace(sample.changed(moved), key=key, split=split)
