"""The little language of `where`: comparisons, and / or / not, in, like, is null.

    split = 'val' and area < 400
    class in ('person', 'rider') and not is_crowd
    num_segments = 0 or fields.weather like 'rain%'

An expression chooses samples.  Terms about segments (class, class_id, area, is_crowd, source, score,
segment) hold for a sample when one of its segments fulfils the whole expression at once.
"""

import re
from collections.abc import Callable
from typing import Any

import sqlalchemy as sql

from maskwright.core.names import shown
from maskwright.errors import UsageError
from maskwright.store.rows import alive
from maskwright.store.schema import classes, samples, segments

_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<text>'(?:[^']|'')*'|\"[^\"]*\")"
    r"|(?P<word>[A-Za-z_][\w.]*)|(?P<mark><=|>=|!=|<>|==|=|<|>|\(|\)|,))"
)

#: What neither database keeps in a text: NUL, and halves of surrogate pairs.
_IMPOSSIBLE = re.compile("[\\0\ud800-\udfff]")

#: Brackets inside each other, and comparisons: what Python's stack and SQLite's bear, with room to spare.
DEEPEST, MOST = 30, 400

SAMPLE_COLUMNS = ("key", "split", "weight", "height", "width", "uri", "video", "frame", "num_segments")
SEGMENT_COLUMNS = ("class", "class_id", "area", "is_crowd", "source", "score", "segment")

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": lambda a, b: a == b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def condition(text: str, revision: int | None) -> sql.ColumnElement[bool]:
    """An SQL condition on the samples table. Raises UsageError with the place of the mistake."""
    parser = _Parser(text, revision)
    expression = parser.parse()
    if not parser.about_segments:
        return expression
    return sql.exists(
        sql.select(sql.literal(1)).select_from(segments).where(
            segments.c.sample == samples.c.sample, alive(segments, revision), expression
        )
    )  # fmt: skip


class _Parser:
    def __init__(self, text: str, revision: int | None) -> None:
        self.text = text
        self.revision = revision
        self.about_segments = False
        self.tokens: list[tuple[str, str, int]] = []
        self.next = self.depth = self.comparisons = 0
        impossible = _IMPOSSIBLE.search(text)
        if impossible is not None:
            raise self.error("a character that no text in a dataset holds", impossible.start())
        at, end = 0, len(text.rstrip())
        while at < end:
            match = _TOKEN.match(text, at)
            if match is None:
                raise self.error(f"cannot read {text[at:end].strip()[:12]!r}", at)
            kind = str(match.lastgroup)
            self.tokens.append((kind, match.group(kind), match.start(kind)))
            at = match.end()

    def error(self, found: str, at: int | None = None) -> UsageError:
        if at is None:
            at = self.tokens[self.next][2] if self.next < len(self.tokens) else len(self.text)
        return UsageError(
            f"in the condition {shown(self.text, 200)!r} at character {at + 1}: {shown(found, 200)}",
            todo=f"Columns: {', '.join((*SAMPLE_COLUMNS, *SEGMENT_COLUMNS))}, fields.NAME. Text stands in quotes.",
        )

    def peek(self) -> str:
        return self.tokens[self.next][1].lower() if self.next < len(self.tokens) else ""

    def take(self, *wanted: str) -> bool:
        kind = self.tokens[self.next][0] if self.next < len(self.tokens) else ""
        if self.peek() in wanted and kind != "text":
            self.next += 1
            return True
        return False

    def need(self, wanted: str) -> None:
        if not self.take(wanted):
            raise self.error(f"expected {wanted!r}, found {self.peek() or 'the end'!r}")

    def parse(self) -> sql.ColumnElement[bool]:
        expression = self.either()
        if self.next < len(self.tokens):
            raise self.error(f"did not expect {self.peek()!r}")
        return expression

    def either(self) -> sql.ColumnElement[bool]:
        terms = [self.both()]
        while self.take("or"):
            terms.append(self.both())
        return sql.or_(*terms) if len(terms) > 1 else terms[0]

    def both(self) -> sql.ColumnElement[bool]:
        terms = [self.term()]
        while self.take("and"):
            terms.append(self.term())
        return sql.and_(*terms) if len(terms) > 1 else terms[0]

    def term(self) -> sql.ColumnElement[bool]:
        negated = False
        while self.take("not"):
            negated = not negated
        inner = self.bracketed() if self.take("(") else self.comparison()
        return sql.not_(inner) if negated else inner

    def bracketed(self) -> sql.ColumnElement[bool]:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error(f"more than {DEEPEST} brackets inside each other", self.tokens[self.next - 1][2])
        inner = self.either()
        self.need(")")
        self.depth -= 1
        return inner

    def comparison(self) -> sql.ColumnElement[bool]:
        self.comparisons += 1
        if self.comparisons > MOST:
            raise self.error(f"more than {MOST} comparisons; a list of values stands in one, as in split in ('a', 'b')")
        column = self.column()
        if self.take("is"):
            negative = self.take("not")
            self.need("null")
            return column.is_not(None) if negative else column.is_(None)
        negative = self.take("not")
        if self.take("in"):
            self.need("(")
            values = [self.value()]
            while self.take(","):
                values.append(self.value())
            self.need(")")
            return column.not_in(values) if negative else column.in_(values)
        if self.take("like"):
            return column.not_like(self.value()) if negative else column.like(self.value())
        if negative:
            raise self.error("expected 'in' or 'like' after 'not'")
        operator = self.peek()
        if operator in _COMPARE:
            self.next += 1
            return _COMPARE[operator](column, self.value())  # type: ignore[no-any-return]
        if isinstance(column.type, sql.Boolean):
            return column
        raise self.error(f"expected a comparison, found {operator or 'the end'!r}")

    def column(self) -> sql.ColumnElement[Any]:
        if self.next >= len(self.tokens) or self.tokens[self.next][0] != "word":
            raise self.error(f"expected a column, found {self.peek() or 'the end'!r}")
        name = self.tokens[self.next][1]
        self.next += 1
        if name.startswith("fields."):
            found: sql.ColumnElement[Any] = samples.c.fields[name.removeprefix("fields.")].as_string()
            return found
        if name == "num_segments":
            return (
                sql.select(sql.func.count())
                .select_from(segments)
                .where(segments.c.sample == samples.c.sample, alive(segments, self.revision))
                .scalar_subquery()
            )
        if name in SAMPLE_COLUMNS:
            return samples.c[name]
        if name not in SEGMENT_COLUMNS:
            self.next -= 1
            raise self.error(f"there is no column {name!r}")
        self.about_segments = True
        if name == "class":
            return (
                sql.select(classes.c.name)
                .where(classes.c.class_id == segments.c.class_id, alive(classes, self.revision))
                .scalar_subquery()
            )
        return segments.c[name]

    def value(self) -> object:
        if self.next >= len(self.tokens):
            raise self.error("expected a value, found the end")
        kind, text, _ = self.tokens[self.next]
        self.next += 1
        if kind == "number":
            return _number(text)
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        self.next -= 1
        raise self.error(f"expected a number or quoted text, found {text!r}")


def _number(text: str) -> int | float:
    """A whole number where 64 bits hold it; a larger one as a fraction, which no column's whole numbers reach."""
    if any(mark in text for mark in ".eE"):
        return float(text)
    number = int(text) if len(text) < 20 else None
    return number if number is not None and -(2**63) <= number < 2**63 else float(text)
