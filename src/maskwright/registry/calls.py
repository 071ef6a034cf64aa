"""Which options a function takes."""

import inspect
from collections.abc import Callable
from functools import lru_cache


def takes(function: Callable[..., object], option: str, given: int = 0) -> bool:
    """Whether a function takes an option by name, beside its first `given` arguments; `**options` takes any."""
    every, names = _parameters(function)
    return every or option in names[given:]


@lru_cache(maxsize=256)
def _parameters(function: Callable[..., object]) -> tuple[bool, tuple[str | None, ...]]:
    """Whether it takes any option, and its parameters' names, None for those that cannot be given by name."""
    by_name = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = list(inspect.signature(function).parameters.values())
    every = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters)
    return every, tuple(parameter.name if parameter.kind in by_name else None for parameter in parameters)
