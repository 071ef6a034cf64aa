"""Where workers run, one module each: `results(job, parcels, *, workers, timeout)`.

An engine takes parcels as it has hands free, until there are none, and yields each sample's `Result` exactly once, in
any order.  A parcel is not there again before others are finished, which happens while the engine is asked for its next
result: that is how work never runs ahead of the sink.  `Job.pack` and `Opened.unpack` carry a job to another process or
machine; what a worker raises there and is not one sample's fault is raised from the iterator.  Closing the iterator
stops everything and leaves no process behind.
"""

from collections.abc import Generator
from typing import Protocol, cast

from maskwright import registry
from maskwright.compute.parcels import Parcels
from maskwright.compute.work import Job, Result

Results = Generator[Result, None, None]


class Engine(Protocol):
    """A module of this family."""

    def results(self, job: Job, parcels: Parcels, *, workers: int, timeout: float | None) -> Results:
        """Every sample's result.

        workers: processes, at least 1.  timeout: seconds a sample may take before it is set aside.  Raises UsageError
        for what this engine cannot do.
        """


def load(name: str) -> Engine:
    """An engine by name. Raises UsageError for an unknown one."""
    return cast("Engine", registry.load("compute.engines", name))
