"""The grammar of conditions: text to a tree; docs/reference/conditions.md writes it out."""

from collections.abc import Callable

from maskwright.core.columns import SAMPLE, SEGMENT
from maskwright.errors import UsageError
from maskwright.store.conditions import tokens
from maskwright.store.conditions.tree import (
    Arithmetic,
    Call,
    Comparison,
    In,
    InView,
    IsNull,
    Joined,
    Like,
    Name,
    Node,
    Not,
    Order,
    Over,
    Query,
    RunName,
    Value,
)

#: Brackets inside each other, comparisons, operations of arithmetic and values in all lists together: what Python's
#: stack, SQLite and PostgreSQL bear, with room to spare.
DEEPEST, MOST, MOST_ARITHMETIC, MOST_VALUES = 30, 400, 200, 20_000
LONGEST_PATTERN = 10_000  # characters of a pattern of `like`

_COMPARE = {"=": "=", "==": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}

#: Functions of values, and how many arguments they have, at least and at most.
FUNCTIONS = {"abs": (1, 1), "round": (1, 1), "min": (2, 9), "max": (2, 9), "lower": (1, 1), "length": (1, 1)}


def read(text: str) -> Query:
    """A whole condition, with its order and its limit. Raises UsageError with the place of the mistake."""
    return _Parser(text).query()


