"""Work over many samples: a worker turns a sample into rows, wherever it runs; a sink in this process alone writes.

outcome = compute.map(view, worker, sink, workers=4)
outcome.done, outcome.set_aside, outcome.rate
"""

from maskwright.compute.mapping import Outcome, SetAside, Sink, map  # noqa: A004  it is Python's map for samples
from maskwright.compute.work import Worker

__all__ = ["Outcome", "SetAside", "Sink", "Worker", "map"]
