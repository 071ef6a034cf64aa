"""Runs: what was trained or measured, on which revision, with which settings and results."""

from maskwright.runs.record import Run, compare, find, list_runs

__all__ = ["Run", "compare", "find", "list_runs"]
