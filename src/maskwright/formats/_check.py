"""Proof that a set says what it was written from: read back, and compared up to what the format cannot hold."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from maskwright.core.classes import Classes
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.formats._contract import Loss, Reading


@dataclass(frozen=True)
class Digest:
    """What is compared of one sample, twenty bytes a field; None is not compared."""

    size: tuple[int, int]
    split: str | None
    masks: bytes
    classes: bytes | None
    ids: bytes | None
    flags: bytes | None
    scores: bytes | None
    attributes: bytes | None


def held(sample: Sample, classes: Classes, loses: frozenset[str], lost: Iterable[Loss] = ()) -> Segments:
    """The sample's segments as a format that loses `loses` gives them back.

    lost: the sample's losses; segments whose class has no place are dropped.  Of those without a pixel in the first
    place, the ones that no loss names as empty are held by something else, such as a box.
    """
    dropped = {loss.segment for loss in lost if loss.cause == "class"}
    segments = sample.segments
    segments = segments[np.array([int(id_) not in dropped for id_ in segments.ids], bool)]
    unnamed = set(segments.ids[segments.masks.areas() == 0].tolist())
    unnamed -= {loss.segment for loss in lost if loss.cause == "empty"}
    if "overlap" in loses:
        segments = segments.visible()
    if "empty" in loses:
        segments = segments[(segments.masks.areas() > 0) | np.isin(segments.ids, list(unnamed))]
    merged = {
        class_.id for class_ in classes if "instances" in loses or ("regions" in loses and class_.kind == "stuff")
    }
    # A crowd of things has no number in formats that merge stuff, so that crowds of one class merge as well.
    crowds = (segments.is_crowd & ("regions" in loses)).tolist()
    keys = [
        (class_id, crowd, -1 if class_id in merged or crowd else row)
        for row, (class_id, crowd) in enumerate(zip(segments.class_ids.tolist(), crowds, strict=True))
    ]
    first: dict[tuple[int, bool, int], int] = {}
    for row, key in enumerate(keys):
        first.setdefault(key, row)
    if len(first) < len(segments):
        place = {key: number for number, key in enumerate(first)}
        unions = segments.masks.group_unions([place[key] for key in keys], len(first))
        segments = segments[np.array(list(first.values()), np.int64)].with_masks(unions)
    return segments


def digest(sample: Sample, segments: Segments, classes: Classes, loses: frozenset[str], skip: set[int]) -> Digest:
    """skip: rows whose shape is known to differ."""
    named = [classes[int(class_id)].name for class_id in segments.class_ids]
    runs = [
        b"" if row in skip else hashlib.sha1(mask.counts.tobytes(), usedforsecurity=False).digest()
        for row, mask in enumerate(segments.masks)
    ]
    rows: list[int] = list(range(len(segments)))
    if "order" in loses:
        rows.sort(key=lambda row: ("" if "classes" in loses else named[row], runs[row]))

    def of(cause: str, values: Iterable[object]) -> bytes | None:
        if cause in loses:
            return None
        listed = list(values)
        text = json.dumps([listed[row] for row in rows], sort_keys=True, default=str)
        return hashlib.sha1(text.encode(), usedforsecurity=False).digest()

    plain = [{key: value for key, value in attribute.items() if key != "area"} for attribute in segments.attributes]
    return Digest(
        sample.image.size,
        None if "split" in loses else sample.split,
        hashlib.sha1(b"".join(runs[row] for row in rows), usedforsecurity=False).digest(),
        of("classes", named),
        of("ids", segments.ids.tolist()),
        of("crowd", segments.is_crowd.tolist()),
        of("score", [None if score != score else score for score in segments.scores.tolist()]),
        of("attributes", plain),
    )


def differences(
    samples: Iterable[Sample], classes: Classes, back: Reading, loses: frozenset[str], lost: Iterable[Loss]
) -> Iterator[str]:
    """A sentence for every sample that does not come back as it should. Holds some hundred bytes a sample."""
    by_key: dict[str, list[Loss]] = {}
    for loss in lost:
        by_key.setdefault(loss.key, []).append(loss)
    expected: dict[str, tuple[Digest, int, set[int]]] = {}
    for sample in samples:
        own = by_key.get(sample.key, [])
        segments = held(sample, classes, loses, own)
        bent = {loss.segment for loss in own if loss.cause == "shape"}
        skip = {row for row, id_ in enumerate(segments.ids.tolist()) if id_ in bent}
        # An id that did not fit is reported even by formats that keep ids.
        more = loses | {loss.cause for loss in own if loss.cause in ("ids", "split")}
        expected[sample.key] = digest(sample, segments, classes, more, skip), len(segments), skip
    for sample in back.samples:
        if sample.key not in expected:
            yield f"{sample.key}: was not among the samples written"
            continue
        wanted, number, skip = expected.pop(sample.key)
        if len(sample.segments) != number:
            yield f"{sample.key}: has {len(sample.segments)} segments, {number} were written"
            continue
        more = loses | ({"ids"} if wanted.ids is None else set()) | ({"split"} if wanted.split is None else set())
        found = digest(sample, sample.segments, back.classes, more, skip)
        wrong = [name for name in Digest.__dataclass_fields__ if getattr(found, name) != getattr(wanted, name)]
        if wrong:
            yield f"{sample.key}: differs in {', '.join(wrong)}"
    for key in expected:
        yield f"{key}: is missing"
