"""Images that cannot be read whole, though their labels can: found by reading all of them, where that is asked for.

Without that only the last bytes of files are looked at (`media.endings`), since reading takes a hundred times as long.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from os.path import isfile

from maskwright import media
from maskwright.core.sample import ImageRef, Sample
from maskwright.errors import FormatError
from maskwright.formats._aside import Aside
from maskwright.media import pages

#: Images are read by so many threads, so many ahead of the sample that is given on.
_THREADS, _AHEAD = 2, 4


def whole_images(samples: Iterable[Sample], aside: Aside, notes: list[str]) -> Iterator[Sample]:
    """The samples whose image can be read; the others are put aside, with the image's file. notes: says that all were.

    Images that are not there, that are elsewhere, and pages of larger files pass: other checks tell of them.
    """
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="image") as pool:
        waiting: deque[tuple[Sample, Future[None]]] = deque()
        try:
            for sample in samples:
                waiting.append((sample, pool.submit(_read, sample.image)))
                if len(waiting) > _AHEAD:
                    yield from _known(*waiting.popleft(), aside)
            while waiting:
                yield from _known(*waiting.popleft(), aside)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    notes.append("images that are here were read whole, to find broken ones")


def _known(sample: Sample, future: "Future[None]", aside: Aside) -> Iterator[Sample]:
    """The sample where its image passes."""
    passes = False
    with aside.record(sample.image.uri, whole=True):
        future.result()
        passes = True
    if passes:
        yield sample


def _read(image: ImageRef) -> None:
    """Raises FormatError for one that cannot be read whole."""
    place, page = pages.page_of(image.uri)
    if "://" in place or page is not None or not isfile(place):  # noqa: PTH113 - of a name that no file can have, a Path raises
        return
    try:
        media.read(place)
    except FormatError as error:
        raise FormatError(f"the image cannot be read whole ({error.found})", file=place) from None
