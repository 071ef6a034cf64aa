"""What writing would lose, counted in several processes."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from maskwright import compute, registry
from maskwright.core.classes import Classes
from maskwright.core.sample import Sample
from maskwright.formats._contract import Loss
from maskwright.formats._keys import Outgoing


def losses(
    samples: Outgoing, classes: Classes, format: str, options: dict[str, Any], workers: int,
    progress: Callable[[Iterable[Any]], Iterable[Any]],
) -> list[Loss]:  # fmt: skip
    """In the order of the samples; a dataset's are read by the processes, others are handed to them."""
    sink = _Listed()
    worker = _Losing(samples, classes, format, options)
    compute.map(samples.samples, worker, sink, workers=workers, ordered=True, strict=True, progress=progress)
    return sink.losses


class _Losing(compute.Worker[list[Loss]]):
    """A sample -> what a format's writer loses of it, once its key and split are good."""

    batch = 32

    def __init__(self, samples: Outgoing, classes: Classes, format: str, options: dict[str, Any]) -> None:
        self._outgoing = samples.without_samples()
        self._classes, self._format, self._options = classes, format, options

    def open(self) -> None:
        self._losses: Callable[..., list[Loss]] = registry.load("formats", self._format).losses

    def __call__(self, number: int, sample: Sample) -> list[Loss]:
        fitting = self._outgoing.fit(sample)
        with registry.naming("formats", self._format):
            return list(self._losses(fitting, self._classes, **self._options))


class _Listed:
    def __init__(self) -> None:
        self.losses: list[Loss] = []

    def done(self, numbers: Sequence[int]) -> tuple[int, ...]:
        return ()

    def write(self, number: int, rows: list[Loss]) -> None:
        self.losses += rows
