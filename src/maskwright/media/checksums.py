"""What an image's content is known by: a hash of a local file, the mark and length of a remote one."""

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from maskwright.core.names import shown
from maskwright.core.sample import Sample
from maskwright.media import pages
from maskwright.registry import require

_AHEAD = 64  # files that are read ahead of the sample that is asked for
_BLOCK = 2**20


def checksum(uri: str) -> str | None:
    """The  "sha256:…" of a local file, streamed; "etag:…:LENGTH" of a remote one; None where the store marks nothing.

    A page of a file is known by its whole file.  Raises OSError for a file that is missing or cannot be read, and for a
    store that does not answer.
    """
    place, _ = pages.page_of(uri)
    return _remote(place) if "://" in place else _local(place)


def _local(place: str) -> str:
    code = hashlib.sha256()
    block = memoryview(bytearray(_BLOCK))
    with open(place, "rb", buffering=0) as file:
        while length := file.readinto(block):
            code.update(block[:length])
    return f"sha256:{code.hexdigest()}"


def _remote(place: str) -> str | None:
    """Without reading it. None for a store that marks nothing."""
    fsspec = require("fsspec", f"looking at {place}")
    try:
        system, path = fsspec.core.url_to_fs(place)
        about = system.info(path)
    except Exception as error:  # noqa: BLE001  each store has its own errors
        raise OSError(f"cannot be reached: {shown(error, 120)}") from None
    mark = next((about[name] for name in ("ETag", "etag", "md5Hash", "checksum") if about.get(name)), None)
    length = about.get("size")
    return None if mark is None and length is None else f"etag:{str(mark or '').strip(chr(34))}:{length}"


class Known:
    """Samples with the checksums of their local images, one after the other; a file of many pages is read once."""

    def __init__(self) -> None:
        self._last: tuple[str, str | None] | None = None

    def known(self, sample: Sample) -> Sample:
        """The same sample where its image is elsewhere, missing or unreadable."""
        place, _ = pages.page_of(sample.image.uri)
        if "://" in place:
            return sample
        if self._last is None or self._last[0] != place:
            try:
                self._last = place, _local(place)
            except (OSError, ValueError):
                self._last = place, None
        return replace(sample, image=replace(sample.image, checksum=self._last[1]))


class Hashing:
    """Passes samples on with the checksums of their images; files are read by threads, ahead of the samples.

    unread: how many images could not be read, and the first of them.
    """

    def __init__(self, threads: int = 2) -> None:
        self.unread = 0
        self.first: str | None = None
        self._threads = threads

    def follow(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """A sample that has a checksum keeps it."""
        with ThreadPoolExecutor(self._threads, thread_name_prefix="hash") as pool:
            waiting: deque[tuple[Sample, Future[str | None] | None]] = deque()
            last: tuple[str, Future[str | None]] | None = None
            try:
                for sample in samples:
                    future = None
                    if sample.image.checksum is None:
                        place, _ = pages.page_of(sample.image.uri)
                        if last is None or last[0] != place:  # pages follow one another
                            last = place, pool.submit(checksum, place)
                        future = last[1]
                    waiting.append((sample, future))
                    if len(waiting) > _AHEAD:
                        yield self._known(*waiting.popleft())
                while waiting:
                    yield self._known(*waiting.popleft())
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _known(self, sample: Sample, future: "Future[str | None] | None") -> Sample:
        if future is None:
            return sample
        try:
            found = future.result()
        except (OSError, ValueError):
            self.unread += 1
            self.first = self.first or sample.image.uri
            return sample
        return replace(sample, image=replace(sample.image, checksum=found))

    def notes(self) -> list[str]:
        if not self.unread:
            return []
        return [f"{self.unread} images could not be read and have no checksum, such as {Path(str(self.first)).name}"]
