"""Members as people write them, with options in brackets, and which options a function takes."""

import ast
import inspect
import re
from collections.abc import Callable
from typing import Any

_NAME = re.compile(r"\s*([a-z][a-z0-9_-]*)\s*")


def read_call(text: str) -> tuple[str, dict[str, Any]] | None:
    """A text such as "focal(gamma=1.5)" -> ("focal", {"gamma": 1.5}); the name as it is written.

    Values are Python's literals; a bare word is text.  None for what is not a name, or a name with options.
    """
    name = _NAME.match(text)
    if name is None:
        return None
    try:
        call = ast.parse(f"f{text[name.end() :].strip() or '()'}", mode="eval").body
        if not isinstance(call, ast.Call) or call.args or not isinstance(call.func, ast.Name):
            return None
        given = [option.arg for option in call.keywords]
        if None in given or len(set(given)) < len(given):
            return None
        return name[1], {
            str(option.arg): option.value.id if isinstance(option.value, ast.Name) else ast.literal_eval(option.value)
            for option in call.keywords
        }
    except (SyntaxError, ValueError):
        return None


def takes(function: Callable[..., object], option: str, given: int = 0) -> bool:
    """Whether a function takes an option by name, beside its first `given` arguments; `**options` takes any."""
    every = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in _parameters(function))
    return every or option in options_of(function, given)


def options_of(function: Callable[..., object], given: int = 0) -> list[str]:
    """The names of the options that a function takes beside its first `given` arguments; without those of `**`."""
    by_name = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [parameter.name for parameter in _parameters(function)[given:] if parameter.kind in by_name]


def _parameters(function: Callable[..., object]) -> list[inspect.Parameter]:
    return list(inspect.signature(function).parameters.values())
