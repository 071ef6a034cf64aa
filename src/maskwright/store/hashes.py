"""Hashes of rows, so that a row that changed on disk is found and not shown.

Sixty-four bits of BLAKE2b over a row's content: what it says, not the revisions it lived in.  A segment's row names its
sample, so that a row that an index leads to by mistake is found too.  Living segments of a sample are summed up in
`digests`: their number and the exclusive or of their hashes, so that one that is no longer found is missed.
"""

import json
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any
from zlib import crc32

from maskwright.core import columns


def _hash(text: str, blob: bytes = b"") -> int:
    digest = blake2b(text.encode("utf-8", "surrogatepass") + blob, digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True) or 1


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":")) if value else ""


def _number(value: float | None) -> str:
    return "" if value is None else repr(float(value))


#: Columns that the texts below name one by one; further ones count when they say something, so that a row which was
#: written before there were such columns keeps its hash.
_SAMPLE = frozenset({"key", "uri", "height", "width", "checksum", "video", "frame", "split", "weight", "fields"})
_SEGMENT = frozenset({"segment", "class_id", "area", "is_crowd", "score", "source", "attributes"})
SAMPLE_MORE = tuple((column.name, column.default) for column in columns.SAMPLE if column.name not in _SAMPLE)
SEGMENT_MORE = tuple((column.name, column.default) for column in columns.SEGMENT if column.name not in _SEGMENT)


SEGMENT_DEFAULTS = tuple(default for _, default in SEGMENT_MORE)


def segment_more(row: Any) -> tuple[Any, ...]:
    """The further columns of a row of `segments`, which has them as attributes."""
    return tuple([getattr(row, name) for name, _ in SEGMENT_MORE])


def further_segment(values: tuple[Any, ...]) -> str:
    """What `further` says of these values; fast where they say nothing, as of most segments."""
    if values == SEGMENT_DEFAULTS:
        return ""
    named = zip(SEGMENT_MORE, values, strict=True)
    return _json({name: value for (name, default), value in named if value != default})


def further(row: Mapping[str, Any], names: tuple[tuple[str, Any], ...]) -> str:
    """What the further columns of a row say; nothing where they say nothing."""
    said = {name: row[name] for name, default in names if row.get(name, default) != default}
    return _json(said)


def of_sample(row: Mapping[str, Any]) -> int:
    """row: a row of `samples` by column."""
    checksum, video, frame, split = (
        "\1" if row[name] is None else row[name] for name in ("checksum", "video", "frame", "split")
    )
    return _hash(
        f"{row['sample']}\0{row['key']}\0{row['uri']}\0{row['height']}\0{row['width']}\0{checksum}\0{video}\0{frame}"
        f"\0{split}\0{_number(row['weight'])}\0{_json(row['fields'])}{further(row, SAMPLE_MORE)}"
    )


def of_segment(row: Mapping[str, Any], more: str = "") -> int:
    """row: a row of `segments` by column. more: what another table says beside."""
    return segment(
        row["sample"], row["segment"], row["z"], row["class_id"], row["area"], row["is_crowd"], row["score"],
        row["source"], row["attributes"], row["counts"], f"{more}{further(row, SEGMENT_MORE)}",
    )  # fmt: skip


def segment(
    sample: int, number: int, z: int, class_id: int, area: int, is_crowd: bool, score: float | None, source: str,
    attributes: Any, counts: bytes, more: str = "",
) -> int:  # fmt: skip
    """The hash of a row of `segments` from its columns."""
    said = _json(attributes) if attributes else ""
    return _hash(
        f"{sample},{number},{z},{class_id},{area},{is_crowd:d},{_number(score)},{source},{more},{said}|", counts
    )


def of_opinion(row: Mapping[str, Any]) -> int:
    """row: a row of `opinions` by column."""
    return of_segment(row, row["author"])


def of_prediction(row: Mapping[str, Any]) -> int:
    """row: a row of `predictions` by column."""
    return _hash(
        f"{row['run']},{row['sample']},{row['z']},{row['class_id']},{_number(row['score'])},{_json(row['attributes'])}|",
        row["counts"],
    )


def of_column(row: Mapping[str, Any]) -> int:
    """row: a row of `columns` by column."""
    return _hash(f"{row['position']},{row['owner']},{row['name']},{_json(row['definition'])}")


def of_sequence(row: Mapping[str, Any]) -> int:
    """row: a row of `sequences` by column."""
    return _hash(_json({column.name: row[column.name] for column in columns.SEQUENCE}))


def of_vectors(row: Mapping[str, Any]) -> int:
    """row: a row of `vectors` by column. Of its numbers their CRC-32 is taken: they are many, and read at once."""
    return _hash(
        f"{row['run']}\0{row['owner']}\0{row['name']}\0{row['dtype']},{row['length']},{row['number']},{row['low']},"
        f"{row['high']},{crc32(row['content'])},{row['segments'] is None}|",
        row["samples"] + (row["segments"] or b""),
    )


def of_instruction(row: Mapping[str, Any]) -> int:
    """row: a row of `instructions` by column."""
    return _hash(f"{row['class_id']},{row['text']}")


def of_class(row: Mapping[str, Any]) -> int:
    """row: a row of `classes` by column."""
    return _hash(f"{row['position']},{row['class_id']},{row['name']},{_json(row['definition'])}")


def together(hashes: Iterable[int]) -> int:
    """The exclusive or; 0 of none."""
    out = 0
    for value in hashes:
        out ^= value
    return out
