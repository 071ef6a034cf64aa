"""Parts of conditions that SQLite and PostgreSQL spell differently, each with one meaning."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sql
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from maskwright.store.conditions import words

Element = sql.ColumnElement[Any]

_SERVER: dict[str, Any] = {"number": sql.Float, "integer": sql.BigInteger}


class _Part(FunctionElement[Any]):
    """A function of other parts of a statement."""

    inherit_cache = True

    def arguments(self, compiler: SQLCompiler, **how: Any) -> list[str]:
        return [compiler.process(part, **how) for part in self.clauses]


def _in_json(column: Element, path: Sequence[str]) -> list[Element]:
    """A JSON column, the way to a value in it as SQLite has it, and the keys, which PostgreSQL takes one by one."""
    place = "$" + "".join(f".{json.dumps(key, ensure_ascii=False)}" for key in path)
    return [column, *(sql.literal(text, sql.Text) for text in (place, *path))]


def _on_server(part: _Part, compiler: SQLCompiler, **how: Any) -> str:
    """The value as PostgreSQL's JSON."""
    column, _, *keys = list(part.clauses)
    return f"({' -> '.join(compiler.process(piece, **how) for piece in (column, *keys))})"


class _Json(_Part):
    """A value in a JSON column, NULL where it is of another kind than wanted.

    here: SQLite's words for the kind.  server: PostgreSQL's word.  made_here, made: what it becomes, in their words.
    """

    here = "'text'"
    server = "string"
    made_here = ""
    made = ""

    def __init__(self, column: Element, path: Sequence[str]) -> None:
        super().__init__(*_in_json(column, path))


class JsonText(_Json):
    """A text."""

    type = sql.Text()
    inherit_cache = True


class JsonNumber(_Json):
    """A number, as a fraction of 64 bits."""

    type = sql.Float()
    inherit_cache = True
    here = "'integer', 'real'"
    server = "number"
    made_here, made = "REAL", "::double precision"


class JsonInteger(_Json):
    """A whole number."""

    type = sql.Numeric()
    inherit_cache = True
    here = "'integer', 'real'"
    server = "number"
    made = "::numeric"


class JsonBool(_Json):
    """True or false."""

    type = sql.Boolean()
    inherit_cache = True
    here = "'true', 'false'"
    server = "boolean"
    made = "::boolean"


class JsonAny(_Json):
    """Something where there is a value, and NULL where there is none."""

    type = sql.Text()
    inherit_cache = True


@compiles(_Json, "sqlite")
def _json_here(part: _Json, compiler: SQLCompiler, **how: Any) -> str:
    column, place = (compiler.process(piece, **how) for piece in list(part.clauses)[:2])
    kind, value = f"json_type({column}, {place})", f"json_extract({column}, {place})"
    if part.made_here:
        value = f"CAST({value} AS {part.made_here})"
    return f"CASE WHEN {kind} IN ({part.here}) THEN {value} END"


@compiles(_Json, "postgresql")
def _json_on_server(part: _Json, compiler: SQLCompiler, **how: Any) -> str:
    value = _on_server(part, compiler, **how)
    return f"CASE WHEN json_typeof({value}) = '{part.server}' THEN ({value} #>> '{{}}'){part.made} END"


@compiles(JsonAny, "sqlite")
def _any_here(part: _Json, compiler: SQLCompiler, **how: Any) -> str:
    column, place = (compiler.process(piece, **how) for piece in list(part.clauses)[:2])
    return f"json_extract({column}, {place})"


@compiles(JsonAny, "postgresql")
def _any_on_server(part: _Json, compiler: SQLCompiler, **how: Any) -> str:
    return f"({_on_server(part, compiler, **how)} #>> '{{}}')"


class Bounded(_Part):
    """A number as arithmetic takes it: `words.bounded`."""

    type = sql.Float()
    inherit_cache = True


@compiles(Bounded)
def _bounded(part: Bounded, compiler: SQLCompiler, **how: Any) -> str:
    (value,) = part.arguments(compiler, **how)
    server = compiler.dialect.name == "postgresql"
    least, greatest, cast = ("least", "greatest", "::double precision") if server else ("min", "max", "")
    large, fine = f"1e150{cast}", f"1e-134{cast}"
    held = f"{least}({greatest}({value}, -{large}), {large})"
    return f"((nullif(nullif({held}, {large}), -{large}) + {fine}) - {fine})"


