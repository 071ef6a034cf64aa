"""Public sets, made small as they are downloaded, each with what it holds.

Written from the sets' own descriptions.  `LAYOUTS` lists them; `comparison.tried` reads a set and says what came of it.
"""

from public_sets import above, cells, contests, everyday, medicine, streets, tools, videos
from public_sets.truth import LAYOUTS, Layout, Truth

__all__ = ["LAYOUTS", "Layout", "Truth", "above", "cells", "contests", "everyday", "medicine", "streets", "tools", "videos"]  # fmt: skip
