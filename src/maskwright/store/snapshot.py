"""A view as one Parquet file and back: the road to Spark, Ray, DuckDB and pandas.

One row a sample; its segments are a list of structs whose `counts` are COCO run lengths.  Users' columns are columns
of the file where their kind has a type there and nothing else is called so; all other values are JSON in `fields` and
`attributes`.  Classes, definitions of columns, sequences and the revision are in the file's metadata.  Rows are written
in groups, so memory does not grow with the dataset.
"""

import errno
import glob
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.classes import Classes
from maskwright.core.columns import BUILT_IN, SAMPLE, SEGMENT, Column, Owner
from maskwright.core.foreign import explained, sentence
from maskwright.core.kinds import KINDS
from maskwright.core.masks import Masks
from maskwright.core.names import shown
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import SOURCES, Segments
from maskwright.core.sequence import Sequence as SequenceOfSamples
from maskwright.core.staging import check_file, check_local
from maskwright.errors import FormatError
from maskwright.store import checks, vectors
from maskwright.store.declarations import columns_of
from maskwright.store.view import View

GROUP = 1000  # samples in one row group
VERSION = 2

#: What columns of the file beside the built-in ones are called.
_SAMPLE_PARTS = ("segments",)
_SEGMENT_PARTS = ("id", "bbox_xyxy", "counts")
#: Kinds whose values are JSON texts.
_AS_JSON = [name for name, kind in KINDS.items() if kind.arrow is None]


def arrow_type(column: Column) -> Any:
    """The Arrow type of a column's values; texts for what has none there, which is JSON.

    column: built-in or a user's.
    """
    import pyarrow as pa

    made = KINDS[column.kind].arrow
    return pa.string() if made is None else made(pa, column)


def _own(columns: Iterable[Column], owner: Owner) -> list[Column]:
    """Those of users' columns that are columns of the file."""
    taken = {column.name for column in BUILT_IN[owner]}
    taken.update(_SAMPLE_PARTS if owner == "sample" else _SEGMENT_PARTS)
    return [
        column for column in columns
        if column.owner == owner and not column.virtual and column.kind not in _AS_JSON and column.name not in taken
    ]  # fmt: skip


def _schema(columns: Iterable[Column] = ()) -> Any:
    import pyarrow as pa

    columns = list(columns)
    named = [("id" if column.name == "segment" else column.name, arrow_type(column)) for column in SEGMENT]
    segment = pa.struct([
        *named, *((column.name, arrow_type(column)) for column in _own(columns, "segment")),
        ("bbox_xyxy", pa.list_(pa.int64(), 4)), ("counts", pa.list_(pa.uint32())),
    ])  # fmt: skip
    return pa.schema([
        *((column.name, arrow_type(column)) for column in (*SAMPLE, *_own(columns, "sample"))),
        ("segments", pa.list_(segment)),
    ])  # fmt: skip


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
    columns = columns_of(view)
    about = {
        "version": VERSION, "revision": view.revision, "classes": view.classes.to_json(),
        "columns": [column.to_json() for column in columns],
        "sequences": [sequence.to_json() for sequence in view.sequences.values()], "about": view.about,
    }  # fmt: skip
    schema = _schema(columns).with_metadata({"maskwright": json.dumps(about)})
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    numbers = view.numbers()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        with parquet.ParquetWriter(partial, schema, compression="zstd") as writer:
            own = _plain(columns, "sample"), _plain(columns, "segment")
            for at in range(0, len(numbers), GROUP):
                chunk = numbers[at : at + GROUP]
                rows = [_row(sample, *own) for sample in view.read(chunk)]
                _add_vectors(rows, chunk, view, columns)
                writer.write_table(pa.Table.from_pylist(rows, schema))
        partial.replace(target)
    except OSError as error:
        full = error.errno == errno.ENOSPC
        said = "the disk is full" if full else f"cannot be written ({error.strerror or shown(error)})"
        raise FormatError(said, file=target, todo="Make room and do it again." if full else None) from None
    finally:
        with suppress(OSError):
            partial.unlink()
    return len(numbers)


def _add_vectors(rows: list[dict[str, Any]], numbers: list[int], view: View, columns: Iterable[Column]) -> None:
    """Give rows of samples, and segments in them, their vectors."""
    named = {(column.owner, column.name) for owner in BUILT_IN for column in _own(columns, owner)}
    at = dict(zip(numbers, rows, strict=True))
    for column, batch in vectors.columns_for(view, numbers):
        if (column.owner, column.name) not in named:
            continue
        if batch.segments is None:
            for number, value in zip(batch.samples.tolist(), batch.values, strict=True):
                at[number][column.name] = value
            continue
        found = zip(batch.samples.tolist(), batch.segments.tolist(), batch.values, strict=True)
        values = {(number, segment): value for number, segment, value in found}
        for number, row in at.items():
            for segment in row["segments"]:
                segment[column.name] = values.get((number, segment["id"]))


