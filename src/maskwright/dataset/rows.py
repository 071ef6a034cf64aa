"""Database rows to samples and back."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sql

from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.dataset.schema import ALIVE_SQL


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
    if "://" in uri or folder is None:
        return uri if "://" in uri else str(Path(uri).resolve())
    path = Path(uri).resolve()
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()


def opened_uri(uri: str, folder: Path | None) -> str:
    return uri if "://" in uri or folder is None else str(folder / uri)


def sample_row(sample: Sample, number: int, folder: Path | None) -> dict[str, Any]:
    return {
        "sample": number,
        "key": sample.key,
        "uri": stored_uri(sample.image.uri, folder),
        "height": sample.image.size[0],
        "width": sample.image.size[1],
        "checksum": sample.image.checksum,
        "video": sample.image.video,
        "frame": sample.image.frame,
        "split": sample.split,
        "weight": float(sample.weight),
        "fields": dict(sample.fields),
    }


def segment_rows(segments: Segments, number: int) -> list[dict[str, Any]]:
    masks = segments.masks
    areas = masks.areas()
    counts = masks.counts.astype("<u4", copy=False).tobytes()
    offsets = (4 * masks.offsets).tolist()
    scores = segments.scores.tolist()
    return [
        {
            "sample": number,
            "segment": int(segments.ids[i]),
            "z": i,
            "class_id": int(segments.class_ids[i]),
            "area": int(areas[i]),
            "is_crowd": bool(segments.is_crowd[i]),
            "score": None if np.isnan(scores[i]) else scores[i],
            "source": segments.source[i],
            "attributes": segments.attributes[i],
            "counts": counts[offsets[i] : offsets[i + 1]],
        }
        for i in range(len(segments))
    ]


def masks_from(blobs: Sequence[bytes], size: tuple[int, int]) -> Masks:
    offsets = np.zeros(len(blobs) + 1, np.int64)
    np.cumsum([len(blob) // 4 for blob in blobs], out=offsets[1:])
    return Masks(size, np.frombuffer(b"".join(blobs), "<u4").astype(np.uint32, copy=False), offsets)


def build_segments(rows: Sequence[Any], size: tuple[int, int]) -> Segments:
    """rows: of the segments table, in z-order."""
    if not rows:
        return Segments.none(size)
    return Segments(
        masks_from([row.counts for row in rows], size),
        [row.class_id for row in rows],
        ids=[row.segment for row in rows],
        scores=[np.nan if row.score is None else row.score for row in rows],
        is_crowd=[row.is_crowd for row in rows],
        source=[row.source for row in rows],
        attributes=[row.attributes for row in rows],
    )


def build_samples(sample_rows: Iterable[Any], segment_rows: Iterable[Any], folder: Path | None) -> list[Sample]:
    """segment_rows: grouped by sample in any order, in z-order within one."""
    by_sample: dict[int, list[Any]] = {}
    for row in segment_rows:
        by_sample.setdefault(row.sample, []).append(row)
    return [
        Sample(
            row.key,
            ImageRef(opened_uri(row.uri, folder), (row.height, row.width), row.checksum, row.video, row.frame),
            build_segments(by_sample.get(row.sample, ()), (row.height, row.width)),
            split=row.split,
            weight=row.weight,
            fields=row.fields,
        )
        for row in sample_rows
    ]
