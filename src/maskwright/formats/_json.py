"""JSON label files: small ones whole, large ones by an index of where their records lie."""

import json
import mmap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import I64
from maskwright.errors import FormatError

#: What `Records.integers` gives for a record without the key, and for one whose value is not a whole number.
ABSENT, NO_INTEGER = -(2**63), -(2**63) + 1


def load(file: Path, kind: type | tuple[type, ...] = dict) -> Any:
    """A small JSON file whole. Raises FormatError when it is missing, broken or holds another kind."""
    try:
        content = json.loads(file.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"not valid JSON ({error})", file=file) from None
    except OSError as error:
        raise FormatError(f"cannot be read ({error.strerror})", file=file) from None
    if not isinstance(content, kind):
        wanted = "a list" if kind is list else "an object" if kind is dict else "an object or a list"
        raise FormatError(f"holds a {type(content).__name__}", file=file, needed=f"{wanted} is needed")
    return content


def holds_list(file: Path) -> bool:
    """Whether a JSON file holds a list, by its first sign; False of one that cannot be read."""
    try:
        with open(file, "rb") as raw:
            return raw.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")[:1] == b"["
    except OSError:
        return False


class Document:
    """A JSON file of any length; only what is asked for is parsed.

    The file is mapped, not read; a list of records costs sixteen bytes a record, and eight for each number
    that is looked up on the way.
    """

    def __init__(self, file: Path) -> None:
        from maskwright.formats.kernels import json_scan

        self.file = file
        try:
            with open(file, "rb") as raw:
                self._bytes: Any = mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:
            raise FormatError("the file is empty", file=file) from None
        except OSError as error:
            raise FormatError(f"cannot be read ({error.strerror})", file=file) from None
        self._text = np.frombuffer(self._bytes, np.uint8)
        self._start = json_scan.skip_space(self._text, 3 if self._bytes[:3] == b"\xef\xbb\xbf" else 0)
        self._members: dict[str, tuple[int, int]] = {}
        opening = self._bytes[self._start : self._start + 1]
        self.is_list = opening == b"["
        if opening == b"{":
            rows, broke = json_scan.members(self._text, self._start)
            if broke >= 0:
                raise self._broken(broke)
            self._members = {self._parse(a - 1, b + 1): (c, d) for a, b, c, d in rows.tolist()}
        elif not self.is_list:
            raise FormatError("not valid JSON", file=file, needed="an object or a list is needed")

    def _broken(self, place: int) -> FormatError:
        if place >= self._text.size:
            return FormatError("not valid JSON: the file ends too early", file=self.file)
        line = self._bytes[:place].count(b"\n") + 1 if place < 1 << 28 else None
        where = f"line {line}, byte {place}" if line else f"byte {place}"
        return FormatError("not valid JSON", file=self.file, record=where)

    def _parse(self, start: int, end: int, before: str = "", behind: str = "") -> Any:
        try:
            return json.loads(f"{before}{str(self._bytes[start:end], 'utf-8')}{behind}")
        except (ValueError, RecursionError) as error:
            raise FormatError(f"not valid JSON ({error})", file=self.file, record=f"byte {start}") from None

    def __contains__(self, key: str) -> bool:
        return key in self._members

    def keys(self) -> list[str]:
        return list(self._members)

    def length(self, key: str) -> int:
        """Of the value of a top-level key, in bytes."""
        start, end = self._members[key]
        return end - start

    def value(self, key: str, default: Any = None) -> Any:
        """The whole value of a top-level key."""
        return self._parse(*self._members[key]) if key in self._members else default

    def entries(self, key: str | None = None) -> "Entries":
        """The members of the object under a top-level key, or of the file itself."""
        if key is None:
            return Entries(self, dict(self._members))
        start = self._members[key][0]
        if self._bytes[start : start + 1] != b"{":
            raise FormatError(f"{key!r} is not an object", file=self.file)
        from maskwright.formats.kernels import json_scan

        rows, broke = json_scan.members(self._text, start)
        if broke >= 0:
            raise self._broken(broke)
        return Entries(self, {self._parse(a - 1, b + 1): (c, d) for a, b, c, d in rows.tolist()})

    def records(self, key: str | None = None, lookup: Sequence[str] = (), *, missing_ok: bool = False) -> "Records":
        """The list under a top-level key, or the file's own list; `lookup`: keys whose whole numbers are wanted."""
        start = self._start if key is None else self._members.get(key, (-1, -1))[0]
        if start < 0 or self._bytes[start : start + 4] == b"null":
            if missing_ok:
                return Records(self, np.zeros((0, 2), np.int64), dict.fromkeys(lookup, np.zeros(0, np.int64)))
            raise FormatError(f"{key!r} is missing", file=self.file)
        if self._bytes[start : start + 1] != b"[":
            raise FormatError(f"{key!r} is not a list" if key else "holds no list", file=self.file)
        from maskwright.formats.kernels import json_scan

        names = [name.encode() for name in lookup]
        offsets = np.cumsum([0, *(len(name) for name in names)]).astype(np.int64)
        flat = np.frombuffer(b"".join(names) or b"\0", np.uint8)
        places, numbers, broke = json_scan.elements(self._text, start, flat, offsets)
        if broke >= 0:
            raise self._broken(broke)
        return Records(self, places, {name: numbers[:, k].copy() for k, name in enumerate(lookup)})


#: Of lists of up to so many bytes, so many neighbours are parsed at once, which is faster than record by record.
_SHORT, _TOGETHER = 4 * 2**20, 64


class Records:
    """The records of one list, parsed when they are asked for; those of a short list with the second of neighbours."""

    def __init__(self, document: Document, places: I64, numbers: dict[str, I64]) -> None:
        self._document = document
        self._places = places
        self._numbers = numbers
        short = len(places) > 0 and places[-1, 1] - places[0, 0] <= _SHORT
        # By number of neighbours: None once one is asked for; None for those that were given away, which may change.
        self._parsed: dict[int, list[Any] | None] | None = {} if short else None

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Any:
        if self._parsed is not None and index >= 0:
            number, place = divmod(index, _TOGETHER)
            if number not in self._parsed:
                self._parsed[number] = None
            else:
                found = self._parsed[number]
                if found is None:
                    found = self._parsed[number] = self._neighbours(number * _TOGETHER)
                if place < len(found) and (record := found[place]) is not None:
                    found[place] = None
                    return record
        start, end = self._places[index]
        return self._document._parse(int(start), int(end))

    def _neighbours(self, first: int) -> list[Any]:
        """Nothing where one is broken: the others can be read without it."""
        places = self._places[first : first + _TOGETHER]
        try:
            found = self._document._parse(int(places[0, 0]), int(places[-1, 1]), "[", "]")
        except FormatError:
            return []
        return found if len(found) == len(places) else []

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    def integers(self, key: str) -> I64:
        """(N,) the key's whole number in each record, ABSENT or NO_INTEGER."""
        return self._numbers[key]


class Entries:
    """The members of one object, parsed when they are asked for."""

    def __init__(self, document: Document, places: dict[str, tuple[int, int]]) -> None:
        self._document = document
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __getitem__(self, key: str) -> Any:
        return self._document._parse(*self._places[key])

    def items(self) -> Iterator[tuple[str, Any]]:
        return ((key, self._document._parse(*place)) for key, place in self._places.items())
