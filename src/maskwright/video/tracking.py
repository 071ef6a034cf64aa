"""Tracking objects from the frames where they are known to all others, in both directions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal, Protocol

import numpy as np

from maskwright import registry
from maskwright.core import typed
from maskwright.core.arrays import U8
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.media.frames import Frames

Direction = Literal["both", "forward", "backward"]


class VideoEngine(Protocol):
    """What an engine's `load(**options)` gives: tracks objects from frame to frame."""

    def begin(self, image: U8, masks: Masks) -> None:
        """Masks of N objects on a frame; what was known before is forgotten."""

    def step(self, image: U8) -> tuple[Masks, Any]:
        """The next frame -> N masks (empty where an object is hidden), and (N,) drift, 0 sure to 1 lost."""


@dataclass(frozen=True)
class Tracked:
    """frame: index from 0.  segments: each with `track` in its attributes and 1 - drift as score.

    drift: of each track, 0 to 1, hidden ones too.  given: the frame's masks are those that were given.
    """

    frame: int
    segments: Segments
    drift: Mapping[int, float]
    given: bool = False


def track(
    frames: Frames, known: Mapping[int, Segments], engine: str = "classical", *, stop: float = 1.0,
    complete: bool = True, direction: Direction = "both", **options: Any,
) -> Iterator[Tracked]:  # fmt: skip
    """Every frame in order, each as soon as it is known.

    known: segments by frame index, on one frame at least; a segment's track is its attribute `track`, else its id, and
    tracks of several frames are the same object.  A frame between two known ones follows the nearer.  An object first
    known later is followed back from there.  stop: a track whose drift reaches this is no longer followed until it is
    known again.  complete: known frames show all objects; otherwise an object that a known frame lacks is followed
    through it, under what is known there.  direction: forward, every frame follows the last known one before it, and
    those before the first are left out; backward, the other way.  Memory does not grow with the length of the video but
    for run lengths.  Raises UsageError for frames that are not there and engines nobody has.  engine: a name of
    `names()`.  options: of its `load`.
    """
    module: ModuleType = registry.load("video.engines", engine)
    options = typed.engine_options(module, options)
    if not known:
        raise UsageError("no frame has a mask to track", needed="segments on one frame at least")
    wrong = [index for index in known if not 0 <= index < len(frames)]
    if wrong:
        raise UsageError(f"there is no frame {wrong[0]}", needed=f"0 to {len(frames) - 1}")
    for index, segments in known.items():
        if segments.size != frames.size:
            raise UsageError(
                f"the masks of frame {index} are for {segments.size}", needed=f"{frames.size}, the frames' size"
            )
    if complete:
        yield from _between(frames, known, module.load(**options), stop, direction)
        return
    # Objects known on the same frames go together; the groups walk through the video side by side.
    where: dict[int, tuple[int, ...]] = {}
    for index in sorted(known):
        for each in tracks_of(known[index]):
            where[each] = (*where.get(each, ()), index)
    groups = []
    for indices in sorted(set(where.values())):
        own = {}
        for index in indices:
            rows = [k for k, each in enumerate(tracks_of(known[index])) if where[each] == indices]
            own[index] = known[index][np.array(rows)]
        groups.append(_between(frames, own, module.load(**options), stop, direction))
    for parts in _side_by_side(groups):
        yield _merged(parts, known)


def _side_by_side(groups: list[Iterator[Tracked]]) -> Iterator[tuple[Tracked, ...]]:
    """All that the groups say of one frame, frame by frame; one that goes one way only does not see every frame."""
    waiting = [next(group, None) for group in groups]
    while any(each is not None for each in waiting):
        frame = min(each.frame for each in waiting if each is not None)
        yield tuple(each for each in waiting if each is not None and each.frame == frame)
        for k, each in enumerate(waiting):
            if each is not None and each.frame == frame:
                waiting[k] = next(groups[k], None)


