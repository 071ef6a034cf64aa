"""How many clicks an engine needs for the objects of a dataset."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from maskwright import compute, media
from maskwright.core.sample import Sample
from maskwright.errors import UsageError
from maskwright.interactive.annotator import annotate
from maskwright.interactive.cleanup import Cleanup
from maskwright.interactive.embeddings import Embeddings
from maskwright.interactive.engines import Engine
from maskwright.interactive.session import NOTHING, Session
from maskwright.media import Window
from maskwright.metrics import clicks as metric
from maskwright.store import View

BATCH = 64


def evaluate_clicks(
    view: View,
    engine: Engine,
    *,
    limit: int = 20,
    until: float = 0.95,
    jitter: float = 0.0,
    objects: int | None = None,
    min_area: int = 100,
    cleanup: Cleanup = NOTHING,
    seed: int = 0,
    workers: int = 1,
    progress: Callable[[Iterable[int]], Iterable[int]] = lambda numbers: numbers,
) -> dict[str, Any]:
    """The scores of `metrics.clicks` over the view's segments, by class too, with what they mean in words.

    Crowd regions, ignored and background classes, and segments of fewer than min_area pixels are left out.  objects: so
    many of them at most, drawn by `seed`.  Seconds include the mask at full size, not encoding the image. Raises
    UsageError when no object is left.  limit: clicks an object, at most.  until: the IoU that is enough.  jitter: as in
    `next_click`.  cleanup: of every answer.  workers: processes that click, see `compute.map`; scores but for seconds
    are the same with any of them.  `set_aside`: samples that could not be clicked on, with the reason.
    """
    view = view.frozen()
    classes = view.classes
    wanted = {class_.id for class_ in classes if class_.role == "class"}
    numbers = np.random.default_rng(seed).permutation(view.numbers()) if objects else np.array(view.numbers())
    chosen: dict[int, list[int]] = {}
    left: int | None = objects
    for begin in range(0, len(numbers), BATCH):
        part = [int(number) for number in numbers[begin : begin + BATCH]]
        for number, sample in zip(part, view.read(part), strict=True):
            rows = _rows(sample, wanted, min_area)[:left]
            if rows:
                chosen[number] = rows
                left = None if left is None else left - len(rows)
        if left == 0:
            break
    if not chosen:
        raise UsageError("there is no object to click on", needed=f"segments of at least {min_area} pixels")
    worker = _Clicking(engine, chosen, view.window, limit=limit, until=until, jitter=jitter, cleanup=cleanup, seed=seed)
    found = _Curves()
    outcome = compute.map(view, worker, found, numbers=list(chosen), workers=workers, ordered=True, progress=progress)
    every: metric.Counts = [count for _, count in found.rows]
    by_class: dict[str, metric.Counts] = {}
    for class_id, count in found.rows:
        by_class.setdefault(classes[class_id].name, []).append(count)
    return {
        "protocol": f"the next click is {_how(jitter)} of the largest error; at most {limit}; stopped at IoU {until:g}",
        **metric.compute(every),
        "classes": {name: _short(counts) for name, counts in sorted(by_class.items())},
        "set_aside": [asdict(sample) for sample in outcome.set_aside],
    }


def _rows(sample: Sample, wanted: set[int], min_area: int) -> list[int]:
    """Positions of the segments that are clicked on."""
    segments = sample.segments
    areas = segments.masks.areas()
    return [
        row
        for row in range(len(segments))
        if int(segments.class_ids[row]) in wanted and not segments.is_crowd[row] and areas[row] >= min_area
    ]


class _Clicking(compute.Worker[list[tuple[int, dict[str, Any]]]]):
    """A sample -> (class id, counts of `metrics.clicks`) of each of its chosen objects.

    chosen: positions of segments by the sample's number.  Clicks of a sample are drawn by the seed and its number.
    """

    def __init__(
        self, engine: Engine, chosen: Mapping[int, list[int]], window: Window | None, *, limit: int, until: float,
        jitter: float, cleanup: Cleanup, seed: int,
    ) -> None:  # fmt: skip
        self._engine, self._chosen, self._cleanup, self._seed = engine, chosen, cleanup, seed
        self._limit, self._until, self._jitter, self._window = limit, until, jitter, window

    def open(self) -> None:
        self._embeddings = Embeddings(megabytes=64)

    def __call__(self, number: int, sample: Sample) -> list[tuple[int, dict[str, Any]]]:
        rng = np.random.default_rng((self._seed, number))
        image = media.read(sample.image).display(self._window)
        session = Session(image, self._engine, cleanup=self._cleanup, embeddings=self._embeddings)
        found = []
        for row in self._chosen[number]:
            curve = annotate(
                session, sample.segments.masks[row].decode(), clicks=self._limit, until=self._until,
                jitter=self._jitter, rng=rng,
            )  # fmt: skip
            counts = metric.update(curve.ious.tolist(), seconds=curve.seconds.tolist(), limit=self._limit)
            found += [(int(sample.segments.class_ids[row]), count) for count in counts]
        return found


class _Curves:
    """All that was found, in order."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, dict[str, Any]]] = []

    def done(self, numbers: Sequence[int]) -> tuple[int, ...]:
        return ()

    def write(self, number: int, rows: list[tuple[int, dict[str, Any]]]) -> None:
        self.rows += rows


def _how(jitter: float) -> str:
    return "at the middle" if jitter == 0 else f"within the inner {100 * jitter:.0f} %"


def _short(counts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    found = metric.compute(list(counts))
    return {name: found[name] for name in ("objects", "noc@85", "noc@90", "iou@1", "iou@5")}