def _plain(columns: Iterable[Column], owner: Owner) -> list[Column]:
    """Those of `_own` whose values samples and segments bring along."""
    return [column for column in _own(columns, owner) if column.kind != "vector"]


class VectorGroup(NamedTuple):
    """Vectors of some samples, or of segments of theirs.

    keys: (N,) keys of samples.  segments: (N,) ids, None for vectors of samples.
    values: (N, L) of the column's dtype, L its length.
    """

    column: Column
    keys: list[str]
    segments: list[int] | None
    values: Array


def read_vectors(path: str | Path) -> Iterator[VectorGroup]:
    """The vectors of a snapshot, some samples at a time. Raises FormatError as `read` does."""
    file, described = _opened(path)
    kept = [
        column for owner in BUILT_IN for column in _own(_columns(path, described), owner) if column.kind == "vector"
    ]  # fmt: skip
    for column in kept:
        of_sample = column.owner == "sample"
        wanted = (
            ["key", column.name]
            if of_sample
            else ["key", "segments.list.element.id", f"segments.list.element.{column.name}"]
        )
        batches = file.iter_batches(batch_size=GROUP, columns=wanted)
        while True:
            with _readable(path):
                batch = next(batches, None)
            if batch is None:
                break
            keys: list[str] = []
            segments: list[int] = []
            values: list[Any] = []
            with explained(path, f"the vectors {shown(column.name)!r}"):
                for row in batch.to_pylist():
                    for part in [row] if of_sample else row["segments"]:
                        if part[column.name] is not None:
                            keys.append(row["key"])
                            segments.append(0 if of_sample else part["id"])
                            values.append(column.check(part[column.name]))
            if keys:
                yield VectorGroup(column, keys, None if of_sample else segments, np.stack(values))


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

    file, described = _opened(path)
    found = file.schema_arrow
    columns = _columns(path, described)
    own = _plain(columns, "sample"), _plain(columns, "segment")
    with explained(path, "its description"):
        classes = Classes.from_json(described["classes"])
    whole = _schema(columns)
    needed = [name for name in whole.names if name in found.names or described.get("version", 1) == VERSION]
    needed = [name for name in needed if name not in _optional(found)]
    missing = [name for name in needed if name not in found.names]
    if missing:
        raise FormatError(f"it lacks the column {missing[0]!r}", file=path)
    schema = pa.schema([_as_found(whole.field(name), found.field(name)) for name in needed])
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
                    sample = _sample(row, classes, *own)
                yield sample

    return classes, samples()


def _optional(found: Any) -> set[str]:
    """Built-in columns that a file of an earlier version lacks, which then have their defaults."""
    return {column.name for column in SAMPLE if column.path is None and column.name not in found.names}


def _as_found(wanted: Any, found: Any) -> Any:
    """A field of the schema, its struct without the members that the file does not have."""
    import pyarrow as pa

    if wanted.name != "segments" or not pa.types.is_list(found.type) or not pa.types.is_struct(found.type.value_type):
        return wanted
    there = {member.name for member in found.type.value_type}
    later = {column.name for column in SEGMENT if column.path is None}
    members = [member for member in wanted.type.value_type if member.name in there or member.name not in later]
    return pa.field(wanted.name, pa.list_(pa.struct(members)))


def columns(path: str | Path) -> list[Column]:
    """The definitions of users' columns; none in a file of the first version. Raises FormatError as `read` does."""
    return _columns(path, _opened(path)[1])


def sequences(path: str | Path) -> list[SequenceOfSamples]:
    """What is known of the sequences that samples belong to; nothing in a file that does not say it.

    Raises FormatError as `read` does.
    """
    with explained(path, "its description"):
        return [SequenceOfSamples.from_json(written) for written in _opened(path)[1].get("sequences", ())]


def about(path: str | Path) -> dict[str, Any]:
    """What the files that the dataset came from say of the whole set, see `View.about`; empty where it is not said.

    Raises FormatError as `read` does.
    """
    found = _opened(path)[1].get("about", {})
    return found if isinstance(found, dict) else {}


