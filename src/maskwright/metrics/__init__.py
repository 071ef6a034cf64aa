"""Metrics, one module each: `update(…) -> counts`, `compute(counts) -> scores`.

Counts add: over images, batches, processes and resumed runs.  Division comes last.
"""

from maskwright import families


def names() -> list[str]:
    return families.names("metrics")