def read_expression(text: str) -> Node:
    """A value or a condition alone, as a virtual column has it. Raises UsageError with the place of the mistake."""
    parser = _Parser(text)
    found = parser.either()
    parser.end()
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens.split(text)
        self.next = self.depth = self.comparisons = self.operations = self.values = 0

    # -- tokens ----------------------------------------------------------------------------------------

    @property
    def at(self) -> int:
        return self.tokens[self.next].at if self.next < len(self.tokens) else len(self.text)

    def error(self, found: str, at: int | None = None) -> UsageError:
        known = ", ".join(column.name for column in (*SAMPLE, *SEGMENT) if column.name not in ("fields", "attributes"))
        return tokens.mistake(
            self.text, found, self.at if at is None else at,
            todo=f"Columns: {known}, class, num_segments, state, assignee, fields.NAME, attributes.NAME. "
            "Text stands in quotes.",
        )  # fmt: skip

    def kind(self, ahead: int = 0) -> str:
        place = self.next + ahead
        return self.tokens[place].kind if place < len(self.tokens) else ""

    def peek(self, ahead: int = 0) -> str:
        place = self.next + ahead
        return self.tokens[place].text.lower() if place < len(self.tokens) else ""

    def take(self, *wanted: str) -> bool:
        if self.peek() in wanted and self.kind() not in ("text", ""):
            self.next += 1
            return True
        return False

    def need(self, wanted: str) -> None:
        if not self.take(wanted):
            raise self.error(f"expected {wanted!r}, found {self.peek() or 'the end'!r}")

    def end(self) -> None:
        if self.next < len(self.tokens):
            raise self.error(f"did not expect {self.peek()!r}")

    # -- the whole ---------------------------------------------------------------------------------------

    def query(self) -> Query:
        condition = None if self.orders() or self.limits() else self.either()
        order: list[Order] = []
        limit = None
        if self.orders():
            self.next += 2
            order.append(self.key())
            while self.take(","):
                order.append(self.key())
        if self.limits():
            self.next += 1
            number = tokens.number(self.tokens[self.next].text)
            if not isinstance(number, int):
                raise self.error("a limit is a whole number")
            self.next += 1
            limit = number
        self.end()
        return Query(self.text, condition, tuple(order), limit)

    def orders(self) -> bool:
        return self.peek() == "order" and self.peek(1) == "by" and self.kind() == self.kind(1) == "word"

    def limits(self) -> bool:
        return self.peek() == "limit" and self.kind() == "word" and self.kind(1) == "number"

    def key(self) -> Order:
        found = self.sum()
        descending = self.take("desc")
        if not descending:
            self.take("asc")
        return Order(found, descending)

    # -- conditions --------------------------------------------------------------------------------------

    def either(self) -> Node:
        at, terms = self.at, [self.both()]
        while self.take("or"):
            terms.append(self.both())
        return Joined(at, False, tuple(terms)) if len(terms) > 1 else terms[0]

    def both(self) -> Node:
        at, terms = self.at, [self.term()]
        while self.take("and"):
            terms.append(self.term())
        return Joined(at, True, tuple(terms)) if len(terms) > 1 else terms[0]

    def term(self) -> Node:
        at, negated = self.at, False
        while self.take("not"):
            negated = not negated
        inner = self.comparison()
        return Not(at, inner) if negated else inner

    def comparison(self) -> Node:
        at, left = self.at, self.sum()
        if self.take("is"):
            negative = self.take("not")
            self.need("null")
            self.count()
            return IsNull(at, left, negative)
        negative = self.take("not")
        if self.take("in"):
            self.count()
            return In(at, left, self.list(), negative)
        if self.take("like"):
            self.count()
            return Like(at, left, self.pattern(), negative)
        if negative:
            raise self.error("expected 'in' or 'like' after 'not'")
        if self.kind() == "mark" and self.peek() in _COMPARE:
            operator = _COMPARE[self.peek()]
            self.next += 1
            self.count()
            return Comparison(at, operator, left, self.sum())
        return left

    def count(self) -> None:
        self.comparisons += 1
        if self.comparisons > MOST:
            raise self.error(f"more than {MOST} comparisons; a list of values stands in one, as in split in ('a', 'b')")

    def list(self) -> tuple[Value, ...]:
        self.need("(")
        found = [self.value()]
        while self.take(","):
            found.append(self.value())
        self.need(")")
        self.values += len(found)
        if self.values > MOST_VALUES:
            raise self.error(f"more than {MOST_VALUES} values in lists")
        return tuple(found)

    def pattern(self) -> Value:
        if self.kind() != "text":
            raise self.error(f"expected a pattern in quotes, found {self.peek() or 'the end'!r}")
        found = self.value()
        if len(str(found.value)) > LONGEST_PATTERN:
            raise self.error(f"a pattern of more than {LONGEST_PATTERN} characters", found.at)
        return found

    def value(self) -> Value:
        """A number, text, true or false."""
        at, negative = self.at, self.take("-")
        if self.kind() == "number":
            self.next += 1
            return Value(at, tokens.number("-" * negative + self.tokens[self.next - 1].text))
        if self.kind() == "text" and not negative:
            self.next += 1
            return Value(at, tokens.unquoted(self.tokens[self.next - 1].text))
        if self.peek() in ("true", "false") and not negative:
            self.next += 1
            return Value(at, self.tokens[self.next - 1].text.lower() == "true")
        raise self.error(f"expected a number or quoted text, found {self.peek() or 'the end'!r}")

    # -- values ------------------------------------------------------------------------------------------

    def sum(self) -> Node:
        at, left = self.at, self.product()
        while self.kind() == "mark" and self.peek() in ("+", "-"):
            left = self.operation(at, left, self.product)
        return left

    def product(self) -> Node:
        at, left = self.at, self.signed()
        while self.kind() == "mark" and self.peek() in ("*", "/"):
            left = self.operation(at, left, self.signed)
        return left

    def operation(self, at: int, left: Node, right: Callable[[], Node]) -> Node:
        operator = self.peek()
        self.next += 1
        self.reckon()
        return Arithmetic(at, operator, left, right())

    def reckon(self) -> None:
        self.operations += 1
        if self.operations > MOST_ARITHMETIC:
            raise self.error(f"more than {MOST_ARITHMETIC} operations of arithmetic")

    def signed(self) -> Node:
        at, negative = self.at, False
        while self.kind() == "mark" and self.peek() == "-":
            self.next += 1
            negative = not negative
            if self.kind() == "number":
                self.next += 1
                return Value(at, tokens.number("-" * negative + self.tokens[self.next - 1].text))
        inner = self.atom()
        if not negative:
            return inner
        self.reckon()
        return Arithmetic(at, "-", Value(at, 0), inner)

    def atom(self) -> Node:
        at = self.at
        if self.kind() in ("number", "text"):
            return self.value()
        if self.take("("):
            return self.bracketed(self.either)
        if self.kind() != "word":
            raise self.error(f"expected a column, found {self.peek() or 'the end'!r}")
        word = self.tokens[self.next].text
        if self.peek() in ("true", "false"):
            return self.value()
        self.next += 1
        if self.take("("):
            return self.bracketed(lambda: self.called(at, word.lower()), closed=False)
        parts = tokens.parts(word)
        if parts[0] == "last" and len(parts) > 1:
            return RunName(at, None, None, ".".join(parts[1:]))
        return Name(at, parts)

    def bracketed(self, inside: Callable[[], Node], *, closed: bool = True) -> Node:
        """What stands between brackets that were opened; closed: whether the closing one is still to be taken."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error(f"more than {DEEPEST} brackets inside each other", self.tokens[self.next - 1].at)
        inner = inside()
        if closed:
            self.need(")")
        self.depth -= 1
        return inner

    def called(self, at: int, name: str) -> Node:
        """What has arguments, from the first of them on."""
        if name in ("any", "none", "count"):
            inner = None if self.peek() == ")" else self.either()
            self.need(")")
            return Over(at, name, inner)  # type: ignore[arg-type]
        if name in ("last", "run"):
            which = self.quoted("a kind of run" if name == "last" else "a run")
            return RunName(at, which if name == "run" else None, which if name == "last" else None, self.after_dot())
        if name == "view":
            return InView(at, self.quoted("a saved view"))
        if name not in FUNCTIONS:
            known = ", ".join(["any", "none", "count", *FUNCTIONS, "last", "run", "view"])
            raise self.error(f"there is no function {name!r}; there are {known}", at)
        arguments = [self.either()]
        while self.take(","):
            arguments.append(self.either())
        self.need(")")
        least, most = FUNCTIONS[name]
        if not least <= len(arguments) <= most:
            number = f"{least}" if least == most else f"{least} to {most}"
            raise self.error(f"{name} is of {number} values, not of {len(arguments)}", at)
        return Call(at, name, tuple(arguments))

    def quoted(self, what: str) -> str:
        if self.kind() != "text":
            raise self.error(f"expected the name of {what} in quotes, found {self.peek() or 'the end'!r}")
        found = tokens.unquoted(self.tokens[self.next].text)
        self.next += 1
        self.need(")")
        return found

    def after_dot(self) -> str:
        self.need(".")
        if self.kind() == "text":
            found = tokens.unquoted(self.tokens[self.next].text)
        elif self.kind() == "word":
            found = ".".join(tokens.parts(self.tokens[self.next].text))
        else:
            raise self.error(f"expected the name of a run's values, found {self.peek() or 'the end'!r}")
        self.next += 1
        return found
