"""Conditions: which samples, in what order, how many; docs/reference/conditions.md is their language.

A text becomes a tree (`grammar`), its names become columns of known kinds (`resolve`), and what comes of it is SQL for
either database (`to_sql`) or reckoned over samples in memory (`plain`).
"""

from maskwright.store.conditions.grammar import DEEPEST, MOST
from maskwright.store.conditions.plain import Beside, choose, matches, value
from maskwright.store.conditions.resolve import check_expression
from maskwright.store.conditions.surroundings import Given, Measured, Stored, Surroundings

__all__ = [
    "DEEPEST", "MOST", "Beside", "Given", "Measured", "Stored", "Surroundings", "check_expression", "choose",
    "matches", "value",
]  # fmt: skip
