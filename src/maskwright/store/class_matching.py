"""How the classes of labels that come in meet those that a dataset has."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from maskwright.core.classes import Class, Classes
from maskwright.core.names import folded, shown
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.errors import UsageError

#: Names that a sentence lists.
_LISTED = 12


@dataclass(frozen=True)
class Matched:
    """classes: the dataset's and the new ones.  ids: of the labels -> the dataset's, those that differ.

    notes: what was matched.
    """

    classes: Classes
    ids: Mapping[int, int]
    notes: list[str]

    def samples(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """The same samples, their segments' classes by the dataset's ids."""
        for sample in samples:
            yield sample.changed(self._matched)

    def _matched(self, segments: Segments) -> Segments:
        found = segments.class_ids.tolist()
        if self.ids.keys().isdisjoint(found):
            return segments
        return segments.replace(class_ids=[self.ids.get(class_id, class_id) for class_id in found])


def same(own: Classes, other: Classes, place: object) -> Matched:
    """Classes that mean the same by id and by name. Raises UsageError where one of both means two things.

    own: the dataset's, which stay as they are.  other: those of the labels.  place: the dataset's, for errors.
    """
    names, ids = {class_.name: class_ for class_ in own}, {class_.id: class_ for class_ in own}
    todo = "Match them by name with --merge, or import them into a dataset of their own."
    for class_ in other:
        name, by_id, by_name = shown(class_.name), ids.get(class_.id), names.get(class_.name)
        if by_id is not None and by_id.name != class_.name:
            found = f"class {class_.id} is {shown(by_id.name)!r} in the dataset and {name!r} in the labels"
            raise UsageError(found, file=place, todo=todo)
        if by_name is not None and by_name.id != class_.id:
            found = f"class {name!r} has the id {by_name.id} in the dataset and {class_.id} in the labels"
            raise UsageError(found, file=place, todo=todo)
        if by_id is None and class_.role == "background" and own.background is not None:
            found = f"the background is {shown(own.background.name)!r} in the dataset and {name!r} in the labels"
            raise UsageError(found, file=place, todo=todo)
    new = [class_ for class_ in other if class_.id not in own]
    notes = [*_kept([(class_, ids[class_.id]) for class_ in other if class_.id in ids]), *_alike(own, new)]
    return Matched(Classes([*own, *new]), {}, notes)


def by_name(own: Classes, other: Classes) -> Matched:
    """Classes of one name are one, with the dataset's id; the others are new, with their id where it is free.

    own: the dataset's, which stay as they are.  other: those of the labels; their background is the dataset's, whatever
    it is called.
    """
    names = {class_.name: class_ for class_ in own}
    pairs: list[tuple[Class, Class]] = []
    new: list[Class] = []
    for class_ in other:
        match = names.get(class_.name) or (own.background if class_.role == "background" else None)
        if match is None:
            new.append(class_)
        else:
            pairs.append((class_, match))
    free = max((class_.id for class_ in [*own, *other]), default=0) + 1
    placed = []
    for class_ in new:
        placed.append(replace(class_, id=free) if class_.id in own else class_)
        free += class_.id in own
    notes = []
    if pairs:
        notes.append(f"classes that are the dataset's, by name: {_list([_moved(old, kind) for old, kind in pairs])}")
    if new:
        added = [_moved(old, kind) for old, kind in zip(new, placed, strict=True)]
        notes.append(f"classes that are new in the dataset: {_list(added)}")
    ids = {old.id: kind.id for old, kind in [*pairs, *zip(new, placed, strict=True)] if old.id != kind.id}
    return Matched(Classes([*own, *placed]), ids, [*notes, *_kept(pairs), *_alike(own, new)])


def _moved(old: Class, new: Class) -> str:
    name = repr(shown(old.name, 40)) + (f" as {shown(new.name, 40)!r}" if new.name != old.name else "")
    return f"{name} ({old.id} became {new.id})" if new.id != old.id else f"{name} ({new.id})"


def _kept(pairs: Iterable[tuple[Class, Class]]) -> list[str]:
    """What the labels say otherwise of classes that the dataset has, which stays."""
    differing = [
        f"{shown(own.name, 40)!r} stays {_sort(own)}, though the labels say {_sort(other)}"
        for other, own in pairs
        if (own.kind, own.role) != (other.kind, other.role)
    ]
    return [f"the dataset's classes stay as they are: {_list(differing)}"] if differing else []


def _sort(class_: Class) -> str:
    return class_.kind if class_.role == "class" else class_.role


def _alike(own: Classes, new: Sequence[Class]) -> list[str]:
    """New classes that are called almost as one that the dataset has."""
    near = {folded(class_.name): class_.name for class_ in own}
    found = [
        f"{shown(class_.name, 40)!r} and {shown(near[folded(class_.name)], 40)!r}"
        for class_ in new
        if folded(class_.name) in near
    ]
    if not found:
        return []
    return [f"almost one name, and two classes: {_list(found)}; --map NEW=OLD makes them one"]


def _list(words: Sequence[str]) -> str:
    more = f" and {len(words) - _LISTED} more" if len(words) > _LISTED else ""
    return ", ".join(words[:_LISTED]) + more
