"""Samples on their way: how many are between being taken and being finished is bounded."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from maskwright.core.sample import Sample


@dataclass(frozen=True)
class Parcel:
    """What a process gets at once. samples: of these numbers, or None where the process reads them itself."""

    numbers: list[int]
    samples: list[Sample] | None = None


class Parcels:
    """Hands out samples in order, at most `ahead` of them before the first of those is finished.

    samples: (number, sample); None in place of a sample that is read where it is worked on.  batch: in one parcel.
    """

    def __init__(self, samples: Iterator[tuple[int, Sample | None]], *, batch: int, ahead: int) -> None:
        self._samples = samples
        self._batch = batch
        self._ahead = max(batch, ahead)
        #: Taken and not finished, by number, in the order in which they were taken.
        self.taken: dict[int, Sample | None] = {}

    def take(self) -> Parcel | None:
        """The next samples; None when there are no more, or none before others are finished."""
        room = min(self._batch, self._ahead - len(self.taken))
        found = dict(islice(self._samples, max(0, room)))
        if not found:
            return None
        self.taken |= found
        given = [sample for sample in found.values() if sample is not None]
        return Parcel(list(found), given or None)

    def parcel(self, numbers: list[int]) -> Parcel:
        """Some of those taken, to be tried again."""
        given = [sample for number in numbers if (sample := self.taken[number]) is not None]
        return Parcel(numbers, given or None)

    def finish(self, number: int) -> None:
        """The sample is written or set aside."""
        del self.taken[number]
