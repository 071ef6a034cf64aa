"""One file over HTTP: what came stays as NAME.part and is gone on with, and is kept once its checksum is right.

A server that gives parts of files is asked for the rest alone, and only of the very file that was begun (If-Range); one
that does not starts over.  A connection that breaks is opened again as long as something comes.
"""

import hashlib
import http.client
import json
import math
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from maskwright.core.names import confined, shown
from maskwright.core.progress import Progress, silent
from maskwright.errors import NO_ROOM, FormatError
from maskwright.sets.entry import SetFile

#: Bytes of a step.
STEP = 1_000_000
#: How often a file is asked for while nothing more of it comes, and seconds before the second time; then doubled.
TRIES, WAIT = 4, 1.0
#: Seconds without a byte after which a connection is taken for broken.
PATIENCE = 60.0

_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")
#: Answers of servers that may be others a moment later.
_BUSY = (408, 429, 500, 502, 503, 504)


def download(file: SetFile, folder: Path, *, home: str, progress: Progress = silent) -> Path:
    """A file of a set into a folder -> its place there; one that is there whole and right is not fetched again.

    home: the set's page, for messages.  Raises FormatError for an address that is not reached or has no such file, a
    file that is not the one that was published, and a folder that has no room or in which another process fetches it;
    what came so far stays.
    """
    target = confined(folder, file.name)
    if target.is_file():
        return target
    part = folder / f"{file.name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(part) as opened:
            _fill(file, part, opened, home, progress)
        _verify(file, part, progress)
        part.rename(target)
    except OSError as error:
        if error.errno in NO_ROOM:
            raise FormatError(
                "the disk is full", file=part, todo="Make room; the same command goes on with what came so far."
            ) from None
        raise FormatError(f"cannot be written ({error.strerror or error})", file=part) from None
    _about(part).unlink(missing_ok=True)
    return target


@contextmanager
def _alone(part: Path) -> Iterator[IO[bytes]]:
    """The half file, opened for this process alone."""
    with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666), "r+b") as opened:
        if sys.platform != "win32":
            import fcntl

            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise FormatError("another process is fetching this", file=part, todo="Wait for it.") from None
        yield opened


