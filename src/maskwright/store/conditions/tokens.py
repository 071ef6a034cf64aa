"""A condition's text as tokens, and what is said of a mistake in it."""

import re
from dataclasses import dataclass

from maskwright.core.names import shown
from maskwright.errors import UsageError

#: A word, and the parts of a name behind it: fields.a, fields."a name with spaces".b
_PARTS = r"(?:\.(?:\w+|\"[^\"]*\"|'(?:[^']|'')*'))*"
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<text>'(?:[^']|'')*'|\"[^\"]*\")"
    rf"|(?P<word>[^\W\d]\w*{_PARTS})|(?P<mark><=|>=|!=|<>|==|[=<>(),+*/.-]))"
)
_PART = re.compile(r"\w+|\"[^\"]*\"|'(?:[^']|'')*'")

#: What neither database keeps in a text: NUL, and halves of surrogate pairs.
_IMPOSSIBLE = re.compile("[\\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Token:
    """kind: number, text, word or mark.  text: as it stands there.  at: its first character, from 0."""

    kind: str
    text: str
    at: int


def mistake(text: str, found: str, at: int, *, needed: str | None = None, todo: str | None = None) -> UsageError:
    """The error for what was found at a character, from 0, of a condition's text."""
    return UsageError(
        f"in the condition {shown(text, 200)!r} at character {at + 1}: {shown(found, 200)}", needed=needed, todo=todo
    )


def split(text: str) -> list[Token]:
    """The tokens of a condition. Raises UsageError with the place of what is none."""
    impossible = _IMPOSSIBLE.search(text)
    if impossible is not None:
        raise mistake(text, "a character that no text in a dataset holds", impossible.start())
    found: list[Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise mistake(text, f"cannot read {text[at:end].strip()[:12]!r}", at)
        kind = str(match.lastgroup)
        found.append(Token(kind, match.group(kind), match.start(kind)))
        at = match.end()
    return found


def parts(word: str) -> tuple[str, ...]:
    """The parts of a name, without their quotes: fields."a b".c is fields, a b, c."""
    return tuple(unquoted(part) if part[0] in "'\"" else part for part in _PART.findall(word))


def unquoted(text: str) -> str:
    """What stands between quotes."""
    return text[1:-1].replace("''", "'") if text[0] == "'" else text[1:-1]


def number(text: str) -> int | float:
    """A whole number where 64 bits hold it; a larger one as a fraction, which no column's whole numbers reach."""
    if any(mark in text for mark in ".eE"):
        return float(text)
    whole = int(text) if len(text) < 21 else None
    return whole if whole is not None and -(2**63) <= whole < 2**63 else float(text)
