"""Which options a function takes."""

import inspect
from collections.abc import Callable


def takes(function: Callable[..., object], option: str, given: int = 0) -> bool:
    """Whether a function takes an option by name, beside its first `given` arguments; `**options` takes any."""
    by_name = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = list(inspect.signature(function).parameters.values())
    every = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters)
    return every or any(parameter.name == option and parameter.kind in by_name for parameter in parameters[given:])
