"""Objects of one frame of a dataset's video, followed from there: what a person asks for while labelling."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from maskwright import fewshot, registry
from maskwright.core import typed
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.errors import MaskwrightError, UsageError
from maskwright.fewshot.propagation import log_suggestion
from maskwright.media.frames import Frames
from maskwright.runs import Run
from maskwright.store import Dataset
from maskwright.video.suggest import KIND
from maskwright.video.tracking import Tracked, track, tracks_of

Way = Literal["forward", "backward"]


@dataclass(frozen=True)
class Followed:
    """run: where the suggestions are.  suggested: numbers of the samples that have one, in the order of following.

    until: number of the labelled sample before which it ended; None at the end of the video or of the limit.
    confidence: of each suggestion.
    """

    run: str
    suggested: list[int]
    confidence: list[float]
    until: int | None
    tracks: int
    seconds: float


def follow(
    dataset: Dataset,
    number: int,
    *,
    objects: Sequence[int] | None = None,
    direction: Way = "forward",
    limit: int | None = None,
    engine: str = "classical",
    settings: Mapping[str, Any] | None = None,
    progress: Callable[[Iterable[int]], Iterable[int]] = lambda numbers: numbers,
) -> Followed:
    """Follow objects of one labelled frame through the frames after it, as suggestions of a new run.

    It ends before the next frame that has labels.  objects: ids of those that are followed; what else is suggested on
    the frames stays.  None follows all, and then nothing else stays.  direction: backward goes through the frames
    before it.  limit: frames at most.  progress: goes through frames; where it raises, the run keeps what it has.
    Raises UsageError for a sample that does not belong to a sequence or has no such objects, and where no frame without
    labels follows.  engine, settings: as in `track_dataset`.
    """
    begun = time.perf_counter()
    view = dataset.frozen()
    [here] = view.read([number])
    chosen = _chosen(here, objects, dataset)
    typed.engine_options(registry.load("video.engines", engine), settings or {})
    frames, until = _frames(dataset, here, number, direction, limit)
    wanted = {"engine": engine, "options": dict(settings or {}), "from": number, "direction": direction}
    run = Run.start(view, KIND, wanted | ({} if objects is None else {"objects": [int(each) for each in objects]}))
    tracks = set(tracks_of(chosen))
    before = {} if objects is None else fewshot.waiting(dataset)
    images = Frames(
        [here.image, *(sample.image for _, sample in frames)], name=str(here.image.video), window=view.window
    )
    done: list[tuple[int, float]] = []
    try:
        found = track(images, {0: chosen}, engine, direction="forward", **(settings or {}))
        next(found)  # the frame itself
        for _, (sample, _), result in zip(progress(range(len(frames))), frames, found, strict=True):
            confidence = 1 - max(result.drift.values(), default=1.0)
            segments = result.segments
            if sample in before:
                earlier = fewshot.suggestion(dataset, before[sample][0], sample)
                segments, kept = _beside(earlier, result, tracks)
                confidence = min(confidence, before[sample][1]) if kept else confidence
            log_suggestion(run, sample, segments, confidence)
            done.append((sample, confidence))
    except BaseException:
        with suppress(MaskwrightError):
            run.finish("interrupted")
        raise
    run.finish("done", {"labelled": 1, "suggested": len(done)})
    return Followed(
        run.id, [row[0] for row in done], [row[1] for row in done], until, len(tracks), time.perf_counter() - begun
    )


def _chosen(here: Sample, objects: Sequence[int] | None, dataset: Dataset) -> Segments:
    if here.image.video is None:
        raise UsageError("it is not a frame of a video or a slice of a volume", file=dataset.place, record=here.key)
    segments = here.segments
    if objects is not None:
        there = set(segments.ids.tolist())
        lost = [each for each in objects if each not in there]
        if lost:
            raise UsageError(f"there is no object {lost[0]} on it", file=dataset.place, record=here.key)
        segments = segments[np.isin(segments.ids, list(objects))]
    segments = segments[~segments.is_crowd]
    if not len(segments):
        raise UsageError(
            "there is no object to follow", file=dataset.place, record=here.key, todo="Label one on it first."
        )  # fmt: skip
    return segments


def _frames(
    dataset: Dataset, here: Sample, number: int, direction: Way, limit: int | None
) -> tuple[list[tuple[int, Sample]], int | None]:
    """The frames to follow through, in that order, with their numbers; and the labelled one before which they end."""
    view = dataset.sequences.samples(str(here.image.video))
    numbers = view.numbers()
    place = numbers.index(number)
    after = numbers[place + 1 :] if direction == "forward" else numbers[:place][::-1]
    rows: list[tuple[int, Sample]] = []
    for begin in range(0, len(after), 256):
        chunk = after[begin : begin + 256]
        for each, sample in zip(chunk, view.read(chunk), strict=True):
            if len(sample.segments):
                if not rows:
                    raise UsageError(
                        f"the frame {'after' if direction == 'forward' else 'before'} it is labelled already",
                        file=dataset.place, record=here.key, todo="Go on from the last frame that is labelled.",
                    )  # fmt: skip
                return rows, each
            rows.append((each, sample))
            if limit is not None and len(rows) == limit:
                return rows, None
    if not rows:
        raise UsageError(
            f"no frame is {'after' if direction == 'forward' else 'before'} it", file=dataset.place, record=here.key
        )
    return rows, None


def _beside(earlier: Segments, result: Tracked, tracks: set[int]) -> tuple[Segments, bool]:
    """What was suggested before of other objects, under what was found now -> both, and whether there was any."""
    rows = [k for k, each in enumerate(tracks_of(earlier)) if each not in tracks]
    if not rows:
        return result.segments, False
    kept = earlier[np.array(rows)]
    attributes = [{key: value for key, value in each.items() if key != "suggested_by"} for each in kept.attributes]
    found = result.segments
    masks = type(found.masks).concatenate([kept.masks, found.masks], found.size)
    return Segments(
        masks, [*kept.class_ids.tolist(), *found.class_ids.tolist()],
        scores=[*kept.scores.tolist(), *found.scores.tolist()], source="model",
        attributes=[*attributes, *found.attributes],
    ), True  # fmt: skip
