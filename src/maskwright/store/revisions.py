"""What a history is made of."""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Revision:
    """An immutable state of a dataset. created: ISO 8601, UTC. summary: what it added, removed, changed."""

    id: int
    parent: int | None
    author: str
    message: str
    created: str
    summary: dict[str, Any]
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """One difference between two revisions.

    kind: sample, segment, class, column or sequence.  key: the sample's, or the name of the class, column or sequence.
    segment: its id.  pixels: for a segment, how many pixels differ.  values: for a sample or a sequence, name, old and
    new value of each of its columns that differ; None where there is none.
    """

    kind: Literal["sample", "segment", "class", "column", "sequence"]
    what: Literal["added", "removed", "changed"]
    key: str
    segment: int | None = None
    class_id: int | None = None
    pixels: int | None = None
    values: tuple[tuple[str, Any, Any], ...] = ()
