"""Reports: a dataset, a run, or two runs side by side, as one HTML file that needs nothing beside it."""

from maskwright.reports.of_dataset import dataset_report
from maskwright.reports.of_run import run_report
from maskwright.reports.of_two_runs import comparison_report

__all__ = ["comparison_report", "dataset_report", "run_report"]
