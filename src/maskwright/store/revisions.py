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

    kind: sample, segment or class.  key: the sample's key, or the class's name.  segment: its id.
    pixels: for a segment, how many pixels differ.
    """

    kind: Literal["sample", "segment", "class"]
    what: Literal["added", "removed", "changed"]
    key: str
    segment: int | None = None
    class_id: int | None = None
    pixels: int | None = None
