"""A view as one Parquet file and back: the road to Spark, Ray, DuckDB and pandas.

One row a sample; its segments are a list of structs whose `counts` are COCO run lengths.  Classes and the
revision are in the file's metadata.  Rows are written in groups, so memory does not grow with the dataset.
"""

import json
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.classes import Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.dataset.view import View
from maskwright.errors import FormatError

GROUP = 1000  # samples in one row group
VERSION = 1


def _schema() -> Any:
    import pyarrow as pa

    segment = pa.struct(
        [
            ("id", pa.int64()),
            ("class_id", pa.int64()),
            ("area", pa.int64()),
            ("bbox_xyxy", pa.list_(pa.int64(), 4)),
            ("is_crowd", pa.bool_()),
            ("score", pa.float64()),
            ("source", pa.string()),
            ("attributes", pa.string()),
            ("counts", pa.list_(pa.uint32())),
        ]
    )
    return pa.schema(
        [
            ("key", pa.string()),
            ("uri", pa.string()),
            ("height", pa.int32()),
            ("width", pa.int32()),
            ("checksum", pa.string()),
            ("video", pa.string()),
            ("frame", pa.int64()),
            ("split", pa.string()),
            ("weight", pa.float64()),
            ("fields", pa.string()),
            ("segments", pa.list_(segment)),
        ]
    )


def write(view: View, path: str | Path) -> int:
    """Write a view -> number of samples. The file appears only when it is whole."""
    import pyarrow as pa
    from pyarrow import parquet

    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    about = {"version": VERSION, "revision": view.revision, "classes": view.classes.to_json()}
    schema = _schema().with_metadata({"maskwright": json.dumps(about)})
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    number = 0
    try:
        with parquet.ParquetWriter(partial, schema, compression="zstd") as writer:
            samples = iter(view)
            while rows := [_row(sample) for sample in islice(samples, GROUP)]:
                writer.write_table(pa.Table.from_pylist(rows, schema))
                number += len(rows)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return number


def read(path: str | Path) -> tuple[Classes, Iterator[Sample]]:
    """The classes, and the samples one by one. Raises FormatError for a file that is no snapshot."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
    except FileNotFoundError:
        raise FormatError("there is no such file", file=path) from None
    except (pa.ArrowInvalid, OSError) as error:
        raise FormatError(f"not a readable Parquet file ({error})", file=path) from None
    about = (file.schema_arrow.metadata or {}).get(b"maskwright")
    if about is None:
        raise FormatError("the Parquet file was not written as a snapshot", file=path)
    classes = Classes.from_json(json.loads(about)["classes"])

    def samples() -> Iterator[Sample]:
        for batch in file.iter_batches(batch_size=GROUP):
            for row in batch.to_pylist():
                yield _sample(row)

    return classes, samples()


def _row(sample: Sample) -> dict[str, Any]:
    segments = sample.segments
    areas, boxes, offsets = segments.masks.areas(), segments.masks.boxes(), segments.masks.offsets
    return {
        "key": sample.key,
        "uri": sample.image.uri,
        "height": sample.image.size[0],
        "width": sample.image.size[1],
        "checksum": sample.image.checksum,
        "video": sample.image.video,
        "frame": sample.image.frame,
        "split": sample.split,
        "weight": sample.weight,
        "fields": json.dumps(dict(sample.fields)),
        "segments": [
            {
                "id": int(segments.ids[i]),
                "class_id": int(segments.class_ids[i]),
                "area": int(areas[i]),
                "bbox_xyxy": boxes[i].tolist(),
                "is_crowd": bool(segments.is_crowd[i]),
                "score": None if np.isnan(segments.scores[i]) else float(segments.scores[i]),
                "source": segments.source[i],
                "attributes": json.dumps(segments.attributes[i]),
                "counts": segments.masks.counts[offsets[i] : offsets[i + 1]],
            }
            for i in range(len(segments))
        ],
    }


def _sample(row: dict[str, Any]) -> Sample:
    size = (row["height"], row["width"])
    rows = row["segments"]
    segments = Segments(
        Masks.from_counts([one["counts"] for one in rows], size),
        [one["class_id"] for one in rows],
        ids=[one["id"] for one in rows],
        scores=[np.nan if one["score"] is None else one["score"] for one in rows],
        is_crowd=[one["is_crowd"] for one in rows],
        source=[one["source"] for one in rows],
        attributes=[json.loads(one["attributes"]) for one in rows],
    )
    image = ImageRef(row["uri"], size, row["checksum"], row["video"], row["frame"])
    return Sample(row["key"], image, segments, row["split"], row["weight"], json.loads(row["fields"]))
