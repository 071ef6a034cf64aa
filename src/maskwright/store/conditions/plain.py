"""Conditions over samples in memory, without a database: the same rows as SQL gives."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cmp_to_key
from operator import attrgetter
from typing import Any

import numpy as np

from maskwright.core.columns import Column
from maskwright.core.sample import Sample
from maskwright.core.sequence import Sequence as SequenceOfSamples
from maskwright.errors import UsageError
from maskwright.store.conditions import resolved, words
from maskwright.store.conditions.resolve import expression, group, read
from maskwright.store.conditions.surroundings import Surroundings
from maskwright.store.rows import stored_uri


@dataclass(frozen=True)
class Beside:
    """What is known of one sample beside itself.

    runs: values by (run, name).  by_segment: values by (run, segment's id, name); None or absent where there is none.
    """

    state: str | None = None
    assignee: str | None = None
    runs: Mapping[tuple[str, str], float | None] = field(default_factory=dict)
    by_segment: Mapping[tuple[str, int, str], float | None] = field(default_factory=dict)


NOTHING = Beside()


def matches(text: str, sample: Sample, known: Surroundings, beside: Beside = NOTHING) -> bool:
    """Whether a sample fulfils a condition; an order says nothing about one sample.

    known: columns, classes and runs, such as `Given(classes, columns)`.  beside: what is known of this sample.
    Raises UsageError for a condition that cannot be read, and for a limit, which is about many samples.
    """
    return _Reckoner(sample, known, beside).fulfils(read(text, known))


def choose(
    texts: str | Sequence[str], samples: Sequence[Sample], known: Surroundings, beside: Sequence[Beside] | None = None
) -> list[int]:
    """Positions of the samples that conditions leave, in the order they ask for; each takes what the one before left.

    beside: what is known of each sample.  Raises UsageError for a condition that cannot be read.
    """
    queries = [read(text, known) for text in ([texts] if isinstance(texts, str) else texts)]
    facts = beside or [NOTHING] * len(samples)
    reckoners = [_Reckoner(sample, known, own) for sample, own in zip(samples, facts, strict=True)]
    return _chosen(queries, reckoners)


def value(
    column: Column, sample: Sample, known: Surroundings, beside: Beside = NOTHING, *, segment: int | None = None
) -> Any:
    """A virtual column's value of a sample, or of a segment of it; None where it is missing.

    segment: the position of the segment in the sample, for a column that segments own.
    Raises UsageError for an expression that cannot be read.
    """
    if (segment is None) == (column.owner == "segment"):
        raise UsageError(f"the column {column.name!r} is of a {column.owner}", needed=f"a {column.owner} to read it of")
    reckoner = _Reckoner(sample, known, beside)
    found = reckoner.value(expression(column, known), segment)
    return float(found) if column.kind == "number" and found is not None else found


def _chosen(queries: Iterable[resolved.Resolved], reckoners: "list[_Reckoner]") -> list[int]:
    left = list(range(len(reckoners)))
    for query in queries:
        if query.condition is not None:
            members = _members(query.condition, reckoners)
            left = [i for i in left if reckoners[i].holds(query.condition, None, members, i)]
        if query.order:
            left.sort()
        for order in reversed(query.order):
            left.sort(key=cmp_to_key(_ordered(order, reckoners)))
        if query.limit is not None:
            left = left[: query.limit]
    return left


def _members(node: Any, reckoners: "list[_Reckoner]") -> dict[str, frozenset[int]]:
    """Positions of the samples of every saved view that a condition names."""
    found: dict[str, frozenset[int]] = {}
    if isinstance(node, resolved.Member):
        found[node.name] = frozenset(_chosen(node.queries, reckoners))
    parts = getattr(node, "parts", ()) or getattr(node, "arguments", ())
    for part in (*parts, *(getattr(node, name, None) for name in ("inner", "left", "right"))):
        if part is not None:
            found |= _members(part, reckoners)
    return found


def _ordered(order: resolved.Order, reckoners: "list[_Reckoner]") -> Any:
    """A comparison of two positions; missing values are the last ones."""
    keys = [[reckoner.value(key, None) for key in order.keys] for reckoner in reckoners]

    def compare(first: int, second: int) -> int:
        for a, b in zip(keys[first], keys[second], strict=True):
            if a is None and b is None:
                continue
            if a is None or b is None:
                return 1 if a is None else -1
            if a != b:
                return -1 if (a < b) != order.descending else 1
        return 0

    return compare


class _Reckoner:
    """One sample, and what conditions say of it."""

    def __init__(self, sample: Sample, known: Surroundings, beside: Beside) -> None:
        self.sample = sample
        self.known = known
        self.beside = beside
        self.areas = sample.segments.masks.areas()
        self.members: tuple[Mapping[str, frozenset[int]], int] | None = None

    def fulfils(self, query: resolved.Resolved) -> bool:
        if query.limit is not None:
            raise UsageError("whether one sample is within a limit depends on all others", todo="Ask `choose`.")
        return query.condition is None or self.holds(query.condition, None)

    def holds(
        self, node: resolved.Typed, at: int | None, members: Mapping[str, frozenset[int]] | None = None, place: int = 0
    ) -> bool:
        """at: the segment that is spoken of.  members, place: of saved views, and where the sample is among them."""
        self.members = None if members is None else (members, place)
        return self.truth(node, at)

    def truth(self, node: resolved.Typed, at: int | None) -> bool:
        match node:
            case resolved.Compare():
                left, right = self.value(node.left, at), self.value(node.right, at)
                if left is None or right is None:
                    return False
                if group(node.left.kind) == "number" and not node.left.kind == node.right.kind == "integer":
                    left, right = float(left), float(right)
                return words.COMPARE[node.operator](left, right)
            case resolved.OneOf():
                found = self.value(node.inner, at)
                return found is not None and (found in node.values) != node.negative
            case resolved.Like():
                found = self.value(node.inner, at)
                return found is not None and words.like(found, node.pattern) != node.negative
            case resolved.Missing():
                return (self.value(node.inner, at) is None) != node.negative
            case resolved.Not():
                return not self.truth(node.inner, at)
            case resolved.Joined():
                join = all if node.every else any
                return join(self.truth(part, at) for part in node.parts)
            case resolved.AnyOver():
                return self.number(node.inner) > 0
            case resolved.Member():
                if self.members is not None:
                    return self.members[1] in self.members[0][node.name]
                return all(self.fulfils(query) for query in node.queries)
        return self.value(node, at) is True

    def number(self, inner: resolved.Typed | None) -> int:
        """How many segments fulfil a condition."""
        return sum(inner is None or self.truth(inner, i) for i in range(len(self.sample.segments)))

    def value(self, node: resolved.Typed, at: int | None) -> Any:
        match node:
            case resolved.Constant():
                return node.value
            case resolved.BuiltIn():
                return self.built_in(node.column, at)
            case resolved.Field():
                return self.field(node, at)
            case resolved.ClassName():
                return self.known.class_names.get(int(self.sample.segments.class_ids[at]))
            case resolved.Work():
                return getattr(self.beside, node.name)
            case resolved.RunValue():
                if node.by_segment:
                    segment = int(self.sample.segments.ids[at])
                    measured = self.beside.by_segment.get((node.run, segment, node.name))
                    return measured if measured is None or node.kind == "number" else measured != 0
                return self.beside.runs.get((node.run, node.name))
            case resolved.Arithmetic():
                left, right = self.operand(node.left, at), self.operand(node.right, at)
                return words.reckoned(node.operator, left, right)
            case resolved.Function():
                return self.function(node, at)
            case resolved.CountOver():
                return self.number(node.inner)
        return self.truth(node, at)

    def operand(self, node: resolved.Typed, at: int | None) -> float | None:
        found = self.value(node, at)
        if found is None or isinstance(node, resolved.Arithmetic):
            return found  # type: ignore[no-any-return]
        return words.bounded(float(found))

    def function(self, node: resolved.Function, at: int | None) -> Any:
        found = [self.value(argument, at) for argument in node.arguments]
        if any(part is None for part in found):
            return None
        if node.name == "lower":
            return words.lower(found[0])
        if node.name == "length":
            return len(found[0])
        numbers = [float(part) for part in found]
        if node.name == "abs":
            return abs(numbers[0])
        return words.round_(numbers[0]) if node.name == "round" else (min if node.name == "min" else max)(numbers)

    def sequence(self) -> SequenceOfSamples | None:
        name = self.sample.image.video
        return (self.known.sequences.get(name) or SequenceOfSamples(name)) if name else None

    def built_in(self, column: Column, at: int | None) -> Any:
        if column.owner == "sequence":
            return getattr(self.sequence(), column.name, None)
        if column.owner == "segment":
            assert at is not None
            return self.of_segment(column, at)
        if column.name in ("height", "width"):
            return self.sample.image.size[column.name == "width"]
        if column.name == "uri":
            return stored_uri(self.sample.image.uri, self.known.folder)
        if column.path is None:
            return self.sample.more.get(column.name, column.default)
        return attrgetter(column.path)(self.sample)

    def of_segment(self, column: Column, at: int) -> Any:
        if column.name == "area":
            return int(self.areas[at])
        if column.path is None:
            return self.sample.segments.column(column.name)[at]
        found = getattr(self.sample.segments, column.path)[at]
        if isinstance(found, np.generic):
            found = found.item()
        return None if isinstance(found, float) and found != found else found

    def field(self, node: resolved.Field, at: int | None) -> Any:
        found: Any = self.sample.fields
        if node.column.owner == "sequence":
            found = getattr(self.sequence(), "fields", None)
        if node.column.owner == "segment":
            assert at is not None
            found = self.sample.segments.attributes[at]
        for name in node.path:
            if not isinstance(found, Mapping):
                return None
            found = found.get(name)
        kind = group(node.kind)
        if kind == "number":
            if isinstance(found, bool) or not isinstance(found, int | float):
                return None
            return found if node.kind == "integer" else float(found)
        if kind in ("text", "bool"):
            return found if isinstance(found, str if kind == "text" else bool) else None
        return found
