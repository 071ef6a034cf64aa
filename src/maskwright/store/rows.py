"""Database rows to samples and back."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sql

from maskwright.core.masks import Masks
from maskwright.core.names import shown
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import DatasetError
from maskwright.store import checks, hashes
from maskwright.store.schema import ALIVE_SQL


def alive(table: sql.Table, revision: int | None) -> sql.ColumnElement[bool]:
    """Condition for a row to be in a revision; None is the newest."""
    if revision is None:
        return table.c.removed == ALIVE_SQL
    # Spelled as two cases, so that each can use its partial index.
    return sql.and_(
        table.c.added <= revision,
        sql.or_(table.c.removed == ALIVE_SQL, sql.and_(table.c.removed < ALIVE_SQL, table.c.removed > revision)),
    )


def stored_uri(uri: str, folder: Path | None) -> str:
    """Relative to the dataset's folder when the image lies inside it, so that the folder can be moved."""
    if "://" in uri:
        return uri
    path = os.path.realpath(uri)
    return path if folder is None else path.removeprefix(f"{folder}/")


def opened_uri(uri: str, folder: Path | None) -> str:
    return uri if "://" in uri or folder is None else str(folder / uri)


def sample_row(sample: Sample, number: int, folder: Path | None) -> dict[str, Any]:
    """The row of a sample, its values checked. Raises UsageError for one that cannot be stored."""
    row = {"sample": number, **checks.sample(sample)}
    row["uri"] = stored_uri(row["uri"], folder)
    row["hash"] = hashes.of_sample(row)
    return row


def segment_rows(segments: Segments, number: int) -> list[dict[str, Any]]:
    """The rows of a sample's segments, their values checked. Raises UsageError for one that cannot be stored."""
    masks = segments.masks
    areas = masks.areas().tolist()
    counts = masks.counts.astype("<u4", copy=False).tobytes()
    offsets = (4 * masks.offsets).tolist()
    ids, class_ids, crowds = segments.ids.tolist(), segments.class_ids.tolist(), segments.is_crowd.tolist()
    rows = [
        {
            "sample": number,
            "segment": ids[i],
            "z": i,
            "class_id": class_ids[i],
            "area": areas[i],
            "is_crowd": crowds[i],
            **checked,
            **{
                name: segments.more[name][i] if name in segments.more else default
                for name, default in hashes.SEGMENT_MORE
            },
            "counts": counts[offsets[i] : offsets[i + 1]],
        }
        for i, checked in enumerate(checks.segments(segments))
    ]
    for row in rows:
        row["hash"] = hashes.of_segment(row)
    return rows


def damaged(place: object, record: str) -> DatasetError:
    """What is raised for a row that does not say what was written."""
    return DatasetError(
        "the row on disk is not what was written", file=place, record=record,
        todo="See what is damaged with: maskwright doctor DATASET; restore it from a copy, or use --repair.",
    )  # fmt: skip


def masks_from(blobs: Sequence[bytes], size: tuple[int, int]) -> Masks:
    offsets = np.zeros(len(blobs) + 1, np.int64)
    np.cumsum([len(blob) // 4 for blob in blobs], out=offsets[1:])
    return Masks.take_over(size, np.frombuffer(b"".join(blobs), "<u4").astype(np.uint32, copy=False), offsets)


def build_segments(rows: Sequence[Any], size: tuple[int, int]) -> Segments:
    """rows: of the segments table, in z-order, whose hashes were compared: their values were checked when they came.

    Raises ValueError for what is not a segment over such an image.
    """
    if not rows:
        return Segments.none(size)
    told = [hashes.segment_more(row) for row in rows]
    more: dict[str, Any] = {}
    if any(values != hashes.SEGMENT_DEFAULTS for values in told):
        more = {name: [values[place] for values in told] for place, (name, _) in enumerate(hashes.SEGMENT_MORE)}
    return Segments.take_over(
        masks_from([row.counts for row in rows], size),
        [row.class_id for row in rows],
        ids=[row.segment for row in rows],
        scores=[np.nan if row.score is None else row.score for row in rows],
        is_crowd=[row.is_crowd for row in rows],
        source=[row.source for row in rows],
        attributes=[row.attributes for row in rows],
        more=more,
    )


def build_samples(
    sample_rows: Iterable[Any], segment_rows: Iterable[Any], folder: Path | None, place: object = None
) -> list[Sample]:
    """segment_rows: grouped by sample in any order, in z-order within one.

    Raises DatasetError for a row that is not what was written.
    """
    by_sample: dict[int, list[Any]] = {}
    for row in segment_rows:
        try:
            said = hashes.segment(
                row.sample, row.segment, row.z, row.class_id, row.area, row.is_crowd, row.score, row.source,
                row.attributes, row.counts, hashes.further_segment(hashes.segment_more(row)),
            )  # fmt: skip
        except (TypeError, ValueError):  # values of other kinds than were written
            said = 0
        if said != row.hash:
            raise damaged(place, f"segment {row.segment} of sample number {row.sample}")
        by_sample.setdefault(row.sample, []).append(row)
    out = []
    for row in sample_rows:
        try:
            said = hashes.of_sample(row._mapping)
        except (TypeError, ValueError):
            said = 0
        if said != row.hash:
            raise damaged(place, f"sample number {row.sample} ({shown(row.key)})")
        size = (row.height, row.width)
        try:
            image = ImageRef(opened_uri(row.uri, folder), size, row.checksum, row.video, row.frame)
            labels = build_segments(by_sample.get(row.sample, ()), size)
            more = {name: getattr(row, name) for name, _ in hashes.SAMPLE_MORE}
            out.append(Sample(row.key, image, labels, row.split, row.weight, row.fields, more))
        except (ValueError, TypeError) as error:
            raise damaged(place, f"sample {shown(row.key)!r} ({error})") from None
    return out