def _about(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


class _Transfer:
    """One file on its way: how much of it is there, and what the server says of it.

    have: bytes that came.  total: of the whole, where somebody says.  mark: by which the server knows the file.
    answered: whether it has begun to send.
    """

    def __init__(self, file: SetFile, part: Path, opened: IO[bytes], home: str) -> None:
        self.file, self.part, self.opened, self.home = file, part, opened, home
        self.have = opened.seek(0, os.SEEK_END)
        self.total = file.size
        self.mark = ""
        self.answered = False
        try:
            about = json.loads(_about(part).read_text())
            self.mark = str(about["mark"]) if about["address"] == file.address else ""
        except (OSError, ValueError, KeyError, TypeError):
            pass
        if not self.mark and not file.checksum and self.have < (file.size or math.inf):
            self._from(0)  # nothing would tell whether the rest belongs to it

    def _from(self, place: int) -> None:
        self.opened.truncate(place)
        self.have = self.opened.seek(place)

    @property
    def missing(self) -> int | None:
        """Bytes still to come; None where nobody says."""
        return None if self.total is None else max(0, self.total - self.have)

    def steps(self) -> Iterator[int]:
        """Fetch what is missing, a step at a time, over as many connections as it takes.

        The first step is that the server has answered, so that `missing` is known then.
        """
        tries = 0
        best = self.have
        while self.total is None or self.have < self.total:
            try:
                with self._answer() as answer:
                    yield from self._received(answer)
                if self.total is None or self.have >= self.total:
                    return
                broken = f"the transfer broke off after {self.have:,} of {self.total:,} bytes"
            except urllib.error.HTTPError as error:
                if error.code == 416 and self._is_whole(error):
                    return
                broken = self._refused(error)
            except (OSError, http.client.HTTPException) as error:
                if isinstance(error, OSError) and error.errno in NO_ROOM:
                    raise
                broken = f"cannot be reached, or not any more ({shown(getattr(error, 'reason', error), 200)})"
            tries = 1 if self.have > best else tries + 1
            best = max(best, self.have)
            if tries >= TRIES:
                kept = f" {self.have:,} bytes are in {self.part}, and the same command goes on with them." * (
                    self.have > 0
                )
                raise FormatError(
                    broken, file=self.file.address, todo=f"See that this machine is online, and try again.{kept}"
                )
            time.sleep(WAIT * 2 ** (tries - 1))

    def _answer(self) -> Any:
        from maskwright import __version__

        asked = urllib.request.Request(self.file.address)  # noqa: S310 - entries hold http and https alone
        asked.add_header("User-Agent", f"maskwright/{__version__}")
        asked.add_header("Accept-Encoding", "identity")
        if self.have:
            asked.add_header("Range", f"bytes={self.have}-")
            if self.mark:
                asked.add_header("If-Range", self.mark)
        return urllib.request.urlopen(asked, timeout=PATIENCE)  # noqa: S310

    def _received(self, answer: Any) -> Iterator[int]:
        """Write what comes to where it belongs. Raises FormatError for something else than the file that was asked for.

        Ends where the connection does; `have` tells whether that was the end of the file.  What came before is given up
        only for a whole file that may be the right one.
        """
        goes_on = answer.status == 206
        if goes_on:
            found = _RANGE.fullmatch(answer.headers.get("Content-Range") or "")
            if found is None or found[1] is None or int(found[1]) != self.have:
                raise http.client.HTTPException("it sent another part of the file than was asked for")
        length = answer.headers.get("Content-Length") or ""
        total = self.have * goes_on + int(length) if length.isdecimal() else None
        if self.file.size is not None and total not in (None, self.file.size):
            raise FormatError(
                f"has {total:,} bytes", file=self.file.address, needed=f"{self.file.size:,}, as was published",
                todo=f"It is another file than this catalogue describes: see {self.home}",
            )  # fmt: skip
        kind = (answer.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        if kind == "text/html" and not self.file.name.endswith((".html", ".htm")):
            raise FormatError(
                "is a web page and not the file", file=self.file.address,
                todo=f"Signing in or a choice may be needed: see {self.home}",
            )  # fmt: skip
        if not goes_on:
            self._from(0)
        self.total = total if self.file.size is None else self.file.size
        mark = answer.headers.get("ETag") or ""
        self.mark = mark if mark and not mark.startswith("W/") else answer.headers.get("Last-Modified") or ""
        _about(self.part).write_text(json.dumps({"address": self.file.address, "mark": self.mark}))
        if not self.answered:
            self.answered = True
            yield 0
        step = self.have // STEP
        while chunk := answer.read(min(STEP, 1 << 16)):
            self.opened.write(chunk)
            self.have += len(chunk)
            while self.have // STEP > step:
                step += 1
                yield step
        self.opened.flush()

    def _is_whole(self, error: urllib.error.HTTPError) -> bool:
        """Whether the server has nothing more because all is there; begins anew where it is not."""
        found = _RANGE.fullmatch(error.headers.get("Content-Range") or "")
        if found is not None and found[2] == str(self.have):
            return True
        self._from(0)
        return False

    def _refused(self, error: urllib.error.HTTPError) -> str:
        if error.code in (404, 410):
            raise FormatError(
                f"there is no such file any more ({error.code})", file=self.file.address,
                todo=f"It may have another address: see {self.home}",
            ) from None  # fmt: skip
        if error.code in (401, 402, 403):
            raise FormatError(
                f"may not be fetched ({error.code})", file=self.file.address,
                todo=f"Its publishers want something first: see {self.home}",
            ) from None  # fmt: skip
        if error.code not in (*_BUSY, 416):
            raise FormatError(
                f"the server refuses ({error.code} {shown(error.reason, 100)})", file=self.file.address,
                todo=f"See {self.home}",
            ) from None  # fmt: skip
        return f"the server has no time for it ({error.code} {shown(error.reason, 100)})"


def _fill(file: SetFile, part: Path, opened: IO[bytes], home: str, progress: Progress) -> None:
    transfer = _Transfer(file, part, opened, home)
    steps = transfer.steps()
    try:
        if next(steps, None) is None:
            return  # it was all there
        left = None if transfer.missing is None else transfer.missing // STEP
        with progress(f"fetching {file.name}, MB", left) as follow:
            for _ in follow(steps):
                pass
    finally:
        opened.flush()
        with suppress(OSError):
            os.fsync(opened.fileno())


def _verify(file: SetFile, part: Path, progress: Progress) -> None:
    """Raises FormatError for a file that is not the one that was published; it stays."""
    size = part.stat().st_size
    if file.size is not None and size != file.size:
        raise FormatError(
            f"has {size:,} bytes", file=part, needed=f"{file.size:,}, as {file.address} was published",
            todo=f"Nothing was removed. Remove {part} to fetch it anew.",
        )  # fmt: skip
    kind, _, needed = file.checksum.partition(":")
    if not needed:
        return
    digest = hashlib.new(kind, usedforsecurity=False)
    with open(part, "rb") as opened, progress(f"checking {file.name}, MB", size // STEP) as follow:
        for block in follow(iter(lambda: opened.read(STEP), b"")):
            digest.update(block)
    if digest.hexdigest() != needed.lower():
        raise FormatError(
            f"has the {kind} {digest.hexdigest()}", file=part, needed=f"{needed}, as {file.address} was published",
            todo=f"Nothing was removed. Remove {part} to fetch it anew; if it is the same then, the publishers have "
            "changed the file, or somebody on the way has.",
        )  # fmt: skip