def _merged(parts: tuple[Tracked, ...], known: Mapping[int, Segments]) -> Tracked:
    """One frame of all groups, each pixel for one object: given masks win, then the surest."""
    frame = parts[0].frame
    drift = {name: value for part in parts for name, value in part.drift.items()}
    rows = [(part, k) for part in parts for k in range(len(part.segments))]
    rows.sort(key=lambda row: (row[0].given, float(row[0].segments.scores[row[1]])))
    if not rows:
        return Tracked(frame, parts[0].segments, drift, frame in known)
    size = parts[0].segments.size
    masks = Masks.concatenate([part.segments.masks[k : k + 1] for part, k in rows], size)
    all_of = Segments(
        masks, [int(part.segments.class_ids[k]) for part, k in rows],
        scores=[float(part.segments.scores[k]) for part, k in rows], source="model",
        attributes=[part.segments.attributes[k] for part, k in rows],
    ).visible()  # fmt: skip
    tracks = [int(attribute["track"]) for attribute in all_of.attributes]
    return Tracked(frame, _named(all_of, all_of.masks, tracks, (1 - all_of.scores).tolist()), drift, frame in known)


def _between(
    frames: Frames, known: Mapping[int, Segments], engine: VideoEngine, stop: float, direction: Direction
) -> Iterator[Tracked]:
    indices = sorted(known)
    if direction != "forward":
        yield from _backward(frames, known, engine, indices[0], 0, stop)
    for here, there in zip(indices, [*indices[1:], None], strict=True):
        yield _as_given(here, known[here])
        if there is None:
            if direction != "backward":
                yield from _forward(frames, known, engine, here, len(frames), stop)
        else:
            middle = {"both": (here + there) // 2 + 1, "forward": there, "backward": here + 1}[direction]
            yield from _forward(frames, known, engine, here, middle, stop)
            yield from _backward(frames, known, engine, there, middle, stop)


def _as_given(index: int, segments: Segments) -> Tracked:
    tracks = tracks_of(segments)
    named = _named(segments, segments.masks, tracks, [0.0] * len(tracks))
    return Tracked(index, named, dict.fromkeys(tracks, 0.0), given=True)


def tracks_of(segments: Segments) -> list[int]:
    return [int(segments.attributes[row].get("track", segments.ids[row])) for row in range(len(segments))]


def _forward(
    frames: Frames, known: Mapping[int, Segments], engine: VideoEngine, begin: int, end: int, stop: float
) -> Iterator[Tracked]:
    return _followed(frames, known[begin], engine, begin, range(begin + 1, end), stop)


def _backward(
    frames: Frames, known: Mapping[int, Segments], engine: VideoEngine, begin: int, end: int, stop: float
) -> Iterator[Tracked]:
    """Followed back, then given out in order: only run lengths are held."""
    found = list(_followed(frames, known[begin], engine, begin, range(begin - 1, end - 1, -1), stop))
    return iter(found[::-1])


def _followed(
    frames: Frames, segments: Segments, engine: VideoEngine, begin: int, order: range, stop: float
) -> Iterator[Tracked]:
    tracks = tracks_of(segments)
    if not len(order):
        return
    engine.begin(frames[begin], segments.masks)
    lost = np.zeros(len(tracks), bool)
    for index in order:
        masks, drift = engine.step(frames[index])
        there = masks.areas() > 0
        lost |= there & (np.asarray(drift) >= stop)  # one that is hidden has not drifted: it may come back
        shown = np.flatnonzero(there & ~lost)
        named = _named(segments[shown], masks[shown], [tracks[k] for k in shown], [float(drift[k]) for k in shown])
        yield Tracked(
            index, named, {each_track: 1.0 if lost[k] else float(drift[k]) for k, each_track in enumerate(tracks)}
        )


def _named(rows: Segments, masks: Masks, tracks: list[int], drift: list[float]) -> Segments:
    """The rows with other masks, known by their tracks."""
    attributes = [{**attribute, "track": name} for attribute, name in zip(rows.attributes, tracks, strict=True)]
    unique = len(set(tracks)) == len(tracks)
    return Segments(
        masks, rows.class_ids, ids=tracks if unique else None, scores=[1 - each for each in drift], source="model",
        attributes=attributes,
    )  # fmt: skip
