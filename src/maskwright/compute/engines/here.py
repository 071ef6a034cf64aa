"""In this process, one sample after the other."""

from maskwright.compute.engines import Results
from maskwright.compute.parcels import Parcels
from maskwright.compute.work import Job
from maskwright.compute.work import results as results_of
from maskwright.errors import UsageError


def results(job: Job, parcels: Parcels, *, workers: int, timeout: float | None) -> Results:
    """Raises UsageError for a time limit: a process cannot stop its own work."""
    if timeout is not None:
        raise UsageError("work in this process has no time limit for a sample", needed="the engine processes")
    opened = False
    while (parcel := parcels.take()) is not None:
        if not opened:
            job.worker.open()
            opened = True
        yield from results_of(job, parcel.numbers, parcel.samples)