class Extreme(_Part):
    """The least or the greatest of some numbers; NULL where one is missing."""

    type = sql.Float()
    inherit_cache = True
    name = "min"


class Least(Extreme):
    """The least."""

    inherit_cache = True


class Greatest(Extreme):
    """The greatest."""

    inherit_cache = True
    name = "max"


@compiles(Extreme, "sqlite")
def _extreme_here(part: Extreme, compiler: SQLCompiler, **how: Any) -> str:
    return f"{part.name}({', '.join(part.arguments(compiler, **how))})"


@compiles(Extreme, "postgresql")
def _extreme_on_server(part: Extreme, compiler: SQLCompiler, **how: Any) -> str:
    values = ", ".join(part.arguments(compiler, **how))
    there = f"FROM unnest(ARRAY[{values}]::double precision[]) AS v"
    return f"(SELECT CASE WHEN count(v) = count(*) THEN {part.name}(v) END {there})"


class Lower(_Part):
    """Small letters for A to Z, as `words.lower` has them."""

    type = sql.Text()
    inherit_cache = True


@compiles(Lower, "sqlite")
def _lower_here(part: Lower, compiler: SQLCompiler, **how: Any) -> str:
    return f"lower({part.arguments(compiler, **how)[0]})"


@compiles(Lower, "postgresql")
def _lower_on_server(part: Lower, compiler: SQLCompiler, **how: Any) -> str:
    return f'lower({part.arguments(compiler, **how)[0]} COLLATE "C")'


class Bytewise(_Part):
    """A text that is compared by its bytes."""

    type = sql.Text()
    inherit_cache = True


@compiles(Bytewise, "sqlite")
def _bytewise_here(part: Bytewise, compiler: SQLCompiler, **how: Any) -> str:
    return part.arguments(compiler, **how)[0]


@compiles(Bytewise, "postgresql")
def _bytewise_on_server(part: Bytewise, compiler: SQLCompiler, **how: Any) -> str:
    return f'({part.arguments(compiler, **how)[0]} COLLATE "C")'


class LikeIgnoringCase(_Part):
    """Whether a text is of a pattern, as `words.like` has it; the pattern has no escapes."""

    type = sql.Boolean()
    inherit_cache = True

    def __init__(self, value: Element, pattern: str) -> None:
        plain = words.lower(pattern)
        super().__init__(value, sql.literal(plain, sql.Text), sql.literal(plain.replace("\\", "\\\\"), sql.Text))


@compiles(LikeIgnoringCase, "sqlite")
def _like_here(part: LikeIgnoringCase, compiler: SQLCompiler, **how: Any) -> str:
    value, pattern = (compiler.process(piece, **how) for piece in list(part.clauses)[:2])
    return f"({value} LIKE {pattern})"


@compiles(LikeIgnoringCase, "postgresql")
def _like_on_server(part: LikeIgnoringCase, compiler: SQLCompiler, **how: Any) -> str:
    value, _, escaped = list(part.clauses)
    return f'(lower({compiler.process(value, **how)} COLLATE "C") LIKE {compiler.process(escaped, **how)})'


class OneOfMany(_Part):
    """Whether a value is one of a list that goes to the database as one parameter."""

    type = sql.Boolean()
    inherit_cache = True

    def __init__(self, value: Element, values: Sequence[Any], kind: str) -> None:
        own = _SERVER.get(kind, sql.Text)
        super().__init__(
            value, sql.literal(json.dumps(values), sql.Text), sql.literal(list(values), postgresql.ARRAY(own))
        )


@compiles(OneOfMany, "sqlite")
def _many_here(part: OneOfMany, compiler: SQLCompiler, **how: Any) -> str:
    value, listed = (compiler.process(piece, **how) for piece in list(part.clauses)[:2])
    return f"({value} IN (SELECT value FROM json_each({listed})))"  # noqa: S608 - of compiled parts


@compiles(OneOfMany, "postgresql")
def _many_on_server(part: OneOfMany, compiler: SQLCompiler, **how: Any) -> str:
    value, _, listed = list(part.clauses)
    return f"({compiler.process(value, **how)} = ANY ({compiler.process(listed, **how)}))"
