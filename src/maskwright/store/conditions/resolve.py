"""From names to columns: a tree whose names are known and whose kinds fit, or a sentence that says what does not."""

import difflib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from maskwright.core import columns as defined
from maskwright.core.columns import Column, Owner
from maskwright.core.kinds import kind_of
from maskwright.core.names import shown
from maskwright.errors import UsageError
from maskwright.store.conditions import grammar, resolved, tokens, tree, words
from maskwright.store.conditions.surroundings import Declaring, Surroundings

#: Nodes of a whole condition, and how deep they lie in each other, once virtual columns are written out.  Python's
#: stack bears that depth, and SQLite a height, which grows with every question about segments inside another one.
MOST_NODES, DEEPEST, HIGHEST = 5000, 400, 850
#: any, none, count and saved views inside each other.
MOST_INSIDE = 8
_COST: dict[type, int] = {tree.Arithmetic: 8}

_FLIPPED = {"=": "=", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_INSIDE: dict[str, Owner] = {"fields": "sample", "attributes": "segment"}
_CLASS_ID = resolved.BuiltIn(next(column for column in defined.SEGMENT if column.name == "class_id"), "integer")

_VIDEO = resolved.BuiltIn(next(column for column in defined.SAMPLE if column.name == "video"), "text")
#: What is asked of a sequence as `sequence`, `sequence.axis`.
_OF_SEQUENCE = ["sequence", *(f"sequence.{column.name}" for column in defined.SEQUENCE if column.name != "fields")]

_GROUPS: dict[str, str] = {"integer": "number", "category": "text", "time": "text", "reference": "text"}
_SAID: dict[str, str] = {
    "number": "a number", "integer": "a whole number", "text": "text", "reference": "text", "bool": "true or false",
    "time": "a time", "json": "of several kinds", "box": "a box", "vector": "a vector",
}  # fmt: skip


def resolve(query: tree.Query, known: Surroundings) -> resolved.Resolved:
    """What a condition's text means here. Raises UsageError with the place of the mistake."""
    return _Resolver(query.text, known, _Budget()).query(query)


def read(text: str, known: Surroundings) -> resolved.Resolved:
    """The same from the text."""
    return resolve(grammar.read(text), known)


def read_of_segments(text: str, known: Surroundings) -> resolved.Typed:
    """What a condition on a single segment means here. Raises UsageError with the place of the mistake."""
    query = grammar.read(text)
    if query.condition is None or query.order or query.limit is not None:
        raise UsageError(
            f"{shown(text, 80)!r} says an order or a number", needed="a condition on a segment, such as area < 400"
        )
    reader = _Resolver(text, known, _Budget(inside=1), "segment")
    return reader.condition(query.condition)


def expression(column: Column, known: Surroundings) -> resolved.Typed:
    """What a virtual column is computed from. Raises UsageError, naming the column, where it cannot be."""
    return _Resolver(column.expression or "", known, _Budget()).virtual(column)


def of_segments(text: str, known: Surroundings) -> bool:
    """Whether an expression names what only a segment has. Raises UsageError for one that cannot be read."""
    return _Resolver(text, known, _Budget()).about_segments(grammar.read_expression(text))


def check_expression(column: Column, columns: Iterable[Column]) -> None:
    """Whether a virtual column can be declared.

    columns: users' columns as they are beside it; an older one of its name does not count.
    Raises UsageError, naming the column, for an expression that cannot be read, names what is not there, is computed
    from itself, or is of another kind than the column, and for a column that depends on it and then would be.
    """
    beside = [other for other in columns if (other.owner, other.name) != (column.owner, column.name)]
    known = Declaring(columns=[column, *beside])
    for other in known.columns:
        if other.virtual:
            expression(other, known)


def kind_of_expression(column: Column, columns: Iterable[Column]) -> str:
    """The kind of what a virtual column is computed from. Raises UsageError as `check_expression` does."""
    found = expression(replace(column, kind="json"), Declaring(columns=[*columns, column])).kind
    return "text" if found in ("category", "reference") else found


def group(kind: str) -> str:
    """What compares with what: number, text, bool; json for several; others compare with nothing."""
    return _GROUPS.get(kind, kind)


@dataclass
class _Budget:
    """Of one condition, over all virtual columns in it."""

    nodes: int = 0
    comparisons: int = 0
    depth: int = 0
    height: int = 0
    inside: int = 0
    columns: list[tuple[Owner, str]] = field(default_factory=list)
    views: list[str] = field(default_factory=list)


class _Resolver:
    """scope: whether names of segments are known: those of one segment, "segment", or of none, "sample"."""

    def __init__(
        self, text: str, known: Surroundings, budget: _Budget, scope: Literal["sample", "segment"] = "sample"
    ) -> None:
        self.text = text
        self.known = known
        self.budget = budget
        self.scope = scope

    def wrong(self, node: tree.Node, found: str, *, needed: str | None = None, todo: str | None = None) -> UsageError:
        return tokens.mistake(self.text, found, node.at, needed=needed, todo=todo)

    # -- the whole ---------------------------------------------------------------------------------------

    def query(self, query: tree.Query) -> resolved.Resolved:
        condition = None
        if query.condition is not None:
            about_segments = self.about_segments(query.condition)
            self.scope = "segment" if about_segments else "sample"
            self.budget.inside += about_segments
            condition = self.condition(query.condition)
            self.budget.inside -= about_segments
            if about_segments:
                condition = resolved.AnyOver(condition)
            self.scope = "sample"
        order = tuple(resolved.Order(self.keys(key.key), key.descending) for key in query.order)
        return resolved.Resolved(condition, order, query.limit)

    def about_segments(self, node: tree.Node) -> bool:
        """Whether a term stands in it, outside of any, none and count, that only a segment has."""
        match node:
            case tree.Name():
                return self.find(node)[0] == "segment"
            case tree.Call():
                return any(map(self.about_segments, node.arguments))
            case tree.Arithmetic() | tree.Comparison():
                return self.about_segments(node.left) or self.about_segments(node.right)
            case tree.In() | tree.Like() | tree.IsNull() | tree.Not():
                return self.about_segments(node.inner)
            case tree.Joined():
                return any(map(self.about_segments, node.parts))
        return False

    def keys(self, node: tree.Node) -> tuple[resolved.Typed, ...]:
        found = self.value(node)
        if found.kind == "json" and isinstance(found, resolved.Field):
            return tuple(replace(found, kind=kind) for kind in ("number", "text", "bool"))
        if group(found.kind) not in ("number", "text", "bool"):
            raise self.wrong(node, f"{self.described(node, found)}, which has no order")
        return (found,)

    # -- conditions --------------------------------------------------------------------------------------

    def condition(self, node: tree.Node) -> resolved.Typed:
        found = self.value(node)
        if found.kind == "json" and isinstance(found, resolved.Field):
            return replace(found, kind="bool")
        if found.kind != "bool":
            raise self.wrong(node, f"expected a comparison: {self.described(node, found)}")
        return found

    def value(self, node: tree.Node) -> resolved.Typed:
        cost = _COST.get(type(node), 2)
        height = max(cost, len(getattr(node, "parts", ()))) * (self.budget.inside + 1 if self.budget.inside > 1 else 1)
        self.budget.nodes += 1
        self.budget.depth += cost
        self.budget.height += height
        if self.budget.nodes > MOST_NODES or self.budget.depth > DEEPEST or self.budget.height > HIGHEST:
            raise self.wrong(node, "too much is computed here; a virtual column stands for all it is computed from")
        found = self.inner(node)
        self.budget.depth -= cost
        self.budget.height -= height
        return found

    def inner(self, node: tree.Node) -> resolved.Typed:
        match node:
            case tree.Value():
                return resolved.Constant(node.value, kind_of(node.value) or "json")
            case tree.Name():
                return self.name(node)
            case tree.RunName():
                return self.run_value(node)
            case tree.Call():
                return self.call(node)
            case tree.Arithmetic():
                left, right = (self.number(side) for side in (node.left, node.right))
                return resolved.Arithmetic(node.operator, left, right)
            case tree.Not():
                return resolved.Not(self.condition(node.inner))
            case tree.Joined():
                return resolved.Joined(node.every, tuple(self.condition(part) for part in node.parts))
            case tree.Over():
                return self.over(node)
            case tree.InView():
                return self.member(node)
        self.budget.comparisons += 1
        if self.budget.comparisons > grammar.MOST:
            raise self.wrong(node, f"more than {grammar.MOST} comparisons, those of virtual columns counted")
        match node:
            case tree.Comparison():
                return self.comparison(node)
            case tree.In():
                return self.one_of(node)
            case tree.Like():
                return self.like(node)
        return self.missing(node)

    # -- comparisons -------------------------------------------------------------------------------------

    def comparison(self, node: tree.Comparison) -> resolved.Typed:
        operator, sides = node.operator, [(node.left, self.value(node.left)), (node.right, self.value(node.right))]
        if isinstance(sides[0][1], resolved.Constant):
            sides.reverse()
            operator = _FLIPPED[operator]
        (first, left), (second, right) = sides
        if isinstance(left, resolved.Field) and isinstance(right, resolved.Field) and left.kind == right.kind == "json":
            kinds: tuple[str, ...] = ("number", "text", "bool") if operator in ("=", "!=") else ("number", "text")
            pairs = [(self.narrowed(first, left, kind), self.narrowed(second, right, kind)) for kind in kinds]
            return resolved.Joined(False, tuple(resolved.Compare(operator, a, b) for a, b in pairs))
        left, right = self.narrowed(first, left, right.kind), self.narrowed(second, right, left.kind)
        if isinstance(right, resolved.Constant):
            right = resolved.Constant(self.literal(first, left, second, right.value), right.kind)
            if left.kind == "bool":
                right = resolved.Constant(right.value, "bool")
            elif left.kind == "number":
                right = resolved.Constant(float(right.value), "number")
        elif group(left.kind) != group(right.kind):
            raise self.wrong(node, f"{self.described(first, left)}, and {self.described(second, right)}")
        if group(left.kind) not in ("number", "text", "bool"):
            raise self.wrong(first, f"{self.described(first, left)}, which compares with nothing")
        if left.kind == "bool" and operator not in ("=", "!="):
            raise self.wrong(first, f"{self.described(first, left)}, which compares with = and != only")
        if isinstance(right, resolved.Constant):
            if isinstance(left, resolved.ClassName):
                holds = words.COMPARE[operator]
                return self.of_class(lambda name: holds(name, right.value))
            if left.kind == "integer" and isinstance(right.value, float):
                return _whole(operator, left, right.value)
        return resolved.Compare(operator, left, right)

    def narrowed(self, node: tree.Node, found: resolved.Typed, kind: str) -> resolved.Typed:
        """A value of several kinds as one of them."""
        if found.kind != "json" or not isinstance(found, resolved.Field) or kind == "json":
            return found
        return replace(found, kind=group(kind)) if group(kind) in ("number", "text", "bool") else found

    def literal(self, node: tree.Node, found: resolved.Typed, place: tree.Node, value: Any) -> Any:
        """A value as what it is compared with keeps it. Raises UsageError where that is of another kind."""
        kind = group(found.kind)
        if kind == "bool" and value in (0, 1) and not isinstance(value, str):
            return bool(value)
        given = group(kind_of(value) or "json")
        if given != kind:
            said = f"{self.described(node, found)}, and {shown(repr(value), 40)} is {_SAID[given]}"
            needs = {"text": "text in quotes", "number": "a number without quotes"}.get(kind)
            raise self.wrong(place, said, needed=needs)
        if found.kind in ("category", "time"):
            assert isinstance(found, resolved.Field | resolved.BuiltIn)
            try:
                return found.column.check(value)
            except UsageError as error:
                raise self.wrong(place, error.found, needed=error.needed) from None
        return value

    def one_of(self, node: tree.In) -> resolved.Typed:
        found = self.value(node.inner)
        if found.kind == "json" and isinstance(found, resolved.Field):
            kinds: dict[str, list[tree.Value]] = {}
            for item in node.values:
                kinds.setdefault(group(kind_of(item.value) or "json"), []).append(item)
            held = tuple(self.listed(node, replace(found, kind=kind), items) for kind, items in kinds.items())
            within = held[0] if len(held) == 1 else resolved.Joined(False, held)
            if not node.negative:
                return within
            return resolved.Joined(True, (resolved.Missing(found, negative=True), resolved.Not(within)))
        if group(found.kind) not in ("number", "text", "bool"):
            raise self.wrong(node.inner, f"{self.described(node.inner, found)}, which compares with nothing")
        return self.listed(node, found, node.values, negative=node.negative)

    def listed(
        self, node: tree.In, found: resolved.Typed, items: Sequence[tree.Value], *, negative: bool = False
    ) -> resolved.Typed:
        values = [self.literal(node.inner, found, item, item.value) for item in items]
        if isinstance(found, resolved.ClassName):
            wanted = frozenset(values)
            return self.of_class(lambda name: (name in wanted) != negative)
        if found.kind == "integer":
            values = [int(value) for value in values if not isinstance(value, float) or value.is_integer()]
            values = [value for value in values if -(2**63) <= value < 2**63]
        elif found.kind == "number":
            values = [float(value) for value in values]
        return resolved.OneOf(found, tuple(dict.fromkeys(values)), negative)

    def like(self, node: tree.Like) -> resolved.Typed:
        found = self.narrowed(node.inner, self.value(node.inner), "text")
        if group(found.kind) != "text":
            raise self.wrong(node.inner, f"{self.described(node.inner, found)}, and like is of text")
        pattern = str(node.pattern.value)
        if isinstance(found, resolved.ClassName):
            return self.of_class(lambda name: words.like(name, pattern) != node.negative)
        return resolved.Like(found, pattern, node.negative)

    def missing(self, node: tree.IsNull) -> resolved.Typed:
        found = self.value(node.inner)
        if isinstance(found, resolved.ClassName):
            return resolved.OneOf(_CLASS_ID, tuple(self.known.class_names), not node.negative)
        return resolved.Missing(found, node.negative)

    def of_class(self, holds: Any) -> resolved.Typed:
        """A condition on the class's name, as one on its id."""
        return resolved.OneOf(
            _CLASS_ID, tuple(number for number, name in self.known.class_names.items() if holds(name)), False
        )

    # -- values ------------------------------------------------------------------------------------------

    def number(self, node: tree.Node) -> resolved.Typed:
        found = self.narrowed(node, self.value(node), "number")
        if group(found.kind) != "number":
            raise self.wrong(node, f"{self.described(node, found)}, and arithmetic is of numbers")
        return found

    def call(self, node: tree.Call) -> resolved.Typed:
        if node.name not in ("lower", "length"):
            return resolved.Function(node.name, tuple(self.number(argument) for argument in node.arguments), "number")
        found = self.narrowed(node.arguments[0], self.value(node.arguments[0]), "text")
        if group(found.kind) != "text":
            raise self.wrong(
                node.arguments[0], f"{self.described(node.arguments[0], found)}, and {node.name} is of text"
            )
        return resolved.Function(node.name, (found,), "text" if node.name == "lower" else "integer")

    def over(self, node: tree.Over) -> resolved.Typed:
        inner = None
        if node.inner is not None:
            self.enter(node)
            scope, self.scope = self.scope, "segment"
            inner = self.condition(node.inner)
            self.scope = scope
            self.budget.inside -= 1
        if node.how == "count":
            return resolved.CountOver(inner)
        found = resolved.AnyOver(inner)
        return resolved.Not(found) if node.how == "none" else found

    def enter(self, node: tree.Node) -> None:
        self.budget.inside += 1
        if self.budget.inside > MOST_INSIDE:
            raise self.wrong(node, f"any, none, count and views stand in each other, {MOST_INSIDE} deep at most")

    def member(self, node: tree.InView) -> resolved.Typed:
        texts = self.known.view(node.name)
        if texts is None:
            near = _near(node.name, self.known.view_names())
            raise self.wrong(node, f"there is no saved view {shown(node.name)!r}{near}")
        if node.name in self.budget.views:
            raise self.wrong(node, f"the saved view {shown(node.name)!r} is a part of itself")
        self.enter(node)
        self.budget.views.append(node.name)
        queries = []
        for text in texts:
            with_names = _Resolver(text, self.known, self.budget)
            queries.append(with_names.query(grammar.read(text)))
        self.budget.views.pop()
        self.budget.inside -= 1
        return resolved.Member(node.name, tuple(queries))

    def run_value(self, node: tree.RunName) -> resolved.Typed:
        runs = self.known.runs()
        if node.run is not None:
            exact = [run for run, _ in runs if run in (node.run, "")]
            chosen = exact or [run for run, _ in runs if run.startswith(node.run)]
            if len(chosen) != 1:
                said = "there is no run" if not chosen else f"{len(chosen)} runs begin with"
                some = ", ".join([run for run, _ in runs][:5])
                raise self.wrong(node, f"{said} {shown(node.run)!r}", needed=f"one of {some}" if some else None)
        else:
            chosen = [run for run, kind in runs if node.kind in (None, kind) or not run]
        for run in chosen:
            if self.scope == "segment" and (kind := self.known.measured(run, node.name, by_segment=True)):
                return resolved.RunValue(run, node.name, True, kind)
            if kind := self.known.measured(run, node.name, by_segment=False):
                return resolved.RunValue(run, node.name, False, kind)
        names = sorted({name for run in chosen[:10] for name in self.known.measures(run)})
        said = "no run has values" if node.run is None else f"the run {shown(chosen[0])!r} has no values"
        raise self.wrong(
            node, f"{said} named {shown(node.name)!r}{_near(node.name, names)}",
            needed=f"one of {', '.join(names)}" if names else None,
        )  # fmt: skip

    # -- names -------------------------------------------------------------------------------------------

    def name(self, node: tree.Name) -> resolved.Typed:
        owner, found = self.find(node)
        if owner == "segment" and self.scope == "sample":
            raise self.wrong(
                node, f"{'.'.join(node.parts)!r} is a segment's, and a sample has many",
                todo="Say it of them together: any(…), none(…), count(…).",
            )  # fmt: skip
        if isinstance(found, Column):
            return self.virtual(found)
        if found.kind == "vector":
            raise self.wrong(node, f"{self.described(node, found)}, which compares with nothing")
        return found

    def find(self, node: tree.Name) -> tuple[Owner, resolved.Typed | Column]:
        """Whose it is, and what it is; the column itself when it is virtual."""
        if node.parts[0] == "sequence" and (of_sequence := self.of_sequence(node.parts[1:])) is not None:
            return "sequence", of_sequence
        owner = _INSIDE.get(node.parts[0])
        if owner is not None and len(node.parts) > 1:
            own = self.users(owner, node.parts[1:])
            if own is None and self.known.dynamic:
                name = ".".join(node.parts[1:])
                own = resolved.Field(Column(name, "json", owner, declared=False), (name,), "json")
            if own is not None:
                return owner, own
        elif len(node.parts) == 1 and owner is None:
            built = _built_in(node.parts[0])
            if built is not None:
                return built
        if owner is None:
            found = [(owner, own) for owner in _INSIDE.values() if (own := self.users(owner, node.parts)) is not None]
            if len(found) > 1:
                name = ".".join(node.parts)
                raise self.wrong(
                    node, f"samples and segments both have a column {name!r}",
                    needed=f"fields.{name} or attributes.{name}",
                )  # fmt: skip
            if found:
                return found[0]
        name = ".".join(node.parts)
        known = [*_names(), *_OF_SEQUENCE, *(column.name for column in self.known.columns)]
        known += [f"{inside}.{column.name}" for inside, owner in _INSIDE.items() for column in self.known.columns
                  if column.owner == owner]  # fmt: skip
        known += [f"sequence.fields.{column.name}" for column in self.known.columns if column.owner == "sequence"]
        raise self.wrong(
            node, f"there is no column {name!r}{_near(name, known)}",
            todo=f"Columns: {', '.join(shown(word, 40) for word in dict.fromkeys(known[:60]))}. Text stands in quotes.",
        )  # fmt: skip

    def of_sequence(self, parts: Sequence[str]) -> resolved.Typed | Column | None:
        """The name of the sample's sequence, or a part of what is known of it."""
        if not parts or tuple(parts) == ("name",):
            return _VIDEO
        if parts[0] == "fields":
            own = self.users("sequence", parts[1:])
            if own is None and len(parts) > 1 and self.known.dynamic:
                name = ".".join(parts[1:])
                own = resolved.Field(Column(name, "json", "sequence", declared=False), (name,), "json")
            return own
        built = defined.built_in("sequence", parts[0]) if len(parts) == 1 else None
        return self.users("sequence", parts) if built is None else resolved.BuiltIn(built, built.kind)

    def users(self, owner: Owner, parts: Sequence[str]) -> resolved.Typed | Column | None:
        """A user's column, or a part of one that holds objects."""
        own = {column.name: column for column in self.known.columns if column.owner == owner}
        for number in range(len(parts), 0, -1):
            column = own.get(".".join(parts[:number]))
            if column is not None and (number == len(parts) or column.kind == "json"):
                if column.virtual:
                    return column if number == len(parts) else None
                return resolved.Field(column, (column.name, *parts[number:]), column.kind)
        return None

    def virtual(self, column: Column) -> resolved.Typed:
        """What a virtual column is computed from, of the column's kind."""
        name = (column.owner, column.name)
        if name in self.budget.columns:
            chain = " from ".join(repr(shown(own)) for _, own in [*self.budget.columns, name])
            raise UsageError(f"a column cannot be computed from itself: {chain}")
        self.budget.columns.append(name)
        scope: Literal["sample", "segment"] = "segment" if column.owner == "segment" else "sample"
        inside = _Resolver(column.expression or "", self.known, self.budget, scope)
        try:
            node = grammar.read_expression(column.expression or "")
            found = inside.value(node)
        except UsageError as error:
            if error.record is None:
                raise error.at(record=f"the column {shown(column.name)!r}") from None
            raise
        self.budget.columns.pop()
        if column.kind == "json":  # it is of its expression's
            return found
        found = inside.narrowed(node, found, column.kind)
        if found.kind != column.kind and (column.kind, found.kind) != ("number", "integer"):
            raise UsageError(
                f"the column {shown(column.name)!r} is {_SAID.get(column.kind, column.kind)}, and its expression is "
                f"{_SAID.get(found.kind, found.kind)}",
                needed="a virtual column of the kind of what it is computed from: number, integer, text or bool",
            )
        return found

    def described(self, node: tree.Node, found: resolved.Typed) -> str:
        """What stands there and its kind, as a clause."""
        kind = _SAID.get(found.kind, found.kind)
        if found.kind == "category":
            assert isinstance(found, resolved.Field | resolved.BuiltIn)
            kind = f"one of {shown(', '.join(found.column.values), 80)}"
        if isinstance(node, tree.Name):
            return f"the column {shown('.'.join(node.parts))!r} is {kind}"
        if isinstance(node, tree.RunName):
            return f"the value {shown(node.name)!r} of a run is {kind}"
        if isinstance(found, resolved.Constant):
            return f"{shown(repr(found.value), 40)} is {kind}"
        return f"what stands there is {kind}"


def _built_in(name: str) -> tuple[Owner, resolved.Typed] | None:
    if name == "class":
        return "segment", resolved.ClassName()
    if name == "num_segments":
        return "sample", resolved.CountOver(None)
    if name in ("state", "assignee"):
        return "sample", resolved.Work(name)  # type: ignore[arg-type]
    for owner in _INSIDE.values():
        column = defined.built_in(owner, name)
        if column is not None and name not in _INSIDE:
            return owner, resolved.BuiltIn(column, column.kind)
    return None


def _names() -> list[str]:
    own = [column.name for owner in _INSIDE.values() for column in defined.BUILT_IN[owner]]
    return [*(name for name in own if name not in _INSIDE), "class", "num_segments", "state", "assignee"]


def _near(name: str, known: Sequence[str]) -> str:
    """The names that are nearest, as the end of a sentence."""
    short = {word.lower(): word for word in known}
    near = difflib.get_close_matches(name.lower(), list(short), 3, 0.6)
    return f"; near it: {', '.join(short[word] for word in near)}" if near else ""


def _whole(operator: str, found: resolved.Typed, value: float) -> resolved.Typed:
    """A whole number beside a fraction: the comparison with the whole number that says the same."""
    if operator in ("=", "!="):
        if math.isfinite(value) and value.is_integer() and -(2**63) <= value < 2**63:
            return resolved.Compare(operator, found, resolved.Constant(int(value), "integer"))
        return resolved.Missing(found, negative=True) if operator == "!=" else resolved.Constant(False, "bool")
    if value < -(2**63) or value >= 2**63:
        below = (value > 0) == (operator in ("<", "<="))
        return resolved.Missing(found, negative=True) if below else resolved.Constant(False, "bool")
    whole = math.floor(value) if operator in (">", "<=") else math.ceil(value)
    return resolved.Compare(operator, found, resolved.Constant(whole, "integer"))
