"""Exported networks, one module a runtime.

    SUFFIX                                      of the file
    export(model, info, path, *, size)          write it; size: (height, width), or None for any multiple of the stride
    load(path) -> (module, ModelInfo)           a torch module that runs the file, for `Predictor`

The file carries the same description as a checkpoint, so that `predict` runs from it alone.
"""

from maskwright import registry


def names() -> list[str]:
    return registry.names("predict.exported")


def runtime_of(suffix: str) -> str | None:
    """The member that reads files of this suffix; None for another file."""
    suffixes = {registry.load("predict.exported", name).SUFFIX: name for name in names()}
    return suffixes.get(suffix)
