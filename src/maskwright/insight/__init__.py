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
    looking,
    map_layout,
    points,
    scatter,
    together,
)

__all__ = [
    "askable",
    "charts",
    "colour_texture",
    "differences",
    "embedding",
    "encoders",
    "looking",
    "map_layout",
    "points",
    "scatter",
    "together",
]
