"""Videos of a dataset, and videos beside one: what is labelled on some frames, suggested for the others."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from maskwright import compute, registry
from maskwright.core import typed
from maskwright.core.arrays import Size
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.names import safe_key
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, MaskwrightError, UsageError
from maskwright.fewshot.propagation import confidences, log_suggestion, resumed
from maskwright.media.frames import Frames
from maskwright.media.windows import Window
from maskwright.runs import Run
from maskwright.runs.record import clean_settings
from maskwright.store import Dataset, View
from maskwright.video.tracking import Direction, track, tracks_of

KIND = "track"


@dataclass(frozen=True)
class TrackingRun:
    """run: where the suggestions are; `fewshot.accept` takes them over.  tracks: objects tracked, over all videos.

    least: the frames with the largest drift, worst first, and that drift.  set_aside: videos that could not be tracked,
    by the key of their first frame, with the reason.
    """

    run: str
    engine: str
    videos: int
    labelled: int
    suggested: int
    tracks: int
    seconds: float
    least: list[tuple[str, float]]
    set_aside: tuple[compute.SetAside, ...] = ()


def track_dataset(
    view: View,
    *,
    engine: str = "classical",
    stop: float = 1.0,
    complete: bool = True,
    direction: Direction = "both",
    settings: Mapping[str, Any] | None = None,
    dataset: Dataset | None = None,
    workers: int = 1,
    progress: Callable[[Iterable[int]], Iterable[int]] = lambda numbers: numbers,
) -> TrackingRun:
    """Track what is labelled on some frames of each video through its others, as suggestions of a new run.

    Videos without a labelled frame are left out.  Objects are the same where their attribute `track` is, or their id.
    complete, direction: as in `track`.  Raises UsageError when no video has both.  engine, stop: likewise.  settings:
    the engine's options.
    dataset: where given, a run of it that was cut off in the same work goes on with the videos it lacks.  workers:
    processes, each of which tracks whole videos; see `compute.map`.  progress: goes through frames, or with more than
    one worker through videos.  A video that cannot be tracked is set aside.
    """
    begun = time.perf_counter()
    view = view.frozen()
    videos = _videos(view)
    ready = {rows[0][0]: rows for rows in videos.values() if 0 < sum(_labelled(each) for _, each in rows) < len(rows)}
    if not ready:
        raise UsageError(
            "no video has labelled frames beside others", file=view.place,
            needed="samples with a video and a frame number, some of them labelled",
        )  # fmt: skip
    kept = {
        "engine": engine, "options": dict(settings or {}), "where": list(view.conditions), "stop": stop,
        "complete": complete, "direction": direction,
    }  # fmt: skip
    typed.engine_options(registry.load("video.engines", engine), settings or {})  # what is wrong with all of them
    run = (None if dataset is None else resumed(dataset, view, KIND, clean_settings(kept))) or Run.start(
        view, KIND, kept
    )
    frames = {first: [number for number, _ in rows] for first, rows in ready.items()}
    worker = _Tracking(frames, engine, {"stop": stop, "complete": complete, "direction": direction, **(settings or {})})
    sink = _Videos(run, {first: _asked(rows, direction) for first, rows in ready.items()})
    steps = None
    follow = progress
    if workers <= 1:
        steps = worker.step = _Steps(progress(range(sum(len(ready[first]) for first in sink.lacking()))))
        follow = iter
    try:
        outcome = compute.map(view, worker, sink, numbers=list(ready), workers=workers, progress=follow)
        if steps is not None and steps.error is not None:
            raise steps.error
    except BaseException as error:
        with suppress(MaskwrightError):
            run.finish("interrupted")
        if steps is not None and steps.error not in (None, error):
            raise steps.error from None
        raise
    drifts = {number: 1 - confidence for number, confidence in confidences(view, run.id).items()}
    worst = sorted(drifts, key=lambda number: (-drifts[number], number))
    known = [sample.segments for rows in ready.values() for _, sample in rows if _labelled(sample)]
    tracks = sum(
        len({name for _, sample in rows if _labelled(sample) for name in tracks_of(sample.segments)})
        for rows in ready.values()
    )
    done = TrackingRun(
        run.id, engine, len(ready), len(known), len(drifts), tracks, time.perf_counter() - begun,
        [(view.read([number])[0].key, drifts[number]) for number in worst[:20]], outcome.set_aside,
    )  # fmt: skip
    aside = [asdict(sample) for sample in outcome.set_aside]
    run.finish("done", {"labelled": len(known), "suggested": len(drifts), "set_aside": aside})
    return done


def _asked(rows: list[tuple[int, Sample]], direction: Direction) -> set[int]:
    """Numbers of a video's frames that get a suggestion."""
    given = [place for place, (_, sample) in enumerate(rows) if _labelled(sample)]
    first = given[0] if direction == "forward" else 0
    last = given[-1] if direction == "backward" else len(rows)
    return {rows[place][0] for place in range(len(rows)) if first <= place <= last} - {
        rows[place][0] for place in given
    }


class _Steps:
    """Frames that are done, told as they are. error: what they raised, which stops the work."""

    def __init__(self, steps: Iterable[int]) -> None:
        self._steps = iter(steps)
        self.error: Exception | None = None

    def __call__(self) -> None:
        if self.error is None:
            try:
                next(self._steps, None)
            except Exception as error:
                self.error = error
                raise
        else:
            raise self.error


