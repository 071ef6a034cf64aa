"""Videos of a dataset, and videos beside one: what is labelled on some frames, suggested for the others."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from maskwright.core.arrays import Size
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.names import safe_key
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, MaskwrightError, UsageError
from maskwright.fewshot.propagation import log_suggestion
from maskwright.media.frames import Frames
from maskwright.runs import Run
from maskwright.store import View
from maskwright.video.tracking import Direction, track

KIND = "track"


@dataclass(frozen=True)
class TrackingRun:
    """run: where the suggestions are; `fewshot.accept` takes them over.  tracks: objects tracked, over all videos.

    least: the frames with the largest drift, worst first, and that drift.
    """

    run: str
    engine: str
    videos: int
    labelled: int
    suggested: int
    tracks: int
    seconds: float
    least: list[tuple[str, float]]


def track_dataset(
    view: View,
    *,
    engine: str = "classical",
    stop: float = 1.0,
    complete: bool = True,
    direction: Direction = "both",
    settings: Mapping[str, Any] | None = None,
    progress: Callable[[Iterable[int]], Iterable[int]] = lambda numbers: numbers,
) -> TrackingRun:
    """Track what is labelled on some frames of each video through its others, as suggestions of a new run.

    Videos without a labelled frame are left out.  Objects are the same where their attribute `track` is, or their id.
    complete, direction: as in `track`.  Raises UsageError when no video has both.  engine, stop: likewise.  settings:
    the engine's options.
    """
    begun = time.perf_counter()
    view = view.frozen()
    videos = _videos(view)
    ready = {name: rows for name, rows in videos.items() if 0 < sum(_labelled(each) for _, each in rows) < len(rows)}
    if not ready:
        raise UsageError(
            "no video has labelled frames beside others", file=view.place,
            needed="samples with a video and a frame number, some of them labelled",
        )  # fmt: skip
    run = Run.start(view, KIND, {"engine": engine, "options": dict(settings or {}), "where": list(view.conditions)})
    worst: list[tuple[str, float]] = []
    tracks = labelled = 0
    try:
        steps = iter(progress(range(sum(len(rows) for rows in ready.values()))))
        for name, rows in ready.items():
            known = {k: sample.segments for k, (_, sample) in enumerate(rows) if _labelled(sample)}
            labelled += len(known)
            seen: set[int] = set()
            frames = Frames([Path(sample.image.uri) for _, sample in rows], name=name)
            for found in track(
                frames, known, engine, stop=stop, complete=complete, direction=direction, **(settings or {})
            ):
                next(steps, None)
                seen |= set(found.drift)
                if found.given:
                    continue
                number, sample = rows[found.frame]
                drift = max(found.drift.values(), default=1.0)
                worst.append((sample.key, drift))
                log_suggestion(run, number, found.segments, 1 - drift)
            tracks += len(seen)
    except BaseException:
        with suppress(MaskwrightError):
            run.finish("interrupted")
        raise
    worst.sort(key=lambda each: -each[1])
    done = TrackingRun(
        run.id, engine, len(ready), labelled, len(worst), tracks, time.perf_counter() - begun, worst[:20]
    )  # fmt: skip
    run.finish("done", {"labelled": labelled, "suggested": len(worst)})
    return done


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
    """Label maps named as frames (or numbered as they are), one number an object, 0 none -> segments by frame index.

    Raises FormatError for maps of another size, and for names that are not a frame's.
    """
    place = Path(folder)
    files = sorted(place.glob("*.png")) if place.is_dir() else [place]
    if not files or not files[0].is_file():
        raise FormatError("there are no masks here", file=place, needed="PNG files named as the frames")
    by_name = {path.stem: index for index, path in enumerate(frames.paths)}
    out: dict[int, Segments] = {}
    for file in files:
        index = by_name.get(file.stem, int(file.stem) if file.stem.isdigit() else -1)
        if not 0 <= index < len(frames):
            raise FormatError("no frame has this name", file=file, needed=f"such as {frames.paths[0].stem}")
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
    for found in track(frames, known, engine, **options):
        path = frames.paths[found.frame]
        image = ImageRef(str(path), frames.size, video=frames.name, frame=found.frame)
        drift = {str(name): round(value, 4) for name, value in found.drift.items()}
        yield Sample(safe_key(f"{frames.name}/{path.stem}"), image, found.segments, fields={"drift": drift})
