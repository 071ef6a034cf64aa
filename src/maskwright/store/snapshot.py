"""A view as one Parquet file and back: the road to Spark, Ray, DuckDB and pandas.

One row a sample; its segments are a list of structs whose `counts` are COCO run lengths.  Classes and the
revision are in the file's metadata.  Rows are written in groups, so memory does not grow with the dataset.
"""

import errno
import glob
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.classes import Classes
from maskwright.core.foreign import explained, sentence
from maskwright.core.masks import Masks
from maskwright.core.names import shown
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import SOURCES, Segments
from maskwright.core.staging import check_file, check_local
from maskwright.errors import FormatError
from maskwright.store.view import View

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


def write(view: View, path: str | Path, *, overwrite: bool = False) -> int:
    """Write a view, as it is when this begins -> number of samples. The file appears only when it is whole.

    overwrite: replace a file that is there.  Raises UsageError for one without it, FormatError when it cannot be
    written, such as on a full disk; then nothing is left behind.
    """
    import pyarrow as pa
    from pyarrow import parquet

    target = Path(path)
    if not target.parent.exists():
        check_local(path)
    else:
        check_file(path, overwrite=overwrite, begins=b"PAR1")
    view = view.frozen()
    about = {"version": VERSION, "revision": view.revision, "classes": view.classes.to_json()}
    schema = _schema().with_metadata({"maskwright": json.dumps(about)})
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    number = 0
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        with parquet.ParquetWriter(partial, schema, compression="zstd") as writer:
            samples = iter(view)
            while rows := [_row(sample) for sample in islice(samples, GROUP)]:
                writer.write_table(pa.Table.from_pylist(rows, schema))
                number += len(rows)
        partial.replace(target)
    except OSError as error:
        full = error.errno == errno.ENOSPC
        said = "the disk is full" if full else f"cannot be written ({error.strerror or shown(error)})"
        raise FormatError(said, file=target, todo="Make room and do it again." if full else None) from None
    finally:
        with suppress(OSError):
            partial.unlink()
    return number


def _sweep(target: Path) -> None:
    """Remove what writers of this file left that were killed; their process is in the name."""
    for left in target.parent.glob(f".{glob.escape(target.name)}.*.part"):
        process = left.name.removesuffix(".part").rpartition(".")[2]
        if process.isdigit() and not Path(f"/proc/{process}").exists():
            left.unlink(missing_ok=True)


def read(path: str | Path) -> tuple[Classes, Iterator[Sample]]:
    """The classes, and the samples one by one.

    Raises FormatError for a file that is not a snapshot, lacks a column, or whose values contradict each other.
    """
    import pyarrow as pa
    from pyarrow import parquet

    with _readable(path):
        if not Path(path).is_file():
            raise FormatError("there is no such file", file=path)
        file = parquet.ParquetFile(path)
        found = file.schema_arrow
    about = (found.metadata or {}).get(b"maskwright")
    if about is None:
        raise FormatError("the Parquet file was not written as a snapshot", file=path)
    with explained(path, "its description"):
        described = json.loads(about)
        version = described.get("version", VERSION)
        if not isinstance(version, int) or version > VERSION:
            raise FormatError(
                f"it has version {shown(version)}", needed=f"this Maskwright reads up to version {VERSION}"
            )
        classes = Classes.from_json(described["classes"])
    schema = _schema()
    missing = [name for name in schema.names if name not in found.names]
    if missing:
        raise FormatError(f"it lacks the column {missing[0]!r}", file=path)
    narrow = [field.name for field in schema if not found.field(field.name).type.equals(field.type)]

    def samples() -> Iterator[Sample]:
        batches = file.iter_batches(batch_size=GROUP, columns=schema.names)
        while True:
            with _readable(path):
                batch = next(batches, None)
                if batch is None:
                    return
                table = pa.Table.from_batches([batch]).select(schema.names)
                if narrow:  # another program may have written wider or narrower numbers
                    table = table.cast(schema)
                rows = table.to_pylist()
            for row in rows:
                with explained(path, f"sample {shown(row['key'])!r}"):
                    sample = _sample(row, classes)
                yield sample

    return classes, samples()


@contextmanager
def _readable(path: str | Path) -> Iterator[None]:
    """Arrow's own errors as one sentence, and those that broken content causes in it."""
    import pyarrow as pa

    with explained(path):
        try:
            yield
        except (pa.ArrowException, OSError) as error:
            raise FormatError(f"not a readable Parquet file ({sentence(error)})", file=path) from None


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


def _sample(row: dict[str, Any], classes: Classes) -> Sample:
    """Raises ValueError and its like, saying what is wrong. Areas and boxes must be those of the run lengths."""
    for name in ("key", "uri"):
        if not isinstance(row[name], str) or not row[name]:
            raise ValueError(f"its {name} is missing")
    if not (isinstance(row["weight"], float) and 0 <= row["weight"] < np.inf):
        raise ValueError(f"its weight is {row['weight']}")
    size = (row["height"], row["width"])
    rows = row["segments"]
    masks = Masks.from_counts([segment["counts"] for segment in rows], size)
    boxes = masks.boxes().tolist()
    for place, (segment, area) in enumerate(zip(rows, masks.areas().tolist(), strict=True)):
        if segment["area"] != area or segment["bbox_xyxy"] != boxes[place]:
            raise ValueError(f"segment {segment['id']} has another area or box than its run lengths")
        if segment["class_id"] not in classes:
            raise ValueError(f"segment {segment['id']} has the undeclared class {segment['class_id']}")
        if segment["source"] not in SOURCES or segment["is_crowd"] is None:
            raise ValueError(f"segment {segment['id']} has no known source, or no word on whether it is a crowd")
    segments = Segments(
        masks,
        [segment["class_id"] for segment in rows],
        ids=[segment["id"] for segment in rows],
        scores=[np.nan if segment["score"] is None else segment["score"] for segment in rows],
        is_crowd=[segment["is_crowd"] for segment in rows],
        source=[segment["source"] for segment in rows],
        attributes=[_object(segment["attributes"], "attributes") for segment in rows],
    )
    image = ImageRef(row["uri"], size, row["checksum"], row["video"], row["frame"])
    return Sample(row["key"], image, segments, row["split"], row["weight"], _object(row["fields"], "fields"))


def _object(text: str, what: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError(f"its {what} are not a JSON object")  # noqa: TRY004 - the file's fault, not a caller's
    return found
