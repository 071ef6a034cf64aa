"""JSON lines: a file of an object a line, each parsed when it is asked for; a list of objects does as well."""

import json
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from maskwright.errors import FormatError
from maskwright.formats import _listing
from maskwright.formats._json import Document

SUFFIXES = (".ndjson", ".jsonl", ".json")
#: More files of .json than this are one an image, and none of them of lines.
_MOST = 50
#: So much of a file tells whether a key is in its first record, and so long may that be.
_HEAD, _LONGEST = 4096, 1 << 24


class Lines:
    """The records of a file. Raises FormatError for one that cannot be opened."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._list = Document(file).records() if _begins_with(file, b"[") else None
        self._places: list[tuple[int, int, int]] = []  # number of the line, start, end
        if self._list is not None:
            return
        with open(file, "rb") as raw:
            self._bytes: Any = mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ)
        start, number, whole = 3 * (self._bytes[:3] == b"\xef\xbb\xbf"), 1, len(self._bytes)
        while start < whole:
            end = self._bytes.find(b"\n", start)
            end = whole if end < 0 else end
            if self._bytes[start:end].strip():
                self._places.append((number, start, end))
            start, number = end + 1, number + 1

    def __len__(self) -> int:
        return len(self._places) if self._list is None else len(self._list)

    def record(self, row: int) -> str:
        """What a record is called in errors."""
        return f"line {self._places[row][0]}" if self._list is None else f"record {row}"

    def __getitem__(self, row: int) -> dict[str, Any]:
        """Raises FormatError, naming the line, for one that is not an object."""
        if self._list is not None:
            found = self._list[row]
        else:
            _, start, end = self._places[row]
            try:
                found = json.loads(str(self._bytes[start:end], "utf-8"))
            except (ValueError, RecursionError) as error:
                raise FormatError(f"is not valid JSON ({error})", file=self.file, record=self.record(row)) from None
        if not isinstance(found, dict):
            raise FormatError("is not an object", file=self.file, record=self.record(row))
        return found

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[row] for row in range(len(self)))


def files_with(path: Path, *keys: str) -> list[Path]:
    """The file, or those below a folder, whose first line that can be parsed has all of these keys."""
    if path.is_file():
        files = [path] if path.suffix.lower() in SUFFIXES else []
    else:
        kinds = [_listing.current().of_kind(path, suffix) for suffix in SUFFIXES]
        files = sorted(file for found in (*kinds[:2], kinds[2] if len(kinds[2]) <= _MOST else []) for file in found)
    return [file for file in files if _has(file, keys)]


def _has(file: Path, keys: tuple[str, ...]) -> bool:
    try:
        with open(file, "rb") as raw:
            head = raw.read(_HEAD)
            if head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] not in (b"{", b"[") or f'"{keys[0]}"'.encode() not in head:
                return False
            if _begins_with(file, b"["):
                first = [record for record, _ in zip(Document(file).records(), range(3), strict=False)]
                return any(isinstance(record, dict) and record.keys() >= {*keys} for record in first)
            raw.seek(3 * (head[:3] == b"\xef\xbb\xbf"))
            for _ in range(20):
                try:
                    record = json.loads(raw.readline(_LONGEST))
                except (ValueError, RecursionError):
                    continue
                if isinstance(record, dict):
                    return record.keys() >= {*keys}
    except (OSError, FormatError):
        return False
    return False


def _begins_with(file: Path, sign: bytes) -> bool:
    try:
        with open(file, "rb") as raw:
            head = raw.read(_HEAD)
    except OSError as error:
        raise FormatError(f"cannot be read ({error.strerror})", file=file) from None
    if not head:
        raise FormatError("the file is empty", file=file)
    return head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == sign