class _Tracking(compute.Worker[list[tuple[int, Segments, float]]]):
    """A video, known by its first frame's number -> (number, segments, largest drift) of every frame not given.

    frames: numbers of each video's frames, in order.
    """

    def __init__(self, frames: Mapping[int, list[int]], engine: str, options: Mapping[str, Any]) -> None:
        self._frames, self._engine, self._options = frames, engine, dict(options)
        self._window: Window | None = None
        self.step: Callable[[], None] | None = None

    def read(self, view: View, numbers: Sequence[int]) -> list[list[Sample]]:
        self._window = view.window
        return [view.read(self._frames[first]) for first in numbers]

    def __call__(self, number: int, sample: list[Sample]) -> list[tuple[int, Segments, float]]:
        known = {place: each.segments for place, each in enumerate(sample) if _labelled(each)}
        frames = Frames([each.image for each in sample], name=str(sample[0].image.video), window=self._window)
        rows = []
        for found in track(frames, known, self._engine, **self._options):
            if self.step is not None:
                self.step()
            if not found.given:
                drift = max(found.drift.values(), default=1.0)
                rows.append((self._frames[number][found.frame], found.segments, drift))
        return rows


class _Videos:
    """A run as a sink of whole videos. asked: numbers of the frames that get a suggestion, by video."""

    def __init__(self, run: Run, asked: Mapping[int, set[int]]) -> None:
        self._run, self._asked = run, asked

    def lacking(self) -> list[int]:
        there = set(self._run.predicted())
        return [first for first, asked in self._asked.items() if not asked <= there]

    def done(self, numbers: Sequence[int]) -> list[int]:
        lacking = set(self.lacking())
        return [first for first in numbers if first not in lacking]

    def write(self, number: int, rows: list[tuple[int, Segments, float]]) -> None:
        for frame, segments, drift in rows:
            log_suggestion(self._run, frame, segments, 1 - drift)


def _labelled(sample: Sample) -> bool:
    return any(source != "model" for source in sample.segments.source)


def _videos(view: View) -> dict[str, list[tuple[int, Sample]]]:
    """Frames of each video, in order."""
    out: dict[str, list[tuple[int, Sample]]] = {}
    numbers = view.where("video is not null").numbers()
    for begin in range(0, len(numbers), 256):
        chunk = numbers[begin : begin + 256]
        for number, sample in zip(chunk, view.read(chunk), strict=True):
            out.setdefault(str(sample.image.video), []).append((number, sample))
    for rows in out.values():
        rows.sort(key=lambda row: (row[1].image.frame or 0, row[1].key))
    return out


def masks_of(folder: str | Path, frames: Frames) -> dict[int, Segments]:
    """Label maps named as frames (or by their numbers), one number an object, 0 none -> segments by frame index.

    Raises FormatError for maps of another size, and for names that are not a frame's.
    """
    place = Path(folder)
    files = sorted(place.glob("*.png")) if place.is_dir() else [place]
    if not files or not files[0].is_file():
        raise FormatError("there are no masks here", file=place, needed="PNG files named as the frames")
    by_name = {name: index for index, name in enumerate(frames.names)}
    by_number = {image.frame: index for index, image in enumerate(frames.images)}
    out: dict[int, Segments] = {}
    for file in files:
        index = by_name.get(file.stem, by_number.get(int(file.stem)) if file.stem.isdecimal() else None)
        if index is None:
            raise FormatError("no frame has this name", file=file, needed=f"such as {frames.names[0]}")
        out[index] = _map(file, frames.size)
    return out


def _map(file: Path, size: Size) -> Segments:
    try:
        with Image.open(file) as image:
            values = np.asarray(image)
    except (UnidentifiedImageError, OSError) as error:
        raise FormatError(f"not a readable image ({error})", file=file) from None
    if values.ndim == 3:
        # Where the numbers were drawn as colours: each colour but black is an object.
        values = (values[..., :3].astype(np.int64) * (1, 256, 65536)).sum(axis=2)
        values = np.unique(values, return_inverse=True)[1].reshape(values.shape)
    if values.shape != size:
        raise FormatError(
            f"the mask is {values.shape[0]} x {values.shape[1]}", file=file,
            needed=f"the frames are {size[0]} x {size[1]} (height x width)",
        )  # fmt: skip
    numbers, masks = Masks.from_label_map(values.astype(np.int64), ignore=[0])
    return Segments(masks, [1] * len(numbers), ids=numbers)


CLASSES = Classes([Class(1, "object", "thing")])


def samples_of(frames: Frames, known: Mapping[int, Segments], engine: str, **options: Any) -> Iterator[Sample]:
    """Every frame with its tracked objects, as samples of the class `object`.

    known: segments by frame index.  engine, options: as in `track`.
    """
    names = frames.names
    for found in track(frames, known, engine, **options):
        source = frames.images[found.frame]
        image = ImageRef(source.uri, frames.size, source.checksum, frames.name, source.frame)
        drift = {str(name): round(value, 4) for name, value in found.drift.items()}
        yield Sample(safe_key(f"{frames.name}/{names[found.frame]}"), image, found.segments, fields={"drift": drift})
