"""Looking at a dataset as a whole: what values its samples and segments have, and which of them a condition leaves."""

from maskwright.insight import askable, charts, differences, looking, scatter, together

__all__ = ["askable", "charts", "differences", "looking", "scatter", "together"]
