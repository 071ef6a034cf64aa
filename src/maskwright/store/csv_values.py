"""Values of samples from a CSV file: a row a sample, a column a column."""

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from maskwright.core.columns import Column
from maskwright.core.foreign import explained
from maskwright.core.kinds import is_word, kind_of
from maskwright.core.names import shown
from maskwright.errors import FormatError, UsageError
from maskwright.store.bulk import SHOWN, BulkChange, Changed
from maskwright.store.edit import Edit


def take(edit: Edit, file: str | Path, *, key: str | None = None) -> BulkChange:
    """Give samples the values of a CSV file's rows -> what changed.

    key: the file's column that names the samples, by key or by the end of it; the first one when None.  An empty cell
    says nothing.  A column that is not declared gets the kind that all of its cells have.  Raises FormatError for a
    file that is not such a table and a sample that is not there or is meant twice, UsageError for a value that its
    column does not take; the row is named.
    """
    header, rows = _read(file)
    name = header[0] if key is None else key
    if name not in header:
        raise UsageError(f"the file has no column {shown(name)!r}", file=file, needed=f"one of {', '.join(header)}")
    columns = {column.name: column for column in edit.columns() if column.owner == "sample"}
    readers = {other: _reader(other, columns, [row[other] for row in rows]) for other in header if other != name}
    found = _named(edit.fields(), [row[name] for row in rows], file)
    first: list[Changed] = []
    changed = 0
    for line, row in enumerate(rows, 2):
        sample, fields = found[row[name]]
        try:
            values = {other: read(row[other]) for other, read in readers.items() if row[other].strip()}
            old = {other: fields.get(other) for other in values}
            if values != old:
                edit.set_fields(sample, values)
                changed += 1
                if len(first) < SHOWN:
                    first.append(Changed(sample, old, values))
        except UsageError as error:
            raise error.at(file=file, record=f"line {line}") from None
    return BulkChange(len(rows), changed, tuple(first))


def _read(file: str | Path) -> tuple[list[str], list[dict[str, str]]]:
    with explained(file), open(file, newline="", encoding="utf-8-sig") as opened:
        table = csv.reader(opened)
        header = next(table, [])
        if len(header) < 2 or len(set(header)) != len(header) or not all(header):
            raise FormatError("its first line does not name two or more columns", needed="names, none of them twice")
        rows = []
        for row in table:
            if row and len(row) != len(header):
                raise FormatError(f"line {table.line_num} has {len(row)} cells", needed=f"{len(header)}")
            if row:
                rows.append(dict(zip(header, row, strict=True)))
    return header, rows


def _reader(name: str, columns: dict[str, Column], cells: list[str]) -> Callable[[str], Any]:
    """What reads a cell of a column."""
    column = columns.get(name)
    if column is not None and (column.declared or column.kind in ("number", "integer", "bool")):
        return column.read
    said = {_kind(cell.strip()) for cell in cells if cell.strip()}
    kind = "number" if said == {"number", "integer"} else said.pop() if len(said) == 1 else "text"
    return Column(name, kind, declared=False).read


def _kind(cell: str) -> str:
    if is_word(cell):
        return "bool"
    try:
        found = kind_of(json.loads(cell))
    except ValueError:
        return "text"
    return found if found in ("number", "integer") else "text"


def _named(
    samples: Mapping[str, Mapping[str, Any]], names: list[str], file: str | Path
) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Key and fields of the samples that these names mean."""
    ends: dict[str, list[str]] = {}
    for key in samples:
        ends.setdefault(key.rpartition("/")[2], []).append(key)
    out: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for line, name in enumerate(names, 2):
        record = f"line {line}"
        if name in out:
            raise FormatError(f"{shown(name)!r} is named twice", file=file, record=record)
        known = [name] if name in samples else ends.get(name) or ends.get(Path(name).stem, [])
        if len(known) != 1:
            found = (
                f"there are {len(known)} samples {shown(name)!r}" if known else f"there is no sample {shown(name)!r}"
            )
            raise FormatError(
                found, file=file, record=record, needed="a sample's key, or the end of one key",
                todo="Say with --key which column names the samples.",
            )  # fmt: skip
        out[name] = known[0], samples[known[0]]
    return out