def _columns(path: str | Path, described: dict[str, Any]) -> list[Column]:
    with explained(path, "its description"):
        return [Column.from_json(written) for written in described.get("columns", ())]


def _opened(path: str | Path) -> tuple[Any, dict[str, Any]]:
    """The Parquet file, and what its metadata says."""
    from pyarrow import parquet

    with _readable(path):
        if not Path(path).is_file():
            raise FormatError("there is no such file", file=path)
        file = parquet.ParquetFile(path)
        about = (file.schema_arrow.metadata or {}).get(b"maskwright")
    if about is None:
        raise FormatError("the Parquet file was not written as a snapshot", file=path)
    with explained(path, "its description"):
        described = json.loads(about)
        version = described.get("version", VERSION)
        if not isinstance(version, int) or version > VERSION:
            raise FormatError(
                f"it has version {shown(version)}", needed=f"this Maskwright reads up to version {VERSION}"
            )
        return file, dict(described)


@contextmanager
def _readable(path: str | Path) -> Iterator[None]:
    """Arrow's own errors as one sentence, and those that broken content causes in it."""
    import pyarrow as pa

    with explained(path):
        try:
            yield
        except (pa.ArrowException, OSError) as error:
            raise FormatError(f"not a readable Parquet file ({sentence(error)})", file=path) from None


def _row(sample: Sample, own: Sequence[Column], segment_own: Sequence[Column]) -> dict[str, Any]:
    segments = sample.segments
    boxes, offsets = segments.masks.boxes(), segments.masks.offsets
    built = {
        **checks.sample(sample), "uri": sample.image.uri,
        "fields": _rest(sample.fields, own), **_told(sample.fields, own),
        **{column.name: _written(column, sample.more.get(column.name)) for column in SAMPLE if column.path is None},
    }  # fmt: skip
    further = {column.name: segments.column(column.name) for column in SEGMENT if column.path is None}
    areas = segments.masks.areas()
    built["segments"] = [
        {
            "id": int(segments.ids[i]),
            "class_id": int(segments.class_ids[i]),
            "area": int(areas[i]),
            "bbox_xyxy": boxes[i].tolist(),
            "is_crowd": bool(segments.is_crowd[i]),
            "score": None if np.isnan(segments.scores[i]) else float(segments.scores[i]),
            "source": segments.source[i],
            "attributes": _rest(segments.attributes[i], segment_own),
            **_told(segments.attributes[i], segment_own),
            **{column.name: _written(column, further[column.name][i]) for column in SEGMENT if column.path is None},
            "counts": segments.masks.counts[offsets[i] : offsets[i + 1]],
        }
        for i in range(len(segments))
    ]
    return built


def _rest(values: Mapping[str, Any], own: Sequence[Column]) -> str:
    """What has no column of the file, as JSON."""
    names = {column.name for column in own}
    return json.dumps({name: value for name, value in values.items() if name not in names or value is None})


def _told(values: Mapping[str, Any], own: Sequence[Column]) -> dict[str, Any]:
    return {column.name: values.get(column.name) for column in own}


def _written(column: Column, value: Any) -> Any:
    """A built-in column's value: those of kind json as text."""
    return value if value is None or column.kind not in _AS_JSON else json.dumps(value)


def _read(column: Column, value: Any) -> Any:
    return value if value is None or column.kind not in _AS_JSON else json.loads(value)


def _values(text: str, what: str, row: Mapping[str, Any], own: Sequence[Column]) -> dict[str, Any]:
    told = {column.name: row[column.name] for column in own if row.get(column.name) is not None}
    return {**_object(text, what), **told}


def _sample(
    row: dict[str, Any], classes: Classes, own: Sequence[Column], segment_own: Sequence[Column]
) -> Sample:  # fmt: skip
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
        attributes=[_values(segment["attributes"], "attributes", segment, segment_own) for segment in rows],
        more={
            column.name: [_read(column, segment.get(column.name)) for segment in rows]
            for column in SEGMENT if column.path is None
        },
    )  # fmt: skip
    image = ImageRef(row["uri"], size, row["checksum"], row["video"], row["frame"])
    more = {column.name: _read(column, row[column.name]) for column in SAMPLE if row.get(column.name) is not None
            and column.path is None}  # fmt: skip
    fields = _values(row["fields"], "fields", row, own)
    return Sample(row["key"], image, segments, row["split"], row["weight"], fields, more)


def _object(text: str, what: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError(f"its {what} are not a JSON object")  # noqa: TRY004 - the file's fault, not a caller's
    return found
