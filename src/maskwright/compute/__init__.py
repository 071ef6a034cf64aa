"""Work over many samples: a worker turns a sample into rows, wherever it runs; a sink in this process alone writes.

outcome = compute.map(view, worker, sink, workers=4)
outcome.done, outcome.set_aside, outcome.rate

A `Journal` is a sink in a file: what a killed process had done is there when the same work is started again.
"""

from maskwright.compute.journal import Journal
from maskwright.compute.mapping import Outcome, SetAside, Sink, map  # noqa: A004  it is Python's map for samples
from maskwright.compute.work import Worker

__all__ = ["Journal", "Outcome", "SetAside", "Sink", "Worker", "map"]
