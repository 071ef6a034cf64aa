"""Conditions as SQL, for SQLite and PostgreSQL.

A comparison of a missing value is NULL; `not` asks whether something IS NOT TRUE, so that a condition is fulfilled by
the same rows as in a logic of two values.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sql
from sqlalchemy.sql.elements import Grouping

from maskwright.store import schema
from maskwright.store.conditions import resolved, sql_parts, words
from maskwright.store.conditions.resolve import group
from maskwright.store.rows import alive

Element = sql.ColumnElement[Any]
Condition = sql.ColumnElement[bool]

#: Longer lists of values go to the database as one parameter.
_SHORT = 50

_JSON: dict[str, type[Any]] = {
    "number": sql_parts.JsonNumber, "integer": sql_parts.JsonInteger, "text": sql_parts.JsonText,
    "bool": sql_parts.JsonBool,
}  # fmt: skip
_EXTREMES = {"min": sql_parts.Least, "max": sql_parts.Greatest}


class Writer:
    """revision: whose rows are asked; None for the newest."""

    def __init__(self, revision: int | None) -> None:
        self.revision = revision

    def selection(self, queries: Iterable[resolved.Resolved]) -> tuple[Condition, list[Element]]:
        """A condition on the table `samples`, and the order of what it leaves, which the sample's number completes.

        Each query takes what the one before left.
        """
        table = schema.samples
        where: list[Condition] = [alive(table, self.revision)]
        order: list[Element] = []
        for query in queries:
            if query.condition is not None:
                where.append(self.truth(query.condition, None))
            if query.order:
                order = self.order(query.order)
            if query.limit is not None:
                left = sql.select(table.c.sample).where(*where).order_by(*order, table.c.sample)
                left = left.limit(sql.literal(query.limit, sql.BigInteger))
                where = [alive(table, self.revision), table.c.sample.in_(left.correlate(None))]
        return sql.and_(*where), order

    def order(self, keys: Iterable[resolved.Order]) -> list[Element]:
        """What an ORDER BY takes: missing values last, texts by their bytes."""
        found: list[Element] = []
        for order in keys:
            for key in order.keys:
                value = _bytewise(key, self.value(key, None))
                found.append((value.desc() if order.descending else value.asc()).nulls_last())
        return found

    # -- conditions --------------------------------------------------------------------------------------

    def truth(self, node: resolved.Typed, scope: Any) -> Condition:
        """TRUE where it is fulfilled. scope: the segments that are spoken of, None outside of them."""
        match node:
            case resolved.Constant():
                return sql.true() if node.value else sql.false()
            case resolved.Compare():
                return self.compare(node, scope)
            case resolved.OneOf():
                return self.one_of(node, scope)
            case resolved.Like():
                held = sql_parts.LikeIgnoringCase(self.value(node.inner, scope), node.pattern)
                return sql.not_(held) if node.negative else held
            case resolved.Missing():
                value = self.value(node.inner, scope)
                return value.is_not(None) if node.negative else value.is_(None)
            case resolved.Not():
                return Grouping(self.truth(node.inner, scope)).is_not(sql.true())
            case resolved.Joined():
                return (sql.and_ if node.every else sql.or_)(*(self.truth(part, scope) for part in node.parts))
            case resolved.AnyOver():
                return sql.exists(self.over(node.inner, sql.literal_column("1")))
            case resolved.Member():
                where, _ = self.selection(node.queries)
                left = sql.select(schema.samples.c.sample).where(where)
                return schema.samples.c.sample.in_(left.correlate(None))
        return self.value(node, scope).is_(sql.true())

    def over(self, inner: resolved.Typed | None, what: Element) -> sql.Select[Any]:
        """A question about those segments of a sample that fulfil a condition."""
        table = schema.segments.alias()
        where = [table.c.sample == schema.samples.c.sample, alive(table, self.revision)]  # type: ignore[arg-type]
        if inner is not None:
            where.append(self.truth(inner, table))
        return sql.select(what).select_from(table).where(*where).correlate(schema.samples)

    def compare(self, node: resolved.Compare, scope: Any) -> Condition:
        if group(node.left.kind) != "number" or node.left.kind == node.right.kind == "integer":
            left, right = self.value(node.left, scope), self.value(node.right, scope)
        else:
            left, right = self.float(node.left, scope), self.float(node.right, scope)
        if node.operator not in ("=", "!="):
            left = _bytewise(node.left, left)
        return words.COMPARE[node.operator](left, right)  # type: ignore[return-value]

    def one_of(self, node: resolved.OneOf, scope: Any) -> Condition:
        value = self.value(node.inner, scope)
        if not node.values:
            return value.is_not(None) if node.negative else sql.false()
        held: Condition
        if len(node.values) <= _SHORT:
            held = value.in_([_literal(item, node.inner.kind) for item in node.values])
        else:
            held = sql_parts.OneOfMany(value, node.values, node.inner.kind)
        return sql.not_(held) if node.negative else held

    # -- values ------------------------------------------------------------------------------------------

    def value(self, node: resolved.Typed, scope: Any) -> Element:
        match node:
            case resolved.Constant():
                return _literal(node.value, node.kind)
            case resolved.BuiltIn() if node.column.owner == "sequence":
                return self.of_sequence(node.column.name)
            case resolved.BuiltIn():
                return (schema.samples if node.column.owner == "sample" else scope).c[node.column.name]
            case resolved.Field():
                owner = node.column.owner
                inside = schema.samples.c.fields if owner == "sample" else None if scope is None else scope.c.attributes
                inside = self.of_sequence("fields") if owner == "sequence" else inside
                kind = node.kind if node.kind == "integer" else group(node.kind)
                return _JSON.get(kind, sql_parts.JsonAny)(inside, node.path)  # type: ignore[no-any-return]
            case resolved.ClassName():
                table = schema.classes
                own = table.c.class_id == scope.c.class_id
                named = sql.select(table.c.name).where(own, alive(table, self.revision))
                return named.correlate(scope).scalar_subquery()
            case resolved.Work():
                table = schema.workflow
                work = sql.select(table.c[node.name]).where(table.c.sample == schema.samples.c.sample)
                return work.correlate(schema.samples).scalar_subquery()
            case resolved.RunValue():
                return self.run_value(node, scope)
            case resolved.Arithmetic():
                return self.arithmetic(node, scope)
            case resolved.Function():
                return self.function(node, scope)
            case resolved.CountOver():
                return self.over(node.inner, sql.func.count()).scalar_subquery()
        return Grouping(self.truth(node, scope)).is_(sql.true())

    def of_sequence(self, name: str) -> Element:
        """A column of the sample's sequence; one that has no row is of time."""
        table, video = schema.sequences, schema.samples.c.video
        found = sql.select(table.c[name]).where(table.c.name == video, alive(table, self.revision)).limit(1)
        value = found.correlate(schema.samples).scalar_subquery()
        return sql.func.coalesce(value, sql.case((video != "", "time"))) if name == "axis" else value

    def float(self, node: resolved.Typed, scope: Any) -> Element:
        """A number as a fraction of 64 bits."""
        if isinstance(node, resolved.Constant):
            return _literal(float(node.value), "number")
        found = self.value(node, scope)
        return sql.cast(found, sql.Float) if node.kind == "integer" else found

    def run_value(self, node: resolved.RunValue, scope: Any) -> Element:
        table, samples = schema.run_segments if node.by_segment else schema.run_samples, schema.samples
        value = table.c.value if node.kind == "number" else table.c.value != 0
        query = sql.select(value).where(
            table.c.run == node.run, table.c.sample == samples.c.sample, table.c.name == node.name
        )
        if node.by_segment:
            return query.where(table.c.segment == scope.c.segment).correlate(samples, scope).scalar_subquery()
        return query.correlate(samples).scalar_subquery()

    def arithmetic(self, node: resolved.Arithmetic, scope: Any) -> Element:
        left, right = self.operand(node.left, scope), self.operand(node.right, scope)
        match node.operator:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return sql_parts.Bounded(left * right)
        return sql_parts.Bounded(left / sql.func.nullif(right, 0.0, type_=sql.Float))

    def operand(self, node: resolved.Typed, scope: Any) -> Element:
        if isinstance(node, resolved.Constant):
            return sql.cast(sql.literal(words.bounded(float(node.value)), sql.Float), sql.Float)
        found = self.float(node, scope)
        return found if isinstance(node, resolved.Arithmetic) or node.kind == "integer" else sql_parts.Bounded(found)

    def function(self, node: resolved.Function, scope: Any) -> Element:
        if node.name == "lower":
            return sql_parts.Lower(self.value(node.arguments[0], scope))
        if node.name == "length":
            return sql.func.length(self.value(node.arguments[0], scope), type_=sql.Integer)
        numbers = [self.float(argument, scope) for argument in node.arguments]
        if node.name == "abs":
            return sql.func.abs(numbers[0], type_=sql.Float)
        if node.name == "round":
            # SQLAlchemy puts a function of its own, which takes no NULL, in the place of SQLite's floor.
            return -sql.func.ceil(-(numbers[0] + sql.literal(0.5, sql.Float)), type_=sql.Float)
        return _EXTREMES[node.name](*numbers)


def _literal(value: Any, kind: str) -> Element:
    types: dict[str, Any] = {"number": sql.Float, "integer": sql.BigInteger, "bool": sql.Boolean}
    return sql.literal(value, types.get(kind, sql.Text))


def _bytewise(node: resolved.Typed, value: Element) -> Element:
    return sql_parts.Bytewise(value) if group(node.kind) == "text" else value
