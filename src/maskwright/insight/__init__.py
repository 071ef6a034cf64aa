"""Looking at a dataset as a whole: what values its samples and segments have, which of them a condition leaves, and how
alike they look.
"""

from maskwright.insight import (
    askable,
    charts,
    colour_texture,
    differences,
    embedding,
    encoders,
    figures_of_runs,
    judged_objects,
    looking,
    map_layout,
    points,
    scatter,
    tables_of_choices,
    tables_of_runs,
    together,
)

__all__ = [
    "askable",
    "charts",
    "colour_texture",
    "differences",
    "embedding",
    "encoders",
    "figures_of_runs",
    "judged_objects",
    "looking",
    "map_layout",
    "points",
    "scatter",
    "tables_of_choices",
    "tables_of_runs",
    "together",
]
