"""Rows of long work in a file: what a killed process had done is there when the same work is started again."""

import hashlib
import json
import os
import struct
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from maskwright.compute.packing import pack, unpack

_PREFIX, _SUFFIX = ".doing-", ".part"
_RECORD = struct.Struct("<qII")  # number, length, checksum of both and what follows
_NAMED = struct.Struct("<qI")


class Journal:
    """A sink that keeps rows by number in `folder`, in a hidden file of this work alone, until `finish`.

    work: what the rows depend on, JSON-safe: a journal of other work is never taken up.  The file is this process' own
    until it ends, however it ends.  Where another one is at the same work, or the folder is None or cannot be written
    to, rows are kept in a file that nobody finds again.  Every record carries a checksum; the first that is not whole
    ends what is taken up.  patience: seconds from now on in which rows are held in memory alone, as they were given;
    work that ends sooner costs no file.  whole: makes of rows what is kept of them in the file, where that is something
    else and dear.  What is kept is plain values: None, booleans, numbers, text, bytes, NumPy's arrays, and lists,
    tuples and dicts of these; others are held in memory, and are not found again.
    """

    def __init__(
        self, folder: Path | None, work: Mapping[str, Any], *, patience: float = 0.0,
        whole: Callable[[Any], Any] | None = None,
    ) -> None:  # fmt: skip
        self._whole = whole
        self._head = json.dumps(work, sort_keys=True).encode()
        name = f"{_PREFIX}{hashlib.sha256(self._head).hexdigest()[:24]}{_SUFFIX}"
        self._place = None if folder is None else folder / name
        self._file: Path | None = None
        self._raw: IO[bytes] | None = None
        self._places: dict[int, tuple[int, int]] = {}  # number -> where its rows begin, and how long they are
        self._held: dict[int, Any] = {}
        self._young: dict[int, Any] = {}  # rows of the time of patience
        self._until = time.monotonic() + patience
        if patience <= 0 or (self._place is not None and self._place.exists()):
            self._begin()

    def _begin(self) -> IO[bytes]:
        """Open the file, with what is in it, and give it what was held."""
        raw = None if self._place is None else _locked(self._place)
        self._file = None if raw is None else self._place
        self._raw = raw if raw is not None else tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        self._end = self._taken_up(self._raw, self._head)
        young, self._young = self._young, {}
        for number, rows in young.items():
            self.write(number, rows)
        return self._raw

    def _taken_up(self, raw: IO[bytes], head: bytes) -> int:
        """Where the next record goes, once those that are whole are known."""
        raw.seek(0)
        line = struct.pack("<I", len(head)) + head
        if raw.read(len(line)) != line:
            raw.seek(0)
            raw.truncate()
            raw.write(line)
            return len(line)
        end = len(line)
        while len(about := raw.read(_RECORD.size)) == _RECORD.size:
            number, length, checksum = _RECORD.unpack(about)
            rows = raw.read(length)
            if len(rows) != length or _checksum(number, rows) != checksum:
                break
            self._places[number] = (end + _RECORD.size, length)
            end += _RECORD.size + length
        raw.truncate(end)
        return end

    def __len__(self) -> int:
        return len(self._places) + len(self._held) + len(self._young)

    def __contains__(self, number: object) -> bool:
        return number in self._places or number in self._held or number in self._young

    def __iter__(self) -> Iterator[int]:
        """The numbers whose rows are there, in the order of their coming."""
        return iter([*self._places, *self._held, *self._young])

    def __getitem__(self, number: int) -> Any:
        """A sample's rows. Raises KeyError where there are none."""
        for held in (self._young, self._held):
            if number in held:
                return held[number]
        place, length = self._places[number]
        raw = self._raw or self._begin()
        raw.seek(place)
        return unpack(raw.read(length))

    def done(self, numbers: Sequence[int]) -> Collection[int]:
        """All whose rows are there, asked for or not."""
        return self._places.keys() | self._held.keys() | self._young.keys()

    def write(self, number: int, rows: Any) -> None:
        """Keep a sample's rows; after the time of patience they are there for a later process when this returns."""
        if self._raw is None and time.monotonic() < self._until:
            self._young[number] = rows
            return
        raw = self._raw or self._begin()
        rows = rows if self._whole is None else self._whole(rows)
        try:
            packed = pack(rows)
            record = _RECORD.pack(number, len(packed), _checksum(number, packed)) + packed
            raw.seek(self._end)
            if raw.write(record) != len(record):
                raise OSError("not written whole")
        except (TypeError, OSError):
            self._held[number] = rows  # work goes on without a file
            return
        self._places[number] = (self._end + _RECORD.size, len(packed))
        self._end += len(record)

    def finish(self) -> None:
        """The work is done: its file is removed, and those that killed processes left beside it with no one at them."""
        if self._file is not None:
            for file in [self._file, *self._file.parent.glob(f"{_PREFIX}*{_SUFFIX}")]:
                own = file == self._file
                raw = None if own else _locked(file, make=False)
                if own or raw is not None:
                    with suppress(OSError):
                        file.unlink(missing_ok=True)
                if raw is not None:
                    raw.close()
        self.close()

    def close(self) -> None:
        """Let go of the file; it stays for the next process, unless nothing is in it."""
        if self._file is not None and not self._places:
            with suppress(OSError):
                self._file.unlink(missing_ok=True)
        if self._raw is not None:
            self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """`finish` when the block ends well, else `close`."""
        if kind is None:
            self.finish()
        else:
            self.close()


def _checksum(number: int, rows: bytes) -> int:
    return zlib.crc32(rows, zlib.crc32(_NAMED.pack(number, len(rows))))  # never 0 of zeros, which a crash may leave


def _locked(file: Path, *, make: bool = True) -> IO[bytes] | None:
    """The file, open and this process' own; None where it cannot be. make: it is made where it is not there."""
    if sys.platform == "win32":  # where files have no locks that end with their process
        return None
    import fcntl

    raw: IO[bytes] | None = None
    try:
        flags = os.O_RDWR | (os.O_CREAT if make else 0) | getattr(os, "O_NOFOLLOW", 0)
        raw = os.fdopen(os.open(file, flags, 0o666), "r+b", buffering=0)
        fcntl.flock(raw, fcntl.LOCK_EX | fcntl.LOCK_NB)
        here, there = os.fstat(raw.fileno()), file.stat()  # another one may have finished and removed it meanwhile
        if (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino):
            return raw
    except OSError:
        pass
    if raw is not None:
        raw.close()
    return None
