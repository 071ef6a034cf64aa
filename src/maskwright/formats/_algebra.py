"""Classes of a set put together, chosen and left out, while its samples pass by."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

import numpy as np

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.names import folded, shown
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.formats._contract import Reading

#: Names that a sentence lists.
_LISTED = 12


def selected(
    reading: Reading,
    *,
    map: Mapping[str | int, str | int] | None = None,
    only: Sequence[str | int] = (),
    drop: Sequence[str | int] = (),
) -> Reading:
    """The same reading with other classes: first some are called otherwise, then some stay or are left out.

    map: class -> its new name, all at once, so that two can change places.  Classes that get one name become one, and
    so does one that gets the name of another: that other's id, kind, role and colour stay; where the name is new, those
    of the first.  Regions of a stuff class that come together in one image are one segment where nothing overlaps and
    nothing else is said of them.
    only: classes that stay, as they are called then; so do the background and ignored classes, which say what a pixel
    without a segment is and which pixels do not count.
    drop: classes that are left out, as they are called then.
    Classes are given by name, and by id where no name is that.  Segments of classes that are left out go, images stay;
    a part whose whole goes is a part of nothing.  The notes say what became of classes and, behind the last sample, how
    many segments went.  Raises UsageError for a class that is not there, with the nearest, for one that is mapped
    twice, and where no class is left.
    """
    if not map and not only and not drop:
        return reading
    called = _called(reading.classes, map or {})
    joined, target = _joined(reading.classes, called)
    kept = _chosen(joined, only, drop, called)
    if not any(class_.role == "class" for class_ in kept):
        raise UsageError("no class is left", needed="one that --only or --drop leaves")
    going = [class_ for class_ in reading.classes if target[class_.id] not in kept]
    passing = _Passing(kept, {old: new for old, new in target.items() if new in kept}, going)
    reading.notes.extend(_said(reading.classes, kept, target, called, only=bool(only)))
    return replace(reading, classes=kept, samples=passing.through(reading.samples, reading.notes))


def apart(classes: Iterable[Class]) -> tuple[Classes, list[str]]:
    """Classes of one file or list, of which several may have one name -> those, each with a name of its own, and notes.

    The first keeps the name, others have their id behind it: "cell" and "cell (2)".  Raises ValueError as Classes does
    for other things that are there twice.
    """
    listed = list(classes)
    names = {class_.name for class_ in listed}
    first: dict[str, int] = {}
    out, told = [], []
    for class_ in listed:
        name = class_.name
        if name in first:
            while name in names:
                name += f" ({class_.id})"
            told.append(f"classes {first[class_.name]} and {class_.id} are both called {shown(class_.name)!r}; "
                        f"{class_.id} is {shown(name)!r}")  # fmt: skip
            names.add(name)
        first.setdefault(class_.name, class_.id)
        out.append(class_ if name == class_.name else replace(class_, name=name))
    if len(told) > 1:
        told = [f"{len(told)} classes have the name of another, such as: {told[0]}"]
    return Classes(out), told


def find(classes: Classes, name: str | int, taken: Mapping[str, str] | None = None) -> Class:
    """The class of that name, or of that id where no name is that.

    taken: names that mapping took away, and what their classes are called.  Raises UsageError, with the nearest name.
    """
    found = _found(classes, name)
    if found is not None:
        return found
    said = shown(str(name))
    if taken and (became := taken.get(str(name))) is not None:
        raise UsageError(f"class {said!r} is called {shown(became)!r} by --map", needed="the new name")
    names = [class_.name for class_ in classes]
    plain = {folded(known): known for known in reversed(names)}
    near = get_close_matches(folded(str(name)), list(plain), 1, 0.5)
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    there = f"there are {shown(', '.join(names[:_LISTED]), 300)}{more}" if names else "the set has no classes"
    raise UsageError(
        f"no class is called {said!r}", needed=there, todo=f"Did you mean {shown(plain[near[0]])!r}?" if near else None
    )


def _found(classes: Classes, name: str | int) -> Class | None:
    by_name = {class_.name: class_ for class_ in classes}
    if str(name) in by_name:
        return by_name[str(name)]
    try:
        number = int(name)
    except ValueError:
        return None
    return next((class_ for class_ in classes if class_.id == number), None)


def _called(classes: Classes, map: Mapping[str | int, str | int]) -> dict[str, str]:
    """Name of each class that is mapped -> its new one."""
    out: dict[str, str] = {}
    for old, new in map.items():
        own = find(classes, old)
        other = _found(classes, new)
        name = str(new) if other is None else other.name
        if not name.strip():
            raise UsageError(f"class {shown(own.name)!r} gets no name", needed="OLD=NEW")
        if out.setdefault(own.name, name) != name:
            raise UsageError(
                f"class {shown(own.name)!r} is mapped to {shown(out[own.name])!r} and to {shown(name)!r}",
                needed="one new name",
            )
    return out


def _joined(classes: Classes, called: Mapping[str, str]) -> tuple[Classes, dict[int, int]]:
    """The classes as they are called, in their order, and of each old id the new one."""
    groups: dict[str, list[Class]] = {}
    for class_ in classes:
        groups.setdefault(called.get(class_.name, class_.name), []).append(class_)
    target: dict[int, int] = {}
    first: dict[int, Class] = {}
    for name, group in groups.items():
        own = next((class_ for class_ in group if called.get(class_.name, name) == class_.name), group[0])
        first[own.id] = replace(own, name=name)
        target |= {class_.id: own.id for class_ in group}
    return Classes(first[class_.id] for class_ in classes if class_.id in first), target


def _chosen(
    classes: Classes, only: Sequence[str | int], drop: Sequence[str | int], taken: Mapping[str, str]
) -> Classes:
    """Of the classes, those that stay."""
    wanted = {find(classes, name, taken).id for name in only}
    unwanted = {find(classes, name, taken).id for name in drop}
    if both := wanted & unwanted:
        raise UsageError(f"class {shown(classes[min(both)].name)!r} is chosen and left out", needed="one of both")
    return Classes(
        class_
        for class_ in classes
        if class_.id not in unwanted and (not only or class_.id in wanted or class_.role != "class")
    )


def _said(
    before: Classes, kept: Classes, target: Mapping[int, int], called: Mapping[str, str], *, only: bool
) -> list[str]:
    """What became of the classes."""
    notes = []
    moved = [
        f"{shown(class_.name, 40)!r} is {shown(called[class_.name], 40)!r}"
        for class_ in before
        if called.get(class_.name, class_.name) != class_.name
    ]
    if moved:
        notes.append(f"classes by another name: {_list(moved)}")
    for class_ in kept:
        others = [old for old in before if target[old.id] == class_.id and old.id != class_.id]
        differing = [old for old in others if (old.kind, old.role) != (class_.kind, class_.role)]
        if differing:
            names = _list([f"{shown(old.name, 40)!r} ({_sort(old)})" for old in differing])
            notes.append(f"class {shown(class_.name, 40)!r} is {_sort(class_)}; {names} came to it")
    beside = [shown(class_.name, 40) for class_ in kept if only and class_.role != "class"]
    if beside:
        notes.append(f"the background and what is ignored stay: {_list(beside)}")
    return notes


def _sort(class_: Class) -> str:
    return class_.kind if class_.role == "class" else class_.role


def _list(words: Sequence[str]) -> str:
    more = f" and {len(words) - _LISTED} more" if len(words) > _LISTED else ""
    return ", ".join(words[:_LISTED]) + more


class _Passing:
    """Samples on their way to other classes, and what happened to them.

    kept: the classes that they come to.  target: ids of classes that stay -> the new ones.  going: those that go.
    """

    def __init__(self, kept: Classes, target: Mapping[int, int], going: Sequence[Class]) -> None:
        self._target, self._going = target, going
        numbers = Counter(target.values())
        self._together = {class_.id for class_ in kept if class_.kind == "stuff" and numbers[class_.id] > 1}
        self._dropped = Counter[int]()
        self._emptied = self._parted = self._joined = 0

    def through(self, samples: Iterator[Sample], notes: list[str]) -> Iterator[Sample]:
        for sample in samples:
            yield sample.changed(self._changed)
        notes.extend(self._notes())

    def _changed(self, old: Segments) -> Segments:
        stays = np.array([class_id in self._target for class_id in old.class_ids.tolist()], bool)
        segments = old
        if not stays.all():
            segments = self._without(old, stays)
            self._emptied += not len(segments)
        new = [self._target[class_id] for class_id in segments.class_ids.tolist()]
        before = segments.class_ids.tolist()
        if new != before:
            segments = segments.replace(class_ids=new)
        for class_id in self._together & set(new):
            if len({old_id for old_id, new_id in zip(before, new, strict=True) if new_id == class_id}) > 1:
                segments = self._one(segments, class_id)
        return segments

    def _without(self, segments: Segments, stays: np.ndarray) -> Segments:
        self._dropped.update(segments.class_ids[~stays].tolist())
        gone = set(segments.ids[~stays].tolist())
        left = segments[stays]
        parents = [None if parent in gone else parent for parent in left.column("parent")]
        lost = sum(new != old for new, old in zip(parents, left.column("parent"), strict=True))
        self._parted += lost
        return left.replace(more={**left.more, "parent": parents}) if lost else left

    def _one(self, segments: Segments, class_id: int) -> Segments:
        """The regions of a stuff class as one segment, at the lowest one's place and with its id."""
        rows = np.flatnonzero(segments.class_ids == class_id)
        first = int(rows[0])
        plain = not any(segments.attributes[row] for row in rows) and bool(np.isnan(segments.scores[rows]).all())
        plain = plain and not any(values[row] is not None for values in segments.more.values() for row in rows)
        alike = not segments.is_crowd[rows].any() and len({segments.source[row] for row in rows}) == 1
        whole = segments.masks.union()
        if not (plain and alike) or whole.area() != segments.masks.areas().sum():
            return segments
        region = segments.masks[rows].group_unions(np.zeros(len(rows), np.int64), 1)
        others = np.setdiff1d(np.arange(len(segments)), rows[1:])
        parts = [region if row == first else segments.masks[row : row + 1] for row in others.tolist()]
        self._joined += len(rows) - 1
        left = segments[others]
        return left.replace(masks=Masks.concatenate(parts, segments.size), more=left.more)

    def _notes(self) -> list[str]:
        notes = []
        if self._going:
            of = [f"{shown(class_.name, 40)!r} ({self._dropped[class_.id]})" for class_ in self._going]
            number = f"{self._dropped.total()} segments were left out"
            emptied = f"; {self._emptied} images have none left, and stay" if self._emptied else ""
            notes.append(f"{number}, of the classes {_list(of)}{emptied}")
        if self._parted:
            notes.append(f"{self._parted} segments were parts of one that was left out, and are parts of nothing")
        if self._joined:
            notes.append(f"{self._joined} regions of classes that became one were joined to another of their image")
        return notes
