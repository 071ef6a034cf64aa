"""Samples to bytes and back, many at once: what they say as JSON, their run lengths as numbers behind it."""

import json
import os
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from maskwright.core.arrays import U32, Size
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.store.rows import sample_row, segment_rows


def pack(samples: Sequence[Sample]) -> bytes:
    """Raises UsageError, naming the sample, for values that cannot be stored."""
    told, runs = [], []
    for sample in samples:
        told.append(_told(sample))
        drawn = (sample.segments, *sample.own_labels.values())
        runs += [segments.masks.counts.astype("<u4", copy=False).tobytes() for segments in drawn]
    head = f"[{','.join(told)}]".encode()
    return zlib.compress(b"".join([len(head).to_bytes(8, "little"), head, *runs]), 1)


def unpack(packed: bytes) -> Iterator[Sample]:
    """The samples that were packed. Raises ValueError for bytes that are not from `pack`."""
    try:
        whole = zlib.decompress(packed)
        length = int.from_bytes(whole[:8], "little")
        told = json.loads(whole[8 : 8 + length])
        counts = np.frombuffer(whole, "<u4", offset=8 + length).astype(np.uint32, copy=False)
    except zlib.error as error:
        raise ValueError(f"not packed samples ({error})") from None
    runs = _Runs(counts)
    for said in told:
        yield _sample(said, runs)


def _told(sample: Sample) -> str:
    image, segments = sample.image, sample.segments
    uri = image.uri if "://" in image.uri else os.path.join(os.getcwd(), image.uri)  # noqa: PTH109, PTH118 - of every image
    said: dict[str, Any] = {"key": sample.key, "uri": uri, "size": image.size, "segments": _segments_told(segments)}
    said |= {"checksum": image.checksum, "video": image.video, "frame": image.frame, "split": sample.split}
    said |= {"weight": sample.weight, "fields": sample.fields, "more": sample.more}
    if sample.own_labels:
        said["own_labels"] = {who: _segments_told(drawn) for who, drawn in sample.own_labels.items()}
    try:
        return json.dumps(said, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError):
        sample_row(sample, 0, None)
        for drawn in (segments, *sample.own_labels.values()):
            segment_rows(drawn, 0)
        raise


def _segments_told(segments: Segments) -> dict[str, Any]:
    """What segments say but for their run lengths."""
    said: dict[str, Any] = {"offsets": segments.masks.offsets.tolist()}
    if len(segments):
        scores = [None if score != score else score for score in segments.scores.tolist()]
        said |= {
            "class_ids": segments.class_ids.tolist(), "ids": segments.ids.tolist(), "scores": scores,
            "is_crowd": segments.is_crowd.tolist(), "source": segments.source, "attributes": segments.attributes,
            "columns": segments.more,
        }  # fmt: skip
    return said


class _Runs:
    """The run lengths of all samples, taken from the front. counts: (N,) uint32."""

    def __init__(self, counts: U32) -> None:
        self._counts, self._begin = counts, 0

    def segments(self, said: dict[str, Any], size: Size) -> Segments:
        """The next segments, as `_segments_told` told them."""
        offsets = np.array(said["offsets"], np.int64)
        if len(offsets) == 1:
            return Segments.none(size)
        end = self._begin + int(offsets[-1])
        counts, self._begin = self._counts[self._begin : end].copy(), end
        return Segments.take_over(
            Masks.take_over(size, counts, offsets), said["class_ids"], ids=said["ids"],
            scores=[np.nan if score is None else score for score in said["scores"]], is_crowd=said["is_crowd"],
            source=said["source"], attributes=said["attributes"], more=said["columns"],
        )  # fmt: skip


def _sample(said: dict[str, Any], runs: _Runs) -> Sample:
    size = (int(said["size"][0]), int(said["size"][1]))
    segments = runs.segments(said["segments"], size)
    own = {who: runs.segments(drawn, size) for who, drawn in said.get("own_labels", {}).items()}
    image = ImageRef(said["uri"], size, said["checksum"], said["video"], said["frame"])
    return Sample(
        said["key"], image, segments, said["split"], said["weight"], said["fields"], said["more"], own_labels=own
    )
