"""What messages of several routes have in common: columns of samples and segments, and words for what a page knows."""

import base64
import hashlib
import json
from typing import Any

from pydantic import BaseModel, create_model

from maskwright.core.columns import BUILT_IN, Column, Owner
from maskwright.core.kinds import KINDS
from maskwright.errors import UsageError


def further(name: str, owner: Owner) -> type[BaseModel]:
    """A message with every built-in column that `Sample.more` or `Segments.more` holds, for others to derive from."""
    columns = {column.name: column for column in BUILT_IN[owner] if column.path is None}
    members: Any = {known: (KINDS[column.kind].wire | None, column.default) for known, column in columns.items()}
    return create_model(name, **members)


class ColumnInfo(BaseModel):
    """A column; see `core.columns.Column`. built_in: every sample or segment has it."""

    name: str
    kind: str
    owner: str
    unit: str | None
    low: float | None
    high: float | None
    values: list[str]
    length: int | None
    display: str | None
    description: str
    expression: str | None
    declared: bool
    built_in: bool

    @classmethod
    def of(cls, column: Column, *, built_in: bool) -> "ColumnInfo":
        parts = {name: getattr(column, name) for name in cls.model_fields if name not in ("values", "built_in")}
        return cls(**parts, values=list(column.values), built_in=built_in)


def decoded(data: str) -> bytes:
    """A file that was sent as base 64. Raises UsageError for anything else."""
    try:
        return base64.b64decode(data, validate=True)
    except ValueError:
        raise UsageError("the upload is damaged", needed="base 64") from None


def fingerprint(value: Any) -> str:
    """A word that is another one for each value of JSON: a page that knows it knows the value."""
    return hashlib.blake2s(json.dumps(value).encode(), digest_size=6).hexdigest()
