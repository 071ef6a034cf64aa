"""What is wrong with the values of a request, as a sentence: the field, what was found, what is needed."""

from collections.abc import Mapping, Sequence
from typing import Any

_LONGEST = 60  # letters of a found value that are told
#: Where values come from; the name of the field says enough.
_PLACES = {"body", "query", "path", "header", "cookie"}
_NEEDED = {
    "missing": "a value", "string_too_short": "text of {min_length} or more letters",
    "string_too_long": "at most {max_length} letters", "too_short": "at least {min_length} items",
    "too_long": "at most {max_length} items", "literal_error": "{expected}", "enum": "{expected}",
    "int_parsing": "a whole number", "int_type": "a whole number", "int_from_float": "a whole number",
    "float_parsing": "a number", "float_type": "a number", "finite_number": "a finite number",
    "bool_parsing": "true or false", "bool_type": "true or false", "string_type": "text", "list_type": "a list",
    "tuple_type": "a list", "dict_type": "an object", "model_attributes_type": "an object",
    "greater_than": "more than {gt}", "greater_than_equal": "{ge} or more", "less_than": "less than {lt}",
    "less_than_equal": "{le} or less", "string_pattern_mismatch": "text like {pattern}", "json_invalid": "JSON",
}  # fmt: skip


def sentence(problems: Sequence[Mapping[str, Any]]) -> str:
    """Of pydantic's problems, at least one: the first, and how many more there are."""
    words = _told(problems[0])
    more = len(problems) - 1
    return words if not more else f"{words} ({more} more of the values {'is' if more == 1 else 'are'} wrong)"


def _told(problem: Mapping[str, Any]) -> str:
    kind = str(problem["type"])
    template = _NEEDED.get(kind)
    needed = template.format_map(_Known(problem.get("ctx") or {})) if template else _plain(str(problem["msg"]))
    field = _field(tuple(problem["loc"]))
    found = "nothing" if kind == "missing" else _shown(problem.get("input"))
    return f"{field}: found {found}, needed {needed}."


class _Known(dict[str, Any]):
    """What a problem does not tell stays a word."""

    def __missing__(self, name: str) -> str:
        return name


def _plain(words: str) -> str:
    return words[:1].lower() + words[1:]


def _field(where: Sequence[str | int]) -> str:
    """`("body", "classes", 1, "name")` is `name of number 2 of classes`."""
    parts = [f"number {part + 1}" if isinstance(part, int) else part for part in where if part not in _PLACES]
    return " of ".join(reversed(parts)) or "the request"


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if value == "":
        return "an empty text"
    words = repr(value)
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]} …"
