"""How many clicks an engine needs for the objects of a dataset."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from maskwright import media
from maskwright.errors import UsageError
from maskwright.interactive.annotator import annotate
from maskwright.interactive.cleanup import Cleanup
from maskwright.interactive.embeddings import Embeddings
from maskwright.interactive.engines import Engine
from maskwright.interactive.session import NOTHING, Session
from maskwright.metrics import clicks as metric
from maskwright.store import View


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
    progress: Callable[[Iterable[int]], Iterable[int]] = lambda numbers: numbers,
) -> dict[str, Any]:
    """The scores of `metrics.clicks` over the view's segments, by class too, with what they mean in words.

    Crowd regions, ignored and background classes, and segments of fewer than min_area pixels are left out.  objects: so
    many of them at most, drawn by `seed`.  Seconds include the mask at full size, not encoding the image. Raises
    UsageError when no object is left.  limit: clicks an object, at most.  until: the IoU that is enough.  jitter: as in
    `next_click`.  cleanup: of every answer.
    """
    classes = view.classes
    wanted = {class_.id for class_ in classes if class_.role == "class"}
    numbers = np.random.default_rng(seed).permutation(view.numbers()) if objects else np.array(view.numbers())
    rng = np.random.default_rng(seed)
    embeddings = Embeddings(megabytes=64)
    every: metric.Counts = []
    by_class: dict[str, metric.Counts] = {}
    for number in progress(numbers.tolist()):
        sample = view.read([int(number)])[0]
        segments = sample.segments
        rows = [
            row
            for row in range(len(segments))
            if int(segments.class_ids[row]) in wanted
            and not segments.is_crowd[row]
            and segments.masks[row].area() >= min_area
        ]
        if not rows:
            continue
        session = Session(media.read(sample.image).rgb(), engine, cleanup=cleanup, embeddings=embeddings)
        for row in rows:
            curve = annotate(session, segments.masks[row].decode(), clicks=limit, until=until, jitter=jitter, rng=rng)
            counts = metric.update(curve.ious.tolist(), seconds=curve.seconds.tolist(), limit=limit)
            every += counts
            by_class.setdefault(classes[int(segments.class_ids[row])].name, []).extend(counts)
            if objects and len(every) >= objects:
                break
        if objects and len(every) >= objects:
            break
    if not every:
        raise UsageError("there is no object to click on", needed=f"segments of at least {min_area} pixels")
    return {
        "protocol": f"the next click is {_how(jitter)} of the largest error; at most {limit}; stopped at IoU {until:g}",
        **metric.compute(every),
        "classes": {name: _short(counts) for name, counts in sorted(by_class.items())},
    }


def _how(jitter: float) -> str:
    return "at the middle" if jitter == 0 else f"within the inner {100 * jitter:.0f} %"


def _short(counts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    found = metric.compute(list(counts))
    return {name: found[name] for name in ("objects", "noc@85", "noc@90", "iou@1", "iou@5")}
