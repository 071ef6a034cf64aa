"""Runs: what was trained or measured, on which revision, with which settings and results."""

from maskwright.runs.by_segment import segment_ious
from maskwright.runs.evaluation import evaluate
from maskwright.runs.listing import RunRecord, Runs
from maskwright.runs.record import (
    Run,
    compare,
    evaluations,
    find,
    list_runs,
    run_columns,
    sample_metrics,
    segment_metrics,
)

__all__ = [
    "Run", "RunRecord", "Runs", "compare", "evaluate", "evaluations", "find", "list_runs", "run_columns",
    "sample_metrics", "segment_ious", "segment_metrics",
]  # fmt: skip
